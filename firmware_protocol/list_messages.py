"""What service and lock say to each other to find the entries in which their lists differ (list_compare.py)."""

from dataclasses import dataclass
from typing import ClassVar

from firmware_protocol.wire_field import at


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """What do you hold in these spans? `spans`: first and last id of each, in turn."""

    TAG: ClassVar[int] = 74
    number: int = at(1)
    spans: tuple[int, ...] = at(2)


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """What I hold there: the runs, first and last id of each in turn, and the beginning of each run's digest."""

    TAG: ClassVar[int] = 10
    number: int = at(1)
    list_version: int = at(2)
    list_digest: bytes = at(3, size=32)
    runs: tuple[int, ...] = at(4)
    digests: tuple[bytes, ...] = at(5)
