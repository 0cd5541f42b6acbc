"""Which of what locks say is an alarm for the police or grid staff, and how one is seen to. Pure.

An alarm names a room, never a person. It stays open until somebody says that they see to it, and the same lock's next one
of its kind is counted with it until then.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, NewType

from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import AlarmCode, EventType, Field, Operation, OverrideKind
from service.entry.rules import StoredEntry, kept_field
from service.errors import BadInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"([01]{3})-([0-9]{1,16})-([0-9]{1,18})", re.ASCII)

AlarmId = NewType("AlarmId", int)


class AlarmKind(StrEnum):
    """What has happened; the values are stored and never change. The most urgent first."""

    DURESS = "duress"
    FIRE = "fire"
    FORCED_OPEN = "forced_open"
    TAMPER = "tamper"


_CODES: Mapping[int, AlarmKind] = MappingProxyType(
    {
        AlarmCode.FORCED_USER: AlarmKind.DURESS,
        AlarmCode.DOOR_FORCED_OPEN: AlarmKind.FORCED_OPEN,
        AlarmCode.FRONT_ESCUTCHEON_REMOVED: AlarmKind.TAMPER,
    }
)


class AlarmState(StrEnum):
    """How far people have come with it."""

    OPEN = "open"
    ATTENDED = "attended"
    CLOSED = "closed"


class Step(StrEnum):
    """What somebody does about an alarm."""

    ATTEND = "attend"
    CLOSE = "close"


# What is not in the table cannot be done; what is done already may be said again and changes nothing.
ALARM_TRANSITIONS: Mapping[tuple[AlarmState, Step], AlarmState] = MappingProxyType(
    {
        (AlarmState.OPEN, Step.ATTEND): AlarmState.ATTENDED,
        (AlarmState.ATTENDED, Step.ATTEND): AlarmState.ATTENDED,
        (AlarmState.CLOSED, Step.ATTEND): AlarmState.CLOSED,
        (AlarmState.ATTENDED, Step.CLOSE): AlarmState.CLOSED,
        (AlarmState.CLOSED, Step.CLOSE): AlarmState.CLOSED,
    }
)


class RaisedAlarm(NamedTuple):
    """What a batch of entries says of one lock, room and kind: how often, and from when to when at the door."""

    lock_id: LockId
    unit_id: int
    area_id: int
    kind: AlarmKind
    first_at: datetime
    last_at: datetime
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm as it stands. `first_at` and `last_at` by the lock's clock, `raised_at` by ours; `…_by` are accounts."""

    id: AlarmId
    lock_id: LockId
    unit_id: int
    address: str
    number: str
    shared: bool
    kind: AlarmKind
    first_at: datetime
    last_at: datetime
    raised_at: datetime
    times: int
    attended_at: datetime | None
    attended_by: int | None
    closed_at: datetime | None
    closed_by: int | None

    @property
    def state(self) -> AlarmState:
        """How far people have come with it."""
        if self.attended_at is None:
            return AlarmState.OPEN
        return AlarmState.ATTENDED if self.closed_at is None else AlarmState.CLOSED


class AlarmPlace(NamedTuple):
    """Where an alarm stands in the order in which they are shown: those that nobody sees to first, and calls for help first in each."""

    closed: bool
    attended: bool
    quiet: bool
    last_at: datetime
    id: int


def place_of(alarm: Alarm) -> AlarmPlace:
    """Where the alarm stands."""
    closed, attended = alarm.closed_at is not None, alarm.attended_at is not None
    return AlarmPlace(closed, attended, alarm.kind is not AlarmKind.DURESS, alarm.last_at, alarm.id)


def written_place(place: AlarmPlace) -> str:
    """The place as an address carries it."""
    micros = (place.last_at - _EPOCH) // timedelta(microseconds=1)
    return f"{place.closed:d}{place.attended:d}{place.quiet:d}-{micros}-{place.id}"


def read_place(written: str) -> AlarmPlace:
    """The place in an address; BadInput for anything else."""
    found = _PLACE.fullmatch(written)
    if found is None:
        raise BadInput("This is no place in the list of alarms. Begin at its top.", code="alarm_place", field="after")
    closed, attended, quiet = (one == "1" for one in found[1])
    return AlarmPlace(closed, attended, quiet, _EPOCH + timedelta(microseconds=int(found[2])), int(found[3]))


class AlarmCount(NamedTuple):
    """How many are open and attended, and the number of the latest, so that any change shows."""

    open: int
    attended: int
    latest: int


def alarms_of(stored: Iterable[StoredEntry]) -> tuple[RaisedAlarm, ...]:
    """The alarms among these entries, one for each lock, room and kind; what hangs in no room concerns nobody's area."""
    found: dict[tuple[LockId, int, AlarmKind], RaisedAlarm] = {}
    for entry, place in stored:
        kind = _CODES.get(entry.code) if entry.type == EventType.ALARM_RAISED and entry.code is not None else None
        if entry.type == EventType.OVERRIDE_USED and entry.operation == Operation.UNLOCK:
            kind = AlarmKind.FIRE if kept_field(entry, Field.OVERRIDE) == OverrideKind.FIRE else None
        if kind is None or place.unit_id is None or place.area_id is None:
            continue
        at, key = entry.occurred_at, (entry.lock_id, place.unit_id, kind)
        before = found.get(key)
        first_at, last_at = (min(before.first_at, at), max(before.last_at, at)) if before else (at, at)
        times = before.times + 1 if before else 1
        found[key] = RaisedAlarm(entry.lock_id, place.unit_id, place.area_id, kind, first_at, last_at, times)
    return tuple(found.values())
