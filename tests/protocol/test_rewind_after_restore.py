"""A service that was restored from a backup asks below its own receipts, and gets what flash still has."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_protocol.messages import Event
from firmware_protocol.sending import SendWindow
from firmware_protocol.vocabulary import EventType


@dataclass
class Log:
    epoch: int = 7
    next_sequence: int = 11
    oldest_sequence: int = 4
    stored_up_to: int = 10

    def read(self, first: int, limit: int) -> Sequence[Event]:
        numbers = range(max(first, self.oldest_sequence), self.next_sequence)
        return [Event(EventType.STARTED, number, 1, 0, 1, {}) for number in numbers][:limit]

    def alarms(self, first: int, limit: int) -> Sequence[Event]:
        return []


def asked_for(first: int, last: int) -> list[int]:
    window = SendWindow(Log())
    window.rewind(0.0)
    window.missing(first, last, 1.0)
    return [event.sequence for events in window.take(1.0) for event in events.events]


def test_what_is_still_readable_goes_again() -> None:
    assert asked_for(6, 8) == [6, 7, 8]


def test_what_was_overwritten_does_not() -> None:
    assert asked_for(1, 5) == [4, 5]


def test_a_gap_of_overwritten_numbers_alone_sends_nothing() -> None:
    assert asked_for(1, 3) == []
