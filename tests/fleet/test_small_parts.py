"""Dice, households, the compact log, and what a lock of a fleet weighs."""

import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sim.fleet.compact_log import CompactLog
from device_sim.fleet.dice import Dice, seed_of
from device_sim.fleet.household import DAY_S, Act, Household
from device_sim.fleet.hung_lock import HungLock
from device_sim.fleet.truth import Truth, event_digest, read_truth
from device_sim.fleet.world import World
from firmware_protocol import LockIdentity
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.topics import draw_lock_id
from firmware_protocol.vocabulary import EventType
from tests.protocol.fake_lock import MemoryLog

MOST_BYTES = 10_000


def world(folder: Path) -> World:
    return World(
        1,
        Truth(folder / "truth.bin"),
        lambda now: 1_790_000_000_000 + round(now * 1000),
        lambda n: bytes(n - 1) + b"\7",
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_dice_are_fair_and_the_same_again(seed: int) -> None:
    dice = Dice(seed)
    thrown = Counter(dice.below(6) for _ in range(6000))
    assert set(thrown) == set(range(6))
    assert max(thrown.values()) < 1.15 * min(thrown.values()) + 60
    assert [Dice(seed).number() for _ in range(2)] == [Dice(seed).number()] * 2
    assert seed_of(1, 2) != seed_of(2, 1)


@given(st.integers(0, 1 << 63), st.floats(0, 3 * DAY_S))
@settings(max_examples=50)
def test_a_household_goes_on_for_ever_and_in_order(seed: int, start: float) -> None:
    home, again = Household(seed, start), Household(seed, start)
    at, acts = start, Counter[Act]()
    while at < start + 7 * DAY_S:
        assert home.next == again.next
        assert home.next.at_s > at
        at = home.next.at_s
        acts[home.next.act] += 1
        home.go_on()
        again.go_on()
    assert acts[Act.COME] >= 6
    assert acts[Act.LEAVE] >= 6


@given(st.lists(st.one_of(st.sampled_from([0, 1, 2, 3]), st.integers(-40, -1)), max_size=120), st.integers(1, 60))
def test_the_compact_log_reads_as_a_plain_one(steps: list[int], first: int) -> None:
    """Non-negative: an event of that type. Negative: a receipt that far behind the end."""
    log, plain = CompactLog(5), MemoryLog(5, capacity=100_000)
    for step in steps:
        if step >= 0:
            event = log.append(EventType(step), (1, 7, 2), {7: step})
            [expected] = plain.record(step, {7: step}, 1)
            assert event[:3] == expected[:3]
        else:
            log.stored(max(0, log.next_sequence - 1 + step))
    kept = [event for event in plain.events if event.sequence >= max(first, log.oldest_sequence)]
    assert [one.sequence for one in log.read(first, 30)] == [one.sequence for one in kept][:30]
    alarms = [one.sequence for one in kept if one.type == EventType.ALARM_RAISED]
    assert [one.sequence for one in log.alarms(first, 8)] == alarms[-8:]
    assert log.next_sequence == plain.next_sequence


def test_the_truth_is_read_as_it_was_written_and_a_torn_end_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "truth"
    truth, log = Truth(path), CompactLog(9)
    events = [log.append(EventType.DOOR_MOVED, (1, number, 2), {7: number}) for number in range(5)]
    for event in events:
        truth.note(3, log.epoch, event, by_clone=event.sequence == 2)
    truth.close()
    with path.open("ab") as file:
        file.write(b"torn")
    found = list(read_truth(path))
    assert [(one.place, one.log_epoch, one.sequence, one.digest) for one in found] == [
        (3, 9, event.sequence, event_digest(event)) for event in events
    ]
    assert [one.by_clone for one in found] == [False, True, False, False, False]


def test_a_lock_weighs_less_than_ten_kilobytes(tmp_path: Path) -> None:
    """Apart from TLS and sockets: what Python allocates for a lock with power, its household, keys and first events."""
    service = public_key(private_key(b"service!" * 6))
    shared = world(tmp_path)
    HungLock(0, LockIdentity(draw_lock_id(bytes(8)), private_key(b"0" * 48), service), shared).power_on(0.0)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    locks = []
    for place in range(200):
        identity = LockIdentity(draw_lock_id(place.to_bytes(8, "big")), private_key(b"%048d" % place), bytes(service))
        hung = HungLock(place, identity, shared)
        hung.power_on(0.0)
        hung.next_at(0.0)
        locks.append(hung)
    each = (tracemalloc.get_traced_memory()[0] - before) / len(locks)
    tracemalloc.stop()
    shared.truth.close()
    assert each < MOST_BYTES, f"{each:.0f} bytes"
