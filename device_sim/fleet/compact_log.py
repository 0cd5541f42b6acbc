"""A lock's event log in memory: the protocol's EventLog in some thirty bytes an event, none once it is stored."""

from collections.abc import Mapping

import cbor2

from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType

# What flash forgets of "stored up to" in a power cut: it is written down this seldom (compare flash/event_log.py).
_WRITTEN_DOWN_EVERY = 64
# A full log gives up an eighth of itself at a time, as a sector of flash is erased whole.
_GIVEN_UP = 8


class CompactLog:
    """It holds `capacity` events that are not stored, or any number where that is 0."""

    __slots__ = ("_alarms", "_capacity", "_first", "_packed", "_written_down", "epoch", "stored_up_to")

    def __init__(self, epoch: int, capacity: int = 0) -> None:
        self.epoch = epoch
        self._capacity = capacity
        self.stored_up_to = 0
        self._written_down = 0
        self._first = 1
        self._packed: list[bytes] = []
        self._alarms: tuple[int, ...] = ()

    @property
    def next_sequence(self) -> int:
        """The number the next event will get."""
        return self._first + len(self._packed)

    @property
    def oldest_sequence(self) -> int:
        """The lowest number still readable."""
        return self._first

    def append(self, kind: EventType, stamp: tuple[int, int, int], fields: Mapping[int, object]) -> Event:
        """Record an event; `stamp` is boot number, milliseconds, clock quality."""
        event = Event(int(kind), self.next_sequence, *stamp, dict(fields))
        if kind is EventType.ALARM_RAISED:
            self._alarms = (*self._alarms, event.sequence)
        self._packed.append(cbor2.dumps([event.type, *stamp, event.fields]))
        return event

    def read(self, first: int, limit: int) -> list[Event]:
        """Up to `limit` events in order, the first with a number of at least `first`."""
        events: list[Event] = []
        number = max(first, self._first)
        while len(events) < limit and number < self.next_sequence:
            raw = self._packed[number - self._first]
            if raw:
                events.append(self._unpacked(number, raw))
            number += 1
        return events

    def alarms(self, first: int, limit: int) -> list[Event]:
        """The latest alarms with numbers of at least `first`, up to `limit`, in order."""
        return [event for number in self._alarms if number >= first for event in self.read(number, 1)][-limit:]

    def overfull(self) -> tuple[int, int] | None:
        """The numbers that must be declared lost before the next event is recorded; then `give_up` makes the room."""
        if not self._capacity or len(self._packed) < self._capacity:
            return None
        return self.stored_up_to + 1, self._first + self._capacity // _GIVEN_UP - 1

    def give_up(self, last: int) -> None:
        """What is declared lost is overwritten."""
        del self._packed[: last + 1 - self._first]
        self._first = last + 1
        self._alarms = tuple(number for number in self._alarms if number > last)

    def wear_out(self, place: int) -> int | None:
        """One event that nobody has stored cannot be read any more; its number, to be declared lost. None where there is none."""
        offset = place % len(self._packed) if self._packed else 0
        raw = self._packed[offset] if self._packed else b""
        # Worn already; or a tombstone, which the single lock would have to find anew (tests/device/test_bit_rot.py).
        if not raw or self._unpacked(0, raw).type == EventType.EVENTS_LOST:
            return None
        self._packed[offset] = b""
        self._alarms = tuple(number for number in self._alarms if number != self._first + offset)
        return self._first + offset

    def stored(self, up_to: int) -> None:
        """The service has everything up to this number: it is let go of at once, but for what a power cut would bring back."""
        self.stored_up_to = max(self.stored_up_to, up_to)
        if up_to >= self._first:
            del self._packed[: up_to + 1 - self._first]
            self._first = up_to + 1
            self._alarms = tuple(number for number in self._alarms if number > up_to)
        if self.stored_up_to - self._written_down >= _WRITTEN_DOWN_EVERY:
            self._written_down = self.stored_up_to

    def forget_receipts(self) -> None:
        """What a power cut does: the last receipts were not written down yet."""
        self.stored_up_to = self._written_down

    def _unpacked(self, sequence: int, raw: bytes) -> Event:
        kind, boot, at_ms, quality, fields = cbor2.loads(raw)
        return Event(kind, sequence, boot, at_ms, quality, fields)
