"""Which keys an event hangs on."""

from hypothesis import given
from hypothesis import strategies as st

from service.rekeying.rules import KeyChange, key_epochs


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(1, 5))
def test_every_event_hangs_on_the_epoch_it_was_recorded_in(stretches: list[int], first: int) -> None:
    """A log as the lock wrote it: stretches of events, one key epoch each, the change being the first of the next."""
    truth: dict[int, int] = {}
    changes: list[KeyChange] = []
    for place, length in enumerate(stretches):
        if place:
            changes.append(KeyChange(len(truth) + 1, first + place - 1))
        truth |= dict.fromkeys(range(len(truth) + 1, len(truth) + 1 + length), first + place)
    epoch_of = key_epochs(changes, since=first, head=first + len(stretches) - 1, lost_up_to=0)
    assert {number: epoch_of(number) for number in truth} == truth


def test_a_change_that_was_lost_lies_in_what_the_lock_gave_up() -> None:
    epoch_of = key_epochs([], since=1, head=2, lost_up_to=8)
    assert [epoch_of(number) for number in (3, 7, 9)] == [1, 1, 2]
