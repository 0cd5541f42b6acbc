"""A lock's event log in memory: the protocol's EventLog in some thirty bytes an event, none once it is stored."""

from collections.abc import Mapping

import cbor2

from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType

# What flash forgets of "stored up to" in a power cut: it is written down this seldom (compare flash/event_log.py).
_WRITTEN_DOWN_EVERY = 64


class CompactLog:
    """It never fills up; what a full flash does is the single lock's business (flash/event_log.py)."""

    __slots__ = ("_alarms", "_first", "_packed", "_written_down", "epoch", "stored_up_to")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
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
        first = max(first, self._first)
        packed = self._packed[first - self._first : first - self._first + limit]
        return [self._unpacked(first + place, raw) for place, raw in enumerate(packed)]

    def alarms(self, first: int, limit: int) -> list[Event]:
        """The latest alarms with numbers of at least `first`, up to `limit`, in order."""
        return [event for number in self._alarms if number >= first for event in self.read(number, 1)][-limit:]

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
