"""Who comes back when, and who may fill up the past how fast."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.sending import WINDOW
from firmware_protocol.topics import LockId, draw_lock_id
from service.locks.pace import EVENT_S, Pace
from service.locks.rules import (
    BACKFILLS_PER_S,
    COMING_BACK,
    CONNECTS_PER_S,
    EVENTS_A_CONNECT,
    FASTEST_BACKFILL_PER_S,
    LONGEST_SLOT_MS,
    SLOWEST_BACKFILL_PER_S,
    backfill_per_s,
    connects_per_s,
    reconnect_slot_ms,
)

LOCKS = st.binary(min_size=8, max_size=8).map(draw_lock_id)
SHARES = st.integers(1, 64).map(lambda shards: shards / 64)


def town(number: int) -> list[LockId]:
    return [draw_lock_id((one * 0x9E3779B97F4A7C15 % (1 << 64)).to_bytes(8, "big")) for one in range(number)]


@given(st.integers(1, 200_000), SHARES)
def test_all_together_fill_no_faster_than_is_taken_in(filling: int, share: float) -> None:
    each = backfill_per_s(filling, share)
    assert SLOWEST_BACKFILL_PER_S <= each <= FASTEST_BACKFILL_PER_S
    assert each * filling <= max(BACKFILLS_PER_S * share, filling * SLOWEST_BACKFILL_PER_S)


@given(st.integers(1, 200_000), SHARES)
def test_one_more_never_makes_it_faster(filling: int, share: float) -> None:
    assert backfill_per_s(filling + 1, share) <= backfill_per_s(filling, share)


@given(LOCKS, st.integers(0, 1_000_000))
def test_a_slot_is_the_same_whenever_it_is_asked_for(lock: LockId, locks: int) -> None:
    slot = reconnect_slot_ms(lock, locks)
    assert slot == reconnect_slot_ms(lock, locks)
    assert 0 <= slot <= min(locks * 1000 // CONNECTS_PER_S, LONGEST_SLOT_MS)


def test_a_few_locks_come_at_once_and_a_town_spread_evenly() -> None:
    assert all(reconnect_slot_ms(lock, CONNECTS_PER_S) == 0 for lock in town(24))
    locks = town(15_000)
    seconds = Counter(reconnect_slot_ms(lock, len(locks)) // 1000 for lock in locks)
    assert set(seconds) == set(range(15_000 // CONNECTS_PER_S))
    assert max(seconds.values()) < 1.35 * CONNECTS_PER_S
    # A building of the town: its ten locks do not fall onto one another either.
    assert len({reconnect_slot_ms(lock, len(locks)) // 1000 for lock in locks[:10]}) >= 8


@given(st.floats(0.00001, 0.01), SHARES, st.integers(1, 20_000))
def test_those_who_come_back_have_a_third_of_a_workers_time(event_s: float, share: float, locks: int) -> None:
    per_s = connects_per_s(event_s, share)
    assert 0 < per_s <= CONNECTS_PER_S
    assert per_s * share * EVENTS_A_CONNECT * event_s <= COMING_BACK * 1.000001
    for lock in town(3):
        slot = reconnect_slot_ms(lock, locks, per_s)
        assert slot == 0 or slot <= min(locks * 1000 / per_s, LONGEST_SLOT_MS)
        # Its place in the order is the same, however wide the turns are.
        assert reconnect_slot_ms(lock, locks, per_s / 2) >= slot


def test_turns_are_as_wide_as_what_a_worker_has_time_for() -> None:
    pace, lock = Pace(locks=2000), max(town(50), key=lambda one: reconnect_slot_ms(one, 2000))
    usual = pace.slot_ms(lock)
    assert 16_000 < usual < 30_000
    for _ in range(40):
        pace.learn(400, 400 * EVENT_S * 2)
    assert 1.9 * usual < pace.slot_ms(lock) < 2.1 * usual
    slow = pace.slot_ms(lock)
    for _ in range(40):
        # What a batch of three events takes says nothing of an event.
        pace.learn(3, 0.02)
    assert pace.slot_ms(lock) == slow
    for _ in range(40):
        pace.learn(400, 400 * EVENT_S)
    assert pace.slot_ms(lock) < 1.1 * usual
    # Half of the shards are another worker's, and so is half of the work.
    pace.share = 0.5
    assert pace.slot_ms(lock) < 0.6 * usual


def test_a_lock_is_told_anew_when_the_town_has_outgrown_its_turn() -> None:
    pace, lock = Pace(locks=10), max(town(50), key=lambda one: reconnect_slot_ms(one, 2000))
    assert pace.outgrown(lock) is None
    assert pace.slot_ms(lock) == 0
    assert pace.outgrown(lock) is None
    pace.locks = 2000
    assert pace.outgrown(lock) == FASTEST_BACKFILL_PER_S
    told = pace.slot_ms(lock)
    for pace.locks in (1100, 2000, 3900):
        assert pace.outgrown(lock) is None
    pace.locks = 900
    assert pace.outgrown(lock) is not None
    pace.come_back(lock, 7, stored=0, last=50_000)
    assert pace.filling[lock].per_s == pace.outgrown(lock)
    assert told > pace.slot_ms(lock)
    pace.end(lock)
    assert pace.outgrown(lock) is None


def test_one_slow_disk_does_not_send_a_town_away() -> None:
    pace = Pace(locks=2000)
    pace.learn(400, 60.0)
    assert pace.event_s < 3 * EVENT_S


def test_the_first_is_fast_and_slows_down_as_others_come() -> None:
    pace, locks = Pace(), town(400)
    told = {lock: pace.come_back(lock, 7, stored=0, last=50_000) for lock in locks}
    assert told[locks[0]] == FASTEST_BACKFILL_PER_S
    for lock in locks:
        told[lock] = pace.go_on(lock, 7, 100) or told[lock]
    # Nobody is told anew for less than a factor of two.
    assert sum(told.values()) <= 2 * BACKFILLS_PER_S
    for lock in locks[1:]:
        assert pace.go_on(lock, 7, 50_000) is None
    assert pace.go_on(locks[0], 7, 200) == FASTEST_BACKFILL_PER_S


def test_what_fits_into_a_window_slows_nobody() -> None:
    pace, (first, *many) = Pace(), town(2000)
    for lock in many:
        pace.come_back(lock, 7, stored=10, last=10 + WINDOW)
    assert pace.come_back(first, 7, stored=0, last=50_000) == FASTEST_BACKFILL_PER_S


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["begin", "on", "end"]), st.integers(0, 200)), max_size=60)
)
def test_who_is_done_or_gone_is_not_counted(steps: list[tuple[int, str, int]]) -> None:
    pace, locks, model = Pace(), town(6), dict[LockId, int]()
    for place, what, number in steps:
        lock = locks[place]
        if what == "begin":
            pace.come_back(lock, 7, stored=0, last=number)
            model.pop(lock, None)
            if number > WINDOW:
                model[lock] = number
        elif what == "on":
            pace.go_on(lock, 7, number)
            if lock in model and number >= model[lock]:
                del model[lock]
        else:
            pace.end(lock)
            model.pop(lock, None)
        assert set(pace.filling) == set(model)
