"""Taking a face at the door, as the service has asked for it: first a card or PIN of that person, then three looks of one face.

All of it is in RAM: no picture is kept, and the template is said to the service until that has it. A power cut ends it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from device_sim.faces import Sight
from device_sim.held_list import HeldList
from face_engine.comparison import Match, compare_one_to_one
from face_engine.engine import FaceEngine
from face_engine.enrolment import MIN_FRAMES, Enrolled, enrol_faces
from face_engine.finding import FoundFace
from face_engine.quality import FaceProblem
from face_engine.template import pack_template
from firmware_protocol import enrolment
from firmware_protocol.access_list import ListEntry
from firmware_protocol.commands import Command, CommandFailure, CommandState
from firmware_protocol.commands_judged import Obeyed
from firmware_protocol.enrolment import FACE_WITHIN_S, SAID_AGAIN_S, EnrolledHeard, EnrolmentVerdict, PortraitVerdict
from firmware_protocol.vocabulary import Liveness

FAILED = CommandState.FAILED
_UNUSABLE = {FaceProblem.SEVERAL_FACES: CommandFailure.SEVERAL_FACES}


class Stage(Enum):
    """What the lock waits for, and says so."""

    CARD = "card"
    FACE = "face"
    MORE = "more"
    AGAIN = "again"
    ALONE = "alone"
    SAME_PERSON = "same_person"
    SAYING = "saying"
    NOT_THE_CARD = "not_the_card"


@dataclass(frozen=True, slots=True)
class Window:
    """A command's window; times are uptime. `shown`: the entry that was presented, and until when its face may come."""

    one: Obeyed
    until: float
    entries: frozenset[int]
    shown: ListEntry | None = None
    face_until: float = float("-inf")
    portrait: FoundFace | None = None
    faces: tuple[FoundFace, ...] = ()
    stage: Stage = Stage.CARD
    failure: CommandFailure = CommandFailure.NOBODY_CAME
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Saying:
    """A template on its way to the service, and when it is said again."""

    one: Obeyed
    message: enrolment.Enrolled
    again_at: float
    wait_s: float


