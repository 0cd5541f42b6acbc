"""The event log: sectors written one after the other, the oldest given up when there are too many.

An event counts as recorded when `append` returns, and not before. "Stored up to n" frees what is below n for
overwriting and wipes nothing. Where events are overwritten that nobody has stored, a tombstone is recorded first that
says which; since the oldest go first, they are always one range from the first that is not stored.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import cbor2

from device_sim.failpoints import Failpoint, Reached, nowhere
from device_sim.flash.event_chain import EventChain
from device_sim.flash.medium import Medium
from device_sim.flash.records import SectorHeader, pack_record
from device_sim.flash.sector import Sector, begin_sector, open_sectors
from device_sim.flash.slots import SlotPair
from firmware_protocol.messages import Event
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import EventType, Field

# Kept free at the end of every sector for the tombstone that must precede the next overwriting.
_RESERVE_BYTES = 128
_NEARLY_FULL = 0.9


@dataclass(frozen=True, slots=True)
class Geometry:
    """How large the log is: some 20,000 events in the sectors of a cheap flash chip."""

    sector_bytes: int = 16_384
    sectors: int = 64


USUAL = Geometry()


@dataclass(frozen=True, slots=True)
class Stamp:
    """When an event happened: the boot, Unix ms by the lock's clock (uptime where it is unset), and how good that clock is."""

    boot_number: int
    at_ms: int
    clock_quality: int


