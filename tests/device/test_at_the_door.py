"""What a lock does at the door beyond opening and refusing: modes, overrides, mechanical key, power from outside, duress, once."""

from dataclasses import replace

import pytest

from device_sim.door import MOTOR_NEEDS_PERCENT, Bolt, Door
from device_sim.flash.event_log import Geometry
from device_sim.flash.memory import PowerCut
from device_sim.modes import LOOK_EVERY_S, PRIVATE_AT_MOST_S
from firmware_protocol.access_list import ListEntry
from firmware_protocol.messages import Event
from firmware_protocol.schedules import ALL_DAYS, DateSchedule, WeeklySchedule
from firmware_protocol.vocabulary import (
    AlarmCode,
    CredentialType,
    DoorState,
    EventType,
    Field,
    OperatingMode,
    Operation,
    OperationSource,
    OverrideKind,
    PassDirection,
    PowerSource,
    RefusalReason,
)
from tests.device.rig import DAY_S, DOCUMENT, NOW_S, PIN, Rig, card, connected_rig, pin
from tests.protocol.fake_ingest import NOW_MS

DURESS_PIN = "911703"
DURESS = replace(pin(9, DURESS_PIN), duress=True)
ONCE = replace(card(5), one_time=True, visitor=True)


def alarms(rig: Rig) -> list[int]:
    return [event.fields[Field.CODE] for event in rig.events_of(EventType.ALARM_RAISED)]


def modes(rig: Rig) -> list[tuple[int, int]]:
    return [(one.fields[Field.SOURCE], one.fields[Field.MODE]) for one in rig.events_of(EventType.MODE_CHANGED)]


def bolt(rig: Rig) -> Bolt:
    return rig.lock.doorway.door.bolt


def mode(rig: Rig) -> OperatingMode:
    return rig.lock.doorway.modes.mode


def passage(*schedules: WeeklySchedule | DateSchedule) -> ListEntry:
    return replace(card(30), type=CredentialType.PASSAGE, material=b"", schedules=schedules)


# --- privacy


def test_privacy_keeps_everybody_out_but_not_in() -> None:
    rig = connected_rig(card(), pin())
    rig.lock.doorway.press_button(rig.now)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.PRIVACY_MODE
    assert rig.lock.doorway.enter_pin(PIN, rig.now).reason is RefusalReason.PRIVACY_MODE
    assert rig.lock.doorway.turn_handle(rig.now).opened
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    assert modes(rig) == [
        (OperationSource.BUTTON, OperatingMode.PRIVACY),
        (OperationSource.MANUAL, OperatingMode.NORMAL),
    ]


def test_the_button_ends_what_it_began() -> None:
    rig = connected_rig(card())
    for _ in range(2):
        rig.lock.doorway.press_button(rig.now)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened


def test_privacy_of_an_empty_room_ends() -> None:
    """By the door that opens, by a boot, and by itself: nobody is shut out of a room that nobody is in."""
    rig = connected_rig(card())
    rig.lock.doorway.press_button(rig.now)
    rig.lock.doorway.move(Door.force_leaf, rig.now)
    assert not rig.lock.doorway.modes.private
    rig.lock.doorway.press_button(rig.now)
    rig.boot()
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    rig.lock.doorway.press_button(rig.now)
    rig.pass_time(PRIVATE_AT_MOST_S - 1)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.PRIVACY_MODE
    rig.pass_time(1)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    assert modes(rig)[-1] == (OperationSource.AUTO, OperatingMode.NORMAL)


def test_a_privacy_refusal_is_no_wrong_try() -> None:
    rig = connected_rig(card())
    rig.lock.doorway.press_button(rig.now)
    for _ in range(7):
        assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.PRIVACY_MODE


# --- passage


