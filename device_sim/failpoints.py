"""Where on the event path a process can be killed by a test: named points that do nothing unless somebody listens."""

from collections.abc import Callable
from enum import StrEnum

Reached = Callable[[str], None]


class Failpoint(StrEnum):
    """The points, in the order in which an event and a list change come by."""

    EVENT_BEFORE_FLASH = "lock.event.before_flash"
    EVENT_TORN = "lock.event.torn"
    EVENT_AFTER_FLASH = "lock.event.after_flash"
    FRAME_PUBLISHED = "lock.frame.published"
    STORED_BEFORE_APPLY = "lock.stored.before_apply"
    STORED_AFTER_APPLY = "lock.stored.after_apply"
    LIST_SLOT_WRITTEN = "lock.list.slot_written"
    LIST_SWITCHED = "lock.list.switched"


def nowhere(point: str) -> None:
    """Nobody listens."""
