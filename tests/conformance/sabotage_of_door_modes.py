"""Broken locks: one-time entries, duress, privacy, the key, power from outside, overrides, the plate."""

from typing import Any

import device_sim.lock
from device_sim import doorway, modes
from device_sim.door import Door, DoorStep
from device_sim.doorway import Doorway
from device_sim.held_list import HeldList
from device_sim.modes import Modes
from firmware_protocol import decisions, sending
from firmware_protocol.lockout import Lockout
from firmware_protocol.schedules import WeeklySchedule
from firmware_protocol.vocabulary import AlarmCode, OverrideKind
from tests.conformance.memory_line import MemoryWire
from tests.conformance.sabotage import Patch, around, breaks, nothing


@breaks("DOR-011")
def opens_as_often_as_it_is_asked(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(HeldList, "spend", nothing)


@breaks("DOR-012")
def forgets_who_opened_before(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(doorway, "DURESS_AFTER_S", 0.0)


@breaks("DOR-013")
def forgets_wrong_tries(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(device_sim.lock, "remembered", lambda *_: Lockout())


@breaks("DOR-014", "DOR-010", "DOR-011", "DOR-015", "DOR-016", "DOR-021")
def stays_private_when_somebody_left(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Modes, "somebody_left", nothing)


@breaks("DOR-017")
def raises_no_alarm_for_its_key(patch: Patch, wire: MemoryWire) -> None:
    def alarm(real: Any, self: Doorway, code: AlarmCode, *more: Any) -> None:
        if code is not AlarmCode.MECHANICAL_KEY_USED:
            real(self, code, *more)

    around(patch, Doorway, "_alarm", alarm)


@breaks("DOR-018")
def says_nothing_of_its_power(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Doorway, "_power", lambda _: {})


@breaks("DOR-019")
def records_no_end_of_a_fire(patch: Patch, wire: MemoryWire) -> None:
    def override(real: Any, self: Doorway, kind: OverrideKind, now: float, *, lasts: bool = True) -> Any:
        if lasts:
            return real(self, kind, now, lasts=lasts)
        self.on_fire = False
        return doorway.Answer(False)

    around(patch, Doorway, "override", override)


@breaks("DOR-020", "SES-024", "SES-029", "SES-030")
def notices_no_plate(patch: Patch, wire: MemoryWire) -> None:
    def lift(self: Door) -> DoorStep:
        return DoorStep(self)

    patch.setattr(Door, "lift_plate", lift)


@breaks("DOR-021")
def sends_a_call_for_help_by_itself(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(sending, "together", lambda live: [(event,) for event in live])


@breaks("DOR-005")
def uses_up_what_it_need_not(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(decisions, "_taken_first", lambda entry: entry.credential_id)


@breaks("DOR-010")
def knows_no_weekdays(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(WeeklySchedule, "holds", lambda *_: True)


@breaks("DOR-015")
def knows_no_passage(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(modes, "stands_open", lambda *_: False)


@breaks("DOR-016", "DOR-015")
def changes_its_mode_in_silence(patch: Patch, wire: MemoryWire) -> None:
    def settle(_: Any, self: Modes, cause: Any, now: float) -> None:
        self.mode = self._mode(now)

    around(patch, Modes, "_settle", settle)


@breaks("DOR-022")
def does_not_see_its_leaf(patch: Patch, wire: MemoryWire) -> None:
    def opened(real: Any, self: Door, now: float) -> DoorStep:
        return DoorStep(real(self, now).door)

    around(patch, Door, "open_leaf", opened)
