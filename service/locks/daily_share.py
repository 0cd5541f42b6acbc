"""How much one lock may add to the register in a day. Kept in memory only: a process that starts anew gives each its burst again.

Nothing is lost over it: what is not taken gets no receipt, so the lock keeps it and sends it again, until there is room. Alarms have
a share of their own, so that a defect which floods the log does not hold back somebody's call for help.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from firmware_protocol.topics import LockId

_DAY_S = 86_400


class Allowance(NamedTuple):
    """Events: so many in a day in the long run, and so many at once for somebody who comes back from a long time away."""

    per_day: int
    burst: int


# A front door for fifty people makes a few thousand a day; no lock's flash holds two hundred thousand.
ENTRIES = Allowance(20_000, 200_000)
ALARMS = Allowance(200, 1_000)


@dataclass(slots=True)
class DailyShare:
    """What is left of each lock's share. `held_back`: events that were not taken since somebody asked."""

    entries: Allowance = ENTRIES
    alarms: Allowance = ALARMS
    held_back: Counter[LockId | None] = field(default_factory=Counter)
    _left: dict[tuple[LockId, bool], tuple[float, float]] = field(default_factory=dict)
    """What was left at that Unix time."""
    _short: set[tuple[LockId, bool]] = field(default_factory=set)
    """Those of which less than one event was left then. Nearly always there are none, and nothing need be asked of any lock."""

    @property
    def nobody_is_short(self) -> bool:
        """Whether no lock can be over its share."""
        return not self._short

    def is_over(self, lock: LockId, now: datetime, *, alarm: bool) -> bool:
        """Whether less than one event is left of the lock's share, of alarms or of everything else."""
        # What is left only grows until somebody spends: what was enough is enough.
        return (lock, alarm) in self._short and self._of((lock, alarm), now.timestamp()) < 1

    def spend(self, stored: Mapping[tuple[LockId, bool], int], now: datetime) -> None:
        """So many events of (lock, whether alarms) have been stored."""
        now_s = now.timestamp()
        for key, events in stored.items():
            left = self._of(key, now_s) - events
            self._left[key] = (left, now_s)
            if left < 1:
                self._short.add(key)
            elif self._short:
                self._short.discard(key)

    def take_held_back(self, now: datetime) -> Counter[LockId | None]:
        """What was not taken since the last time; locks that have all their share again are forgotten."""
        held_back, self.held_back = self.held_back, Counter()
        now_s = now.timestamp()
        for key in list(self._left):
            if self._of(key, now_s) >= self._allowed(key).burst:
                del self._left[key]
                self._short.discard(key)
        return held_back

    def _of(self, key: tuple[LockId, bool], now_s: float) -> float:
        per_day, burst = self._allowed(key)
        noted = self._left.get(key)
        if noted is None:
            return burst
        left, at_s = noted
        grown = left + (now_s - at_s) * per_day / _DAY_S if now_s > at_s else left
        return min(burst, grown)

    def _allowed(self, key: tuple[LockId, bool]) -> Allowance:
        return self.alarms if key[1] else self.entries
