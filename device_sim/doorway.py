"""The lock as a person at the door meets it: reader, keypad and camera outside, the handle inside.

An event is in flash before the bolt moves on its account. The inside handle is the other way round: the bolt is back
before anything is asked or recorded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from device_sim import presentation
from device_sim.door import AlarmDue, Door, DoorStep
from device_sim.faces import Sight
from device_sim.held_list import HeldList
from device_sim.presentation import Presentation
from device_sim.recording import Recorder
from device_sim.timekeeping import Timekeeper
from firmware_protocol.access_list import ListEntry
from firmware_protocol.decisions import Admitted, Refused
from firmware_protocol.lockout import Lockout
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import (
    AlarmCode,
    EventType,
    Field,
    Operation,
    OperationSource,
    PassDirection,
    RefusalReason,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the lock did. `event` is the one it recorded of it; None where the refusal was only counted."""

    opened: bool
    reason: RefusalReason | None = None
    event: Event | None = None


class Doorway:
    """Door, decision and record of one boot; `now` is uptime in seconds."""

    def __init__(self, door: Door, *, held: HeldList, time: Timekeeper, recorder: Recorder) -> None:
        self.door = door
        self._held = held
        self._time = time
        self._recorder = recorder
        self._lockout = Lockout()

    def locked_out_s(self, now: float) -> float:
        """How much longer tries are refused after wrong ones."""
        return max(0.0, self._lockout.until - now)

    def show_card(self, document_number: str, now: float) -> Answer:
        """An ID card is held to the reader."""
        return self._present(
            OperationSource.RFID,
            lambda: presentation.card(self._held.holding, document_number, self._time.moment(now)),
            now,
        )

    def enter_pin(self, digits: str, now: float) -> Answer:
        """A PIN is typed."""
        return self._present(
            OperationSource.KEYPAD, lambda: presentation.pin(self._held.holding, digits, self._time.moment(now)), now
        )

    def show_face(self, sight: Sight, now: float) -> Answer:
        """Somebody stands before the camera."""
        return self._present(
            OperationSource.BIOMETRIC, lambda: presentation.face(self._held.holding, sight, self._time.moment(now)), now
        )

    def turn_handle(self, now: float) -> Answer:
        """The inside handle is pressed: the door is free before anything is recorded."""
        self._moved(self.door.turn_handle(now), now)
        fields = {
            Field.OPERATION: Operation.UNLOCK,
            Field.SOURCE: OperationSource.MANUAL,
            Field.LIST_VERSION: self._held.version,
            Field.DIRECTION: PassDirection.OUT,
        }
        return Answer(True, None, self._recorder.record(EventType.LOCK_OPERATED, fields, now))

    def move(self, step: Callable[[Door], DoorStep], now: float) -> None:
        """Something else happens to the door: somebody pulls it, shuts it, breaks it; a battery weakens."""
        self._moved(step(self.door), now)

    def deadline(self) -> float | None:
        """When `expire` has something to do, or None."""
        return self.door.deadline()

    def expire(self, now: float) -> None:
        """Do what is due at the door."""
        self._moved(self.door.expire(now), now)

    def _present(self, source: OperationSource, judge: Callable[[], Presentation], now: float) -> Answer:
        shut = self._shut_to_all(now)
        presented = judge() if shut is None else Presentation(source, Refused(shut))
        match presented.decision:
            case Admitted(entry):
                return self._admit(presented, entry, now)
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
        self._moved(self.door.unlock(now), now)
        if entry.duress:
            self._alarm(AlarmCode.FORCED_USER, {Field.CREDENTIAL_ID: entry.credential_id}, now)
        return Answer(True, None, event)

    def _refuse(self, presented: Presentation, reason: RefusalReason, entry: ListEntry | None, now: float) -> Answer:
        named = {Field.CREDENTIAL_ID: entry.credential_id} if entry else {}
        fields = {Field.CODE: reason, **named, **self._circumstances(presented)}
        event = self._recorder.record_repeatable(EventType.ACCESS_REFUSED, fields, now)
        if presented.is_wrong_try:
            self._lockout = self._lockout.after_wrong(now)
            if self._lockout.holds(now):
                alarm = {Field.CODE: AlarmCode.WRONG_CODE_ENTRY_LIMIT, Field.SOURCE: presented.source}
                self._recorder.record_repeatable(EventType.ALARM_RAISED, alarm, now)
        return Answer(False, reason, event)

    def _circumstances(self, presented: Presentation) -> dict[Field, Any]:
        optional = {Field.SCORE_BAND: presented.score_band, Field.LIVENESS: presented.liveness}
        seen = {key: value for key, value in optional.items() if value is not None}
        return {Field.SOURCE: presented.source, Field.LIST_VERSION: self._held.version, **seen}

    def _moved(self, step: DoorStep, now: float) -> None:
        self.door = step.door
        for happened in step.happened:
            if isinstance(happened, AlarmDue):
                self._alarm(happened.code, {}, now)
            else:
                self._recorder.record(EventType.DOOR_MOVED, {Field.CODE: happened.state}, now)

    def _alarm(self, code: AlarmCode, fields: Mapping[Field, Any], now: float) -> None:
        self._recorder.record(EventType.ALARM_RAISED, {Field.CODE: code, **fields}, now)
