"""What becomes of an event: which numbers are new, when it happened, and where in the register it stands. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import cbor2

from firmware_protocol.cursor import Receipt, StoredCursor
from firmware_protocol.messages import Event
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import ClockQuality, EventType, Field, Operation

# A lock's clock before this was never set; after now and this much it runs ahead by more than a time zone's mistake.
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
# No lock holds more events than this, so no loss may claim more numbers.
LARGEST_LOSS = 10_000_000
_SMALLINT = 1 << 15
_INTEGER = 1 << 31

_SMALL_COLUMNS = (Field.SOURCE, Field.DIRECTION, Field.CODE, Field.SCORE_BAND, Field.LIVENESS)
_KEYS = tuple(map(int, (Field.OPERATION, Field.CREDENTIAL_ID, Field.LIST_VERSION, *_SMALL_COLUMNS)))
_COLUMNED = frozenset(_KEYS)
_INT_ONLY = {int}


class HeardEvents(NamedTuple):
    """Events of one frame, opened and authentic."""

    lock: LockId
    session: bytes
    log_epoch: int
    epoch_trusted: bool
    """The session is proven, so an epoch never seen before may begin with it."""
    live: bool
    events: tuple[Event, ...]


class NewEntry(NamedTuple):
    """One row for the register, apart from what the database knows of the place and person."""

    lock_id: LockId
    log_epoch: int
    sequence: int
    occurred_at: datetime
    device_ms: int
    clock_quality: int
    boot_number: int
    type: int
    operation: int | None
    credential_id: int | None
    list_version: int | None
    source: int | None
    direction: int | None
    code: int | None
    score_band: int | None
    liveness: int | None
    live: bool
    fields: bytes | None


class StoredColumns(NamedTuple):
    """Of a stored row, what the lock said; `values` are those of operation, credential, list version and the small columns."""

    sequence: int
    type: int
    boot_number: int
    device_ms: int
    clock_quality: int
    fields: bytes | None
    values: tuple[int | None, ...]


def kept_field(entry: NewEntry, key: int) -> object:
    """A field that has no column of its own, or None."""
    return cbor2.loads(entry.fields).get(key) if entry.fields else None


class Place(NamedTuple):
    """Where an event happened and whose credential it was, as far as the register knows; a visitor's is nobody's."""

    unit_id: int | None
    area_id: int | None
    person_id: int | None
    visitor: bool = False


class OwnEntry(NamedTuple):
    """One entry as the person it was about may read it; numbers as in the vocabulary, where the lock gave them."""

    occurred_at: datetime
    type: int
    operation: int | None
    source: int | None
    direction: int | None
    code: int | None


class StoredEntry(NamedTuple):
    """A new entry and its place; what the concepts above entry follow."""

    entry: NewEntry
    place: Place


def visitors_openings(stored: Iterable[StoredEntry]) -> list[tuple[LockId, int, datetime]]:
    """Lock, credential id and instant of each opening with a visitor's credential among these."""
    return [
        (one.lock_id, one.credential_id, one.occurred_at)
        for one, place in stored
        if place.visitor and one.credential_id is not None and _is_opening(one)
    ]


def _is_opening(entry: NewEntry) -> bool:
    return entry.type == EventType.LOCK_OPERATED and entry.operation == Operation.UNLOCK


def happened_at(event: Event, now: datetime) -> datetime:
    """The lock's time where it can be believed, else the time we heard of it."""
    if event.clock_quality == ClockQuality.UNSET:
        return now
    try:
        at = datetime.fromtimestamp(event.occurred_at_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return now
    return at if EARLIEST <= at <= now + AHEAD else now


def entry_of(heard: HeardEvents, event: Event, now: datetime) -> NewEntry:
    """The event as a row. Fields without a column of their own, or with a value no column takes, are kept as CBOR."""
    columns, rest = _columns_at_once(event.fields) or _columns(event.fields)
    return NewEntry._make(
        (
            heard.lock,
            heard.log_epoch,
            event.sequence,
            happened_at(event, now),
            event.occurred_at_ms,
            event.clock_quality,
            event.boot_number,
            event.type,
            *columns,
            heard.live,
            rest,
        )
    )


def _columns_at_once(said: Mapping[int, Any]) -> tuple[Iterable[int | None], None] | None:
    """What `_columns` would make of it, or None: nearly every event says nothing but small numbers that have a column each."""
    values = said.values()
    if {*map(type, values)} != _INT_ONLY or not said.keys() <= _COLUMNED or min(values) < 0 or max(values) >= _SMALLINT:
        return None
    return map(said.get, _KEYS), None


def _columns(said: Mapping[int, Any]) -> tuple[Iterable[int | None], bytes | None]:
    """What the columns take, in the order of _KEYS, and the rest as CBOR."""
    fields = dict(said)
    limits = (_SMALLINT, _INTEGER, 1 << 63, *[_SMALLINT] * len(_SMALL_COLUMNS))
    taken_out = [_number(fields, key, limit) for key, limit in zip(_KEYS, limits, strict=True)]
    return taken_out, cbor2.dumps(fields) if fields else None


def event_of(stored: StoredColumns) -> Event:
    """The event as the lock said it: what `entry_of` has taken apart, put together again."""
    fields: dict[int, object] = cbor2.loads(stored.fields) if stored.fields else {}
    fields.update({int(key): value for key, value in zip(_KEYS, stored.values, strict=True) if value is not None})
    return Event(
        stored.type,
        stored.sequence,
        stored.boot_number,
        stored.device_ms,
        stored.clock_quality,
        fields,
    )


def _number(fields: dict[int, object], key: int, limit: int) -> int | None:
    value = fields.pop(key, None)
    if value is None or (type(value) is int and 0 <= value < limit):
        return value
    fields[key] = value
    return None


def taken(cursor: StoredCursor, event: Event) -> StoredCursor | None:
    """The cursor after the event, or None where it is a duplicate. A tombstone also takes the numbers it declares lost."""
    after = cursor.take(event.sequence)
    if after is not None and event.type == EventType.EVENTS_LOST:
        first, last = event.fields.get(Field.FIRST), event.fields.get(Field.LAST)
        if (
            type(first) is int
            and type(last) is int
            and 0 < first <= last < event.sequence
            and last - first < LARGEST_LOSS
        ):
            return after.lose(first, last)
    return after


def overwritten(cursor: StoredCursor, oldest: int, following: int) -> tuple[int, int] | None:
    """First and last number of a gap that the lock can no longer fill: it says it reads from `oldest` on and goes on with `following`."""
    first, last = cursor.up_to + 1, oldest - 1
    possible = first <= last < following and last - first < LARGEST_LOSS
    return (first, last) if possible else None


def receipt(session: bytes, log_epoch: int, cursor: StoredCursor) -> Receipt:
    """What to tell the lock after its events have been committed."""
    return Receipt(session, log_epoch, cursor.up_to, cursor.gap())


def may_begin(epoch_trusted: bool, lock_has_epochs: bool) -> bool:
    """Whether an epoch never seen may begin: a proven lock's, or the very first of a lock (of which nothing older can be replayed)."""
    return epoch_trusted or not lock_has_epochs
