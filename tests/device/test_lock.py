"""One lock end to end over a fake wire: decisions at the door, events in the register, the list, the clock."""

from dataclasses import replace

import pytest

from device_sim.door import MOTOR_NEEDS_PERCENT, Bolt
from device_sim.doorway import Answer
from device_sim.flash.event_log import Geometry
from firmware_protocol.access_list import encode_entry
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import (
    AlarmCode,
    ClockQuality,
    EventType,
    Field,
    Operation,
    OperationSource,
    PassDirection,
    RefusalReason,
)
from tests.device.rig import DAY_S, DOCUMENT, NOW_S, PIN, Rig, card, connected_rig, pin
from tests.protocol.fake_ingest import NOW_MS


def event_of(answer: Answer) -> Event:
    assert answer.event is not None
    return answer.event


def bolt_of(rig: Rig) -> str:
    return rig.lock.doorway.door.bolt.value


def test_a_card_opens_and_the_entry_reaches_the_register() -> None:
    rig = connected_rig(card(7))
    answer = rig.lock.doorway.show_card("1101 0519 4912 3100 2x", rig.now)
    assert answer.opened
    assert event_of(answer).fields == {
        Field.OPERATION: Operation.UNLOCK,
        Field.CREDENTIAL_ID: 7,
        Field.DIRECTION: PassDirection.IN,
        Field.SOURCE: OperationSource.RFID,
        Field.LIST_VERSION: 1,
    }
    assert bolt_of(rig) == "unlocking"
    rig.pass_time(1)
    assert bolt_of(rig) == "unlocked"
    assert rig.register == rig.events
    assert rig.lock.flash.log.stored_up_to == event_of(answer).sequence


def test_a_pin_opens() -> None:
    rig = connected_rig(card(), pin(8))
    answer = rig.lock.doorway.enter_pin(PIN, rig.now)
    assert answer.opened
    assert event_of(answer).fields[Field.CREDENTIAL_ID] == 8
    assert event_of(answer).fields[Field.SOURCE] == OperationSource.KEYPAD


def test_the_door_decides_without_a_network() -> None:
    rig = connected_rig(card())
    rig.disconnect()
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    assert not rig.lock.doorway.show_card("440524188001010014", rig.now).opened
    waiting = rig.lock.flash.log.unstored
    assert waiting == 2
    rig.connect()
    rig.pass_time(1)
    assert rig.register == rig.events


