"""The service's side of commands in tests: asks for nonces, seals, keeps what the lock has answered."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from firmware_protocol.commands import (
    Command,
    CommandFailure,
    CommandKind,
    CommandNonce,
    CommandResult,
    CommandState,
    NonceAsked,
    ReadBackAnswer,
)
from firmware_protocol.messages import DownMessage, UpMessage
from firmware_protocol.vocabulary import EventType, Field, OperationSource
from tests.device.rig import Rig

CHALLENGE = b"wipe it, and prove".ljust(16)[:16]
ANSWERS = (CommandNonce, CommandResult, ReadBackAnswer)


@dataclass
class Desk:
    """The service's side of commands. `said`: what the lock has answered; `held_back` keeps what was sealed and not delivered."""

    rig: Rig
    said: list[UpMessage] = field(default_factory=list)
    numbered: Iterator[int] = field(default_factory=lambda: iter(range(1, 100)))

    def seal(self, message: DownMessage) -> bytes:
        current = self.rig.ingest.side.current
        assert current is not None
        return self.rig.ingest.side.seal(message, current.session)

    def deliver(self, frame: bytes) -> None:
        self.rig.lock.receive(frame, self.rig.now)
        self.hear()

    def hear(self) -> None:
        """Take what the lock says, commands' answers apart."""
        while frames := self.rig.lock.to_send(self.rig.now):
            for frame in frames:
                opened = self.rig.ingest.side.open_ahead(frame)
                if opened is not None and isinstance(opened.message, ANSWERS):
                    self.said.append(opened.message)
            for answer in self.rig.ingest.receive(frames):
                self.rig.lock.receive(answer, self.rig.now)

    def command(self, kind: int, *, life_s: int = 60, **arguments: Any) -> Command:
        name = bytes([next(self.numbered)]) * 16
        now_s = self.rig.lock.time.clock.now_s(self.rig.now)
        usual = {"seconds": 8, "relock_s": 9, "ajar_s": 30, "challenge": CHALLENGE}
        return Command(name, int(kind), now_s, now_s + life_s, **{**usual, **arguments})

    def nonce(self, command: Command) -> Command:
        """The command with a nonce that the lock gives now."""
        self.deliver(self.seal(NonceAsked(command.id)))
        given = self.said[-1]
        assert isinstance(given, CommandNonce)
        assert given.id == command.id
        return replace(command, nonce=given.nonce)

    def order(self, kind: CommandKind, **arguments: Any) -> Command:
        """Ask for a nonce and command."""
        command = self.nonce(self.command(kind, **arguments))
        self.deliver(self.seal(command))
        return command

    def pass_time(self, seconds: float) -> None:
        until = self.rig.now + seconds
        while self.rig.lock.deadline() < until:
            self.rig.now = max(self.rig.now, self.rig.lock.deadline())
            self.rig.lock.expire(self.rig.now)
            self.hear()
        self.rig.now = until
        self.rig.lock.expire(self.rig.now)
        self.hear()

    def reboot(self) -> None:
        """The power goes away and comes back; the clock chip ran on."""
        chip_ms = self.rig.lock.time.clock.now_ms(self.rig.now) + 1000
        door = self.rig.lock.doorway.door
        self.rig.boot(chip_ms, door)
        self.rig.lock.connecting()
        self.rig.lock.connected(self.rig.now)
        self.rig.linked = True
        self.hear()

    def results(self, command: Command) -> list[tuple[CommandState, CommandFailure, bool]]:
        return [
            (CommandState(one.state), CommandFailure(one.failure), one.repeated)
            for one in self.said
            if isinstance(one, CommandResult) and one.id == command.id
        ]

    def events_of(self, command: Command) -> list[tuple[int, int | None]]:
        """How the log says that it ended, with the reason."""
        return [
            (event.fields[Field.COMMAND_STATE], event.get(Field.CODE))
            for event in self.rig.events_of(EventType.COMMAND_DONE)
            if event.fields[Field.COMMAND] == command.id
        ]

    @property
    def openings(self) -> int:
        remote = [one for one in self.rig.events if one.get(Field.SOURCE) == OperationSource.REMOTE]
        return len(remote)

    @property
    def bolt(self) -> str:
        return self.rig.lock.doorway.door.bolt.value
