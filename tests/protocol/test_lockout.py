"""GA 374-2019: after five wrong tries within five minutes nothing is tried for 90 seconds."""

from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.lockout import LOCKED_OUT_S, WITHIN_S, WRONG_TRIES, Lockout

# Whole seconds: sums of them are exact, so that the 90th second is the same for the lock and for the test.
PAUSES = st.lists(st.integers(0, 400).map(float), min_size=1, max_size=40)


def moments(pauses: list[float]) -> list[float]:
    at, times = 0.0, []
    for pause in pauses:
        at += pause
        times.append(at)
    return times


@given(PAUSES)
def test_wrong_tries_against_a_plain_list(pauses: list[float]) -> None:
    """The plain account: tries since the last lock-out, those of the last five minutes counted."""
    lockout, since, until = Lockout(), list[float](), 0.0
    for now in moments(pauses):
        assert lockout.holds(now) == (now < until)
        if lockout.holds(now):
            continue
        lockout = lockout.after_wrong(now)
        since.append(now)
        if len([one for one in since if now - one < WITHIN_S]) >= WRONG_TRIES:
            since, until = [], now + LOCKED_OUT_S
        assert len(lockout.tries) < WRONG_TRIES


@given(PAUSES)
def test_never_more_than_five_wrong_tries_in_ninety_seconds(pauses: list[float]) -> None:
    lockout, tried = Lockout(), []
    for now in moments(pauses):
        if not lockout.holds(now):
            lockout = lockout.after_wrong(now)
            tried.append(now)
    for now in tried:
        assert len([one for one in tried if now - LOCKED_OUT_S < one <= now]) <= WRONG_TRIES


def test_the_fifth_within_five_minutes_locks_out() -> None:
    lockout = Lockout()
    for now in (0.0, 60.0, 120.0, 180.0):
        lockout = lockout.after_wrong(now)
        assert not lockout.holds(now)
    assert lockout.after_wrong(299.0).holds(299.0 + LOCKED_OUT_S - 0.1)
    assert not lockout.after_wrong(299.0).holds(299.0 + LOCKED_OUT_S)
    assert not lockout.after_wrong(300.0).holds(300.0)
