"""One sector of the event log: where its records lie, so that reading event n looks at event n only."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from device_sim.failpoints import Failpoint, Reached
from device_sim.flash.medium import Medium
from device_sim.flash.records import (
    SECTOR_HEADER_BYTES,
    SectorHeader,
    pack_header,
    pack_record,
    read_record,
    read_sector,
)
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType, Field

PREFIX = "events-"


@dataclass(slots=True)
class Sector:
    """A sector and the index of its records, which lives in memory and is made again at every opening."""

    medium: Medium
    name: str
    header: SectorHeader
    used_bytes: int = SECTOR_HEADER_BYTES
    worn_tail: bool = False
    damaged: tuple[tuple[int, int], ...] = ()
    tombstones: tuple[tuple[int, int], ...] = ()
    alarms: list[int] = field(default_factory=list)
    next_sequence: int = 0
    worn: list[int] = field(default_factory=list)
    """Numbers that have become unreadable since the sector was opened, for the log to declare."""
    numbers: "array[int]" = field(default_factory=lambda: array("Q"))
    offsets: "array[int]" = field(default_factory=lambda: array("I"))

    def read(self, first: int, limit: int) -> list[Event]:
        """Up to `limit` events in order, the first with a number of at least `first`; what has worn out is passed over."""
        begin = bisect_left(self.numbers, first)
        offsets = self.offsets[begin : begin + limit]
        if not offsets:
            return []
        end = begin + len(offsets)
        stop = self.offsets[end] if end < len(self.offsets) else self.used_bytes
        raw = self.medium.read(self.name, offsets[0], stop - offsets[0])
        sound = [read_record(raw, offset - offsets[0]) for offset in offsets]
        if None in sound:
            self._give_up(begin + sound.index(None))
            return self.read(first, limit)
        return [one[0] for one in sound if one is not None]

    def _give_up(self, at: int) -> None:
        """What has been readable is so no more."""
        number = self.numbers.pop(at)
        self.offsets.pop(at)
        self.worn.append(number)
        if number in self.alarms:
            self.alarms.remove(number)

    def append(self, event: Event, reached: Reached) -> None:
        """Record an event behind the last one; it is safe when this returns."""
        record = pack_record(event)
        half = len(record) // 2
        self.medium.patch(self.name, self.used_bytes, record[:half])
        reached(Failpoint.EVENT_TORN)
        self.medium.patch(self.name, self.used_bytes + half, record[half:])
        self.medium.sync(self.name)
        if event.type == EventType.ALARM_RAISED:
            self.alarms.append(event.sequence)
        self.numbers.append(event.sequence)
        self.offsets.append(self.used_bytes)
        self.used_bytes += len(record)
        self.next_sequence = event.sequence + 1

    def mend(self) -> None:
        """Make the sector fit to be written on: a whole header, and nothing behind the last sound record."""
        raw, header = self.medium.read(self.name), pack_header(self.header)
        if raw[: len(header)] != header or len(raw) > self.used_bytes:
            self.medium.patch(self.name, 0, header)
            self.medium.truncate(self.name, self.used_bytes)
            self.medium.sync(self.name)


def begin_sector(medium: Medium, header: SectorHeader) -> Sector:
    """A new sector, safe when this returns."""
    name = f"{PREFIX}{header.epoch:012x}-{header.first:020d}"
    medium.write(name, pack_header(header))
    medium.sync(name)
    return Sector(medium, name, header, next_sequence=header.first)


def open_sectors(medium: Medium) -> Iterator[Sector]:
    """The sectors there are, oldest first, as they are found; nothing is written."""
    for name in medium.names():
        if name.startswith(PREFIX):
            yield _open_sector(medium, name)


def _open_sector(medium: Medium, name: str) -> Sector:
    _, epoch, first = name.split("-")
    reading = read_sector(medium.read(name), int(first))
    lost = [event for _, event in reading.found if event.type == EventType.EVENTS_LOST]
    return Sector(
        medium,
        name,
        SectorHeader(int(epoch, 16), int(first)),
        reading.good_bytes,
        reading.worn_tail,
        reading.damaged,
        tuple((event.fields[Field.FIRST], event.fields[Field.LAST]) for event in lost),
        [event.sequence for _, event in reading.found if event.type == EventType.ALARM_RAISED],
        next_sequence=reading.next_sequence,
        numbers=array("Q", [event.sequence for _, event in reading.found]),
        offsets=array("I", [offset for offset, _ in reading.found]),
    )
