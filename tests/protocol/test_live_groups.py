"""A call for help shares a frame with the opening it belongs to; nothing else shares one (ANM-DOR-021)."""

import pytest

from firmware_protocol.live_groups import together
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import AlarmCode, EventType, Field

OPENED = Event(EventType.LOCK_OPERATED, 7, 1, 1_772_415_000_000, 0, {Field.SOURCE: 7})


def alarm(sequence: int, code: AlarmCode = AlarmCode.FORCED_USER) -> Event:
    return Event(EventType.ALARM_RAISED, sequence, 1, 1_772_415_000_000, 0, {Field.CODE: code})


@pytest.mark.parametrize(
    ("live", "sizes"),
    [
        ([OPENED, alarm(8)], [2]),
        ([OPENED, alarm(9)], [1, 1]),
        ([OPENED, alarm(8, AlarmCode.DOOR_FORCED_OPEN)], [1, 1]),
        ([OPENED, OPENED._replace(sequence=8)], [1, 1]),
        ([OPENED, alarm(8), alarm(9)], [2, 1]),
        ([alarm(8)], [1]),
        ([OPENED._replace(fields={Field.DIGEST: bytes(160)}), alarm(8)], [1, 1]),
    ],
    ids=["its own", "not next to it", "another alarm", "no alarm", "a second one", "by itself", "too long for a block"],
)
def test_what_shares_a_frame(live: list[Event], sizes: list[int]) -> None:
    groups = together(live)
    assert [len(group) for group in groups] == sizes
    assert [event for group in groups for event in group] == live
