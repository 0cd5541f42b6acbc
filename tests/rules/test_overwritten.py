"""Which numbers nobody has any more: those between what is stored and what flash still holds, and no others."""

from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.cursor import StoredCursor
from service.entry.rules import overwritten


@given(st.integers(0, 50), st.integers(0, 60), st.integers(1, 60))
def test_only_what_lies_between_prefix_and_flash_is_given_up(up_to: int, oldest: int, following: int) -> None:
    cursor = StoredCursor(up_to)
    gone = overwritten(cursor, oldest, following)
    if gone is None:
        assert oldest <= up_to + 1 or oldest > following
    else:
        after = cursor.lose(*gone)
        assert after.up_to == oldest - 1 < following
        assert overwritten(after, oldest, following) is None


def test_a_lock_cannot_have_any_number_of_events_given_up() -> None:
    assert overwritten(StoredCursor(), 1 << 62, (1 << 62) + 1) is None
