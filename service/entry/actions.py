"""Recording: what the locks said, once each, and what each may be told about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import cbor2
from sqlmodel import Session

from firmware_protocol.cursor import Receipt, StoredCursor
from firmware_protocol.messages import Event
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import EventType
from service.edges.keyring import Keyring, Root
from service.entry import records
from service.entry.rules import (
    HeardEvents,
    NewEntry,
    OwnEntry,
    StoredEntry,
    entry_of,
    event_of,
    may_begin,
    overwritten,
    receipt,
    taken,
)
from service.people.rules import PersonId
from service.premises.rules import UnitId

_QUARANTINE_PURPOSE = "quarantined event"
# After a broker's death everything comes twice; a copied lock is found by any one of its events.
REPEATED_COMPARED = 200


@dataclass(slots=True)
class CursorMemory:
    """The cursors of the locks this process listens to. The lease makes it the only writer; a failed batch makes it forget."""

    known: dict[LockId, dict[int, StoredCursor]] = field(default_factory=dict)

    def load(self, session: Session, locks: set[LockId]) -> None:
        """Read the cursors of locks not known yet."""
        unknown = locks - self.known.keys()
        if unknown:
            self.known.update({lock: {} for lock in unknown})
            for (lock, epoch), cursor in records.load_cursors(session, unknown).items():
                self.known[lock][epoch] = cursor

    def forget(self, locks: set[LockId]) -> None:
        """What is in the database counts, not what we remember."""
        for lock in locks:
            self.known.pop(lock, None)


@dataclass(slots=True)
class Recorded:
    """What a batch has added, and the receipts that may go out once it is committed."""

    stored: list[StoredEntry] = field(default_factory=list)
    receipts: dict[LockId, Receipt] = field(default_factory=dict)
    duplicates: int = 0
    forked: set[LockId] = field(default_factory=set)
    """Locks that gave a number to another event than the stored one: no lock does, but two with one identity do."""


def prepare(session: Session, now: datetime) -> None:
    """Make the partitions of this month and, in good time, of the next."""
    for at in (now, now + timedelta(days=3)):
        records.make_partition(session, at)


def cursor_of(session: Session, lock: LockId, log_epoch: int, memory: CursorMemory) -> StoredCursor:
    """How far the lock's log of that epoch is stored."""
    memory.load(session, {lock})
    return memory.known[lock].get(log_epoch, StoredCursor())


def record(session: Session, heard: Sequence[HeardEvents], memory: CursorMemory, now: datetime) -> Recorded:
    """Append what is new, move the cursors, both in the running transaction."""
    memory.load(session, {one.lock for one in heard})
    recorded = Recorded()
    moved: dict[tuple[LockId, int], StoredCursor] = {}
    entries: list[NewEntry] = []
    repeated: list[tuple[LockId, int, Event]] = []
    for one in heard:
        epochs = memory.known[one.lock]
        cursor = epochs.get(one.log_epoch)
        if cursor is None:
            if not may_begin(one.epoch_trusted, bool(epochs)):
                continue
            cursor = StoredCursor()
        for event in one.events:
            after = taken(cursor, event)
            if after is None:
                recorded.duplicates += 1
                repeated.append((one.lock, one.log_epoch, event))
            else:
                cursor = moved[one.lock, one.log_epoch] = after
                entries.append(entry_of(one, event, now))
        epochs[one.log_epoch] = cursor
        recorded.receipts[one.lock] = receipt(one.session, one.log_epoch, cursor)
    if entries:
        recorded.stored = records.append(session, entries, now, moved)
    if repeated:
        recorded.forked = _forked(session, repeated[:REPEATED_COMPARED])
    return recorded


def _forked(session: Session, repeated: Sequence[tuple[LockId, int, Event]]) -> set[LockId]:
    """Locks among these that say something else under a number than is stored under it."""
    said = {(lock, epoch, event.sequence): event for lock, epoch, event in repeated}
    stored = records.stored_under(session, list(said))
    return {key[0] for key, columns in stored if event_of(columns) != said[key]}


