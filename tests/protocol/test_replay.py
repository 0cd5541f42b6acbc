"""The replay window against the set of all counters seen."""

from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.replay import WIDTH, ReplayWindow

COUNTERS = st.lists(st.one_of(st.integers(0, 200), st.integers(0, (1 << 63) - 1)), max_size=80)


@given(COUNTERS)
def test_the_window_is_a_set_with_a_lower_end(counters: list[int]) -> None:
    window, seen = ReplayWindow(), set[int]()
    for counter in counters:
        after = window.accept(counter)
        too_old = bool(seen) and counter <= max(seen) - WIDTH
        assert (after is None) == (counter in seen or too_old)
        if after is not None:
            window = after
            seen.add(counter)
        assert window.mask < 1 << WIDTH
        assert window.highest == max(seen, default=-1)


@given(COUNTERS)
def test_no_counter_is_accepted_twice(counters: list[int]) -> None:
    window, accepted = ReplayWindow(), list[int]()
    for counter in counters * 2:
        after = window.accept(counter)
        if after is not None:
            window = after
            accepted.append(counter)
    assert len(accepted) == len(set(accepted))


def test_the_window_ends_after_its_last_counter() -> None:
    """One step further and nobody knows any more whether it was there: refused."""
    window = ReplayWindow().accept(1_000)
    assert window is not None
    assert window.accept(1_000 - WIDTH + 1) is not None
    assert window.accept(1_000 - WIDTH) is None
