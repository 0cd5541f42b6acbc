"""What is said of keys: the signed head of the event chain, and the keys that a claim exchanges."""

from dataclasses import dataclass
from enum import IntEnum
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


@dataclass(frozen=True, slots=True)
class LockKeys:
    """The lock's new public keys, X9.62 uncompressed: the static one of this key epoch, and the one its heads are checked by."""

    TAG: ClassVar[int] = 12
    key_epoch: int = _at(1)
    public_key: bytes = _at(2, size=65)
    signing_key: bytes = _at(3, size=65)


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """The public half of the pair that the service has made for this lock and key epoch."""

    TAG: ClassVar[int] = 75
    key_epoch: int = _at(1)
    public_key: bytes = _at(2, size=65)


class KeyRefusal(IntEnum):
    """Why a lock does not take the keys that are offered; what a later version says beyond these is kept as a number."""

    NONE = 0
    LIST_HOLDS = 1
    """Its list holds what was made under its present keys."""
    EPOCH_TOO_LOW = 2
    BAD_KEY = 3
    """The point is not on the curve."""
    NOT_NOW = 4
    """A wipe or an update is under way, or the battery is too weak."""


@dataclass(frozen=True, slots=True)
class KeyOffer:
    """The public half of the service's next pair for this lock, in a proven session: please draw yours."""

    TAG: ClassVar[int] = 76
    key_epoch: int = _at(1)
    public_key: bytes = _at(2, size=65)


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """The public half of the lock's next pair; or why not, and no key."""

    TAG: ClassVar[int] = 13
    key_epoch: int = _at(1)
    refusal: int = _at(2)
    public_key: bytes = _at(3, most=65, default=b"", unsaid=True)