def certify_lost(
    session: Session, said: Sequence[tuple[LockId, int, int, int]], memory: CursorMemory, now: datetime
) -> None:
    """Give up on numbers that neither side has any more, so that the prefix can go on behind them.

    `said`: lock, log epoch, oldest readable and next sequence, as a proven session has just told them. A database that was
    restored from a backup asks below its own receipts, and flash may have been overwritten since.
    """
    memory.load(session, {lock for lock, *_ in said})
    for lock, log_epoch, oldest, following in said:
        epochs = memory.known[lock]
        gone = overwritten(epochs.get(log_epoch, StoredCursor()), oldest, following)
        if gone is not None and log_epoch in epochs:
            epochs[log_epoch] = epochs[log_epoch].lose(*gone)
            records.append_loss(session, lock=lock, log_epoch=log_epoch, lost=gone, now=now)
            records.write_cursors(session, {(lock, log_epoch): epochs[log_epoch]})


def certified_losses(session: Session, lock: LockId, log_epoch: int) -> list[tuple[int, int]]:
    """First and last number of every loss that the service has certified in a log."""
    return records.losses(session, lock, log_epoch)


def quarantine(
    session: Session, one: HeardEvents, memory: CursorMemory, *, problem: str, keyring: Keyring, now: datetime
) -> Recorded:
    """Put events that the database refuses aside, sealed, and count them as stored: the lock would send them for ever."""
    memory.load(session, {one.lock})
    epochs = memory.known[one.lock]
    cursor = epochs.get(one.log_epoch, StoredCursor())
    for event in one.events:
        after = cursor.take(event.sequence)
        if after is not None:
            cursor = after
            row = f"{one.lock}/{one.log_epoch}/{event.sequence}"
            records.append_quarantine(
                session,
                lock=one.lock,
                log_epoch=one.log_epoch,
                sequence=event.sequence,
                problem=problem,
                sealed=keyring.seal(Root.LOCKS, _QUARANTINE_PURPOSE, cbor2.dumps(list(event)), row=row),
                now=now,
            )
    epochs[one.log_epoch] = cursor
    records.write_cursors(session, {(one.lock, one.log_epoch): cursor})
    return Recorded(receipts={one.lock: receipt(one.session, one.log_epoch, cursor)})


def events_between(
    session: Session, lock: LockId, log_epoch: int, after: int, up_to: int, *, keyring: Keyring
) -> dict[int, Event]:
    """The stored events with numbers in (after, up_to], as the lock said them; SealBroken where one put aside does not open."""
    found = {one.sequence: event_of(one) for one in records.stored_between(session, lock, log_epoch, after, up_to)}
    for sequence, sealed in records.quarantined_between(session, lock, log_epoch, after, up_to):
        row = f"{lock}/{log_epoch}/{sequence}"
        found[sequence] = Event(*cbor2.loads(keyring.open(Root.LOCKS, _QUARANTINE_PURPOSE, sealed, row=row)))
    return found


def entries_of_person(session: Session, person_id: PersonId, *, limit: int = 200) -> tuple[OwnEntry, ...]:
    """What the doors wrote down about a person, newest first; for the person's own page, under the person's own scope.

    Alarms are not among it: whoever forces a person to open must not find the call for help on that person's phone.
    """
    return records.entries_of_person(session, person_id, _NOT_ON_OWN_PAGE, limit)


# What a newer lock says of the person, in types of its own, is.
_NOT_ON_OWN_PAGE = frozenset(EventType) - {EventType.LOCK_OPERATED, EventType.ACCESS_REFUSED}


def opened_since(session: Session, asked: Sequence[tuple[PersonId, UnitId, datetime]]) -> set[int]:
    """Which of these (person, unit, instant), by their place in the sequence, opened a door of the unit after the instant."""
    return records.opened_since(session, asked) if asked else set()