def test_a_passage_keeps_the_door_unlocked_for_its_hours_and_locks_it_after() -> None:
    rig = connected_rig(passage(DateSchedule(NOW_S + 100, NOW_S + 700)))
    rig.pass_time(90)
    assert bolt(rig) is Bolt.LOCKED
    rig.pass_time(30 + LOOK_EVERY_S)
    assert bolt(rig) is Bolt.UNLOCKED
    rig.lock.doorway.move(lambda door: door.open_leaf(rig.now), rig.now)
    rig.lock.doorway.move(lambda door: door.close_leaf(rig.now), rig.now)
    rig.pass_time(300)
    assert bolt(rig) is Bolt.UNLOCKED
    rig.pass_time(300 + LOOK_EVERY_S)
    assert bolt(rig) is Bolt.LOCKED
    assert modes(rig) == [
        (OperationSource.SCHEDULE, OperatingMode.PASSAGE),
        (OperationSource.SCHEDULE, OperatingMode.NORMAL),
    ]
    assert rig.register == rig.events


def test_privacy_goes_before_passage_and_a_revoked_passage_ends() -> None:
    rig = connected_rig(card(), passage(WeeklySchedule(ALL_DAYS, 0, 1440)))
    rig.pass_time(60)
    assert mode(rig) is OperatingMode.PASSAGE
    rig.lock.doorway.press_button(rig.now)
    rig.pass_time(60)
    assert bolt(rig) is Bolt.LOCKED
    rig.lock.doorway.press_button(rig.now)
    rig.give(card())
    rig.pass_time(60)
    assert (mode(rig), bolt(rig)) == (OperatingMode.NORMAL, Bolt.LOCKED)


def test_a_passage_ends_with_its_offline_lease() -> None:
    rig = connected_rig(replace(passage(WeeklySchedule(ALL_DAYS, 0, 1440)), offline_lease_s=DAY_S))
    rig.disconnect()
    rig.pass_time(DAY_S / 2)
    assert mode(rig) is OperatingMode.PASSAGE
    rig.pass_time(DAY_S / 2 + 60)
    assert mode(rig) is OperatingMode.NORMAL


# --- key, plate, fire, locksmith, power from outside


def test_the_mechanical_key_names_nobody() -> None:
    rig = connected_rig(card())
    event = rig.lock.doorway.turn_key(rig.now).event
    assert event is not None
    assert Field.CREDENTIAL_ID not in event.fields
    assert (event.fields[Field.SOURCE], event.fields[Field.DIRECTION]) == (OperationSource.MANUAL, PassDirection.IN)
    assert bolt(rig) is Bolt.UNLOCKED
    assert alarms(rig) == [AlarmCode.MECHANICAL_KEY_USED]


def test_a_lifted_plate_is_told() -> None:
    rig = connected_rig()
    rig.lock.doorway.move(lambda door: door.lift_plate(), rig.now)
    assert alarms(rig) == [AlarmCode.FRONT_ESCUTCHEON_REMOVED]


def test_a_fire_opens_in_privacy_and_lock_out_and_as_long_as_it_lasts() -> None:
    rig = connected_rig(card())
    for _ in range(5):
        rig.lock.doorway.enter_pin("000000", rig.now)
    rig.lock.doorway.press_button(rig.now)
    rig.lock.doorway.override(OverrideKind.FIRE, rig.now)
    rig.pass_time(600)
    assert bolt(rig) is Bolt.UNLOCKED
    rig.lock.doorway.override(OverrideKind.FIRE, rig.now, lasts=False)
    rig.pass_time(60)
    assert bolt(rig) is Bolt.LOCKED
    assert [event.fields for event in rig.events_of(EventType.OVERRIDE_USED)] == [
        {Field.OVERRIDE: OverrideKind.FIRE, Field.OPERATION: Operation.UNLOCK},
        {Field.OVERRIDE: OverrideKind.FIRE, Field.OPERATION: Operation.LOCK},
    ]


def test_a_locksmith_opens_once_with_a_record() -> None:
    rig = connected_rig()
    rig.lock.doorway.press_button(rig.now)
    assert rig.lock.doorway.override(OverrideKind.LOCKSMITH, rig.now).opened
    rig.pass_time(1)
    assert bolt(rig) is Bolt.UNLOCKED
    rig.pass_time(60)
    assert bolt(rig) is Bolt.LOCKED
    assert [one.fields[Field.OVERRIDE] for one in rig.events_of(EventType.OVERRIDE_USED)] == [OverrideKind.LOCKSMITH]


