"""Giving a lock commands, and hearing what it makes of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from anmen.conformance.stand import ANSWER_S, Stand
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.commands import (
    FINAL,
    Command,
    CommandFailure,
    CommandKind,
    CommandNonce,
    CommandResult,
    CommandState,
    NonceAsked,
    ReadBackAnswer,
    can,
)
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import CredentialType, Field

EXPIRES_IN_S = 600
COMMANDS = "commands"


def is_of(number: bytes) -> Callable[[Event], bool]:
    """What picks the events that name this command."""
    return lambda event: event.get(Field.COMMAND) == number


@dataclass(frozen=True, slots=True)
class Orders:
    """Commands to the lock on a stand."""

    stand: Stand

    def needs(self, kind: CommandKind) -> None:
        """NotTried where the lock does not say that it can do it."""
        if not self.can(kind):
            raise NotTried(f"its capability commands does not name {kind.name.lower().replace('_', ' ')}")

    def can(self, kind: CommandKind) -> bool:
        """Whether the lock says that it can do it."""
        return can(self.stand.birth.capabilities.get(COMMANDS), kind)

    def ask_nonce(self, number: bytes) -> None:
        """Ask for a nonce for a command."""
        self.stand.say(NonceAsked(number))

    def nonce(self, number: bytes) -> bytes:
        """A nonce for the command; Failed where none comes."""
        since = self.stand.mark()
        self.ask_nonce(number)
        return self.stand.await_message(CommandNonce, since, where=lambda one: one.id == number)[1].nonce

    def give(
        self, kind: int, *, number: bytes = b"", nonce: bytes = b"", seconds: int = 0, expires_in_s: int = EXPIRES_IN_S
    ) -> bytes:
        """Give a command; its id."""
        number = number or self.stand.draw(16)
        now_s = self.stand.issuer().now_s
        self.stand.say(Command(number, kind, now_s - 1000, now_s + expires_in_s, nonce, seconds))
        return number

    def parameters(self, number: bytes, nonce: bytes, *, relock_s: int = 5, ajar_s: int = 60) -> bytes:
        """The command that sets times at the door, by default those that a lock has by itself; its id."""
        now_s = self.stand.issuer().now_s
        kind = CommandKind.SET_PARAMETERS
        self.stand.say(Command(number, kind, now_s, now_s + EXPIRES_IN_S, nonce, relock_s=relock_s, ajar_s=ajar_s))
        return number

    def wipe(self, challenge: bytes) -> bytes:
        """The command that wipes a lock to factory state; its id."""
        number = self.stand.draw(16)
        nonce, now_s = self.nonce(number), self.stand.issuer().now_s
        kind = CommandKind.FACTORY_WIPE
        self.stand.say(Command(number, kind, now_s - 10, now_s + EXPIRES_IN_S, nonce, challenge=challenge))
        return number

    def held(self) -> ReadBackAnswer:
        """What the lock says that it holds."""
        since = self.stand.mark()
        number = self.give(CommandKind.READ_BACK)
        return self.stand.await_message(ReadBackAnswer, since, where=lambda one: one.id == number)[1]

    def engine(self) -> tuple[int, bytes]:
        """Engine and model that the lock has named in its birth."""
        said = self.stand.birth.capabilities
        try:
            return int(said["face_engine"]), bytes.fromhex(str(said["face_model"]))
        except (KeyError, ValueError) as unnamed:
            raise Failed(
                expected="face_engine and face_model (hexadecimal) among the capabilities", seen=str(dict(said))
            ) from unnamed

    def enrol(
        self, seconds: int, entries: tuple[int, ...], *, engine: int | None = None, model: bytes | None = None
    ) -> bytes:
        """Ask for a nonce and for a face, by default with the engine that the lock has; the command's id."""
        number, (own_engine, own_model) = self.stand.draw(16), self.engine()
        nonce, now_s = self.nonce(number), self.stand.issuer().now_s
        command = Command(number, CommandKind.START_ENROLMENT, now_s - 10, now_s + EXPIRES_IN_S, nonce, seconds)
        named = replace(command, takes=CredentialType.FACE, entries=entries)
        self.stand.say(
            replace(
                named,
                engine=own_engine if engine is None else engine,
                model=own_model if model is None else model,
            )
        )
        return number

    def result(self, number: bytes, since: int, holds: Callable[[CommandResult], bool], expected: str) -> CommandResult:
        """The first result of a command since a mark for which it holds."""
        return self.stand.await_message(
            CommandResult, since, where=lambda one: one.id == number and holds(one), expected=expected
        )[1]

    def ends(self, number: bytes, state: CommandState, failure: CommandFailure | None = None) -> None:
        """The command must end in this way."""
        self.stand.until(lambda: any(one in FINAL for one in self.states(number, 0)), ANSWER_S)
        ended = [one for _, one in self.stand.transcript.of(CommandResult) if one.id == number and one.state in FINAL]
        wanted = f"state {int(state)} ({state.name.lower()})" + (
            f", failure {int(failure)} ({failure.name.lower()})" if failure else ""
        )
        if not ended:
            raise Failed(expected=wanted, seen="no final result")
        if ended[0].state != state or (failure is not None and ended[0].failure != failure):
            raise Failed(expected=wanted, seen=f"state {ended[0].state}, failure {ended[0].failure}")

    def states(self, number: bytes, since: int) -> list[int]:
        """The states said of a command, in order."""
        return [one.state for _, one in self.stand.transcript.of(CommandResult, since) if one.id == number]