class FlashLog:
    """A lock's event log on a medium; opening it cuts off a torn tail and never gives a number twice."""

    def __init__(
        self,
        medium: Medium,
        geometry: Geometry,
        *,
        draw: Callable[[int], bytes],
        reached: Reached = nowhere,
    ) -> None:
        self._medium = medium
        self._geometry = geometry
        self._reached = reached
        self._slot = SlotPair(medium, "stored")
        self.chain: EventChain | None = None
        self._sectors: list[Sector] = list(open_sectors(medium))
        self._declared = [gap for sector in self._sectors for gap in sector.tombstones]
        self._damaged: list[tuple[int, int]] = []
        self.epoch = 0
        self.next_sequence = 1
        self.stored_up_to = 0
        if self._sectors:
            self._resume()
        else:
            self.epoch = int.from_bytes(draw(6), "big") | 1
            self._begin_sector()

    @property
    def oldest_sequence(self) -> int:
        """The lowest number still readable (next_sequence if none)."""
        return next((sector.numbers[0] for sector in self._sectors if sector.numbers), self.next_sequence)

    @property
    def unstored(self) -> int:
        """How many numbers are not stored yet."""
        return self.next_sequence - 1 - self.stored_up_to

    @property
    def nearly_full(self) -> bool:
        """Whether few sectors are left before events that are not stored must be overwritten."""
        held = sum(sector.next_sequence - 1 > self.stored_up_to for sector in self._sectors)
        return held >= _NEARLY_FULL * self._geometry.sectors

    def chain_up(self, lock: LockId, chain_key: bytes) -> EventChain:
        """Begin or go on with the chain over the log; before anything is recorded in this boot."""
        self.chain = EventChain(self._medium, lock, self.epoch, chain_key)
        sectors = [sector.header.first for sector in self._sectors]
        holes = self.chain.resume(self.read, sectors, self.next_sequence)
        # What the chain cannot be computed over must be said, though the service may have it.
        self._damaged += [gap for gap in holes if gap not in self._damaged and not self._is_declared(gap)]
        return self.chain

    def read(self, first: int, limit: int) -> list[Event]:
        """Up to `limit` events in order, the first with a number of at least `first`; one read of flash a sector."""
        events: list[Event] = []
        start = max(0, bisect_right(self._sectors, first, key=lambda sector: sector.header.first) - 1)
        for sector in self._sectors[start:]:
            events += sector.read(first, limit - len(events))
            if len(events) >= limit:
                break
        return events

    def alarms(self, first: int, limit: int) -> list[Event]:
        """The latest alarms with numbers of at least `first`, up to `limit`, in order; one read of flash each."""
        found: list[int] = []
        for sector in reversed(self._sectors):
            if len(found) >= limit or sector.next_sequence <= first:
                break
            found += [number for number in reversed(sector.alarms) if number >= first]
        return [event for number in reversed(found[:limit]) for event in self.read(number, 1)]

    def append(self, kind: EventType, fields: Mapping[Field, Any], stamp: Stamp) -> tuple[Event, ...]:
        """Record an event, and before it a tombstone where that costs older ones; they are safe when this returns."""
        self._reached(Failpoint.EVENT_BEFORE_FLASH)
        size = len(pack_record(self._event(kind, fields, stamp)))
        lost: tuple[Event, ...] = ()
        if self._sectors[-1].used_bytes + size > self._geometry.sector_bytes - _RESERVE_BYTES:
            lost = self._next_sector(stamp)
        return (*lost, self._write(self._event(kind, fields, stamp)))

    def begin_anew(self, stamp: Stamp) -> tuple[Event, ...]:
        """Go on in a new sector, so that no boot computes the chain over anything before it; tombstones, where that costs events."""
        return self._next_sector(stamp) if self._sectors[-1].numbers else ()

    def declare_damage(self, stamp: Stamp) -> tuple[Event, ...]:
        """Record a tombstone for each range that opening the log, or reading it since then, found unreadable."""
        damaged, self._damaged = self._damaged + self._worn_since(), []
        self._declared += damaged
        return tuple(
            event for gap in damaged for event in self.append(EventType.EVENTS_LOST, self._lost_fields(*gap), stamp)
        )

    def _worn_since(self) -> list[tuple[int, int]]:
        worn = [number for sector in self._sectors for number in sector.worn]
        for sector in self._sectors:
            sector.worn.clear()
        return [(number, number) for number in worn if number > self.stored_up_to]

    def stored(self, up_to: int) -> None:
        """The service has everything up to this number; that much may be overwritten."""
        self.stored_up_to = max(self.stored_up_to, up_to)
        self._declared = [gap for gap in self._declared if gap[1] > self.stored_up_to]

    def save(self) -> None:
        """Write down how far the log is stored. Seldom: what is forgotten costs a few frames sent twice."""
        self._slot.write(cbor2.dumps([self.epoch, self.stored_up_to]))

    def erase(self) -> None:
        """Give up every sector, the oldest first; after it only a new log may be opened on the medium."""
        while self._sectors:
            self._medium.erase(self._sectors.pop(0).name)

    def _resume(self) -> None:
        self.epoch = self._sectors[-1].header.epoch
        epoch, up_to = cbor2.loads(self._slot.read() or cbor2.dumps([0, 0]))
        self.stored_up_to = up_to if epoch == self.epoch else 0
        expected = self.stored_up_to + 1
        for sector in self._sectors:
            if sector.header.first > expected:
                self._damaged.append((expected, sector.header.first - 1))
            self._damaged += sector.damaged
            expected = sector.next_sequence
        self.next_sequence = max(expected, self.stored_up_to + 1)
        # A sector that was being erased may have held what is stored, besides what a tombstone already names.
        left = [(max(first, self.stored_up_to + 1), last) for first, last in self._damaged if last > self.stored_up_to]
        self._damaged = [gap for gap in left if not self._is_declared(gap)]
        if self._sectors[-1].worn_tail:
            self._begin_sector()
        self._sectors[-1].mend()

    def _next_sector(self, stamp: Stamp) -> tuple[Event, ...]:
        lost: tuple[Event, ...] = ()
        if len(self._sectors) >= self._geometry.sectors:
            # First of all, or after a power cut what was overwritten as stored would be taken for lost.
            self.save()
            gap = (self.stored_up_to + 1, self._sectors[1].header.first - 1)
            if gap[0] <= gap[1] and not self._is_declared(gap):
                lost = (self._write(self._event(EventType.EVENTS_LOST, self._lost_fields(*gap), stamp)),)
                self._declared.append(gap)
            self._medium.erase(self._sectors.pop(0).name)
        self._begin_sector()
        return lost

    def _begin_sector(self) -> None:
        if self.chain:
            self.chain.mark(self._sectors[0].header.first if self._sectors else self.next_sequence)
        self._sectors.append(begin_sector(self._medium, SectorHeader(self.epoch, self.next_sequence)))

    def _write(self, event: Event) -> Event:
        self._sectors[-1].append(event, self._reached)
        self.next_sequence = event.sequence + 1
        if self.chain:
            self.chain.follow(event)
        self._reached(Failpoint.EVENT_AFTER_FLASH)
        return event

    def _event(self, kind: EventType, fields: Mapping[Field, Any], stamp: Stamp) -> Event:
        numbered = {int(key): int(value) if isinstance(value, IntEnum) else value for key, value in fields.items()}
        return Event(int(kind), self.next_sequence, stamp.boot_number, stamp.at_ms, int(stamp.clock_quality), numbered)

    def _is_declared(self, gap: tuple[int, int]) -> bool:
        return any(first <= gap[0] and gap[1] <= last for first, last in self._declared)

    def _lost_fields(self, first: int, last: int) -> dict[Field, Any]:
        fields: dict[Field, Any] = {Field.COUNT: last - first + 1, Field.FIRST: first, Field.LAST: last}
        link = self.chain.value_at(last) if self.chain else None
        return fields if link is None else {**fields, Field.DIGEST: link}
