"""Commands: what the service may ask of a lock, and what the lock says to it. Tags and numbers are never reused.

There is no command that locks a door, and none that keeps somebody in: the inside handle is mechanics, and what is here
reaches the motor only to draw the bolt back.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from firmware_protocol.enrolment import Enrolled, EnrolledHeard
from firmware_protocol.wire_field import at

ID_BYTES = 16
NONCE_BYTES = 16


class CommandKind(IntEnum):
    """What a lock can be told to do."""

    UNLOCK_DOOR = 1
    IDENTIFY = 2
    READ_BACK = 3
    SET_PARAMETERS = 4
    ERASE_BIOMETRIC = 5
    FACTORY_WIPE = 6
    START_ENROLMENT = 7
    REBOOT = 8


class CommandState(IntEnum):
    """How far a lock has come with a command; the last three are final."""

    ACCEPTED = 1
    RUNNING = 2
    DONE = 3
    FAILED = 4
    EXPIRED = 5


class CommandFailure(IntEnum):
    """Why a lock did not do it."""

    NONE = 0
    UNSUPPORTED = 1
    BAD_ARGUMENTS = 2
    CLOCK_UNSET = 3
    WRONG_NONCE = 4
    BUSY = 5
    INTERRUPTED = 6
    INSUFFICIENT_BATTERY = 7
    JAMMED = 8
    PRIVACY_MODE = 9
    # Of an enrolment (enrolment.py).
    NOBODY_CAME = 20
    ANOTHER_PERSON = 21
    NOT_LIVE = 22
    FACE_UNUSABLE = 23
    SEVERAL_FACES = 24
    ENGINE_DIFFERS = 25


FINAL = frozenset({CommandState.DONE, CommandState.FAILED, CommandState.EXPIRED})
# What moves a bolt or destroys something has to be fresh by the lock's own nonce, not only by its clock.
NEEDS_NONCE = frozenset(
    {
        CommandKind.UNLOCK_DOOR,
        CommandKind.SET_PARAMETERS,
        CommandKind.ERASE_BIOMETRIC,
        CommandKind.FACTORY_WIPE,
        CommandKind.START_ENROLMENT,
        CommandKind.REBOOT,
    }
)


@dataclass(frozen=True, slots=True)
class Command:
    """Do this. Times are Unix seconds; arguments that its kind does not have are 0 or empty.

    `seconds`: how long the bolt stays back, to show oneself, or the window stays open. `challenge`: 16 bytes that a wipe's
    proof is over. Of an enrolment: what is taken (a CredentialType), whose entries these are, with which engine and model.
    """

    TAG: ClassVar[int] = 72
    id: bytes = at(1, size=ID_BYTES)
    kind: int = at(2)
    issued_at: int = at(3)
    expires_at: int = at(4)
    nonce: bytes = at(5, default=b"")
    seconds: int = at(6, default=0)
    relock_s: int = at(7, default=0)
    ajar_s: int = at(8, default=0)
    challenge: bytes = at(9, default=b"")
    takes: int = at(10, default=0, unsaid=True)
    entries: tuple[int, ...] = at(11, default=(), unsaid=True)
    engine: int = at(12, default=0, unsaid=True)
    model: bytes = at(13, most=32, default=b"", unsaid=True)


@dataclass(frozen=True, slots=True)
class NonceAsked:
    """Give me a nonce for this command, which is about to come."""

    TAG: ClassVar[int] = 73
    id: bytes = at(1, size=ID_BYTES)


@dataclass(frozen=True, slots=True)
class CommandNonce:
    """The nonce, drawn now; the command has to bring it back within half a minute."""

    TAG: ClassVar[int] = 8
    id: bytes = at(1, size=ID_BYTES)
    nonce: bytes = at(2, size=NONCE_BYTES)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How far I am with the command. `repeated`: it was known already, and this is what came of it then."""

    TAG: ClassVar[int] = 9
    id: bytes = at(1, size=ID_BYTES)
    state: int = at(2)
    failure: int = at(3, default=CommandFailure.NONE)
    repeated: bool = at(4, default=False)
    content: bytes = at(5, default=b"")


@dataclass(frozen=True, slots=True)
class ReadBackAnswer:
    """What the lock holds at the moment. `clock_ms` is uptime where the quality is 0."""

    TAG: ClassVar[int] = 15
    id: bytes = at(1, size=ID_BYTES)
    list_version: int = at(2)
    list_digest: bytes = at(3, size=32)
    entries: int = at(4)
    erased: int = at(5)
    capacity: int = at(6)
    log_epoch: int = at(7)
    next_sequence: int = at(8)
    stored_up_to: int = at(9)
    boot_number: int = at(10)
    relock_s: int = at(11)
    ajar_s: int = at(12)
    clock_ms: int = at(13)
    clock_quality: int = at(14)
    firmware: str = at(15)


CommandUp = CommandNonce | CommandResult | ReadBackAnswer | Enrolled
CommandDown = Command | NonceAsked | EnrolledHeard


def capability(kinds: frozenset[CommandKind]) -> int:
    """The capability `commands` of a birth: bit n is set where the lock can do kind n."""
    return sum(1 << kind for kind in kinds)


def can(commands: object, kind: CommandKind) -> bool:
    """Whether a lock that names this capability can do that; what is no number says it can do nothing."""
    return type(commands) is int and bool(commands >> kind & 1)
