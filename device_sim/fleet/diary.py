"""What a lock of a fleet records: into its log and into the truth, with a tombstone where its flash has lost something."""

from enum import IntEnum

from device_sim.fleet.compact_log import CompactLog
from device_sim.fleet.world import World
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType, Field

# What a flash holds that is soon full.
_FEW_EVENTS = 16

Stamp = tuple[int, int, int]


class Diary:
    """`place` is the lock's in the fleet; `stamp` is boot number, milliseconds, clock quality."""

    __slots__ = ("_clone", "_place", "_world", "log")

    def __init__(self, place: int, world: World, *, clone: bool, small: bool) -> None:
        self.log = CompactLog(int.from_bytes(world.draw(6), "big") | 1, _FEW_EVENTS if small else 0)
        self._place, self._world, self._clone = place, world, clone

    def record(self, kind: EventType, fields: dict[int, object], stamp: Stamp) -> tuple[Event, ...]:
        """An event, and before it a tombstone where it overwrites others that nobody has stored."""
        overwritten = self.log.overfull()
        if overwritten is None:
            return (self._write(kind, fields, stamp),)
        lost = self._declare(*overwritten, stamp)
        self.log.give_up(overwritten[1])
        return lost, self._write(kind, fields, stamp)

    def wear_out(self, place: int, stamp: Stamp) -> tuple[Event, ...]:
        """One of the events that are not stored cannot be read any more; nothing where there is none."""
        worn = self.log.wear_out(place)
        return () if worn is None else (self._declare(worn, worn, stamp),)

    def _declare(self, first: int, last: int, stamp: Stamp) -> Event:
        self._world.figures.declared_lost += last - first + 1
        return self._write(
            EventType.EVENTS_LOST, {Field.COUNT: last - first + 1, Field.FIRST: first, Field.LAST: last}, stamp
        )

    def _write(self, kind: EventType, fields: dict[int, object], stamp: Stamp) -> Event:
        plain = {int(key): int(value) if isinstance(value, IntEnum) else value for key, value in fields.items()}
        event = self.log.append(kind, stamp, plain)
        self._world.truth.note(self._place, self.log.epoch, event, by_clone=self._clone)
        self._world.figures.recorded += 1
        return event
