"""Whether a lock obeys a command: known, fresh, possible? Pure, and the same for every maker.

A sealed command dies with the boot it was sealed for. But the service seals it again for the next boot as long as it has
not heard of its end, so the lock writes an id down before it acts on it, and keeps it until no clock of its own can take
the command for unexpired any more: the floor, which never falls, has passed its expiry.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware_protocol.commands import FINAL, NEEDS_NONCE, Command, CommandFailure, CommandKind, CommandState
from firmware_protocol.enrolment import MODEL_BYTES, MOST_ENTRIES, WINDOW_S
from firmware_protocol.vocabulary import CredentialType

NONCE_FRESH_S = 30.0
NONCES_HELD = 4
IDS_HELD = 32
LONGEST_LIFE_S = 30 * 86_400
# Shortest and longest of what can be asked for; none of it reaches the inside handle.
UNLOCKED_S = (1, 60)
SHOWN_S = (1, 60)
RELOCK_S = (2, 300)
AJAR_S = (10, 3600)
CHALLENGE_BYTES = 16
# These only show or tell something, so a lock without the time does them, too.
_WITHOUT_CLOCK = frozenset({CommandKind.IDENTIFY, CommandKind.READ_BACK})


class Obeyed(NamedTuple):
    """A command that was taken up: what must outlive a power cut. `content` is the wipe's challenge, later its proof."""

    id: bytes
    kind: int
    expires_at: int
    state: CommandState = CommandState.ACCEPTED
    failure: CommandFailure = CommandFailure.NONE
    content: bytes = b""


class Obey(NamedTuple):
    """Do it, once its id is written down."""

    kind: CommandKind


class Decline(NamedTuple):
    """Do nothing and say so."""

    state: CommandState
    failure: CommandFailure = CommandFailure.NONE


class Repeat(NamedTuple):
    """It was taken up before: say what came of it."""

    obeyed: Obeyed


Verdict = Obey | Decline | Repeat


@dataclass(frozen=True, slots=True)
class CommandBook:
    """The commands that could still come again, by id."""

    obeyed: Mapping[bytes, Obeyed] = field(default_factory=dict)

    def find(self, command_id: bytes) -> Obeyed | None:
        """The command of this id, if it was taken up."""
        return self.obeyed.get(command_id)

    def with_one(self, one: Obeyed) -> "CommandBook":
        """The book with this entry, new or changed."""
        return CommandBook({**self.obeyed, one.id: one})

    def pruned(self, floor_s: int) -> "CommandBook":
        """Without what has ended and can only be expired from now on; `floor_s` is the clock's floor, Unix seconds."""
        kept = {name: one for name, one in self.obeyed.items() if one.expires_at > floor_s or one.state not in FINAL}
        return self if len(kept) == len(self.obeyed) else CommandBook(kept)

    def unfinished(self) -> tuple[Obeyed, ...]:
        """What a power cut has interrupted, when asked at the start of a boot."""
        return tuple(one for one in self.obeyed.values() if one.state not in FINAL)


@dataclass(frozen=True, slots=True)
class Nonces:
    """Nonces given in this boot, with the uptime when; the oldest is forgotten where there are too many."""

    given: Mapping[bytes, tuple[bytes, float]] = field(default_factory=dict, repr=False)

    def with_one(self, command_id: bytes, nonce: bytes, now: float) -> "Nonces":
        """After this nonce was given; one that was given for the same command before is worth nothing."""
        others = {name: one for name, one in self.given.items() if name != command_id}
        return Nonces(dict([*others.items(), (command_id, (nonce, now))][-NONCES_HELD:]))

    def without(self, command_id: bytes) -> "Nonces":
        """After the command came, whatever it brought: a nonce is good for one."""
        return Nonces({name: one for name, one in self.given.items() if name != command_id})

    def problem(self, command: Command, now: float) -> Decline | None:
        """Why the command's nonce does not hold; None where it does."""
        nonce, given_at = self.given.get(command.id, (b"", now))
        if not nonce or nonce != command.nonce:
            return Decline(CommandState.FAILED, CommandFailure.WRONG_NONCE)
        return Decline(CommandState.EXPIRED) if now - given_at > NONCE_FRESH_S else None


@dataclass(frozen=True, slots=True)
class CommandMoment:
    """What the lock knows of time: uptime in seconds, and Unix seconds by its clock (None: not set)."""

    uptime: float
    now_s: int | None


def judge(
    command: Command, book: CommandBook, nonces: Nonces, moment: CommandMoment, *, able: frozenset[CommandKind]
) -> Verdict:
    """What to do about a command that has arrived; `able`: what this lock can do."""
    known = book.find(command.id)
    if known is not None:
        return Repeat(known)
    kind = next((one for one in able if one == command.kind), None)
    if kind is None:
        return Decline(CommandState.FAILED, CommandFailure.UNSUPPORTED)
    if not _possible(kind, command):
        return Decline(CommandState.FAILED, CommandFailure.BAD_ARGUMENTS)
    late = _late(kind, command, nonces, moment)
    if late is not None:
        return late
    return Obey(kind) if len(book.obeyed) < IDS_HELD else Decline(CommandState.FAILED, CommandFailure.BUSY)


def settled(one: Obeyed, state: CommandState, failure: CommandFailure = CommandFailure.NONE) -> Obeyed:
    """The entry after the command has come so far; what is final stays."""
    return one if one.state in FINAL else one._replace(state=state, failure=failure)


def _late(kind: CommandKind, command: Command, nonces: Nonces, moment: CommandMoment) -> Decline | None:
    if moment.now_s is None and kind not in _WITHOUT_CLOCK:
        return Decline(CommandState.FAILED, CommandFailure.CLOCK_UNSET)
    if moment.now_s is not None and moment.now_s >= command.expires_at:
        return Decline(CommandState.EXPIRED)
    return nonces.problem(command, moment.uptime) if kind in NEEDS_NONCE else None


def _possible(kind: CommandKind, command: Command) -> bool:
    lives_s = command.expires_at - command.issued_at
    return 0 < lives_s <= LONGEST_LIFE_S and _arguments_fit(kind, command)


def _arguments_fit(kind: CommandKind, command: Command) -> bool:
    match kind:
        case CommandKind.UNLOCK_DOOR:
            return _within(command.seconds, UNLOCKED_S)
        case CommandKind.IDENTIFY:
            return _within(command.seconds, SHOWN_S)
        case CommandKind.SET_PARAMETERS:
            return _within(command.relock_s, RELOCK_S) and _within(command.ajar_s, AJAR_S)
        case CommandKind.FACTORY_WIPE:
            return len(command.challenge) == CHALLENGE_BYTES
        case CommandKind.START_ENROLMENT:
            return _names_a_face(command)
        case _:
            return True


def _names_a_face(command: Command) -> bool:
    named = command.takes == CredentialType.FACE and 0 < len(command.entries) <= MOST_ENTRIES
    return named and len(command.model) == MODEL_BYTES and _within(command.seconds, WINDOW_S)


def _within(value: int, limits: tuple[int, int]) -> bool:
    return limits[0] <= value <= limits[1]


def begin(command: Command) -> Obeyed:
    """What is written down before a command is acted on."""
    return Obeyed(command.id, command.kind, command.expires_at, content=command.challenge)


def after_power_cut(one: Obeyed) -> Obeyed:
    """What a boot makes of a command that it finds unfinished. A wipe that has begun is the boot's to finish, not this one's."""
    if one.kind == CommandKind.REBOOT:
        return settled(one, CommandState.DONE)
    return settled(one, CommandState.FAILED, CommandFailure.INTERRUPTED)
