"""What is said of keys: the signed head of the event chain, and the keys that a claim exchanges."""

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
