"""Presence from what the doors said. Pure; every conclusion carries its confidence and its reason.

Most doors have a reader on one side only: who enters is known, who leaves is not. So a departure through the inside
handle is a guess when one person was in (low confidence), and where several were in nobody is named: they become
unknown until each is heard of again. What opens without saying for whom (a mechanical key, a locksmith, a fire, hours in
which the door stands unlocked) works both ways: whoever was out may be in now, and nobody is named for it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from firmware_protocol.vocabulary import (
    EventType,
    Field,
    OperatingMode,
    Operation,
    OperationSource,
    OverrideKind,
    PassDirection,
)
from service.entry.rules import NewEntry, StoredEntry, kept_field

# No visitor's PIN is for longer; after it nobody thinks any more that one is inside.
VISIT = timedelta(days=1)


class PresenceState(StrEnum):
    """In, out, or somebody left and it may have been this person."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How sure that is."""

    HIGH = "high"
    LOW = "low"


class Reason(StrEnum):
    """Why we think so; the pages have the words."""

    CAME_IN = "came_in"
    WENT_OUT = "went_out"
    OPENED_DOOR = "opened_door"
    ONLY_ONE_IN_WHEN_SOMEBODY_LEFT = "only_one_in_when_somebody_left"
    SOMEBODY_LEFT = "somebody_left"
    SOMEBODY_CAME = "somebody_came"
    DOOR_STOOD_OPEN = "door_stood_open"
    TENANCY_ENDED = "tenancy_ended"


class Pass(NamedTuple):
    """Somebody went through a unit's door; person_id None where nobody knows who, and then direction unknown: anybody, both ways."""

    unit_id: int
    person_id: int | None
    direction: PassDirection
    at: datetime
    visitor: bool = False


_WHEN = attrgetter("at")


class Presence(NamedTuple):
    """One person in one unit. `since`: when this state began; `as_of`: the latest news of the person."""

    state: PresenceState
    confidence: Confidence
    reason: Reason
    since: datetime
    as_of: datetime


Residents = Mapping[int, Presence]
"""person_id -> Presence, of one unit."""


class Room(NamedTuple):
    """Who is in a unit; `visited_at`: when a visitor last came in, None where none is thought to be inside."""

    residents: Residents
    visited_at: datetime | None = None


class Count(NamedTuple):
    """How many are in, and whether (or in how many units) that is not sure."""

    present: int
    unsure: int


def pass_of(stored: StoredEntry) -> Pass | None:
    """The pass that an entry tells of, or None: only an unlocked door lets anybody through, and only a unit has residents."""
    entry, (unit_id, _, person_id, visitor) = stored
    if unit_id is None:
        return None
    if entry.type != EventType.LOCK_OPERATED:
        unasked = _unasked(entry)
        return None if unasked is None else Pass(unit_id, None, unasked, entry.occurred_at)
    if entry.operation != Operation.UNLOCK:
        return None
    direction = _DIRECTIONS.get(entry.direction, PassDirection.UNKNOWN)
    if direction is not PassDirection.OUT:
        if visitor:
            return Pass(unit_id, None, PassDirection.IN, entry.occurred_at, True)
        by_key = entry.source == OperationSource.MANUAL and entry.credential_id is None
        if person_id is None and not by_key:
            return None
    return Pass(unit_id, person_id, direction, entry.occurred_at)


# By what stands in the register; a number of a newer lock's is unknown.
_DIRECTIONS: Mapping[int | None, PassDirection] = {int(one): one for one in PassDirection}


def _unasked(entry: NewEntry) -> PassDirection | None:
    """Which way people go where the lock opens without a credential, or None where the entry tells of no such thing."""
    if entry.type == EventType.OVERRIDE_USED and entry.operation == Operation.UNLOCK:
        fire = kept_field(entry, Field.OVERRIDE) == OverrideKind.FIRE
        return PassDirection.UNKNOWN if fire else PassDirection.IN
    if entry.type == EventType.MODE_CHANGED and kept_field(entry, Field.MODE) == OperatingMode.PASSAGE:
        return PassDirection.UNKNOWN
    return None