REFUSED = {
    RefusalReason.INVALID_CREDENTIAL: (card(document="440524188001010014"), 0),
    RefusalReason.NOT_YET_VALID: (replace(card(), starts_at=NOW_S + DAY_S), 1),
    RefusalReason.NO_LONGER_VALID: (replace(card(), ends_at=NOW_S - 1), 1),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_refusal_says_why_and_whose_it_was(reason: RefusalReason) -> None:
    entry, recognised = REFUSED[reason]
    rig = connected_rig(entry)
    answer = rig.lock.doorway.show_card(DOCUMENT, rig.now)
    assert (answer.opened, answer.reason) == (False, reason)
    assert event_of(answer).type == EventType.ACCESS_REFUSED
    assert event_of(answer).fields[Field.CODE] == reason
    assert event_of(answer).fields.get(Field.CREDENTIAL_ID) == (entry.credential_id if recognised else None)
    assert rig.lock.doorway.door.bolt is Bolt.LOCKED


def test_an_offline_lease_ends_by_itself_and_contact_renews_it() -> None:
    rig = connected_rig(replace(card(), offline_lease_s=DAY_S))
    rig.disconnect()
    rig.pass_time(DAY_S - 10)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    rig.pass_time(20)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.OFFLINE_LEASE_OVER
    rig.connect()
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened


def test_a_lease_survives_a_power_cut() -> None:
    rig = connected_rig(card())
    rig.boot()
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened


def test_five_wrong_tries_lock_out_and_raise_an_alarm_but_not_the_handle() -> None:
    """GA 374-2019: an alarm, and at least 90 s."""
    rig = connected_rig(card(), pin())
    for _ in range(5):
        assert rig.lock.doorway.enter_pin("000000", rig.now).reason is RefusalReason.INVALID_CREDENTIAL
    alarm = rig.events_of(EventType.ALARM_RAISED)[0]
    assert alarm.fields == {Field.CODE: AlarmCode.WRONG_CODE_ENTRY_LIMIT, Field.SOURCE: OperationSource.KEYPAD}
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.LOCKED_OUT
    assert rig.lock.doorway.turn_handle(rig.now).opened
    rig.pass_time(89)
    assert rig.lock.doorway.enter_pin(PIN, rig.now).reason is RefusalReason.LOCKED_OUT
    rig.pass_time(1)
    assert rig.lock.doorway.enter_pin(PIN, rig.now).opened


@pytest.mark.parametrize("digits", ["", "12", "abcdef", "123456789", "402816\n", "４０２８１６"])
def test_what_is_no_pin_is_a_wrong_try(digits: str) -> None:
    rig = connected_rig(pin())
    assert rig.lock.doorway.enter_pin(digits, rig.now).reason is RefusalReason.INVALID_CREDENTIAL


def test_a_duress_pin_opens_and_calls_for_help() -> None:
    rig = connected_rig(replace(pin(), duress=True))
    assert rig.lock.doorway.enter_pin(PIN, rig.now).opened
    (alarm,) = rig.events_of(EventType.ALARM_RAISED)
    assert alarm.fields[Field.CODE] == AlarmCode.FORCED_USER


def test_the_inside_handle_is_an_exit_without_identity() -> None:
    rig = connected_rig(card())
    answer = rig.lock.doorway.turn_handle(rig.now)
    assert rig.lock.doorway.door.bolt is Bolt.UNLOCKED
    assert event_of(answer).fields == {
        Field.OPERATION: Operation.UNLOCK,
        Field.SOURCE: OperationSource.MANUAL,
        Field.LIST_VERSION: 1,
        Field.DIRECTION: PassDirection.OUT,
    }


def test_a_weak_battery_refuses_outside_and_says_so() -> None:
    rig = connected_rig(card())
    rig.lock.doorway.move(lambda door: door.drained(100 - MOTOR_NEEDS_PERCENT + 1), rig.now)
    assert [event.fields[Field.CODE] for event in rig.events_of(EventType.ALARM_RAISED)] == [AlarmCode.BATTERY_LOW]
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.INSUFFICIENT_BATTERY


def test_the_door_itself_is_told() -> None:
    rig = connected_rig(card())
    rig.lock.doorway.show_card(DOCUMENT, rig.now)
    rig.pass_time(1)
    rig.lock.doorway.move(lambda door: door.open_leaf(rig.now), rig.now)
    rig.pass_time(120)
    kinds = [(event.type, event.fields[Field.CODE]) for event in rig.events if event.type in (0, 1)]
    assert kinds == [(1, 0), (1, 5), (0, AlarmCode.DOOR_AJAR)]


def test_a_list_is_applied_and_answered_with_version_and_digest() -> None:
    rig = connected_rig(card(), pin())
    (event,) = rig.events_of(EventType.ACCESS_LIST_APPLIED)
    assert event.fields == {Field.LIST_VERSION: 1, Field.DIGEST: rig.ingest.durable.wanted.digest}
    assert rig.ingest.durable.confirmed == 1


def test_a_list_survives_a_power_cut() -> None:
    rig = connected_rig(card())
    rig.boot()
    assert rig.lock.held.version == 1
    assert len(rig.events_of(EventType.ACCESS_LIST_APPLIED)) == 1


def test_a_power_cut_between_switching_a_list_and_recording_it() -> None:
    rig = connected_rig(card())
    rig.lock.flash.remember(list_told=0)
    rig.boot()
    assert len(rig.events_of(EventType.ACCESS_LIST_APPLIED)) == 2


def test_a_removed_credential_opens_nothing() -> None:
    rig = connected_rig(card(1), card(2, document="440524188001010014"))
    rig.give(card(2, document="440524188001010014"))
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.INVALID_CREDENTIAL


def test_a_full_list_is_refused_with_the_reason() -> None:
    rig = connected_rig(card())
    rig.give(*(card(number, document=str(number)) for number in range(1, 202)))
    assert rig.lock.held.version == 1
    assert len(rig.lock.held.holding.entries) == 1


def test_ended_entries_are_erased_from_flash_and_the_digest_stays() -> None:
    entry = replace(card(), ends_at=NOW_S + 100)
    rig = connected_rig(entry, pin())
    digest = rig.lock.held.digest
    rig.disconnect()
    assert any(entry.material in rig.medium.read(name) for name in rig.medium.names())
    rig.pass_time(200)
    # The list's other slot held the list before this one, which was empty.
    rig.lock.flash.switch_list(rig.lock.flash.access_list)
    assert not any(entry.material in rig.medium.read(name) for name in rig.medium.names())
    assert rig.lock.held.digest == digest
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.INVALID_CREDENTIAL
    assert rig.lock.doorway.enter_pin(PIN, rig.now).opened


def test_entries_erased_by_a_clock_that_was_ahead_come_back() -> None:
    rig = connected_rig(card())
    rig.disconnect()
    rig.lock.time.clock = rig.lock.time.clock.drifted(40 * DAY_S * 1000)
    rig.lock.keep_house(rig.now)
    assert not rig.lock.held.holding.entries
    rig.connect()
    rig.pass_time(60)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened


def test_the_service_sets_a_clock_that_had_stopped() -> None:
    rig = Rig()
    rig.boot(chip_ms=None)
    rig.pass_time(5)
    rig.connect()
    (event,) = rig.events_of(EventType.CLOCK_SET)
    assert (event.occurred_at_ms, event.clock_quality) == (NOW_MS, ClockQuality.SYNCED)
    assert event.fields == {Field.UPTIME_MS: 5000}
    started = rig.events_of(EventType.STARTED)[-1]
    assert (started.occurred_at_ms, started.clock_quality) == (0, ClockQuality.UNSET)


def test_without_a_clock_tenants_are_honoured_for_a_day_in_all() -> None:
    rig = connected_rig(card(), replace(pin(), visitor=True))
    rig.boot(chip_ms=None)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    assert rig.lock.doorway.enter_pin(PIN, rig.now).reason is RefusalReason.CLOCK_UNSET
    for _ in range(3):
        rig.pass_time(DAY_S / 3)
        rig.boot(chip_ms=None)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).reason is RefusalReason.CLOCK_UNSET


