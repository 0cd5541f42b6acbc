"""Taking a face at the lock: what the command asks for, and what goes up and comes back. docs/protocol/enrolment.md.

The picture never leaves the lock and the template never lies in its flash: it is said until the service has it, and a
power cut before that is an enrolment that failed.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from firmware_protocol.wire_field import at

# How long the window may stand open, and how long after the card the face has to come.
WINDOW_S = (30, 600)
FACE_WITHIN_S = 60.0
MOST_ENTRIES = 16
MODEL_BYTES = 4
MOST_TEMPLATE_BYTES = 384
# An answer that does not come is asked for again after this long, and after waits that double.
SAID_AGAIN_S = (5.0, 300.0)


class PortraitVerdict(IntEnum):
    """Whether the face was compared with the portrait that the card's chip holds; one that does not match is never sent."""

    NOT_COMPARED = 0
    MATCHED = 1


class EnrolmentVerdict(IntEnum):
    """What became of a template that was sent; after either the lock keeps nothing of it."""

    KEPT = 0
    NOT_WANTED = 1


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The face that the command asked for, as numbers. `entry`: what was presented before it; `liveness` as in events."""

    TAG: ClassVar[int] = 17
    id: bytes = at(1, size=16)
    engine: int = at(2)
    model: bytes = at(3, size=MODEL_BYTES)
    template: bytes = at(4, most=MOST_TEMPLATE_BYTES)
    entry: int = at(5)
    liveness: int = at(6)
    portrait: int = at(7, default=PortraitVerdict.NOT_COMPARED)


@dataclass(frozen=True, slots=True)
class EnrolledHeard:
    """The template of this command has arrived, or nobody wants it any more: keep nothing of it."""

    TAG: ClassVar[int] = 80
    id: bytes = at(1, size=16)
    verdict: int = at(2, default=EnrolmentVerdict.KEPT)
