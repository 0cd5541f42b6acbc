"""Who is filling up the past, and how fast each was told to. Kept in memory only: who forgets it has a slow hour, and loses nothing."""

from dataclasses import dataclass, field
from typing import NamedTuple

from firmware_protocol.sending import WINDOW
from firmware_protocol.topics import LockId
from service.locks.rules import backfill_per_s, reconnect_slot_ms

# A new pace is worth a frame once it differs by this factor from what the lock was told.
_WORTH_SAYING = 2


class Filling(NamedTuple):
    """A lock on its way to a number, told to go so fast."""

    epoch: int
    target: int
    per_s: int


@dataclass(slots=True)
class Pace:
    """`locks`: how many there are in all; `share`: what part of the shards is this process's."""

    locks: int = 0
    share: float = 1.0
    filling: dict[LockId, Filling] = field(default_factory=dict)

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
        """When the lock should come back after a power cut."""
        return reconnect_slot_ms(lock, self.locks)

    def end(self, lock: LockId) -> None:
        """The lock is gone, or another process's."""
        self.filling.pop(lock, None)
