"""The event log: gapless numbers, receipts, overflow with tombstones, and what is left after wear."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sim.flash.event_log import FlashLog, Geometry, Stamp
from device_sim.flash.medium import FolderMedium, Medium
from device_sim.flash.memory import MemoryMedium
from device_sim.flash.records import SECTOR_HEADER_BYTES, pack_record, read_record
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import DoorState, EventType, Field

SMALL = Geometry(sector_bytes=600, sectors=4)
STAMP = Stamp(boot_number=3, at_ms=1_790_000_000_000, clock_quality=2)


def log_on(medium: Medium) -> FlashLog:
    return FlashLog(medium, SMALL, draw=lambda size: b"\x07" * size)


def fill(log: FlashLog, count: int) -> list[Event]:
    """The events recorded, tombstones among them."""
    return [
        event
        for number in range(count)
        for event in log.append(EventType.DOOR_MOVED, {Field.CODE: DoorState(number % 2)}, STAMP)
    ]


def sectors(medium: MemoryMedium) -> list[str]:
    return [name for name in medium.names() if name.startswith("events-")]


def test_numbers_are_gapless_from_one() -> None:
    events = fill(log_on(MemoryMedium()), 20)
    assert [event.sequence for event in events] == list(range(1, 21))
    assert events[0] == Event(EventType.DOOR_MOVED, 1, 3, STAMP.at_ms, 2, {Field.CODE: 0})


@given(first=st.integers(0, 30), limit=st.integers(1, 40))
def test_reading_begins_at_the_number_or_the_next_there_is(first: int, limit: int) -> None:
    log = log_on(MemoryMedium())
    events = fill(log, 25)
    expected = [event for event in events if event.sequence >= max(first, log.oldest_sequence)][:limit]
    assert log.read(first, limit) == expected


class CountingMedium(MemoryMedium):
    """Notes how much is read at a time."""

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        raw = super().read(name, offset, length)
        READ_BYTES.append(len(raw))
        return raw


READ_BYTES: list[int] = []


def test_an_event_is_read_without_scanning() -> None:
    log = log_on(CountingMedium())
    fill(log, 25)
    READ_BYTES.clear()
    (event,) = log.read(24, 1)
    assert event.sequence == 24
    assert [len(pack_record(event))] == READ_BYTES


def test_reopening_finds_everything_again() -> None:
    medium = MemoryMedium()
    before = log_on(medium)
    events = fill(before, 25)
    before.stored(9)
    before.save()
    after = log_on(medium)
    assert (after.epoch, after.next_sequence, after.stored_up_to) == (before.epoch, before.next_sequence, 9)
    assert after.read(1, 100) == events


def test_a_new_log_draws_its_epoch() -> None:
    assert log_on(MemoryMedium()).epoch != FlashLog(MemoryMedium(), SMALL, draw=os.urandom).epoch


def test_stored_events_stay_readable_and_are_overwritten_silently() -> None:
    log = log_on(MemoryMedium())
    fill(log, 20)
    log.stored(20)
    assert log.read(1, 1)[0].sequence == 1
    for _ in range(10):
        events = fill(log, 10)
        assert {event.type for event in events} == {EventType.DOOR_MOVED}
        log.stored(log.next_sequence - 1)
    assert log.oldest_sequence > 20


def test_overflow_loses_the_oldest_and_a_tombstone_says_which() -> None:
    log = log_on(MemoryMedium())
    fill(log, 10)
    log.stored(4)
    events = fill(log, 200)
    tombstones = [event for event in events if event.type == EventType.EVENTS_LOST]
    newest = tombstones[-1].fields
    assert newest == {
        Field.FIRST: 5,
        Field.LAST: log.oldest_sequence - 1,
        Field.COUNT: log.oldest_sequence - 5,
    }
    assert log.read(1, 1000) == [event for event in events if event.sequence >= log.oldest_sequence]


def test_the_flash_stays_within_its_size() -> None:
    medium = MemoryMedium()
    log = log_on(medium)
    for _ in range(300):
        fill(log, 1)
        assert len(sectors(medium)) <= SMALL.sectors
        assert all(len(medium.read(name)) <= SMALL.sector_bytes for name in sectors(medium))


def test_nearly_full_counts_only_what_is_not_stored() -> None:
    log = log_on(MemoryMedium())
    fill(log, 100)
    assert log.nearly_full
    log.stored(log.next_sequence - 1)
    assert not log.nearly_full


@pytest.mark.parametrize("number", [1, 12, 25])
def test_a_worn_event_is_declared_lost_and_the_others_are_kept(number: int) -> None:
    medium = MemoryMedium()
    log = log_on(medium)
    events = fill(log, 25)
    (name,) = [name for name in sectors(medium) if pack_record(events[number - 1]) in medium.read(name)]
    medium.rot(name, medium.read(name).index(pack_record(events[number - 1])) + 12)
    again = log_on(medium)
    (tombstone,) = again.declare_damage(STAMP)
    assert tombstone.fields == {Field.FIRST: number, Field.LAST: number, Field.COUNT: 1}
    assert tombstone.sequence == 26
    assert [event.sequence for event in again.read(1, 100)] == [one for one in range(1, 27) if one != number]
    assert log_on(medium).declare_damage(STAMP) == ()


def test_a_worn_header_costs_nothing() -> None:
    medium = MemoryMedium()
    events = fill(log_on(medium), 25)
    for name in sectors(medium):
        medium.rot(name, 6)
    assert log_on(medium).read(1, 100) == events


def test_an_event_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        log_on(MemoryMedium()).append(EventType.STARTED, {Field.DIGEST: b"x" * 600}, STAMP)


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    found = read_record(raw, 0)
    assert found is None or found[1] <= len(raw)


def test_files_hold_the_same_bytes_as_memory(tmp_path: Path) -> None:
    on_disk, in_memory = FolderMedium(tmp_path), MemoryMedium()
    for medium in (on_disk, in_memory):
        log = log_on(medium)
        fill(log, 60)
        log.stored(50)
        log.save()
    assert on_disk.names() == in_memory.names()
    assert all(on_disk.read(name) == in_memory.read(name) for name in on_disk.names())


def test_a_torn_tail_in_a_file_is_cut(tmp_path: Path) -> None:
    medium = FolderMedium(tmp_path)
    events = fill(log_on(medium), 3)
    name = medium.names()[0]
    with (tmp_path / name).open("ab") as sector:
        sector.write(pack_record(events[0])[:9])
    log = log_on(FolderMedium(tmp_path))
    assert log.next_sequence == 4
    assert (tmp_path / name).stat().st_size == SECTOR_HEADER_BYTES + 3 * len(pack_record(events[0]))


def test_erased_sectors_stay_readable_on_request(tmp_path: Path) -> None:
    fill(log_on(FolderMedium(tmp_path, keep_erased=True)), 100)
    assert list((tmp_path / FolderMedium.ERASED).iterdir())
