"""Lends out networks that may be used by one thread at a time.

Not thread-local storage: a web server's forty threads would each load a network of tens of megabytes, while only as
many as there are cores can ever compute at once.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Net = TypeVar("Net")


class NetPool(Generic[Net]):
    """At most `size` networks, each made when first needed; borrowing waits while all are lent."""

    def __init__(self, make: Callable[[], Net], *, size: int | None = None) -> None:
        self._make = make
        self._free: list[Net] = []
        self._lock = threading.Lock()
        self._seats = threading.BoundedSemaphore(size or max(1, os.cpu_count() or 1))

    @contextmanager
    def borrow(self) -> Iterator[Net]:
        """A network that nobody else uses until the block ends."""
        with self._seats:
            with self._lock:
                net = self._free.pop() if self._free else None
            net = self._make() if net is None else net
            try:
                yield net
            finally:
                with self._lock:
                    self._free.append(net)
