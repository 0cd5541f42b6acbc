"""The door's mechanics; above all that from inside it always opens."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from device_sim.door import (
    AJAR_AFTER_S,
    BOLT_TRANSITIONS,
    LOW_PERCENT,
    MOTOR_NEEDS_PERCENT,
    MOTOR_S,
    RELOCK_AFTER_S,
    STUCK_AFTER_S,
    AlarmDue,
    Bolt,
    Door,
    LeafMoved,
    Push,
)
from firmware_protocol.vocabulary import AlarmCode, DoorState

MAYBE_TIME = st.none() | st.floats(0, 1e6)
DOORS = st.builds(
    Door,
    bolt=st.sampled_from(Bolt),
    leaf=st.sampled_from([DoorState.OPEN, DoorState.CLOSED, DoorState.AJAR, DoorState.FORCED_OPEN]),
    obstructed=st.booleans(),
    battery_percent=st.floats(0, 100),
    motor_until=MAYBE_TIME,
    relock_at=MAYBE_TIME,
    ajar_at=MAYBE_TIME,
)


@given(door=DOORS, now=st.floats(0, 1e6))
def test_from_inside_every_door_opens(door: Door, now: float) -> None:
    freed = door.turn_handle(now).door
    assert freed.bolt is Bolt.UNLOCKED
    assert freed.open_leaf(now).door.leaf is not DoorState.CLOSED


def test_the_table_has_a_line_for_the_handle_in_every_state() -> None:
    assert {bolt for bolt, push in BOLT_TRANSITIONS if push is Push.HANDLE} == set(Bolt)


@given(door=DOORS, now=st.floats(0, 1e6))
def test_every_step_leads_to_a_rest(door: Door, now: float) -> None:
    """No state in which time stands still: following the deadlines ends after a few steps."""
    for _ in range(8):
        at = door.deadline()
        if at is None:
            return
        now = max(now, at)
        door = door.expire(now).door
    raise AssertionError(door)


def test_the_bolt_is_back_only_when_it_has_arrived() -> None:
    moving = Door().unlock(10.0).door
    assert moving.bolt is Bolt.UNLOCKING
    assert moving.open_leaf(10.1).door.leaf is DoorState.CLOSED
    assert moving.expire(10.1).door.bolt is Bolt.UNLOCKING
    assert moving.expire(10.0 + MOTOR_S).door.bolt is Bolt.UNLOCKED


def opened(now: float) -> Door:
    return Door().unlock(now - MOTOR_S).door.expire(now).door


def test_it_locks_itself_after_five_seconds() -> None:
    door = opened(10.0)
    assert door.deadline() == 10.0 + RELOCK_AFTER_S
    shutting = door.expire(15.0).door
    assert shutting.bolt is Bolt.LOCKING
    assert shutting.expire(15.0 + MOTOR_S).door.bolt is Bolt.LOCKED


def test_an_open_leaf_holds_the_bolt_back() -> None:
    step = opened(10.0).open_leaf(11.0)
    assert step.happened == (LeafMoved(DoorState.OPEN),)
    assert step.door.expire(30.0).door.bolt is Bolt.UNLOCKED
    shut = step.door.close_leaf(30.0)
    assert shut.happened == (LeafMoved(DoorState.CLOSED),)
    assert shut.door.expire(35.0).door.bolt is Bolt.LOCKING


def test_a_leaf_that_stays_open_is_told() -> None:
    door = opened(10.0).open_leaf(11.0).door
    step = door.expire(11.0 + AJAR_AFTER_S)
    assert step.happened == (LeafMoved(DoorState.AJAR), AlarmDue(AlarmCode.DOOR_AJAR))


def test_a_bolt_that_sticks_is_jammed_and_told() -> None:
    moving = replace(Door(), obstructed=True).unlock(10.0).door
    step = moving.expire(10.0 + STUCK_AFTER_S)
    assert step.door.bolt is Bolt.JAMMED
    assert step.happened == (AlarmDue(AlarmCode.LOCK_JAMMED),)
    again = replace(step.door, obstructed=False).unlock(20.0).door
    assert again.expire(20.0 + MOTOR_S).door.bolt is Bolt.UNLOCKED


def test_forcing_the_leaf_is_told() -> None:
    step = Door().force_leaf()
    assert step.happened == (LeafMoved(DoorState.FORCED_OPEN), AlarmDue(AlarmCode.DOOR_FORCED_OPEN))


def test_a_low_battery_is_told_once() -> None:
    step = Door(battery_percent=LOW_PERCENT + 1).drained(2)
    assert step.happened == (AlarmDue(AlarmCode.BATTERY_LOW),)
    assert step.door.drained(1).happened == ()


def test_an_empty_battery_leaves_the_bolt_where_it_is() -> None:
    door = replace(opened(10.0), battery_percent=MOTOR_NEEDS_PERCENT - 1)
    assert not door.can_drive
    assert door.expire(15.0).door.bolt is Bolt.UNLOCKED
    assert door.expire(15.0).door.deadline() is None


def test_a_boot_finds_the_door_as_it_was_and_goes_on() -> None:
    halfway = Door().unlock(500.0).door
    assert halfway.powered_up(0.0).expire(MOTOR_S).door.bolt is Bolt.UNLOCKED
    assert opened(500.0).powered_up(0.0).deadline() == RELOCK_AFTER_S
    assert opened(500.0).open_leaf(500.0).door.powered_up(0.0).deadline() == AJAR_AFTER_S
