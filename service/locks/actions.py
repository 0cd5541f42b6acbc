"""Locks: provision them, listen to their frames, note what was heard of their links."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from firmware_protocol import commands_wiped, keys
from firmware_protocol.errors import FrameRefusal, RemoteProtocolError
from firmware_protocol.service_side import ServiceIdentity, ServiceSide
from firmware_protocol.topics import LockId, shard_of
from firmware_protocol.transitions import LinkEvent, LinkState, next_link
from service.edges.keyring import Keyring, Root
from service.errors import BadInput, Conflict, NotFound, SealBroken
from service.locks import records
from service.locks.rules import (
    SILENT_AFTER_S,
    LinkNote,
    LockView,
    battery_state,
    certificate_end_said,
    signing_key_said,
)

log = logging.getLogger(__name__)

_KEY_PURPOSE = "lock key"
_FLOODING = "flooding"
_OVER_SHARE = "over_share"


@dataclass(slots=True)
class ListenedLock:
    """One lock as an ingest process remembers it between batches; forgotten whenever a batch fails."""

    side: ServiceSide
    link: LinkState
    birth_number: int
    revoked: bool
    key_epoch: int
    """Of the keys that the database has for it."""


@dataclass(slots=True)
class Heard:
    """What a batch changed in what must be remembered of links."""

    notes: dict[LockId, LinkNote] = field(default_factory=dict)
    sessions: set[LockId] = field(default_factory=set)
    refused: Counter[tuple[str, LockId | None]] = field(default_factory=Counter)


def provision(
    session: Session,
    *,
    lock_id: LockId,
    public_key: bytes,
    service_private_key: bytes,
    signing_key: bytes | None = None,
    keyring: Keyring,
    now: datetime,
) -> None:
    """Take a lock's public keys (`signing_key`: that of its event chain) and the service's private half for it.

    Conflict where the lock is known already, BadInput where the key is no point of P-256: better now than at its first word.
    """
    try:
        keys.exchange(service_private_key, public_key)
    except RemoteProtocolError as off_curve:
        raise BadInput(
            "This is not a lock's public key. Read it from the lock again.", code="lock_key", field="public_key"
        ) from off_curve
    if records.find_lock(session, lock_id) is not None:
        raise Conflict("This lock is already registered.")
    session.add(
        records.Lock(
            id=lock_id,
            shard=shard_of(lock_id),
            public_key=public_key,
            service_key_wrapped=keyring.seal(Root.LOCKS, _KEY_PURPOSE, service_private_key, row=lock_id),
            signing_key=signing_key,
            provisioned_at=now,
        )
    )
    session.flush()


def wipe_key(session: Session, lock_id: LockId, keyring: Keyring) -> bytes:
    """The key of this lock's wipe proofs; NotFound where there is no such lock."""
    lock = _get_lock(session, lock_id)
    return commands_wiped.wipe_key(_static_secret(lock, keyring), lock_id, lock.key_epoch)


def static_secret(session: Session, lock_id: LockId, keyring: Keyring) -> bytes:
    """What the lock and the service share by the keys they have now; NotFound where there is no such lock."""
    return _static_secret(_get_lock(session, lock_id), keyring)


def wrap_key(private: bytes, lock_id: LockId, keyring: Keyring) -> bytes:
    """The service's half of a lock's keys as it is stored."""
    return keyring.seal(Root.LOCKS, _KEY_PURPOSE, private, row=lock_id)


def unwrap_key(wrapped: bytes, lock_id: LockId, keyring: Keyring) -> bytes:
    """The service's half of a lock's keys; SealBroken where it is another lock's, or was changed."""
    return keyring.open(Root.LOCKS, _KEY_PURPOSE, wrapped, row=lock_id)


def credential_key(session: Session, lock_id: LockId, keyring: Keyring) -> bytes:
    """The key under which this lock's card and PIN verifiers are made; NotFound where there is no such lock."""
    # Whoever calls off a change of keys must not go on with what was read before it went through.
    lock = _get_lock(session, lock_id, fresh=True)
    return keys.credential_key(_static_secret(lock, keyring), lock_id, lock.key_epoch)


def chain_key(session: Session, lock_id: LockId, keyring: Keyring) -> bytes:
    """The key of the commitments in the chain over this lock's events; NotFound where there is no such lock."""
    lock = _get_lock(session, lock_id, fresh=True)
    return keys.chain_key(_static_secret(lock, keyring), lock_id, lock.key_epoch)


def key_epoch(session: Session, lock_id: LockId) -> int:
    """The epoch of the lock's present static keys; NotFound where there is no such lock."""
    return _get_lock(session, lock_id, fresh=True).key_epoch


def signing_key(session: Session, lock_id: LockId) -> bytes | None:
    """The key that the lock signs heads with: given when it was provisioned, or said in the first birth that was proven."""
    lock = _get_lock(session, lock_id)
    if lock.signing_key is None:
        lock.signing_key = signing_key_said(lock.capabilities)
        session.flush()
    return lock.signing_key


