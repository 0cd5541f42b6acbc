"""The cursor against sets of numbers, which say the same without cleverness."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.cursor import LAST_SEQUENCE, MOST_RANGES, StoredCursor, add_range, cut_range, holds

NUMBER = st.integers(1, 40)
STEPS = st.lists(st.one_of(NUMBER, st.tuples(NUMBER, NUMBER)), max_size=60)


def numbers(ranges: tuple[tuple[int, int], ...]) -> set[int]:
    return {number for first, end in ranges for number in range(first, end)}


@given(STEPS)
def test_the_cursor_is_two_sets(steps: list[int | tuple[int, int]]) -> None:
    """A number is new once, or once more after it was declared lost; everything else is a duplicate."""
    cursor, there, lost = StoredCursor(), set[int](), set[int]()
    for step in steps:
        if isinstance(step, int):
            after = cursor.take(step)
            assert (after is None) == (step in there - lost)
            cursor = cursor if after is None else after
            there.add(step)
            lost.discard(step)
        else:
            declared = set(range(step[0], step[1] + 1)) - there
            cursor = cursor.lose(*step)
            there |= declared
            lost |= declared
        assert_is(cursor, there, lost)


def assert_is(cursor: StoredCursor, there: set[int], lost: set[int]) -> None:
    prefix = next(number for number in range(1, 99) if number not in there) - 1
    assert cursor.up_to == prefix
    assert numbers(cursor.above) == {number for number in there if number > prefix}
    assert numbers(cursor.lost) == lost
    gap = (prefix + 1, min(numbers(cursor.above)) - 1) if cursor.above else None
    assert cursor.gap() == gap
    for ranges in (cursor.above, cursor.lost):
        assert list(ranges) == sorted(ranges)
        assert all(first < end for first, end in ranges)
        assert all(left[1] < right[0] for left, right in pairwise(ranges))


RANGES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda one: (one[0], one[0] + one[1])), max_size=8
)


@given(RANGES, RANGES)
def test_ranges_are_sets(added: list[tuple[int, int]], cut: list[tuple[int, int]]) -> None:
    ranges: tuple[tuple[int, int], ...] = ()
    for first, end in added:
        ranges = add_range(ranges, first, end)
    expected = numbers(tuple(added))
    assert numbers(ranges) == expected
    for first, end in cut:
        ranges = cut_range(ranges, first, end)
        expected -= set(range(first, end))
    assert numbers(ranges) == expected
    assert all(holds(ranges, number) == (number in expected) for number in range(42))


@given(st.permutations(range(1, 65)))
def test_any_order_of_a_window_ends_in_one_prefix(order: list[int]) -> None:
    cursor = StoredCursor()
    for number in order:
        after = cursor.take(number)
        assert after is not None
        cursor = after
    assert cursor == StoredCursor(64)


def test_a_lock_cannot_make_the_cursor_grow_without_bound() -> None:
    """What is not taken is not below the prefix either, so an honest lock would send it again."""
    cursor = StoredCursor()
    for number in range(2, 10_000, 2):
        cursor = cursor.take(number) or cursor
    assert len(cursor.above) == MOST_RANGES
    assert cursor.up_to == 0
    for number in range(1, 2 * MOST_RANGES, 2):
        after = cursor.take(number)
        assert after is not None
        cursor = after
    assert cursor == StoredCursor(2 * MOST_RANGES)


def test_a_loss_that_names_nothing_loses_nothing() -> None:
    assert StoredCursor(5).lose(9, 3) == StoredCursor(5)
    assert StoredCursor(5).lose(1, 5) == StoredCursor(5)


def test_a_lock_cannot_make_the_losses_grow_without_bound() -> None:
    cursor = StoredCursor()
    for number in range(1, 4 * MOST_RANGES, 2):
        cursor = cursor.lose(number, number)
        cursor = cursor.take(number + 1) or cursor
    assert len(cursor.lost) == MOST_RANGES
    assert cursor.up_to == 4 * MOST_RANGES


def test_the_last_number_leaves_room_for_the_end_of_its_range() -> None:
    assert StoredCursor().take(LAST_SEQUENCE) is not None
    assert StoredCursor().take(LAST_SEQUENCE + 1) is None
