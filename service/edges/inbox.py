"""The inbox: what has arrived from the broker, in order, bounded; and batches of it, bounded in number and time.

Bounded for each sender, too. An honest lock has some seventy frames on their way; one that floods would fill every batch,
and the others would wait behind it. What is beyond its share is dropped: a lock keeps what is not stored and sends it again.
"""

import threading
from collections import Counter, deque
from collections.abc import Collection, Iterable
from typing import NamedTuple

from firmware_protocol.service_side import Opened

# Frames of one sender that may wait: two windows and what else a lock may have to say.
SHARE = 128


class Delivery(NamedTuple):
    """One MQTT message, not acknowledged yet. `connection` counts reconnects: an old one's ids mean nothing to the broker."""

    topic: str
    payload: bytes
    message_id: int
    connection: int
    opened: Opened | None = None
    """What the frame says, where it could be opened ahead."""


class Inbox:
    """A queue between the broker's thread and the one that records. Full, it holds the broker's thread back."""

    def __init__(self, bound: int, share: int = SHARE) -> None:
        self._waiting: deque[Delivery] = deque()
        # Of each sender: how many have come and gone since the inbox was last empty. Two counts, because adding up is what C does.
        self._came: Counter[str] = Counter()
        self._went: Counter[str] = Counter()
        self._bound = bound
        self._share = share
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def full_for(self, topics: Iterable[str]) -> set[str]:
        """Those of the senders that have their share waiting."""
        if len(self._waiting) < self._share:
            return set()
        came, went = self._came, self._went
        return {topic for topic in set(topics) if came.get(topic, 0) - went.get(topic, 0) >= self._share}

    def put(self, deliveries: Collection[Delivery]) -> None:
        """Add; waits while the inbox is full, which stops reading from the broker's socket."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._waiting) < self._bound)
            self._waiting.extend(deliveries)
            self._came.update([one.topic for one in deliveries])
            self._changed.notify_all()

    def take(self, limit: int, wait_s: float) -> list[Delivery]:
        """What is there, at most `limit`; waits up to `wait_s` for the first one."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, wait_s)
            batch = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
            self._went.update([one.topic for one in batch])
            if batch and not self._waiting:
                self._came.clear()
                self._went.clear()
            self._changed.notify_all()
        return batch

    def close(self) -> None:
        """Nobody takes any more: hold nobody back."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