def names_another_signing_key(session: Session, lock_id: LockId) -> bool:
    """Whether the lock's latest birth names another signing key than the one we know."""
    lock = _get_lock(session, lock_id)
    said = signing_key_said(lock.capabilities)
    return said is not None and lock.signing_key is not None and said != lock.signing_key


def _get_lock(session: Session, lock_id: LockId, *, fresh: bool = False) -> records.Lock:
    lock = records.find_lock(session, lock_id, fresh=fresh)
    if lock is None:
        raise NotFound("There is no such lock.")
    return lock


def _static_secret(lock: records.Lock, keyring: Keyring) -> bytes:
    private = keyring.open(Root.LOCKS, _KEY_PURPOSE, lock.service_key_wrapped, row=lock.id)
    return keys.exchange(private, lock.public_key)


def views(session: Session, locks: Iterable[LockId]) -> dict[LockId, LockView]:
    """Those of the locks that exist, for pages."""
    return {
        LockId(row.id): LockView(
            LockId(row.id),
            LinkState(row.link),
            row.last_seen_at,
            battery_state(row.battery_percent),
            row.battery_percent,
            row.hardware,
            row.firmware,
            max(filter(None, (row.provisioned_at, row.rotated_at))),
            certificate_end_said(row.capabilities),
        )
        for row in records.find_locks(session, locks)
    }


def listen_to(
    session: Session, locks: Sequence[LockId], holders: Mapping[int, keys.Holder], keyring: Keyring
) -> dict[LockId, ListenedLock]:
    """Those of the locks that exist, ready to open their frames; `holders` are this process's leases by shard."""
    listened = {}
    for known in records.load_known(session, locks):
        side = _side_of(known, holders[shard_of(known.id)], keyring)
        if side is not None:
            listened[known.id] = ListenedLock(side, known.link, known.birth_number, known.revoked, known.key_epoch)
    return listened


def _side_of(known: records.KnownLock, holder: keys.Holder, keyring: Keyring) -> ServiceSide | None:
    """None where the lock's stored keys are worth nothing: it stays unheard, and every other lock is not its hostage."""
    try:
        own = unwrap_key(known.service_key_wrapped, known.id, keyring)
        identity = ServiceIdentity(known.id, own, known.public_key, known.key_epoch)
        coming = None
        if known.next_key is not None:
            epoch, wrapped, public = known.next_key
            coming = ServiceIdentity(known.id, unwrap_key(wrapped, known.id, keyring), public, epoch)
        return ServiceSide(identity, holder, known.sessions, coming)
    except (SealBroken, RemoteProtocolError) as broken:
        log.warning("the keys of lock %s cannot be used (%s)", known.id, type(broken).__name__)
        return None


def remember(session: Session, heard: Heard, listened: Mapping[LockId, ListenedLock], now: datetime) -> None:
    """Store what the batch changed: sessions, links, counters of refused frames."""
    if heard.sessions:
        records.write_sessions(
            session, {lock: listened[lock].side.sessions.values() for lock in sorted(heard.sessions)}, now
        )
    if heard.notes:
        notes = [heard.notes[lock] for lock in sorted(heard.notes)]
        capabilities = {
            note.lock: json.dumps(note.birth.capabilities, default=str) for note in notes if note.birth is not None
        }
        records.write_links(session, notes, capabilities, now)
    if heard.refused:
        records.count_refusals(session, heard.refused, now)


def count(session: Session) -> int:
    """How many locks there are."""
    return records.count_locks(session)


def note_flooding(session: Session, dropped: Mapping[LockId | None, int], now: datetime) -> None:
    """Count frames that were dropped unread because their lock sent more than its share."""
    records.count_refusals(session, {(_FLOODING, lock): frames for lock, frames in dropped.items()}, now)


def note_held_back(session: Session, events: Mapping[LockId | None, int], now: datetime) -> None:
    """Count events that were left with their lock because it is over its daily share."""
    records.count_refusals(session, {(_OVER_SHARE, lock): left for lock, left in events.items()}, now)


def revoked_in(session: Session, shards: Iterable[int]) -> list[LockId]:
    """Locks of these shards whose keys are worth nothing any more."""
    return records.revoked_in(session, shards)


def mark_silent(session: Session, shards: Iterable[int], now: datetime) -> list[LockId]:
    """Links that have fallen silent are shown as stale; returns those that changed."""
    changed = {state: next_link(state, LinkEvent.SILENCE) for state in LinkState}
    moves = {state: becomes for state, becomes in changed.items() if state is not becomes}
    return records.mark_silent(session, shards, moves, now - timedelta(seconds=SILENT_AFTER_S))


def refusal(reason: FrameRefusal, lock: LockId | None) -> tuple[str, LockId | None]:
    """Key of a refusal's counter. Only a known lock is named; what an unknown sender calls itself is not kept."""
    return reason.value, lock
