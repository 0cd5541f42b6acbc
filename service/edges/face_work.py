"""Looking at pictures is the most work a stranger can ask for, so only so many at once look, and only so many wait.

The engine lends its networks to one thread each; without this, forty requests with four pictures each would sit on all
threads of the server, and signing in would wait behind them.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.errors import TooMany


def _cores() -> int:
    return max(1, os.cpu_count() or 1)


@dataclass(slots=True)
class FaceWork:
    """Turns at looking at pictures; `at_once` work and as many again wait up to `patience_s`, everybody else is sent away."""

    at_once: int = field(default_factory=_cores)
    patience_s: float = 8.0
    _working: threading.BoundedSemaphore = field(init=False, repr=False)
    _inside: threading.BoundedSemaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the two gates."""
        self._working = threading.BoundedSemaphore(self.at_once)
        self._inside = threading.BoundedSemaphore(2 * self.at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A place to work in until the block ends; TooMany where there is none, or none becomes free in time."""
        if not self._inside.acquire(blocking=False):
            raise _busy()
        try:
            if not self._working.acquire(timeout=self.patience_s):
                raise _busy()
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._inside.release()


def _busy() -> TooMany:
    return TooMany(
        "Many people are sending pictures at this moment. Please try again in a few seconds.", retry_after_s=5
    )
