"""How far a lock's log is in the register: the contiguous prefix, what arrived above a gap, and what the lock declared lost.

It decides, per log epoch, which numbers are new. Ranges are half-open, sorted and disjoint, as PostgreSQL's
int8multirange keeps them.
"""

from typing import NamedTuple

# An honest lock has some 64 events on their way; a cursor is a row, and must not grow without bound.
MOST_RANGES = 256
# Ranges are half-open, so the number after the last one must still be one that PostgreSQL's bigint takes.
LAST_SEQUENCE = (1 << 63) - 2

Ranges = tuple[tuple[int, int], ...]


def add_range(ranges: Ranges, first: int, end: int) -> Ranges:
    """The ranges with [first, end) in them, touching ones joined."""
    kept: list[tuple[int, int]] = []
    for start, stop in ranges:
        if stop < first or start > end:
            kept.append((start, stop))
        else:
            first, end = min(first, start), max(end, stop)
    return tuple(sorted([*kept, (first, end)]))


def cut_range(ranges: Ranges, first: int, end: int) -> Ranges:
    """The ranges without [first, end)."""
    pieces = ((start, stop) for low, high in ranges for start, stop in ((low, min(high, first)), (max(low, end), high)))
    return tuple((start, stop) for start, stop in pieces if start < stop)


def holds(ranges: Ranges, number: int) -> bool:
    """Whether the number lies in one of the ranges."""
    return any(start <= number < stop for start, stop in ranges)


class Receipt(NamedTuple):
    """What a lock may be told once it is committed: everything up to here is stored; and the lowest gap, if there is one."""

    session: bytes
    log_epoch: int
    up_to: int
    gap: tuple[int, int] | None


class StoredCursor(NamedTuple):
    """`up_to` is stored without a gap; `above` lies beyond a gap; `lost` are declared losses that an original may still fill."""

    up_to: int = 0
    above: Ranges = ()
    lost: Ranges = ()

    def take(self, sequence: int) -> "StoredCursor | None":
        """The cursor after this number, or None where it is already there (a duplicate) or makes too many gaps.

        What is refused for its gaps is not lost: it is not in `up_to` either, so the lock keeps it and sends it again.
        """
        if sequence == self.up_to + 1 and not self.above:
            return StoredCursor(sequence, (), self.lost)
        if self.lost and holds(self.lost, sequence):
            return self._replace(lost=cut_range(self.lost, sequence, sequence + 1))
        if sequence <= self.up_to or sequence > LAST_SEQUENCE or holds(self.above, sequence):
            return None
        after = self._covering(sequence, sequence + 1)
        return after if len(after.above) <= MOST_RANGES else None

    def lose(self, first: int, last: int) -> "StoredCursor":
        """The cursor after a tombstone for first to last; numbers that are there already stay stored.

        Only the latest losses can still be filled: no lock makes a cursor grow for ever, nor the work of looking into it.
        """
        missing: Ranges = ((first, last + 1),)
        for start, stop in ((0, self.up_to + 1), *self.above):
            missing = cut_range(missing, start, stop)
        lost = self.lost
        after = self
        for start, stop in missing:
            lost = add_range(lost, start, stop)
            after = after._covering(start, stop)
        return after._replace(lost=lost[-MOST_RANGES:])

    def gap(self) -> tuple[int, int] | None:
        """First and last number of the lowest gap, or None."""
        return (self.up_to + 1, self.above[0][0] - 1) if self.above else None

    def _covering(self, first: int, end: int) -> "StoredCursor":
        above = add_range(self.above, first, end)
        up_to = self.up_to
        if above[0][0] <= up_to + 1:
            up_to, above = above[0][1] - 1, above[1:]
        return self._replace(up_to=up_to, above=above)
