"""The replay window over frame counters, as in RFC 8613 (OSCORE) §7.4: 64 wide, counters may arrive a little out of order."""

from typing import NamedTuple

WIDTH = 64
_ALL = (1 << WIDTH) - 1


class ReplayWindow(NamedTuple):
    """`highest` counter seen (-1: none); bit n of `mask` says that highest - n was seen."""

    highest: int = -1
    mask: int = 0

    def accept(self, counter: int) -> "ReplayWindow | None":
        """The window after this counter, or None where it was seen before or lies too far back."""
        if counter > self.highest:
            return ReplayWindow(counter, ((self.mask << min(counter - self.highest, WIDTH)) | 1) & _ALL)
        behind = self.highest - counter
        if behind >= WIDTH or self.mask >> behind & 1:
            return None
        return ReplayWindow(self.highest, self.mask | 1 << behind)
