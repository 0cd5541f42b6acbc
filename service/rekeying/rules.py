"""Which keys an event was recorded under, and when new ones are offered again. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(days=1)


class KeyChange(NamedTuple):
    """An event that says: up to here the lock had keys of that epoch, and others from here on."""

    sequence: int
    before: int


def key_epochs(changes: Sequence[KeyChange], *, since: int, head: int, lost_up_to: int) -> Callable[[int], int]:
    """By the number of an event: the epoch of the keys it was recorded under (ANM-CHN-011); `changes` in order.

    `since` and `head`: those of the signed links before and behind. Where the change itself was lost, it was lost with the
    last range that the lock gave up (0: none).
    """
    told = list(changes)
    if not told and since != head:
        told = [KeyChange(lost_up_to, since)]

    def epoch_of(number: int) -> int:
        return next((one.before for one in told if one.sequence > number), head)

    return epoch_of


def offer_again_at(offers: int, now: datetime) -> datetime:
    """When an offer that did not go through is made once more: after a minute, then later and later, at most a day."""
    return now + min(FIRST_WAIT * float(1 << min(offers, 12)), LONGEST_WAIT)
