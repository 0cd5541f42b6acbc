"""The inbox: what has arrived from the broker, in order, bounded; and batches of it, bounded in number and time."""

import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import NamedTuple


class Delivery(NamedTuple):
    """One MQTT message, not acknowledged yet. `connection` counts reconnects: an old one's ids mean nothing to the broker."""

    topic: str
    payload: bytes
    message_id: int
    connection: int


class Inbox:
    """A queue between the broker's thread and the one that records. Full, it holds the broker's thread back."""

    def __init__(self, bound: int) -> None:
        self._queue: SimpleQueue[Delivery] = SimpleQueue()
        self._bound = bound

    def put(self, delivery: Delivery) -> None:
        """Add; waits while the inbox is full, which stops reading from the broker's socket."""
        while self._queue.qsize() >= self._bound:
            time.sleep(0.001)
        self._queue.put(delivery)

    def take(self, limit: int, wait_s: float) -> list[Delivery]:
        """What is there, at most `limit`; waits up to `wait_s` for the first one."""
        try:
            first = self._queue.get(timeout=wait_s)
        except Empty:
            return []
        return [first, *self._waiting(limit - 1)]

    def _waiting(self, most: int) -> Iterator[Delivery]:
        try:
            for _ in range(most):
                yield self._queue.get_nowait()
        except Empty:
            return
