"""Listening to locks: what an ingest process remembers of each, and what a batch has changed in that."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from firmware_protocol import keys
from firmware_protocol.errors import FrameRefusal, RemoteProtocolError
from firmware_protocol.service_side import ServiceIdentity, ServiceSide
from firmware_protocol.topics import LockId, shard_of
from firmware_protocol.transitions import LinkEvent, LinkState, next_link
from service.edges.keyring import Keyring
from service.errors import SealBroken
from service.locks import records
from service.locks.actions.keys import unwrap_key
from service.locks.rules import SILENT_AFTER_S, LinkNote

log = logging.getLogger(__name__)

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
