"""Presence from what the doors said. Pure; every conclusion carries its confidence and its reason.

Most doors have a reader on one side only: who enters is known, who leaves is not. So a departure through the inside
handle is a guess when one person was in (low confidence), and where several were in nobody is named: they become
unknown until each is heard of again.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from firmware_protocol.vocabulary import EventType, Operation, PassDirection
from service.entry.rules import StoredEntry


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
    TENANCY_ENDED = "tenancy_ended"


class Pass(NamedTuple):
    """Somebody went through a unit's door; person_id None where nobody knows who."""

    unit_id: int
    person_id: int | None
    direction: int
    at: datetime


class Presence(NamedTuple):
    """One person in one unit. `since`: when this state began; `as_of`: the latest news of the person."""

    state: PresenceState
    confidence: Confidence
    reason: Reason
    since: datetime
    as_of: datetime


Residents = Mapping[int, Presence]
"""person_id -> Presence, of one unit."""


class Count(NamedTuple):
    """How many are in, and whether (or in how many units) that is not sure."""

    present: int
    unsure: int


def pass_of(stored: StoredEntry) -> Pass | None:
    """The pass that an entry tells of, or None: only an unlocked door lets anybody through, and only a unit has residents."""
    entry, place = stored
    if entry.type != EventType.LOCK_OPERATED or entry.operation != Operation.UNLOCK or place.unit_id is None:
        return None
    if place.person_id is None and entry.direction != PassDirection.OUT:
        return None
    return Pass(place.unit_id, place.person_id, entry.direction or PassDirection.UNKNOWN, entry.occurred_at)


def follow(residents: Residents, passes: Iterable[Pass]) -> dict[int, Presence]:
    """The residents of one unit after these passes; what is older than a person's latest news changes nothing about them."""
    after = dict(residents)
    for one in sorted(passes, key=_when):
        if one.person_id is None:
            after.update(_somebody_left(after, one.at))
        else:
            known = after.get(one.person_id)
            if known is None or known.as_of <= one.at:
                after[one.person_id] = _seen(known, one)
    return after


def count(residents: Residents) -> Count:
    """How many of a unit's residents are in; unsure (1) while any of them is unknown."""
    states = [one.state for one in residents.values()]
    return Count(states.count(PresenceState.IN), int(PresenceState.UNKNOWN in states))


def _when(one: Pass) -> datetime:
    return one.at


def _seen(known: Presence | None, one: Pass) -> Presence:
    if one.direction == PassDirection.OUT:
        state, confidence, reason = PresenceState.OUT, Confidence.HIGH, Reason.WENT_OUT
    elif one.direction == PassDirection.IN:
        state, confidence, reason = PresenceState.IN, Confidence.HIGH, Reason.CAME_IN
    else:
        state, confidence, reason = PresenceState.IN, Confidence.LOW, Reason.OPENED_DOOR
    since = known.since if known is not None and known.state is state else one.at
    return Presence(state, confidence, reason, since, one.at)


def _somebody_left(residents: Residents, at: datetime) -> dict[int, Presence]:
    may_have_left = {
        person: one for person, one in residents.items() if one.state is PresenceState.IN and one.as_of <= at
    }
    # Of these we only know what came later, so it may have been one of them too.
    heard_later = any(one.as_of > at for one in residents.values())
    unknown_before = any(one.state is PresenceState.UNKNOWN and one.as_of <= at for one in residents.values())
    if len(may_have_left) == 1 and not heard_later and not unknown_before:
        person = next(iter(may_have_left))
        return {person: Presence(PresenceState.OUT, Confidence.LOW, Reason.ONLY_ONE_IN_WHEN_SOMEBODY_LEFT, at, at)}
    return {
        person: Presence(PresenceState.UNKNOWN, Confidence.LOW, Reason.SOMEBODY_LEFT, at, at)
        for person in may_have_left
    }
