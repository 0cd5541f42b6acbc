"""One bit of flash flips, anywhere: it costs one event at most, which a tombstone then names, and it opens no door.

Some bits every day; every bit in the long form.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from device_sim.flash.memory import MemoryMedium
from device_sim.flash.records import pack_record
from firmware_protocol.cursor import holds
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType, Field, RefusalReason
from tests.device.rig import CREDENTIAL_KEY, DOCUMENT, Rig, card, connected_rig
from tests.figures import FigureBook

PUT_OUT = "440524188001010014"
PARTS = 3


@dataclass(frozen=True)
class Known:
    """What a lock knew before the bit flipped."""

    events: dict[int, Event]
    digest: bytes
    boots: int


def lived() -> Rig:
    """A lock whose older events are stored and whose newest are not, and from whose list one card was taken away."""
    rig = connected_rig(card(1), card(2, PUT_OUT, CREDENTIAL_KEY))
    assert rig.lock.doorway.show_card(PUT_OUT, rig.now).opened
    rig.give(card(1))
    rig.pass_time(60)
    rig.lock.flash.log.save()
    rig.disconnect()
    for _ in range(4):
        assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    assert rig.lock.doorway.show_card(PUT_OUT, rig.now).reason is RefusalReason.INVALID_CREDENTIAL
    return rig


def known(rig: Rig) -> Known:
    return Known(
        {event.sequence: event for event in rig.events}, rig.lock.held.digest, rig.lock.flash.remembered.boot_number
    )


def bits(medium: MemoryMedium, dice: random.Random | None) -> Iterator[tuple[str, int, int]]:
    """Region, byte and bit: all of them, or with dice one of each sixth byte."""
    for name in medium.names():
        for at in range(len(medium.read(name))):
            if dice is None:
                yield from ((name, at, bit) for bit in range(8))
            elif dice.randrange(6) == 0:
                yield name, at, dice.randrange(8)


def check(rig: Rig, before: Known) -> int:
    """Whoever was put out stays out; then everything is in the register or declared. Returns how many events that cost."""
    assert rig.lock.held.digest == before.digest
    assert not rig.lock.doorway.show_card(PUT_OUT, rig.now).opened
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    rig.connect()
    rig.pass_time(70)
    log, register = rig.lock.flash.log, rig.ingest.durable.register
    cursor = rig.ingest.cursor(log.epoch)
    assert (cursor.up_to, cursor.above) == (log.next_sequence - 1, ())
    lost = [number for number in before.events if (log.epoch, number) not in register]
    assert all(holds(cursor.lost, number) for number in lost)
    assert all(register[log.epoch, number] == event for number, event in before.events.items() if number not in lost)
    return len(lost)


def rotten(name: str, at: int, bit: int, *, at_rest: bool) -> int:
    """A life with that bit flipped, found at the next boot or while the lock goes on; how many events it cost."""
    rig = lived()
    before = known(rig)
    rig.medium.rot(name, at, bit)
    if at_rest:
        rig.boot()
        assert rig.lock.flash.remembered.boot_number > before.boots
    cost = check(rig, before)
    assert cost <= 1
    return cost


@pytest.mark.daily
def test_a_bit_of_every_region() -> None:
    dice = random.Random(5)
    found = list(bits(lived().medium, dice))
    for name, at, bit in random.Random(6).sample(found, 60):
        rotten(name, at, bit, at_rest=bool(bit % 2))


@pytest.mark.full(seconds=180)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("at_rest", "part"),
    [(True, 0), (True, 1), (True, 2), (False, 0)],
    ids=["found at the next boot, a", "b", "c", "found by a running lock"],
)
def test_every_bit(figures: FigureBook, *, at_rest: bool, part: int) -> None:
    when = f"at the next boot ({part + 1} of {PARTS})" if at_rest else "by a running lock"
    with figures.noting(f"flipped bits, found {when}") as noted:
        # A running lock reads events only, so a bit of each byte tells as much there as all of them.
        chosen = [one for one in bits(lived().medium, None) if at_rest or one[2] == one[1] % 8]
        chosen = chosen[part::PARTS] if at_rest else chosen
        costs = [rotten(name, at, bit, at_rest=at_rest) for name, at, bit in chosen]
        noted.update(
            {
                "bits": len(costs),
                "events declared lost": sum(costs),
                "events lost unnoticed": 0,
                "wrong credentials taken": 0,
            }
        )


def test_a_running_lock_declares_what_has_worn_out() -> None:
    """Without waiting for the next boot: until it is said, the register stands still before that number."""
    rig = lived()
    before = known(rig)
    worn = rig.lock.flash.log.stored_up_to + 2
    (name,) = [name for name in rig.medium.names() if name.startswith("events-")]
    rig.medium.rot(name, rig.medium.read(name).index(pack_record(before.events[worn])) + 15, 3)
    assert check(rig, before) == 1
    (tombstone,) = rig.events_of(EventType.EVENTS_LOST)
    assert (tombstone.fields[Field.FIRST], tombstone.fields[Field.LAST]) == (worn, worn)


def test_a_worn_length_does_not_give_its_number_to_another_event() -> None:
    """A last record that claims to be longer than it is looks like one that the power cut short; but it was sent."""
    rig = lived()
    newest = rig.events[-1]
    (name,) = [name for name in rig.medium.names() if name.startswith("events-")]
    rig.medium.rot(name, rig.medium.read(name).index(pack_record(newest)), 0)
    rig.boot()
    assert rig.events[-1].sequence > newest.sequence
    assert newest.sequence not in {event.sequence for event in rig.events}
