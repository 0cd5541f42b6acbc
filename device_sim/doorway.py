"""The lock as a person at the door meets it: reader, keypad and camera outside, the handle inside.

An event is in flash before the bolt moves on its account. The inside handle is the other way round: the bolt is back
before anything is asked or recorded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from device_sim import presentation
from device_sim.door import AlarmDue, Bolt, Door, DoorStep
from device_sim.enrolling import Enrolling, Stage
from device_sim.faces import Sight
from device_sim.held_list import HeldList
from device_sim.modes import Modes
from device_sim.presentation import Presentation
from device_sim.recording import Recorder
from device_sim.timekeeping import Timekeeper
from face_engine.finding import FoundFace
from firmware_protocol.access_list import ListEntry
from firmware_protocol.decisions import Admitted, Refused
from firmware_protocol.lockout import Lockout
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import (
    AlarmCode,
    DoorState,
    EventType,
    Field,
    OperatingMode,
    Operation,
    OperationSource,
    OverrideKind,
    PassDirection,
    PowerSource,
    RefusalReason,
)

# A duress PIN typed this soon after a card or a face belongs to that opening.
DURESS_AFTER_S = 30.0
LETS_OUT = frozenset({DoorState.OPEN, DoorState.FORCED_OPEN})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the lock did. `event` is the one it recorded of it; None where the refusal was only counted.

    `stage`: what it waits for now, where a face is being taken.
    """

    opened: bool
    reason: RefusalReason | None = None
    event: Event | None = None
    stage: Stage | None = None
    unrecorded: bool = False
    """The inside handle of a lock without power: mechanics alone."""


