"""What the lock does about commands: once, fresh, and never against the person behind the door.

The id is in flash before anything happens on its account, and the event of its end before the id is marked as ended: a
power cut in between tells of one command twice rather than never, and the first word counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

from device_sim.command_memory import CommandMemory, Parameters
from device_sim.door import Bolt
from device_sim.doorway import Doorway
from device_sim.enrolling import Enrolling
from device_sim.flash.chip import Flash
from device_sim.held_list import HeldList
from device_sim.read_back import held_back
from device_sim.recording import Recorder
from device_sim.timekeeping import Timekeeper
from face_engine.engine import FaceEngine
from firmware_protocol.commands import (
    NONCE_BYTES,
    Command,
    CommandFailure,
    CommandKind,
    CommandNonce,
    CommandResult,
    CommandState,
    NonceAsked,
    capability,
)
from firmware_protocol.commands_judged import (
    CommandMoment,
    Decline,
    Nonces,
    Obey,
    Obeyed,
    Repeat,
    after_power_cut,
    begin,
    judge,
    settled,
)
from firmware_protocol.enrolment import EnrolledHeard
from firmware_protocol.messages import UpMessage
from firmware_protocol.vocabulary import AlarmCode, ClockQuality, EventType, Field, Operation, OperationSource

BLIND = frozenset(CommandKind) - {CommandKind.START_ENROLMENT}
# Field COMMAND_KIND has room for less than a command's own kind.
_MOST_KIND = 32_767


@dataclass(frozen=True, slots=True)
class Body:
    """The parts of a lock that commands reach."""

    flash: Flash
    held: HeldList
    time: Timekeeper
    doorway: Doorway
    recorder: Recorder
    draw: Callable[[int], bytes]
    say: Callable[[UpMessage], None]
    engine: FaceEngine | None = None


class Obedience:
    """Commands of one boot; `memory` is what the boots before it have left."""

    def __init__(self, memory: CommandMemory, body: Body) -> None:
        self._memory = memory
        self._body = body
        self._nonces = Nonces()
        self._openings: tuple[Obeyed, ...] = ()
        self._wiping: Obeyed | None = None
        self._able = BLIND if body.engine is None else frozenset(CommandKind)
        self.capability = {"commands": capability(self._able)}
        self.enrolling = Enrolling(body.held, body.engine, say=body.say, end=self._end)
        body.doorway.enrolling = self.enrolling
        self.shown_until = float("-inf")
        self.restart_due = False

    def begin_boot(self, wiped: tuple[Obeyed, bytes] | None, now: float) -> None:
        """Say what became of what the last boot had taken up and not ended; `wiped`: a wipe that this one has finished, and its proof."""
        if wiped is not None:
            self._body.recorder.record(EventType.ALARM_RAISED, {Field.CODE: AlarmCode.LOCK_FACTORY_RESET}, now)
            self._end(wiped[0], CommandState.DONE, now, content=wiped[1])
            self._memory.keep(wiping_epoch=0)
        for one in self._memory.book.unfinished():
            ended = after_power_cut(one)
            self._end(one, ended.state, now, ended.failure)

    def hear(self, message: Command | NonceAsked | EnrolledHeard, now: float) -> None:
        """The service asks for a nonce, commands, or has what a command has brought."""
        if isinstance(message, EnrolledHeard):
            self.enrolling.heard(message, now)
            return
        known = self._memory.book.find(message.id)
        if known is not None:
            self._say(known, repeated=True)
        elif isinstance(message, NonceAsked):
            nonce = self._body.draw(NONCE_BYTES)
            self._nonces = self._nonces.with_one(message.id, nonce, now)
            self._body.say(CommandNonce(message.id, nonce))
        else:
            self._judge(message, now)

    @property
    def is_wiping(self) -> bool:
        """Whether a factory wipe was ordered and not done yet."""
        return self._wiping is not None or self.restart_due

    def stored(self) -> None:
        """A receipt has come: a wipe may have waited for it."""
        if self._wiping is not None and self._body.flash.log.unstored == 0:
            running = settled(self._wiping, CommandState.RUNNING)
            self._memory.keep(book=self._memory.book.with_one(running), wiping_epoch=self._body.flash.log.epoch)
            self._say(running)
            self._wiping, self.restart_due = None, True

    def deadline(self) -> float | None:
        """When `expire` has something to do that the door does not ask for; or None."""
        return self.enrolling.deadline()

    def expire(self, now: float) -> None:
        """See whether the bolt has arrived, and whether a wipe has waited too long."""
        if self._body.doorway.door.bolt is not Bolt.UNLOCKING:
            self._arrived(now)
        now_s = self._moment(now).now_s
        self.enrolling.expire(now, now_s)
        if self._wiping is not None and now_s is not None and now_s >= self._wiping.expires_at:
            late, self._wiping = self._wiping, None
            self._end(late, CommandState.EXPIRED, now)

    def _arrived(self, now: float) -> None:
        """The bolt is where it was driven to, or sticks: for every command that drove it."""
        jammed = self._body.doorway.door.bolt is Bolt.JAMMED
        state = CommandState.FAILED if jammed else CommandState.DONE
        openings, self._openings = self._openings, ()
        for one in openings:
            self._end(one, state, now, CommandFailure.JAMMED if jammed else CommandFailure.NONE)

    def _judge(self, command: Command, now: float) -> None:
        self._memory.keep(book=self._memory.book.pruned(self._body.time.clock.floor_ms // 1000))
        verdict = judge(command, self._memory.book, self._nonces, self._moment(now), able=self._able)
        self._nonces = self._nonces.without(command.id)
        match verdict:
            case Obey(kind):
                self._memory.keep(book=self._memory.book.with_one(begin(command)))
                self._say(begin(command))
                self._begin(kind, command, now)
            case Decline(state, failure):
                declined = begin(command)._replace(state=state, failure=failure, content=b"")
                self._record_end(declined, now)
                self._say(declined)
            case Repeat(obeyed):
                self._say(obeyed, repeated=True)

    def _begin(self, kind: CommandKind, command: Command, now: float) -> None:
        one = begin(command)
        match kind:
            case CommandKind.UNLOCK_DOOR:
                self._open(one, command.seconds, now)
            case CommandKind.FACTORY_WIPE if self.is_wiping:
                self._end(one, CommandState.FAILED, now, CommandFailure.BUSY)
            case CommandKind.FACTORY_WIPE:
                self._wiping = one
                self.stored()
            case CommandKind.START_ENROLMENT:
                self._open_window(one, command, now)
            case CommandKind.REBOOT:
                self._say(settled(one, CommandState.RUNNING))
                self.restart_due = True
            case _:
                self._do_at_once(kind, command, now)
                self._end(one, CommandState.DONE, now)

    def _do_at_once(self, kind: CommandKind, command: Command, now: float) -> None:
        match kind:
            case CommandKind.IDENTIFY:
                self.shown_until = now + command.seconds
            case CommandKind.READ_BACK:
                self._body.say(held_back(self._body, command.id, self._memory.kept.parameters, now))
            case CommandKind.SET_PARAMETERS:
                parameters = Parameters(command.relock_s, command.ajar_s)
                self._memory.keep(parameters=parameters)
                self._body.doorway.door = parameters.on(self._body.doorway.door)
            case CommandKind.ERASE_BIOMETRIC:
                self._body.held.erase_faces()
                self.enrolling.forget(now)

    def _open_window(self, one: Obeyed, command: Command, now: float) -> None:
        problem = self.enrolling.problem(command)
        if problem is not None:
            self._end(one, CommandState.FAILED, now, problem)
            return
        self.enrolling.open(one, command, now)
        self._say(settled(one, CommandState.RUNNING))

    def _open(self, one: Obeyed, seconds: int, now: float) -> None:
        doorway = self._body.doorway
        if not doorway.door.can_drive or doorway.modes.private:
            weak = not doorway.door.can_drive
            problem = CommandFailure.INSUFFICIENT_BATTERY if weak else CommandFailure.PRIVACY_MODE
            self._end(one, CommandState.FAILED, now, problem)
            return
        fields = {
            Field.OPERATION: Operation.UNLOCK,
            Field.SOURCE: OperationSource.REMOTE,
            Field.LIST_VERSION: self._body.held.version,
            Field.COMMAND: one.id,
        }
        self._body.recorder.record(EventType.LOCK_OPERATED, fields, now)
        doorway.move(lambda door: door.unlock_for(seconds, now), now)
        self._openings = (*self._openings, one)
        self.expire(now)

    def _end(
        self,
        one: Obeyed,
        state: CommandState,
        now: float,
        failure: CommandFailure = CommandFailure.NONE,
        *,
        content: bytes = b"",
    ) -> None:
        ended = settled(one, state, failure)._replace(content=content)
        self._record_end(ended, now)
        self._memory.keep(book=self._memory.book.with_one(ended))
        self._say(ended)

    def _record_end(self, one: Obeyed, now: float) -> None:
        fields = {
            Field.COMMAND: one.id,
            Field.COMMAND_KIND: min(one.kind, _MOST_KIND),
            Field.COMMAND_STATE: one.state,
            **({Field.CODE: one.failure} if one.failure else {}),
            **({Field.DIGEST: one.content} if one.content else {}),
        }
        self._body.recorder.record(EventType.COMMAND_DONE, fields, now)

    def _say(self, one: Obeyed, *, repeated: bool = False) -> None:
        content = one.content if one.state is CommandState.DONE else b""
        self._body.say(CommandResult(one.id, one.state, one.failure, repeated, content))

    def _moment(self, now: float) -> CommandMoment:
        clock = self._body.time.clock
        return CommandMoment(now, None if clock.quality is ClockQuality.UNSET else clock.now_s(now))
