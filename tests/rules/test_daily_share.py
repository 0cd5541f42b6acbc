"""A lock's daily share: what may be stored in any time, and that a burst comes back."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.topics import LockId
from service.locks.daily_share import Allowance, DailyShare

LOCK, OTHER = LockId("L-0123456789AB"), LockId("L-0123456789AC")
START = datetime(2026, 3, 2, tzinfo=UTC)
SHARE = Allowance(240, 50)
FRAMES = st.lists(st.tuples(st.integers(0, 7200), st.integers(1, 9)), max_size=60)


@given(FRAMES)
def test_no_more_is_taken_than_the_burst_and_the_days_share_and_one_frame(frames: list[tuple[int, int]]) -> None:
    shares, at, taken = DailyShare(entries=SHARE), START, 0
    for pause, events in frames:
        at += timedelta(seconds=pause)
        if not shares.is_over(LOCK, at, alarm=False):
            shares.spend({(LOCK, False): events}, at)
            taken += events
    hours = (at - START).total_seconds() / 3600
    assert taken <= SHARE.burst + SHARE.per_day * hours / 24 + 9


@given(FRAMES)
def test_one_locks_flood_costs_no_other_and_no_alarm(frames: list[tuple[int, int]]) -> None:
    shares = DailyShare(entries=SHARE, alarms=SHARE)
    for _, events in frames:
        shares.spend({(LOCK, False): events * 10}, START)
    assert not shares.is_over(OTHER, START, alarm=False)
    assert not shares.is_over(LOCK, START, alarm=True)


def test_what_was_used_up_comes_back_with_time_and_is_forgotten_then() -> None:
    shares = DailyShare(entries=SHARE)
    shares.spend({(LOCK, False): 50}, START)
    assert shares.is_over(LOCK, START, alarm=False)
    assert not shares.is_over(LOCK, START + timedelta(minutes=7), alarm=False)
    shares.take_held_back(START + timedelta(hours=4))
    assert shares._left
    shares.take_held_back(START + timedelta(hours=6))
    assert not shares._left


def test_a_clock_that_goes_back_gives_nothing() -> None:
    shares = DailyShare(entries=SHARE)
    shares.spend({(LOCK, False): 50}, START)
    assert shares.is_over(LOCK, START - timedelta(days=9), alarm=False)
