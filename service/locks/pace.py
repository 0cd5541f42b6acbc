"""Who is filling up the past and how fast each was told to; and how wide turns are, by what this worker has time for.

Kept in memory only: who forgets it has a slow hour, and loses nothing.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from firmware_protocol.sending import WINDOW
from firmware_protocol.topics import LockId
from service.locks.rules import backfill_per_s, connects_per_s, reconnect_slot_ms

# A new pace is worth a frame once it differs by this factor from what the lock was told.
_WORTH_SAYING = 2
_LEAST_NEWS_MS = 2000
# What an event costs where nothing else runs; and how much each batch changes what is believed of it.
EVENT_S = 0.0001
_NEWS = 1 / 8
# A batch that had to wait for a disk says nothing of the next one.
_MOST_EVENT_S = 10 * EVENT_S
# A smaller batch costs what every batch costs, and tells nothing of what is in it.
_TELLING = 200


class Filling(NamedTuple):
    """A lock on its way to a number, told to go so fast."""

    epoch: int
    target: int
    per_s: int


@dataclass(slots=True)
class Pace:
    """`locks`: how many there are in all; `share`: what part of the shards is this process's; `event_s`: what an event costs it."""

    locks: int = 0
    share: float = 1.0
    event_s: float = EVENT_S
    filling: dict[LockId, Filling] = field(default_factory=dict)
    told: dict[LockId, int] = field(default_factory=dict)
    """The turns as they were last told, in milliseconds."""

    def come_back(self, lock: LockId, epoch: int, *, stored: int, last: int) -> int:
        """A lock has come back whose log ends at `last`: the events a second it may send of what is not stored."""
        self.filling.pop(lock, None)
        per_s = backfill_per_s(len(self.filling) + 1, self.share)
        # What fits into one window is over before a pace matters.
        if last - stored > WINDOW:
            self.filling[lock] = Filling(epoch, last, per_s)
        return per_s

    def go_on(self, lock: LockId, epoch: int, stored: int) -> int | None:
        """The lock has come so far: its new pace where it should be told one."""
        now = self.filling.get(lock)
        if now is None or now.epoch != epoch:
            return None
        if stored >= now.target:
            del self.filling[lock]
            return None
        per_s = backfill_per_s(len(self.filling), self.share)
        if now.per_s < per_s * _WORTH_SAYING and per_s < now.per_s * _WORTH_SAYING:
            return None
        self.filling[lock] = now._replace(per_s=per_s)
        return per_s

    def slot_ms(self, lock: LockId) -> int:
        """When the lock should come back after a power cut; remembered as what it was told."""
        slot = self.told[lock] = self._turn(lock)
        return slot

    def outgrown(self, lock: LockId) -> int | None:
        """Its pace, where it should be welcomed anew: the town has grown since, or there is less time for each."""
        told, turn = self.told.get(lock), self._turn(lock)
        if told is None or max(told, turn) < _LEAST_NEWS_MS:
            return None
        if told < turn * _WORTH_SAYING and turn < told * _WORTH_SAYING:
            return None
        now = self.filling.get(lock)
        return now.per_s if now else backfill_per_s(len(self.filling) + 1, self.share)

    def _turn(self, lock: LockId) -> int:
        return reconnect_slot_ms(lock, self.locks, connects_per_s(self.event_s, self.share or 1.0))

    def learn(self, events: int, spent_s: float) -> None:
        """A batch worth so many events took so long, by the clock: who has half a processor needs turns twice as wide."""
        if events >= _TELLING:
            self.event_s += (min(spent_s / events, _MOST_EVENT_S) - self.event_s) * _NEWS

    def end(self, lock: LockId) -> None:
        """The lock is gone, or another process's."""
        self.filling.pop(lock, None)
        self.told.pop(lock, None)