def follow(room: Room, passes: Iterable[Pass]) -> Room:
    """One unit after these passes; what is older than a person's latest news changes nothing about them.

    A visitor moves nobody who lives there. But who leaves while one is inside may be the visitor.
    """
    after, visited_at = dict(room.residents), room.visited_at
    for one in sorted(passes, key=_WHEN):
        if one.visitor:
            visited_at = max(visited_at or one.at, one.at)
        elif one.person_id is None and one.direction == PassDirection.OUT and _is_visited(visited_at, one.at):
            if not any(resident.state is not PresenceState.OUT for resident in after.values()):
                visited_at = None
            after.update(_somebody_left(after, one.at, visited=True))
        elif one.person_id is None:
            after.update(_NAMELESS[one.direction](after, one.at))
        else:
            known = after.get(one.person_id)
            if known is None or known.as_of <= one.at:
                after[one.person_id] = _seen(known, one)
    return Room(after, visited_at)


def count(residents: Residents) -> Count:
    """How many of a unit's residents are in; unsure (1) while any of them is unknown."""
    present = unsure = 0
    for one in residents.values():
        if one.state is PresenceState.IN:
            present += 1
        elif one.state is PresenceState.UNKNOWN:
            unsure = 1
    return Count(present, unsure)


def _is_visited(visited_at: datetime | None, at: datetime) -> bool:
    return visited_at is not None and visited_at <= at < visited_at + VISIT


def _seen(known: Presence | None, one: Pass) -> Presence:
    if one.direction == PassDirection.OUT:
        state, confidence, reason = PresenceState.OUT, Confidence.HIGH, Reason.WENT_OUT
    elif one.direction == PassDirection.IN:
        state, confidence, reason = PresenceState.IN, Confidence.HIGH, Reason.CAME_IN
    else:
        state, confidence, reason = PresenceState.IN, Confidence.LOW, Reason.OPENED_DOOR
    since = known.since if known is not None and known.state is state else one.at
    return Presence(state, confidence, reason, since, one.at)


def _somebody_left(residents: Residents, at: datetime, *, visited: bool = False) -> dict[int, Presence]:
    may_have_left = {
        person: one for person, one in residents.items() if one.state is PresenceState.IN and one.as_of <= at
    }
    # Of these we only know what came later, so it may have been one of them too.
    heard_later = any(one.as_of > at for one in residents.values())
    unknown_before = any(one.state is PresenceState.UNKNOWN and one.as_of <= at for one in residents.values())
    if len(may_have_left) == 1 and not (heard_later or unknown_before or visited):
        person = next(iter(may_have_left))
        return {person: Presence(PresenceState.OUT, Confidence.LOW, Reason.ONLY_ONE_IN_WHEN_SOMEBODY_LEFT, at, at)}
    return {
        person: Presence(PresenceState.UNKNOWN, Confidence.LOW, Reason.SOMEBODY_LEFT, at, at)
        for person in may_have_left
    }


def _somebody_came(residents: Residents, at: datetime) -> dict[int, Presence]:
    return {
        person: Presence(PresenceState.UNKNOWN, Confidence.LOW, Reason.SOMEBODY_CAME, at, at)
        for person, one in residents.items()
        if one.state is PresenceState.OUT and one.as_of <= at and one.reason is not Reason.TENANCY_ENDED
    }


def _anybody(residents: Residents, at: datetime) -> dict[int, Presence]:
    return {
        person: Presence(PresenceState.UNKNOWN, Confidence.LOW, Reason.DOOR_STOOD_OPEN, at, at)
        for person, one in residents.items()
        if one.as_of <= at and one.reason is not Reason.TENANCY_ENDED
    }


_NAMELESS = {
    PassDirection.IN: _somebody_came,
    PassDirection.OUT: _somebody_left,
    PassDirection.UNKNOWN: _anybody,
}
