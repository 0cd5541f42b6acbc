"""A simulated image: a file whose first lines say how a lock that runs it behaves. The rest is only there to be downloaded.

    ANMEN-IMAGE/1
    {"version": "1.1.0", "behaviour": "good"}
    … any bytes …

So a fall-back in the simulator is a real one: the lock that must come back from a bad image is run by that image.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

_MAGIC = b"ANMEN-IMAGE/1\n"


class Behaviour(StrEnum):
    """How a lock that runs an image behaves."""

    GOOD = "good"
    HANGS = "hangs"
    """Stops before anything works: only the watchdog helps."""
    MUTE = "mute"
    """The door works, the radio does not: no birth is ever said."""
    CRASHES = "crashes"
    """Works, and restarts some seconds after every start."""


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """What an image says of itself; `after_s` is when one that crashes does so."""

    version: str = "0.1.0"
    behaviour: Behaviour = Behaviour.GOOD
    after_s: float = 1.0


def write_image(image: FirmwareImage, size: int = 0) -> bytes:
    """The file, filled up to `size` bytes where its head is shorter."""
    said = {"version": image.version, "behaviour": image.behaviour.value, "after_s": image.after_s}
    head = _MAGIC + json.dumps(said).encode() + b"\n"
    filler = bytes(range(256)) * (max(0, size - len(head)) // 256 + 1)
    return head + filler[: max(0, size - len(head))]


def read_image(content: bytes) -> FirmwareImage:
    """The image in a file; one that is none of ours hangs, as a processor does that is given rubbish."""
    try:
        magic, said, *_ = content[:400].split(b"\n", 2)
        written = json.loads(said)
        image = FirmwareImage(
            str(written["version"])[:64], Behaviour(written["behaviour"]), float(written.get("after_s", 1.0))
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return FirmwareImage("unreadable", Behaviour.HANGS)
    return (
        image if magic + b"\n" == _MAGIC and isfinite(image.after_s) else FirmwareImage("unreadable", Behaviour.HANGS)
    )