class Doorway:
    """Door, decision and record of one boot; `now` is uptime in seconds."""

    def __init__(self, door: Door, *, held: HeldList, time: Timekeeper, recorder: Recorder, lockout: Lockout) -> None:
        self.door = door
        self.modes = Modes(held, time, recorder)
        self.on_fire = False
        self._held = held
        self._recorder = recorder
        self._lockout = lockout
        self._opened_before: tuple[int, float] | None = None
        self.enrolling: Enrolling | None = None

    def record_start(self, now: float) -> None:
        """The first words of a boot; and the alarm of a lock-out that a power cut has swallowed."""
        self._recorder.record_start(now, self._power())
        if not self._lockout.holds(now) and self._lockout.due(now).holds(now):
            self._lockout = self._lockout.due(now)
            self._alarm_of_lockout(OperationSource.UNSPECIFIED, now)

    def locked_out_s(self, now: float) -> float:
        """How much longer tries are refused after wrong ones."""
        return max(0.0, self._lockout.until - now)

    def show_card(self, document_number: str, now: float, *, portrait: FoundFace | None = None) -> Answer:
        """An ID card is held to the reader, which gives the face of its portrait where it can."""
        return self._present(
            OperationSource.RFID,
            lambda: presentation.card(self._held.holding, document_number, self.modes.moment(now)),
            now,
            portrait,
        )

    def enter_pin(self, digits: str, now: float) -> Answer:
        """A PIN is typed."""
        return self._present(
            OperationSource.KEYPAD, lambda: presentation.pin(self._held.holding, digits, self.modes.moment(now)), now
        )

    def show_face(self, sight: Sight, now: float) -> Answer:
        """Somebody stands before the camera, whom it may know, or whose face it is to take."""
        if self.enrolling is not None and self._shut_to_all(now) is None:
            stage = self.enrolling.take(sight, now)
            if stage is not None:
                return Answer(False, stage=stage)
        return self._present(
            OperationSource.BIOMETRIC, lambda: presentation.face(self._held.holding, sight, self.modes.moment(now)), now
        )

    def turn_handle(self, now: float) -> Answer:
        """The inside handle is pressed: the door is free before anything is recorded."""
        answer = self._turned(PassDirection.OUT, now)
        self.modes.somebody_left(now)
        return answer

    def turn_key(self, now: float) -> Answer:
        """The mechanical key is turned outside. Whose hand it was in nobody knows, and nobody is named."""
        answer = self._turned(PassDirection.IN, now)
        self._alarm(AlarmCode.MECHANICAL_KEY_USED, {}, now)
        return answer

    def override(self, kind: OverrideKind, now: float, *, lasts: bool = True) -> Answer:
        """The fire alarm (until it ends: `lasts` False) or a locksmith at the service contact; recorded before the bolt moves."""
        if kind is OverrideKind.FIRE:
            self.on_fire = lasts
        begins = kind is OverrideKind.LOCKSMITH or lasts
        fields = {Field.OVERRIDE: kind, Field.OPERATION: Operation.UNLOCK if begins else Operation.LOCK}
        event = self._recorder.record(EventType.OVERRIDE_USED, {**fields, **self._power()}, now)
        if kind is OverrideKind.LOCKSMITH:
            self._moved(self.door.unlock(now), now)
        self._keep_as_it_should_be(now)
        return Answer(begins, None, event)

    def press_button(self, now: float) -> None:
        """The privacy button inside."""
        self.modes.press_button(now)
        self._keep_as_it_should_be(now)

    def move(self, step: Callable[[Door], DoorStep], now: float) -> None:
        """Something else happens to the door: somebody pulls it, shuts it, breaks it; a battery weakens."""
        self._moved(step(self.door), now)

    def deadline(self) -> float | None:
        """When `expire` has something to do, or None."""
        return min((at for at in (self.door.deadline(), self.modes.deadline()) if at is not None), default=None)

    def expire(self, now: float) -> None:
        """Do what is due at the door."""
        self._moved(self.door.expire(now), now)
        self.modes.expire(now)
        self._keep_as_it_should_be(now)

    def _keep_as_it_should_be(self, now: float) -> None:
        """While a fire or a passage lasts the bolt is back; whatever drove it out, it comes back again."""
        held = self.on_fire or self.modes.mode is OperatingMode.PASSAGE
        if held != self.door.held_open or (held and self.door.bolt is Bolt.LOCKED and self.door.can_drive):
            self._moved(self.door.hold_open(now, held=held), now)

    def _turned(self, direction: PassDirection, now: float) -> Answer:
        self._moved(self.door.turn_handle(now), now)
        fields = {
            Field.OPERATION: Operation.UNLOCK,
            Field.SOURCE: OperationSource.MANUAL,
            Field.LIST_VERSION: self._held.version,
            Field.DIRECTION: direction,
        }
        return Answer(True, None, self._recorder.record(EventType.LOCK_OPERATED, fields, now))

    def _present(
        self,
        source: OperationSource,
        judge: Callable[[], Presentation],
        now: float,
        portrait: FoundFace | None = None,
    ) -> Answer:
        shut = self._shut_to_all(now)
        presented = judge() if shut is None else Presentation(source, Refused(shut))
        match presented.decision:
            case Admitted(entry):
                answer = self._admit(presented, entry, now)
                if self.enrolling is None or source is OperationSource.BIOMETRIC:
                    return answer
                return replace(answer, stage=self.enrolling.admitted(entry, portrait, now))
            case Refused(reason, entry):
                return self._refuse(presented, reason, entry, now)

    def _shut_to_all(self, now: float) -> RefusalReason | None:
        """Why nobody is let in at the moment, whoever it is."""
        if self._lockout.holds(now):
            return RefusalReason.LOCKED_OUT
        return None if self.door.can_drive else RefusalReason.INSUFFICIENT_BATTERY

    def _admit(self, presented: Presentation, entry: ListEntry, now: float) -> Answer:
        fields = {
            Field.OPERATION: Operation.UNLOCK,
            Field.CREDENTIAL_ID: entry.credential_id,
            Field.DIRECTION: PassDirection.IN,
            **self._circumstances(presented),
        }
        event = self._recorder.record(EventType.LOCK_OPERATED, fields, now)
        self._held.spend(entry)
        self._moved(self.door.unlock(now), now)
        if entry.duress:
            self._call_for_help(entry, now)
        elif presented.source is not OperationSource.KEYPAD:
            self._opened_before = entry.credential_id, now
        return Answer(True, None, event)

    def _call_for_help(self, entry: ListEntry, now: float) -> None:
        credential, at = self._opened_before or (0, float("-inf"))
        before = {Field.AFTER_CREDENTIAL: credential} if now - at < DURESS_AFTER_S else {}
        self._alarm(AlarmCode.FORCED_USER, {Field.CREDENTIAL_ID: entry.credential_id, **before}, now)

    def _refuse(self, presented: Presentation, reason: RefusalReason, entry: ListEntry | None, now: float) -> Answer:
        named = {Field.CREDENTIAL_ID: entry.credential_id} if entry else {}
        fields = {Field.CODE: reason, **named, **self._circumstances(presented)}
        event = self._recorder.record_repeatable(EventType.ACCESS_REFUSED, fields, now)
        if entry is not None and entry.duress and reason is RefusalReason.PRIVACY_MODE:
            self._call_for_help(entry, now)
        if presented.is_wrong_try:
            self._lockout = self._lockout.after_wrong(now)
            if self._lockout.holds(now):
                self._alarm_of_lockout(presented.source, now)
        return Answer(False, reason, event)

    def _alarm_of_lockout(self, source: OperationSource, now: float) -> None:
        fields = {Field.CODE: AlarmCode.WRONG_CODE_ENTRY_LIMIT, Field.SOURCE: source}
        self._recorder.record_repeatable(EventType.ALARM_RAISED, fields, now)

    def _circumstances(self, presented: Presentation) -> dict[Field, Any]:
        optional = {Field.SCORE_BAND: presented.score_band, Field.LIVENESS: presented.liveness}
        seen = {key: value for key, value in optional.items() if value is not None}
        return {Field.SOURCE: presented.source, Field.LIST_VERSION: self._held.version, **seen, **self._power()}

    def _power(self) -> dict[Field, PowerSource]:
        return {Field.POWER: PowerSource.EMERGENCY} if self.door.emergency_power else {}

    def _moved(self, step: DoorStep, now: float) -> None:
        self.door = step.door
        for happened in step.happened:
            if isinstance(happened, AlarmDue):
                self._alarm(happened.code, {}, now)
            else:
                self._recorder.record(EventType.DOOR_MOVED, {Field.CODE: happened.state}, now)
                if happened.state in LETS_OUT:
                    self.modes.somebody_left(now)

    def _alarm(self, code: AlarmCode, fields: Mapping[Field, Any], now: float) -> None:
        self._recorder.record(EventType.ALARM_RAISED, {Field.CODE: code, **fields}, now)
