"""Which entries are alarms, and how alarms are seen to."""

from datetime import UTC, datetime, timedelta

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import AlarmCode, EventType, Field, Operation, OverrideKind
from service.alarms.rules import ALARM_TRANSITIONS, AlarmKind, AlarmState, Step, alarms_of
from service.entry.rules import NewEntry, Place, StoredEntry

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LOCKS = st.sampled_from([LockId("L-0000000000A1"), LockId("L-0000000000B2")])
PLACES = st.sampled_from([Place(1, 10, None), Place(1, 10, 5), Place(2, 10, None), Place(None, None, None)])


def stored(
    lock: LockId, place: Place, at_s: int, kind: int, more: tuple[int | None, bytes | None] = (None, None)
) -> StoredEntry:
    operation = Operation.UNLOCK if more[1] is not None else None
    at = NOW + timedelta(seconds=at_s)
    unsaid = (None, None, None, None)
    said = NewEntry(lock, 1, 1, at, 0, 2, 1, kind, operation, *unsaid, more[0], None, None, True, more[1])
    return StoredEntry(said, place)


ALARMS = st.builds(
    lambda lock, place, at, code: stored(lock, place, at, EventType.ALARM_RAISED, (int(code), None)),
    LOCKS,
    PLACES,
    st.integers(-1000, 1000),
    st.sampled_from(AlarmCode) | st.integers(100, 110),
)


@given(st.lists(ALARMS, max_size=20))
def test_every_alarm_that_concerns_people_is_counted_once(entries: list[StoredEntry]) -> None:
    concern = {AlarmCode.FORCED_USER, AlarmCode.DOOR_FORCED_OPEN, AlarmCode.FRONT_ESCUTCHEON_REMOVED}
    wanted = [one for one in entries if one.entry.code in concern and one.place.unit_id is not None]
    raised = alarms_of(entries)
    assert sum(one.times for one in raised) == len(wanted)
    assert len({(one.lock_id, one.unit_id, one.kind) for one in raised}) == len(raised)
    for one in raised:
        assert one.first_at <= one.last_at
    assert {at for one in raised for at in (one.first_at, one.last_at)} <= {one.entry.occurred_at for one in wanted}
    assert alarms_of(reversed(entries)) == alarms_of(entries) or set(alarms_of(reversed(entries))) == set(raised)


@pytest.mark.parametrize(
    ("override", "operation", "kinds"),
    [
        (OverrideKind.FIRE, Operation.UNLOCK, {AlarmKind.FIRE}),
        (OverrideKind.FIRE, Operation.LOCK, set()),
        (OverrideKind.LOCKSMITH, Operation.UNLOCK, set()),
    ],
)
def test_a_fire_is_an_alarm_and_its_end_and_a_locksmith_are_none(
    override: OverrideKind, operation: Operation, kinds: set[AlarmKind]
) -> None:
    fields = cbor2.dumps({Field.OVERRIDE: override})
    entry = stored(LockId("L-0000000000A1"), Place(1, 10, None), 0, EventType.OVERRIDE_USED, (None, fields))
    said = StoredEntry(entry.entry._replace(operation=operation), entry.place)
    assert {one.kind for one in alarms_of([said])} == kinds


def test_an_opening_with_the_same_number_is_no_alarm() -> None:
    entry = stored(LockId("L-0000000000A1"), Place(1, 10, 5), 0, EventType.LOCK_OPERATED, (AlarmCode.FORCED_USER, None))
    assert alarms_of([entry]) == ()


@given(st.lists(st.sampled_from(Step), max_size=6))
def test_nothing_is_closed_before_somebody_sees_to_it_and_nothing_opens_again(steps: list[Step]) -> None:
    state, seen = AlarmState.OPEN, [AlarmState.OPEN]
    for step in steps:
        state = ALARM_TRANSITIONS.get((state, step), state)
        seen.append(state)
    order = list(AlarmState)
    assert [order.index(one) for one in seen] == sorted(order.index(one) for one in seen)
    assert AlarmState.CLOSED not in seen or AlarmState.ATTENDED in seen
