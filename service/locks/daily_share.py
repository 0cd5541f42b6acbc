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
    _left: dict[tuple[LockId, bool], tuple[float, datetime]] = field(default_factory=dict)

    def is_over(self, lock: LockId, now: datetime, *, alarm: bool) -> bool:
        """Whether less than one event is left of the lock's share, of alarms or of everything else."""
        noted = self._left.get((lock, alarm))
        # It only grows until somebody spends: what was enough is enough, and no clock need be asked for nearly every lock.
        return noted is not None and noted[0] < 1 and self._of(lock, now, alarm=alarm) < 1

    def spend(self, stored: Mapping[tuple[LockId, bool], int], now: datetime) -> None:
        """So many events of (lock, whether alarms) have been stored."""
        for key, events in stored.items():
            noted = self._left.get(key)
            left = self._allowed(alarm=key[1]).burst if noted is None else self._grown(*noted, now, alarm=key[1])
            self._left[key] = (left - events, now)

    def take_held_back(self, now: datetime) -> Counter[LockId | None]:
        """What was not taken since the last time; locks that have all their share again are forgotten."""
        held_back, self.held_back = self.held_back, Counter()
        for lock, alarm in list(self._left):
            if self._of(lock, now, alarm=alarm) >= self._allowed(alarm=alarm).burst:
                del self._left[lock, alarm]
        return held_back

    def _of(self, lock: LockId, now: datetime, *, alarm: bool) -> float:
        noted = self._left.get((lock, alarm))
        return self._allowed(alarm=alarm).burst if noted is None else self._grown(*noted, now, alarm=alarm)

    def _grown(self, left: float, at: datetime, now: datetime, *, alarm: bool) -> float:
        allowed = self._allowed(alarm=alarm)
        return min(allowed.burst, left + max(0.0, (now - at).total_seconds()) * allowed.per_day / _DAY_S)

    def _allowed(self, *, alarm: bool) -> Allowance:
        return self.alarms if alarm else self.entries
