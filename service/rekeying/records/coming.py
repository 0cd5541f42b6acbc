"""SQL of the pairs that are to come. Whoever holds a lock's list and its coming pair holds the list first."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.key_change import KEY_EPOCH_CAPABILITY
from firmware_protocol.topics import LockId


class NextKey(NamedTuple):
    """A pair that waits for its lock; `lock_public_key` is None until the lock has answered."""

    lock: LockId
    key_epoch: int
    service_key_wrapped: bytes
    lock_public_key: bytes | None
    offers: int


_NEXT = "SELECT n.lock_id, n.key_epoch, n.service_key_wrapped, n.lock_public_key, n.offers FROM next_lock_key n"
# Somebody's credential has been on the lock under these keys, nobody's is to be, and the lock has said that none is.
_VACATED = text(
    "SELECT l.id, greatest(l.key_epoch, l.offered_epoch) + 1 FROM access_list a JOIN lock l ON l.id = a.lock_id"
    " WHERE l.shard = ANY(CAST(:shards AS smallint[])) AND l.link = 'live' AND l.revoked_at IS NULL"
    " AND jsonb_typeof(l.capabilities -> :capability) = 'number'"
    " AND (a.held_version, a.held_digest) = (a.version, a.digest)"
    " AND NOT EXISTS (SELECT FROM next_lock_key n WHERE n.lock_id = l.id)"
    " AND NOT EXISTS (SELECT FROM credential c WHERE c.lock_id = l.id AND c.removed_version IS NULL)"
    " AND EXISTS (SELECT FROM credential c WHERE c.lock_id = l.id AND c.off_lock_at > coalesce(l.rotated_at, l.provisioned_at))"
    " ORDER BY l.id LIMIT :most FOR UPDATE OF a SKIP LOCKED"
)
_APPEND = text(
    "WITH begun AS (INSERT INTO next_lock_key (lock_id, key_epoch, service_key_wrapped, offer_at, begun_at)"
    " VALUES (:lock, :epoch, :wrapped, :now, :now)) UPDATE lock SET offered_epoch = :epoch WHERE id = :lock"
)
_DUE = text(
    f"{_NEXT} JOIN lock l ON l.id = n.lock_id"
    " WHERE n.offer_at <= :now AND l.shard = ANY(CAST(:shards AS smallint[])) AND l.link = 'live'"
    " ORDER BY n.offer_at LIMIT :most FOR UPDATE OF n SKIP LOCKED"
)
_OFFERED = text(
    "UPDATE next_lock_key n SET offers = n.offers + 1, offer_at = o.again"
    " FROM unnest(CAST(:locks AS text[]), CAST(:again AS timestamptz[])) AS o (lock_id, again) WHERE n.lock_id = o.lock_id"
)
_HOLD = text(f"{_NEXT} WHERE n.lock_id = :lock FOR UPDATE")
_ANSWERED = text(
    "UPDATE next_lock_key SET lock_public_key = :public, answered_at = :now, refusal = NULL WHERE lock_id = :lock"
)
_REFUSED = text("UPDATE next_lock_key SET refusal = :refusal WHERE lock_id = :lock")
_CALL_OFF = text("DELETE FROM next_lock_key WHERE lock_id = :lock")
_HOLD_LIST = text("SELECT FROM access_list WHERE lock_id = :lock FOR UPDATE")
_TAKE = text("SELECT take_next_lock_key(:lock, CAST(:epoch AS integer), :now)")
_OFFERED_EPOCH = text("SELECT greatest(key_epoch, offered_epoch) FROM lock WHERE id = :lock")


def vacated(session: Session, shards: Iterable[int], most: int) -> list[tuple[LockId, int]]:
    """Locks whose keys are due, their lists held, each with an epoch that was never offered."""
    asked = {"shards": list(shards), "capability": KEY_EPOCH_CAPABILITY, "most": most}
    return [(LockId(row[0]), row[1]) for row in session.execute(_VACATED, asked)]


def append(session: Session, lock: LockId, key_epoch: int, wrapped: bytes, now: datetime) -> None:
    """A new pair waits for this lock."""
    session.execute(_APPEND, {"lock": lock, "epoch": key_epoch, "wrapped": wrapped, "now": now})


def due(session: Session, shards: Iterable[int], now: datetime, most: int) -> list[NextKey]:
    """Pairs to be offered to live locks now; nobody else offers them meanwhile."""
    return [_next(row) for row in session.execute(_DUE, {"shards": list(shards), "now": now, "most": most})]


def note_offers(session: Session, again: Sequence[tuple[LockId, datetime]]) -> None:
    """These were offered, and are to be offered again then."""
    session.execute(_OFFERED, {"locks": [lock for lock, _ in again], "again": [at for _, at in again]})


def hold(session: Session, lock: LockId) -> NextKey | None:
    """The lock's coming pair, held until the transaction ends."""
    row = session.execute(_HOLD, {"lock": lock}).first()
    return None if row is None else _next(row)


def note_answer(session: Session, lock: LockId, public_key: bytes, now: datetime) -> None:
    """The lock has drawn its half."""
    session.execute(_ANSWERED, {"lock": lock, "public": public_key, "now": now})


def note_refusal(session: Session, lock: LockId, refusal: int) -> None:
    """The lock does not take it."""
    session.execute(_REFUSED, {"lock": lock, "refusal": min(refusal, 32_767)})


def call_off(session: Session, lock: LockId) -> None:
    """The coming pair is worth nothing from now on."""
    session.execute(_CALL_OFF, {"lock": lock})


def hold_list(session: Session, lock: LockId) -> None:
    """Whoever grants waits until the transaction ends."""
    session.execute(_HOLD_LIST, {"lock": lock})


def take(session: Session, lock: LockId, key_epoch: int, now: datetime) -> bool:
    """The coming pair takes the place of the present one; False where it was called off."""
    return bool(session.execute(_TAKE, {"lock": lock, "epoch": key_epoch, "now": now}).scalar_one())


def highest_offered(session: Session, lock: LockId) -> int:
    """The highest key epoch that this lock can know of."""
    return int(session.execute(_OFFERED_EPOCH, {"lock": lock}).scalar_one())


def _next(row: Sequence[object]) -> NextKey:
    return NextKey(*row)  # type: ignore[arg-type]  # a row has no types
