"""Broken locks: a face taken at the door."""

from dataclasses import replace
from typing import Any

from anmen.conformance.lists import OTHER_CARD
from device_sim import enrolling
from device_sim.doorway import Answer, Doorway
from device_sim.enrolling import Enrolling, Window
from device_sim.recording import Recorder
from firmware_protocol.commands import CommandKind
from firmware_protocol.commands_judged import Obeyed
from firmware_protocol.enrolment import EnrolmentVerdict
from firmware_protocol.vocabulary import EventType, Field
from tests.conformance.memory_line import MemoryWire
from tests.conformance.sabotage import Patch, around, breaks, nothing


@breaks("ENR-003")
def takes_any_engine_and_anybodys_entries(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Enrolling, "problem", nothing)


@breaks("ENR-004", "ENR-006")
def ends_its_window_too_late(patch: Patch, wire: MemoryWire) -> None:
    def begin(real: Any, self: Enrolling, one: Obeyed, command: Any, now: float) -> None:
        real(self, one, replace(command, seconds=command.seconds + 60), now)

    around(patch, Enrolling, "open", begin)


@breaks("ENR-005", "ENR-006")
def takes_whoever_stands_there(patch: Patch, wire: MemoryWire) -> None:
    def take(real: Any, self: Enrolling, sight: Any, now: float) -> Any:
        window = self.window
        if window is not None and not window.forced:
            somebody = window.shown or self._held.holding.entries[0]
            self.window = replace(window, shown=somebody, face_until=now + 60.0)
        return real(self, sight, now)

    around(patch, Enrolling, "take", take)


@breaks("ENR-006")
def opens_for_nobody_else_meanwhile(patch: Patch, wire: MemoryWire) -> None:
    def show_card(real: Any, self: Doorway, number: str, now: float, **more: Any) -> Any:
        waits = self.enrolling is not None and self.enrolling.window is not None
        return Answer(False) if waits and number == OTHER_CARD else real(self, number, now, **more)

    around(patch, Doorway, "show_card", show_card)


@breaks("ENR-007")
def is_content_with_one_look(patch: Patch, wire: MemoryWire) -> None:
    def take(real: Any, self: Enrolling, sight: Any, now: float) -> Any:
        stage = real(self, sight, now)
        while self.window is not None and self.window.faces:
            stage = real(self, sight, now)
        return stage

    around(patch, Enrolling, "take", take)


@breaks("ENR-009")
def enrols_whoever_forces_the_tenant(patch: Patch, wire: MemoryWire) -> None:
    def made(real: Any, self: Enrolling, engine: Any, window: Window, now: float) -> Any:
        return real(self, engine, replace(window, forced=False), now)

    around(patch, Enrolling, "_made", made)


_KEPT: list[Any] = []


@breaks("ENR-010")
def keeps_the_template_over_a_power_cut(patch: Patch, wire: MemoryWire) -> None:
    _KEPT.clear()

    def say_it(real: Any, self: Enrolling, *more: Any) -> None:
        real(self, *more)
        _KEPT[:] = [self.saying]

    def begin(real: Any, self: Enrolling, *args: Any, **more: Any) -> None:
        real(self, *args, **more)
        self.saying = replace(_KEPT[0], again_at=5.0) if _KEPT else None

    def heard(real: Any, self: Enrolling, *more: Any) -> None:
        real(self, *more)
        _KEPT.clear()

    around(patch, Enrolling, "_say_it", say_it)
    around(patch, Enrolling, "__init__", begin)
    around(patch, Enrolling, "heard", heard)


@breaks("ENR-011")
def tells_how_many_looks_it_took(patch: Patch, wire: MemoryWire) -> None:
    def record(real: Any, self: Recorder, kind: Any, fields: Any, now: float) -> Any:
        ours = kind == EventType.COMMAND_DONE and fields[Field.COMMAND_KIND] == CommandKind.START_ENROLMENT
        return real(self, kind, {**fields, Field.SCORE_BAND: 3} if ours else fields, now)

    around(patch, Recorder, "record", record)


@breaks("ENR-012")
def says_its_template_once(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(enrolling, "SAID_AGAIN_S", (100_000.0, 100_000.0))


@breaks("ENR-013")
def says_done_and_goes_on_saying_it(patch: Patch, wire: MemoryWire) -> None:
    def heard(real: Any, self: Enrolling, answer: Any, now: float) -> None:
        saying = self.saying
        real(self, answer, now)
        if answer.verdict == EnrolmentVerdict.KEPT:
            self.saying = saying

    around(patch, Enrolling, "heard", heard)
