"""The wire as checks see it, with its own clock: a check waits through it and reads time from it, and from nowhere else.

Against hardware a wait of 300 s takes 300 s. Against a lock in the same process, whose clock is a number, it takes none.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Heard:
    """One message on the lock's up topic. `at`: seconds on the line's clock; `qos` as it was published."""

    payload: bytes
    at: float
    qos: int = 1
    retained: bool = False


class Line(Protocol):
    """The kit's connection to the broker, for one lock."""

    def now(self) -> float:
        """Seconds on a clock that only goes forward."""

    def unix_ms(self) -> int:
        """The right time of day, Unix milliseconds."""

    def say(self, frame: bytes) -> None:
        """Publish a frame on the lock's down topic (QoS 1)."""

    def announce(self, payload: bytes) -> None:
        """Publish on the holder topic of the lock's shard (QoS 1, not retained)."""

    def next(self, until: float) -> Heard | None:
        """The next message of the lock; None when the clock has reached `until` without one."""
