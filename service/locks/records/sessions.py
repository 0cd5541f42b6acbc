"""SQL of the boots that locks speak in: read by the inbox when it begins to listen, written down with each batch."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.replay import ReplayWindow
from firmware_protocol.service_side import SessionState
from firmware_protocol.topics import LockId
from firmware_protocol.transitions import LinkState


class KnownLock(NamedTuple):
    """What the inbox needs to listen to a lock."""

    id: LockId
    service_key_wrapped: bytes
    public_key: bytes
    key_epoch: int
    link: LinkState
    birth_number: int
    revoked: bool
    sessions: tuple[SessionState, ...]
    next_key: tuple[int, bytes, bytes] | None
    """Epoch, our half (wrapped) and the lock's, of the pair it may come back under."""


_SESSIONS = text(
    "SELECT lock_id, session_id, ephemeral_key, birth_number, boot_number, log_epoch, challenge, proven_at IS NOT NULL,"
    " replay_highest, replay_mask, key_epoch FROM lock_session WHERE lock_id = ANY(:locks)"
)
_LOCKS = text(
    "SELECT l.id, l.service_key_wrapped, l.public_key, l.key_epoch, l.link, l.birth_number, l.revoked_at IS NOT NULL,"
    " n.key_epoch, n.service_key_wrapped, n.lock_public_key FROM lock l"
    " LEFT JOIN next_lock_key n ON n.lock_id = l.id AND n.lock_public_key IS NOT NULL WHERE l.id = ANY(:locks)"
)


def load_known(session: Session, locks: Sequence[LockId]) -> list[KnownLock]:
    """Keys, link and sessions of those locks that exist."""
    sessions: dict[str, list[SessionState]] = {}
    for lock, name, ephemeral, birth, boot, epoch, challenge, proven, highest, mask, keys in session.execute(
        _SESSIONS, {"locks": list(locks)}
    ):
        state = SessionState(
            name, ephemeral, birth, boot, epoch, challenge, proven, ReplayWindow(highest, mask % (1 << 64)), keys
        )
        sessions.setdefault(lock, []).append(state)
    rows = session.execute(_LOCKS, {"locks": list(locks)})
    found = []
    for one, wrapped, public, keys, link, birth, revoked, *coming in rows:
        known = tuple(sessions.get(one, ()))
        next_key = (coming[0], coming[1], coming[2]) if coming[0] else None
        found.append(KnownLock(LockId(one), wrapped, public, keys, LinkState(link), birth, revoked, known, next_key))
    return found


_WRITE_SESSIONS = text(
    "WITH gone AS (DELETE FROM lock_session s USING unnest(CAST(:locks AS text[])) AS heard (lock_id)"
    " WHERE s.lock_id = heard.lock_id AND NOT (s.lock_id || encode(s.session_id, 'hex')) = ANY(:kept))"
    " INSERT INTO lock_session (lock_id, session_id, ephemeral_key, birth_number, boot_number, log_epoch, challenge, proven_at,"
    " replay_highest, replay_mask, key_epoch, seen_at)"
    " SELECT r.lock_id, r.session_id, r.ephemeral_key, r.birth_number, r.boot_number, r.log_epoch, r.challenge,"
    " CASE WHEN r.proven THEN CAST(:now AS timestamptz) END, r.highest, r.mask, r.key_epoch, :now"
    " FROM unnest(CAST(:lock_ids AS text[]), CAST(:sessions AS bytea[]), CAST(:ephemerals AS bytea[]), CAST(:births AS bigint[]),"
    " CAST(:boots AS bigint[]), CAST(:epochs AS bigint[]), CAST(:challenges AS bytea[]), CAST(:proven AS boolean[]),"
    " CAST(:highest AS bigint[]), CAST(:masks AS bigint[]), CAST(:key_epochs AS integer[]))"
    " AS r (lock_id, session_id, ephemeral_key, birth_number, boot_number, log_epoch, challenge, proven, highest, mask, key_epoch)"
    " ON CONFLICT (lock_id, session_id) DO UPDATE SET birth_number = excluded.birth_number, boot_number = excluded.boot_number,"
    " log_epoch = excluded.log_epoch, challenge = excluded.challenge,"
    " proven_at = coalesce(lock_session.proven_at, excluded.proven_at), replay_highest = excluded.replay_highest,"
    " replay_mask = excluded.replay_mask, seen_at = excluded.seen_at"
)


def write_sessions(session: Session, heard: Mapping[LockId, Iterable[SessionState]], now: datetime) -> None:
    """Make the stored sessions of these locks exactly those given."""
    rows = [(lock, state) for lock, states in heard.items() for state in states]
    session.execute(
        _WRITE_SESSIONS,
        {
            "now": now,
            "locks": list(heard),
            "kept": [lock + state.session.hex() for lock, state in rows],
            "lock_ids": [lock for lock, _ in rows],
            "sessions": [state.session for _, state in rows],
            "ephemerals": [state.ephemeral for _, state in rows],
            "births": [state.birth_number for _, state in rows],
            "boots": [state.boot_number for _, state in rows],
            "epochs": [state.log_epoch for _, state in rows],
            "challenges": [state.challenge for _, state in rows],
            "proven": [state.proven for _, state in rows],
            "highest": [state.window.highest for _, state in rows],
            "masks": [_signed(state.window.mask) for _, state in rows],
            "key_epochs": [state.key_epoch for _, state in rows],
        },
    )


def _signed(mask: int) -> int:
    """The 64 bits as PostgreSQL's signed bigint."""
    return mask - (1 << 64) if mask >> 63 else mask