def test_a_dead_battery_opens_on_power_from_outside_and_says_so() -> None:
    rig = connected_rig(card())
    rig.lock.doorway.move(lambda door: door.drained(100 - MOTOR_NEEDS_PERCENT + 1), rig.now)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.INSUFFICIENT_BATTERY
    outside = rig.lock.doorway.door.powered_outside(connected=True).door
    rig.boot(door=outside)
    event = rig.lock.doorway.show_card(DOCUMENT, rig.now).event
    assert event is not None
    assert event.fields[Field.POWER] == PowerSource.EMERGENCY
    assert rig.events_of(EventType.STARTED)[-1].fields == {Field.POWER: PowerSource.EMERGENCY}
    rig.pass_time(1)
    assert bolt(rig) is Bolt.UNLOCKED


# --- duress


def duress_alarm(rig: Rig) -> dict[int, int]:
    [alarm] = [one for one in rig.events_of(EventType.ALARM_RAISED) if one.fields[Field.CODE] == AlarmCode.FORCED_USER]
    return {key: value for key, value in alarm.fields.items() if key != Field.CODE}


def test_a_duress_pin_alone_opens_and_calls() -> None:
    rig = connected_rig(card(), pin(), DURESS)
    assert rig.lock.doorway.enter_pin(DURESS_PIN, rig.now).opened
    assert duress_alarm(rig) == {Field.CREDENTIAL_ID: 9}


def test_a_card_followed_by_the_duress_pin_calls_and_names_both() -> None:
    rig = connected_rig(card(), pin(), DURESS)
    rig.lock.doorway.show_card(DOCUMENT, rig.now)
    assert alarms(rig) == []
    rig.pass_time(20)
    answers = [rig.lock.doorway.enter_pin(digits, rig.now) for digits in (PIN, DURESS_PIN)]
    assert answers[0].opened == answers[1].opened
    assert duress_alarm(rig) == {Field.CREDENTIAL_ID: 9, Field.AFTER_CREDENTIAL: 1}


def test_an_opening_of_long_ago_has_nothing_to_do_with_it() -> None:
    rig = connected_rig(card(), DURESS)
    rig.lock.doorway.show_card(DOCUMENT, rig.now)
    rig.pass_time(31)
    rig.lock.doorway.enter_pin(DURESS_PIN, rig.now)
    assert duress_alarm(rig) == {Field.CREDENTIAL_ID: 9}


def test_duress_before_a_door_in_privacy_calls_too() -> None:
    rig = connected_rig(DURESS)
    rig.lock.doorway.press_button(rig.now)
    assert not rig.lock.doorway.enter_pin(DURESS_PIN, rig.now).opened
    assert duress_alarm(rig) == {Field.CREDENTIAL_ID: 9}


# --- once


def test_once_is_once_over_boots_and_changes_of_the_list() -> None:
    rig = connected_rig(ONCE)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.CREDENTIAL_SPENT
    rig.boot()
    rig.connect()
    rig.give()
    rig.give(ONCE, pin())
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.CREDENTIAL_SPENT


def opened_by_five(event: Event) -> bool:
    return event.type == EventType.LOCK_OPERATED and event.fields.get(Field.CREDENTIAL_ID) == 5


@pytest.mark.parametrize("keep", [0.0, 0.5, 1.0])
def test_a_power_cut_at_any_write_never_lets_in_twice(keep: float) -> None:
    """Each write of an opening in turn. The event is the use: where it is, nothing opens any more; where it is not, it opens once."""
    at, cuts = 0, 0
    while True:
        rig = connected_rig(ONCE)
        medium = rig.medium
        medium.cut_at, medium.keep, medium.writes = at, keep, 0
        moved = False
        try:
            rig.lock.doorway.show_card(DOCUMENT, rig.now)
            moved = True
        except PowerCut:
            moved = bolt(rig) is not Bolt.LOCKED
            cuts += 1
        rig.medium = medium.after_power_cut()
        rig.boot()
        used = any(opened_by_five(event) for event in rig.events)
        again = rig.lock.doorway.show_card(DOCUMENT, rig.now)
        assert again.opened is not used
        assert not (moved and again.opened)
        assert sum(opened_by_five(event) for event in rig.events) == 1
        assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.CREDENTIAL_SPENT
        if moved:
            break
        at += 1
    assert cuts >= 4


