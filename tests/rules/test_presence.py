"""Who is in, from what the doors said: nobody is named for what the lock cannot know."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import (
    EventType,
    Field,
    OperatingMode,
    Operation,
    OperationSource,
    OverrideKind,
    PassDirection,
)
from service.entry.rules import NewEntry, Place, StoredEntry
from service.presence.rules import (
    Confidence,
    Pass,
    Presence,
    PresenceState,
    Reason,
    Residents,
    Room,
    count,
    follow,
    pass_of,
)

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
IN = Presence(PresenceState.IN, Confidence.HIGH, Reason.CAME_IN, AT, AT)
OUT = Presence(PresenceState.OUT, Confidence.HIGH, Reason.WENT_OUT, AT, AT)
GONE = Presence(PresenceState.OUT, Confidence.HIGH, Reason.TENANCY_ENDED, AT, AT)
UNIT, PERSON = 7, 3


def followed(
    residents: Mapping[int, Presence], passes: Iterable[Pass], visited_at: datetime | None = None
) -> Residents:
    """The residents after these passes."""
    return follow(Room(residents, visited_at), passes).residents


def stored(kind: int, person: int | None = None, unit: int | None = UNIT, **said: int) -> StoredEntry:
    """An entry as the register has it; `said` are columns, `mode` and `override` fields without one."""
    kept = {key: said.pop(name) for name, key in (("mode", Field.MODE), ("override", Field.OVERRIDE)) if name in said}
    columns = dict.fromkeys(("operation", "credential_id", "source", "direction")) | said
    entry = NewEntry(
        LockId("L-0123456789AB"),
        1,
        1,
        LATER,
        0,
        2,
        1,
        kind,
        columns["operation"],
        columns["credential_id"],
        None,
        columns["source"],
        columns["direction"],
        None,
        None,
        None,
        True,
        cbor2.dumps({int(key): value for key, value in kept.items()}) if kept else None,
    )
    return StoredEntry(entry, Place(unit, None, person))


UNLOCK, MANUAL = Operation.UNLOCK, OperationSource.MANUAL
OPERATED, OVERRIDE, MODE = EventType.LOCK_OPERATED, EventType.OVERRIDE_USED, EventType.MODE_CHANGED
NAMELESS = {
    "a mechanical key": (
        stored(OPERATED, operation=UNLOCK, source=MANUAL, direction=PassDirection.IN),
        PassDirection.IN,
    ),
    "the inside handle": (
        stored(OPERATED, operation=UNLOCK, source=MANUAL, direction=PassDirection.OUT),
        PassDirection.OUT,
    ),
    "a locksmith": (stored(OVERRIDE, operation=UNLOCK, override=OverrideKind.LOCKSMITH), PassDirection.IN),
    "a fire": (stored(OVERRIDE, operation=UNLOCK, override=OverrideKind.FIRE), PassDirection.UNKNOWN),
    "a passage": (stored(MODE, source=6, mode=OperatingMode.PASSAGE), PassDirection.UNKNOWN),
}
NOBODY_PASSES = {
    "the end of a fire": stored(OVERRIDE, operation=Operation.LOCK, override=OverrideKind.FIRE),
    "privacy": stored(MODE, source=5, mode=OperatingMode.PRIVACY),
    "a passage's end": stored(MODE, source=6, mode=OperatingMode.NORMAL),
    "a mode of a later version": stored(MODE, source=6, mode=77),
    "a refusal": stored(EventType.ACCESS_REFUSED, PERSON, source=3),
    "a door without a room": stored(OVERRIDE, unit=None, operation=UNLOCK, override=OverrideKind.FIRE),
    "a credential nobody knows": stored(
        OPERATED, operation=UNLOCK, source=8, direction=PassDirection.IN, credential_id=9
    ),
    "an event of a later version": stored(700, operation=UNLOCK),
}


@pytest.mark.parametrize(("entry", "direction"), NAMELESS.values(), ids=NAMELESS)
def test_what_opens_without_a_name_names_nobody(entry: StoredEntry, direction: PassDirection) -> None:
    assert pass_of(entry) == Pass(UNIT, None, direction, LATER)


@pytest.mark.parametrize("entry", NOBODY_PASSES.values(), ids=NOBODY_PASSES)
def test_what_lets_nobody_through_moves_nothing(entry: StoredEntry) -> None:
    assert pass_of(entry) is None


def test_a_key_makes_those_who_were_out_unknown_and_leaves_those_who_are_in() -> None:
    after = followed({1: IN, 2: OUT, 3: GONE}, [Pass(UNIT, None, PassDirection.IN, LATER)])
    assert (after[1], after[3]) == (IN, GONE)
    assert (after[2].state, after[2].confidence, after[2].reason) == (
        PresenceState.UNKNOWN,
        Confidence.LOW,
        Reason.SOMEBODY_CAME,
    )
    assert count(after).unsure == 1


def test_while_the_door_stands_open_nobody_is_known_to_be_in_or_out() -> None:
    after = followed({1: IN, 2: OUT, 3: GONE}, [Pass(UNIT, None, PassDirection.UNKNOWN, LATER)])
    assert [after[person].state for person in (1, 2, 3)] == [
        PresenceState.UNKNOWN,
        PresenceState.UNKNOWN,
        PresenceState.OUT,
    ]


PASSES = st.lists(
    st.builds(
        Pass,
        st.just(UNIT),
        st.none() | st.integers(1, 3),
        st.sampled_from(PassDirection),
        st.integers(0, 100).map(lambda minutes: AT + timedelta(minutes=minutes)),
    ),
    max_size=8,
)
RESIDENTS = st.dictionaries(st.integers(1, 3), st.sampled_from([IN, OUT, GONE]))


@given(RESIDENTS, PASSES)
def test_only_a_credential_says_that_somebody_is_in(residents: dict[int, Presence], passes: list[Pass]) -> None:
    named = {one.person_id for one in passes}
    for person, presence in followed(residents, passes).items():
        if person not in named:
            was = residents[person]
            assert presence.state is not PresenceState.IN or presence == was
            assert presence.reason is not Reason.TENANCY_ENDED or presence == was


@given(RESIDENTS, PASSES)
def test_what_came_later_is_not_overwritten(residents: dict[int, Presence], passes: list[Pass]) -> None:
    after = followed(residents, passes)
    assert all(after[person].as_of >= was.as_of for person, was in residents.items())


VISIT = Pass(UNIT, None, PassDirection.IN, AT, True)
HANDLE = Pass(UNIT, None, PassDirection.OUT, LATER)


def test_a_visitors_opening_is_a_visit_and_nothing_else() -> None:
    entry = stored(OPERATED, operation=UNLOCK, source=3, direction=PassDirection.IN, credential_id=9)
    assert pass_of(StoredEntry(entry.entry, Place(UNIT, None, None, True))) == Pass(
        UNIT, None, PassDirection.IN, LATER, True
    )


@given(RESIDENTS, st.integers(0, 100))
def test_a_visitor_moves_nobody_who_lives_there(residents: dict[int, Presence], minutes: int) -> None:
    at = AT + timedelta(minutes=minutes)
    after = follow(Room(residents), [VISIT._replace(at=at)])
    assert after == Room(residents, at)
    assert count(after.residents) == count(residents)


def test_who_leaves_while_a_visitor_is_inside_may_be_the_visitor() -> None:
    """Without the visitor it would have been the only one who was in."""
    alone, visited = (follow(Room({1: IN}), passes) for passes in ([HANDLE], [VISIT, HANDLE]))
    assert alone.residents[1].state is PresenceState.OUT
    assert (visited.residents[1].state, visited.residents[1].reason) == (PresenceState.UNKNOWN, Reason.SOMEBODY_LEFT)
    assert visited.visited_at == AT


def test_a_visitor_who_was_alone_has_left_with_the_handle() -> None:
    assert follow(Room({1: OUT}, AT), [HANDLE]) == Room({1: OUT})


@pytest.mark.parametrize("at", [LATER + timedelta(seconds=1), LATER - timedelta(days=1)])
def test_a_visit_that_is_over_or_came_later_confuses_nobody(at: datetime) -> None:
    assert follow(Room({1: IN}, at), [HANDLE]).residents[1].state is PresenceState.OUT


@given(RESIDENTS, PASSES, st.none() | st.just(AT))
def test_with_a_visitor_nobody_is_thought_to_have_left_who_would_not_be_without(
    residents: dict[int, Presence], passes: list[Pass], visited_at: datetime | None
) -> None:
    out = {person for person, one in followed(residents, passes, visited_at).items() if one.state is PresenceState.OUT}
    without = {person for person, one in followed(residents, passes).items() if one.state is not PresenceState.IN}
    assert out <= without
