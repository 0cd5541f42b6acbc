"""Somebody at the router of the house, or at the broker, counts frames: a call for help must look like any other opening."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from firmware_protocol.codec import BLOCK_BYTES, decode_up, encode
from firmware_protocol.live_groups import together
from firmware_protocol.messages import Event, Events
from firmware_protocol.vocabulary import (
    AlarmCode,
    EventType,
    Field,
    Operation,
    OperationSource,
    PassDirection,
    PowerSource,
)
from tests.device.rig import DOCUMENT, PIN, Rig, card, connected_rig, pin

DURESS_PIN = "864201"
ENTRIES = (card(1), pin(2), replace(pin(9, DURESS_PIN), duress=True))
HUGE, LARGE, WHEN = 2**63 - 1, 2**31 - 1, 2**53 - 1


def heard(rig: Rig) -> list[int]:
    """The lengths of what goes up now, in the order it does."""
    frames = rig.lock.to_send(rig.now)
    rig.deliver(rig.ingest.receive(frames))
    return [len(frame) for frame in frames]


def minute(rig: Rig) -> list[tuple[float, list[int]]]:
    """What is heard in the next minute, and when."""
    told = []
    until = rig.now + 60
    while (due := min(rig.lock.deadline(), until)) < until:
        rig.now = max(rig.now, due)
        rig.lock.expire(rig.now)
        told.append((rig.now, heard(rig)))
    rig.now = until
    return told


@pytest.mark.parametrize("with_card", [False, True])
@pytest.mark.parametrize("private", [False, True])
def test_as_many_frames_as_any_opening(with_card: bool, private: bool) -> None:
    seen = []
    for digits in (PIN, DURESS_PIN):
        rig = connected_rig(*ENTRIES)
        rig.pass_time(5)
        if with_card:
            rig.lock.doorway.show_card(DOCUMENT, rig.now)
            heard(rig)
        if private:
            rig.lock.doorway.press_button(rig.now)
            heard(rig)
        assert rig.lock.doorway.enter_pin(digits, rig.now).opened is not private
        seen.append((heard(rig), minute(rig)))
        rig.exchange()
        alarms = [one for one in rig.register if one.type == EventType.ALARM_RAISED]
        assert [one.fields[Field.CODE] for one in alarms] == [AlarmCode.FORCED_USER] * (digits == DURESS_PIN)
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 1


def test_as_many_frames_once_the_line_is_back() -> None:
    """Whoever forces somebody may cut the line first."""
    seen = []
    for digits in (PIN, DURESS_PIN):
        rig = connected_rig(*ENTRIES)
        rig.disconnect()
        rig.lock.doorway.enter_pin(digits, rig.now)
        rig.connect()
        seen.append(minute(rig))
        assert len(rig.register) == len(rig.events)
    assert seen[0] == seen[1]


def opening(number: int, **more: object) -> Event:
    """With everything an opening can say, at its largest."""
    fields: dict[int, Any] = {
        Field.OPERATION: Operation.UNLOCK,
        Field.SOURCE: OperationSource.KEYPAD,
        Field.CREDENTIAL_ID: LARGE,
        Field.LIST_VERSION: LARGE,
        Field.DIRECTION: PassDirection.IN,
        Field.SCORE_BAND: 4,
        Field.LIVENESS: 2,
        Field.POWER: PowerSource.EMERGENCY,
    }
    return Event(EventType.LOCK_OPERATED, number, LARGE, WHEN, 2, {**fields, **{int(k): v for k, v in more.items()}})


def call(number: int) -> Event:
    fields: dict[int, Any] = {
        Field.CODE: AlarmCode.FORCED_USER,
        Field.CREDENTIAL_ID: LARGE,
        Field.AFTER_CREDENTIAL: LARGE,
    }
    return Event(EventType.ALARM_RAISED, number, LARGE, WHEN, 2, fields)


def other(number: int) -> Event:
    return Event(EventType.ALARM_RAISED, number, 1, 1, 2, {Field.CODE: AlarmCode.DOOR_AJAR})


def numbers(live: Sequence[Event]) -> list[list[int]]:
    return [[event.sequence for event in group] for group in together(live)]


def test_only_a_call_for_help_goes_with_the_event_before_it() -> None:
    assert numbers([opening(1), call(2), opening(3), other(4), call(6)]) == [[1, 2], [3], [4], [6]]
    assert numbers([opening(1), call(2), call(3), call(4)]) == [[1, 2], [3, 4]]
    assert numbers([call(1), opening(2)]) == [[1], [2]]


def test_both_fit_one_block_at_their_largest_and_what_does_not_goes_alone() -> None:
    last = HUGE - 1
    [group] = together([opening(last), call(HUGE)])
    message = Events(HUGE, True, group)
    assert len(encode(message)) == BLOCK_BYTES
    assert decode_up(encode(message)) == message
    newer = opening(last, **{"200": b"says more" * 10})
    assert [len(group) for group in together([newer, call(HUGE)])] == [1, 1]
