"""What is said of keys: the signed head of the event chain."""

from dataclasses import dataclass
from typing import ClassVar

from firmware_protocol.wire_field import at as _at


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The chain over the log as it stands, signed by the lock (chain.py). `signed_at_ms` as an event's time."""

    TAG: ClassVar[int] = 11
    log_epoch: int = _at(1)
    sequence: int = _at(2)
    link: bytes = _at(3, size=32)
    signed_at_ms: int = _at(4)
    clock_quality: int = _at(5)
    signature: bytes = _at(6, size=64)
