"""The power goes away at any write, and any part of what was not safe yet is there afterwards or not."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sim.flash.chip import Flash
from device_sim.flash.event_log import FlashLog, Geometry, Stamp
from device_sim.flash.memory import MemoryMedium, PowerCut
from device_sim.flash.slots import SlotPair
from firmware_protocol.access_list import AccessList, Erased
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType, Field

SMALL = Geometry(sector_bytes=400, sectors=3)
STAMP = Stamp(1, 1_790_000_000_000, 2)
KEEP = (0.0, 0.5, 1.0)
OLD = AccessList(1, {1: b"old"}, {})
NEW = AccessList(2, {1: b"new", 2: b"more" * 40}, {3: Erased(9, b"h" * 32)})


def no_dice(size: int) -> bytes:
    return b"\x05" * size


@dataclass
class Run:
    """What a lock was told is safe, and what the service has."""

    medium: MemoryMedium
    recorded: dict[int, Event] = field(default_factory=dict)
    stored: int = 0

    def play(self, steps: list[str]) -> None:
        log = FlashLog(self.medium, SMALL, draw=no_dice)
        for step in steps:
            if step == "record":
                for event in log.append(EventType.STARTED, {Field.COUNT: log.next_sequence}, STAMP):
                    self.recorded[event.sequence] = event
            elif step == "receipt":
                # The service has what was recorded; the lock hears of it before it writes anything.
                self.stored = log.next_sequence - 1
                log.stored(self.stored)
            elif step == "save":
                log.save()
            else:
                log = FlashLog(self.medium, SMALL, draw=no_dice)


def accounted_for(log: FlashLog, number: int) -> bool:
    """Readable, or named by a tombstone that is."""
    readable = {event.sequence: event for event in log.read(1, 10_000)}
    lost = [event.fields for event in readable.values() if event.type == EventType.EVENTS_LOST]
    return number in readable or any(one[Field.FIRST] <= number <= one[Field.LAST] for one in lost)


def cut(steps: list[str], at: int, keep: float) -> bool:
    """Play with a power cut at that write and check; False where the cut came too late to strike."""
    run = Run(MemoryMedium(cut_at=at, keep=keep))
    try:
        run.play(steps)
    except PowerCut:
        struck = True
    else:
        struck = False
    log = FlashLog(run.medium.after_power_cut(), SMALL, draw=no_dice)
    for number, event in run.recorded.items():
        kept = log.read(number, 1)
        assert number <= run.stored or accounted_for(log, number)
        assert not kept or kept[0].sequence != number or kept[0] == event
    assert log.declare_damage(STAMP) == ()
    (fresh, *_) = reversed(log.append(EventType.STARTED, {}, STAMP))
    assert fresh.sequence > max(run.recorded, default=0)
    assert all(accounted_for(log, number) for number in range(run.stored + 1, fresh.sequence + 1))
    return struck


STEPS = st.lists(st.sampled_from(["record"] * 8 + ["receipt", "save", "reopen"]), max_size=60)


@settings(deadline=None)
@given(steps=STEPS, at=st.integers(0, 150), keep=st.floats(0, 1))
def test_no_event_that_was_safe_is_lost(steps: list[str], at: int, keep: float) -> None:
    cut(steps, at, keep)


@pytest.mark.parametrize("keep", KEEP)
def test_no_write_is_left_out(keep: float) -> None:
    """Every write of one long story in turn: filling up, receipts, overwriting what is stored and what is not, reopening."""
    steps = ["record"] * 15 + ["receipt"] + ["record"] * 15 + ["reopen"] + ["record"] * 20
    at = 0
    while cut(steps, at, keep):
        at += 1
    assert at > 150


def at_every_write(change: Callable[[MemoryMedium], object], keep: float) -> list[MemoryMedium]:
    """The flash after a cut at each write of the change, and at last after the whole change."""
    outcomes: list[MemoryMedium] = []
    while True:
        medium = MemoryMedium()
        flash = Flash(medium, SMALL, draw=no_dice)
        flash.switch_list(OLD)
        medium.cut_at, medium.keep, medium.writes = len(outcomes), keep, 0
        try:
            change(medium)
        except PowerCut:
            outcomes.append(medium.after_power_cut())
        else:
            return [*outcomes, medium.after_power_cut()]


@pytest.mark.parametrize("keep", KEEP)
def test_a_list_change_leaves_the_old_list_or_the_new_one(keep: float) -> None:
    def change(medium: MemoryMedium) -> None:
        Flash(medium, SMALL, draw=no_dice).switch_list(NEW)

    found = [Flash(medium, SMALL, draw=no_dice).access_list for medium in at_every_write(change, keep)]
    assert found[0] == OLD
    assert found[-1] == NEW
    assert all(one in (OLD, NEW) for one in found)
    assert [one == NEW for one in found] == sorted(one == NEW for one in found)


def test_a_list_is_switched_only_after_its_slot_is_safe() -> None:
    """Whatever survives of the slot before the switch, the old list holds."""
    points: list[str] = []
    medium = MemoryMedium()
    flash = Flash(medium, SMALL, draw=no_dice, reached=points.append)
    flash.switch_list(OLD)
    assert points == ["lock.list.slot_written", "lock.list.switched"]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=6), st.integers(0, 30), st.floats(0, 1))
def test_a_value_is_changed_whole_or_not_at_all(values: list[bytes], at: int, keep: float) -> None:
    medium = MemoryMedium(cut_at=at, keep=keep)
    written: list[bytes | None] = [None]
    try:
        for value in values:
            written.append(value)
            SlotPair(medium, "x").write(value)
    except PowerCut:
        pass
    assert SlotPair(medium.after_power_cut(), "x").read() in written[-2:]


@pytest.mark.parametrize("keep", KEEP)
def test_a_cut_between_the_two_copies_leaves_the_newer_one_alone(keep: float) -> None:
    """Copies that differ are only there until the next look; a change that comes before it must begin with the older one."""
    first_cut, second_cut = 0, 0
    while True:
        medium = MemoryMedium()
        SlotPair(medium, "x").write(b"first")
        struck = _write_until(medium, b"second", first_cut, keep)
        medium = medium.after_power_cut()
        held = SlotPair(medium.after_power_cut(), "x").read()
        struck_again = _write_until(medium, b"third", second_cut, keep)
        assert SlotPair(medium.after_power_cut(), "x").read() in (held, b"third")
        if not struck:
            return
        first_cut, second_cut = (first_cut, second_cut + 1) if struck_again else (first_cut + 1, 0)


def _write_until(medium: MemoryMedium, value: bytes, cut_at: int, keep: float) -> bool:
    """Write the value; whether the power went away at that write of it."""
    medium.cut_at, medium.keep, medium.writes = cut_at, keep, 0
    try:
        SlotPair(medium, "x").write(value)
    except PowerCut:
        return True
    finally:
        medium.cut_at = None
    return False


@pytest.mark.parametrize("worn", ["x.a", "x.b"])
def test_a_worn_copy_brings_nothing_old_back_and_is_made_good(worn: str) -> None:
    medium = MemoryMedium()
    slots = SlotPair(medium, "x")
    slots.write(b"first")
    slots.write(b"second")
    medium.rot(worn, 26)
    assert slots.read() == b"second"
    medium.rot("x.a" if worn == "x.b" else "x.b", 26)
    assert slots.read() == b"second"


def test_small_things_are_remembered_and_not_written_again_for_nothing() -> None:
    medium = MemoryMedium()
    flash = Flash(medium, SMALL, draw=no_dice)
    flash.remember(boot_number=4, uncounted=(((3, 1, 8, 0), 2),))
    before = medium.writes
    flash.remember(boot_number=4)
    assert medium.writes == before
    assert Flash(medium, SMALL, draw=no_dice).remembered == flash.remembered