class Enrolling:
    """The enrolment of one boot, where one is asked for. `end` says how the command has ended."""

    def __init__(
        self,
        held: HeldList,
        engine: FaceEngine | None,
        *,
        say: Callable[[enrolment.Enrolled], None],
        end: Callable[[Obeyed, CommandState, float, CommandFailure], None],
    ) -> None:
        self._held = held
        self._engine = engine
        self._say = say
        self._end = end
        self.window: Window | None = None
        self.saying: Saying | None = None

    def problem(self, command: Command) -> CommandFailure | None:
        """Why no window can be opened now, or None."""
        if self._engine is None or (command.engine, command.model) != (self._engine.engine_id, self._engine.model_hash):
            return CommandFailure.ENGINE_DIFFERS
        if not set(command.entries) & {one.credential_id for one in self._held.holding.entries}:
            return CommandFailure.BAD_ARGUMENTS
        return CommandFailure.BUSY if self.window or self.saying else None

    def open(self, one: Obeyed, command: Command, now: float) -> None:
        """The window is open."""
        self.window = Window(one, now + command.seconds, frozenset(command.entries))

    def admitted(self, entry: ListEntry, portrait: FoundFace | None, now: float) -> Stage | None:
        """Somebody was let in by card or PIN. What the lock says about it: None where it is nothing to the window."""
        window = self.window
        if window is None:
            return None
        if entry.credential_id not in window.entries:
            self.window = replace(window, failure=_first(window, CommandFailure.ANOTHER_PERSON))
            return None
        self.window = replace(
            window,
            shown=entry,
            face_until=now + FACE_WITHIN_S,
            portrait=portrait,
            faces=(),
            stage=Stage.FACE,
            forced=window.forced or entry.duress,
        )
        return Stage.FACE

    def take(self, sight: Sight, now: float) -> Stage | None:
        """Somebody stands before the camera. None where that is for the door to decide, as always."""
        window = self.window
        if window is None or self._engine is None or window.shown is None or now >= window.face_until:
            return None
        if isinstance(sight.face, FaceProblem):
            failure = _UNUSABLE.get(sight.face, CommandFailure.FACE_UNUSABLE)
            alone = failure is CommandFailure.SEVERAL_FACES
            return self._again(window, Stage.ALONE if alone else Stage.AGAIN, failure)
        if sight.liveness is not Liveness.PASSED:
            self.window = replace(window, failure=CommandFailure.NOT_LIVE)
            return None
        known = self._held.holding.faces.recognise(sight).entries
        if known and not {one.credential_id for one in known} & window.entries:
            return None
        window = replace(window, faces=(*window.faces, sight.face), stage=Stage.MORE)
        self.window = window
        return Stage.MORE if len(window.faces) < MIN_FRAMES else self._made(self._engine, window, now)

    def heard(self, answer: EnrolledHeard, now: float) -> None:
        """The service has the template, or does not want it any more."""
        saying = self.saying
        if saying is None or saying.one.id != answer.id:
            return
        self.saying = None
        if answer.verdict == EnrolmentVerdict.KEPT:
            self._end(saying.one, CommandState.DONE, now, CommandFailure.NONE)
        else:
            self._end(saying.one, FAILED, now, CommandFailure.INTERRUPTED)

    def welcomed(self, now: float) -> None:
        """What was on its way when the link broke is said again."""
        if self.saying is not None:
            self._say_it(self.saying.one, self.saying.message, now, SAID_AGAIN_S[0])

    def forget(self, now: float) -> None:
        """Faces are erased: also the one that is being taken."""
        begun = self.window or self.saying
        self.window = self.saying = None
        if begun is not None:
            self._end(begun.one, FAILED, now, CommandFailure.INTERRUPTED)

    def deadline(self) -> float | None:
        """When `expire` has something to do, or None."""
        if self.window is not None:
            return self.window.until
        return self.saying.again_at if self.saying is not None else None

    def expire(self, now: float, now_s: int | None) -> None:
        """End a window whose time is over; say a template again, or give it up with its command. `now_s`: Unix seconds."""
        if self.window is not None and now >= self.window.until:
            self._fail(self.window, self.window.failure, now)
        saying = self.saying
        if saying is None:
            return
        if now_s is not None and now_s >= saying.one.expires_at:
            self.saying = None
            self._end(saying.one, CommandState.EXPIRED, now, CommandFailure.NONE)
        elif now >= saying.again_at:
            self._say_it(saying.one, saying.message, now, min(saying.wait_s * 2, SAID_AGAIN_S[1]))

    def _made(self, engine: FaceEngine, window: Window, now: float) -> Stage:
        made = enrol_faces(engine, window.faces)
        if not isinstance(made, Enrolled):
            odd = {fault.frame for fault in made.faults}
            left = tuple(face for at, face in enumerate(window.faces) if at not in odd)
            return self._again(replace(window, faces=left), Stage.SAME_PERSON, CommandFailure.ANOTHER_PERSON)
        if not self._is_that_person(engine, window, made):
            self._fail(window, CommandFailure.ANOTHER_PERSON, now)
            return Stage.NOT_THE_CARD
        if window.forced:
            # Whoever stands there shall see no difference.
            self._fail(window, CommandFailure.ANOTHER_PERSON, now)
            return Stage.SAYING
        self.window = None
        self._say_it(window.one, _message(engine, window, made), now, SAID_AGAIN_S[0])
        return Stage.SAYING

    def _is_that_person(self, engine: FaceEngine, window: Window, made: Enrolled) -> bool:
        """Still on the list, and like the portrait where the card gave one."""
        here = {one.credential_id for one in self._held.holding.entries}
        if window.shown is None or window.shown.credential_id not in here:
            return False
        if window.portrait is None:
            return True
        return compare_one_to_one(engine, made.embedding, window.portrait.embedding).match is Match.MATCH

    def _again(self, window: Window, stage: Stage, failure: CommandFailure) -> Stage:
        self.window = replace(window, stage=stage, failure=failure)
        return stage

    def _fail(self, window: Window, failure: CommandFailure, now: float) -> None:
        self.window = None
        self._end(window.one, FAILED, now, failure)

    def _say_it(self, one: Obeyed, message: enrolment.Enrolled, now: float, wait_s: float) -> None:
        self.saying = Saying(one, message, now + wait_s, wait_s)
        self._say(message)


def _first(window: Window, failure: CommandFailure) -> CommandFailure:
    """What was noticed before tells more than that somebody else came home."""
    return failure if window.failure is CommandFailure.NOBODY_CAME else window.failure


def _message(engine: FaceEngine, window: Window, made: Enrolled) -> enrolment.Enrolled:
    return enrolment.Enrolled(
        window.one.id,
        engine.engine_id,
        engine.model_hash,
        pack_template(engine, made.embedding),
        window.shown.credential_id if window.shown else 0,
        Liveness.PASSED,
        PortraitVerdict.NOT_COMPARED if window.portrait is None else PortraitVerdict.MATCHED,
    )