# --- the lock-out


def wrong(rig: Rig, times: int) -> None:
    for _ in range(times):
        rig.lock.doorway.enter_pin("000000", rig.now)


def later(rig: Rig, seconds: float) -> int:
    """What the clock chip shows so much later."""
    return NOW_MS + round((rig.now + seconds) * 1000)


def test_a_lock_out_goes_on_after_a_power_cut() -> None:
    rig = connected_rig(pin())
    wrong(rig, 5)
    rig.boot(chip_ms=later(rig, 30))
    assert rig.lock.doorway.enter_pin(PIN, rig.now).reason is RefusalReason.LOCKED_OUT
    rig.pass_time(59)
    assert rig.lock.doorway.enter_pin(PIN, rig.now).reason is RefusalReason.LOCKED_OUT
    rig.pass_time(2)
    assert rig.lock.doorway.enter_pin(PIN, rig.now).opened


def test_a_lock_that_cannot_say_how_long_it_was_off_waits_all_of_it() -> None:
    rig = connected_rig(pin())
    wrong(rig, 5)
    rig.boot(chip_ms=None)
    rig.pass_time(89)
    assert rig.lock.doorway.enter_pin(PIN, rig.now).reason is RefusalReason.LOCKED_OUT


@pytest.mark.parametrize("chip", ["kept", "stopped"])
def test_nobody_gets_more_tries_by_pulling_the_battery(chip: str) -> None:
    rig = connected_rig(pin())
    tries = 0
    for _ in range(3):
        while rig.lock.doorway.locked_out_s(rig.now) == 0 and tries < 20:
            wrong(rig, 1)
            tries += 1
            if tries % 2 == 0:
                rig.boot(chip_ms=later(rig, 1) if chip == "kept" else None)
    assert tries == 5
    assert alarms(rig) == [AlarmCode.WRONG_CODE_ENTRY_LIMIT]


def test_tries_of_long_ago_are_forgotten_over_a_boot_too() -> None:
    rig = connected_rig(pin())
    wrong(rig, 4)
    rig.boot(chip_ms=later(rig, 400))
    wrong(rig, 4)
    assert rig.lock.doorway.enter_pin(PIN, rig.now).opened


def test_what_was_only_counted_locks_out_after_a_boot() -> None:
    rig = Rig(geometry=Geometry(sector_bytes=400, sectors=4))
    while not rig.lock.flash.log.nearly_full:
        rig.lock.doorway.turn_handle(rig.now)
    wrong(rig, 3)
    assert rig.lock.flash.remembered.uncounted
    rig.boot()
    assert rig.lock.doorway.locked_out_s(rig.now) == 90


def test_the_power_cut_between_the_fifth_try_and_its_alarm_swallows_neither() -> None:
    for at in range(30):
        rig = connected_rig(pin())
        wrong(rig, 4)
        rig.medium.cut_at, rig.medium.writes = at, 0
        try:
            wrong(rig, 1)
        except PowerCut:
            rig.medium = rig.medium.after_power_cut()
            rig.boot()
            tries = len(rig.events_of(EventType.ACCESS_REFUSED))
            assert (rig.lock.doorway.locked_out_s(rig.now) > 0) == (tries == 5)
            assert alarms(rig) == [AlarmCode.WRONG_CODE_ENTRY_LIMIT] * (tries == 5)
        else:
            assert at > 1
            return
    raise AssertionError("the cut never came too late")


def test_a_leaf_forced_open_is_told_to_the_service() -> None:
    rig = connected_rig()
    rig.lock.doorway.move(Door.force_leaf, rig.now)
    rig.pass_time(1)
    assert rig.register == rig.events
    assert [one.fields[Field.CODE] for one in rig.events_of(EventType.DOOR_MOVED)] == [DoorState.FORCED_OPEN]