def test_a_clock_chip_that_shows_less_than_the_service_once_said_is_not_believed() -> None:
    rig = connected_rig(card())
    rig.boot(chip_ms=NOW_MS - 1000)
    assert rig.lock.time.clock.quality is ClockQuality.UNSET


def test_forged_and_foreign_frames_are_counted_and_change_nothing() -> None:
    rig = connected_rig(card())
    (frame,) = rig.ingest.change_list({})
    forged = bytearray(frame)
    forged[-1] ^= 1
    for bad in (bytes(forged), b"", b"\xff" * 50, frame[:-3]):
        rig.lock.receive(bad, rig.now)
    assert rig.lock.held.version == 1
    assert sum(rig.lock.refused_frames.values()) == 4
    rig.lock.receive(frame, rig.now)
    assert rig.lock.held.version == 2
    rig.lock.receive(frame, rig.now)
    assert rig.lock.refused_frames["replayed"] == 1


def test_wrong_tries_cannot_flush_what_is_not_stored() -> None:
    rig = Rig(geometry=Geometry(sector_bytes=1000, sectors=4))
    rig.connect()
    rig.give(card())
    rig.disconnect()
    entry = event_of(rig.lock.doorway.show_card(DOCUMENT, rig.now))
    for number in range(2000):
        rig.lock.doorway.enter_pin(f"{number:06d}", rig.now)
        rig.pass_time(40)
    assert rig.lock.flash.log.oldest_sequence <= entry.sequence
    rig.connect()
    rig.pass_time(120)
    assert rig.register == rig.events
    told = sum(event.fields.get(Field.COUNT, 1) for event in rig.events_of(EventType.ACCESS_REFUSED))
    assert told == 2000
    alarms = sum(event.fields.get(Field.COUNT, 1) for event in rig.events_of(EventType.ALARM_RAISED))
    assert alarms > 250


def test_no_refusal_is_forgotten_over_a_power_cut() -> None:
    rig = Rig(geometry=Geometry(sector_bytes=1000, sectors=4))
    for number in range(200):
        rig.lock.doorway.show_card(str(number), rig.now)
        rig.pass_time(100)
    rig.boot()
    rig.connect()
    rig.pass_time(60)
    told = sum(event.fields.get(Field.COUNT, 1) for event in rig.events_of(EventType.ACCESS_REFUSED))
    assert told == 200


def test_the_birth_says_what_the_lock_can_hold() -> None:
    rig = connected_rig(card())
    capabilities = rig.lock.standing(rig.now).capabilities
    assert {"list_entries": 200, "face_engine": 0, "face_model": ""}.items() <= capabilities.items()
    assert all(capabilities[name] is True for name in ("schedules", "one_time", "passage"))
    assert capabilities["commands"] == 0b101111110


def test_every_boot_is_told() -> None:
    rig = connected_rig(card())
    rig.boot()
    rig.connect()
    rig.pass_time(1)
    assert [event.boot_number for event in rig.register if event.type == EventType.STARTED] == [1, 2]


def test_the_failpoints_come_by_in_order() -> None:
    rig = connected_rig(card())
    rig.points.clear()
    rig.lock.doorway.show_card(DOCUMENT, rig.now)
    rig.exchange()
    assert rig.points == [
        "lock.event.before_flash",
        "lock.event.torn",
        "lock.event.after_flash",
        "lock.stored.before_apply",
        "lock.stored.after_apply",
    ]


def test_an_entry_of_an_older_list_encodes_the_same() -> None:
    """What flash holds is what the service sent, byte for byte: the digest depends on it."""
    rig = connected_rig(card())
    assert list(rig.lock.flash.access_list.entries.values()) == [encode_entry(card())]
