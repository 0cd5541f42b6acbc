"""What is said of firmware: an offer and chunks down, what is wanted up."""

from dataclasses import dataclass
from typing import ClassVar

from firmware_protocol.wire_field import at as _at


@dataclass(frozen=True, slots=True)
class FirmwareWanted:
    """Send me so many chunks of the image with this digest, from this byte on; or, with a reason, why I do not take it.

    `reason` is a FirmwareRefusal. The digest is zeros where the offer could not be read.
    """

    TAG: ClassVar[int] = 14
    digest: bytes = _at(1, size=32)
    offset: int = _at(2)
    chunks: int = _at(3)
    reason: int = _at(4, default=0)


@dataclass(frozen=True, slots=True)
class FirmwareOffer:
    """A signed manifest, how fast its image may be fetched, and how long it must run on trial before it is there for good.

    An empty envelope withdraws what was offered before.
    """

    TAG: ClassVar[int] = 77
    envelope: bytes = _at(1, most=512)
    chunks_at_once: int = _at(2, default=4)
    pause_ms: int = _at(3, default=250)
    soak_s: int = _at(4, default=60)


@dataclass(frozen=True, slots=True)
class FirmwareChunk:
    """A piece of an image, from this byte on."""

    TAG: ClassVar[int] = 78
    digest: bytes = _at(1, size=32)
    offset: int = _at(2)
    content: bytes = _at(3, most=1024)
