"""Broken locks: the factory wipe."""

from typing import Any

import cbor2

from device_sim import obedience, wiping
from device_sim.command_memory import Parameters
from device_sim.flash.chip import Flash
from device_sim.obedience import Obedience
from device_sim.recording import Recorder
from firmware_protocol.commands import CommandState
from firmware_protocol.commands_judged import settled
from firmware_protocol.vocabulary import EventType
from tests.conformance.memory_line import GEOMETRY, MemoryWire, factory_certificate
from tests.conformance.sabotage import Patch, around, breaks


@breaks("CMD-020")
def wipes_what_nobody_has_stored(patch: Patch, wire: MemoryWire) -> None:
    def stored(real: Any, self: Obedience) -> None:
        if self._wiping is not None:
            running = settled(self._wiping, CommandState.RUNNING)
            self._memory.keep(book=self._memory.book.with_one(running), wiping_epoch=self._body.flash.log.epoch)
            self._say(running)
            self._wiping, self.restart_due = None, True

    around(patch, Obedience, "stored", stored)


@breaks("CMD-020", "ENR-010")
def wipes_at_its_next_boot(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(obedience, "after_power_cut", lambda one: settled(one, CommandState.DONE))


@breaks("CMD-021")
def keeps_its_list(patch: Patch, wire: MemoryWire) -> None:
    def wipe(real: Any, self: Flash) -> None:
        kept = self.access_list
        real(self)
        self.switch_list(kept)

    around(patch, Flash, "wipe", wipe)


@breaks("CMD-021")
def keeps_its_times(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(wiping, "Parameters", lambda: Parameters(11, 71))


@breaks("CMD-022", "EVT-002")
def raises_no_alarm_of_its_wipe(patch: Patch, wire: MemoryWire) -> None:
    def record(real: Any, self: Recorder, kind: Any, fields: Any, now: float) -> Any:
        is_wipe = kind == EventType.ALARM_RAISED and set(fields.values()) == {1}
        return None if is_wipe else real(self, kind, fields, now)

    around(patch, Recorder, "record", record)


@breaks("CMD-022")
def proves_another_wipe(patch: Patch, wire: MemoryWire) -> None:
    around(patch, wiping, "wipe_proof", lambda real, key, _, **epochs: real(key, bytes(16), **epochs))


@breaks("KEY-039")
def wipes_its_certificate(patch: Patch, wire: MemoryWire) -> None:
    """What it was given over the air goes with the wipe, and the factory's counts again."""
    wire.hardware.certificate, later = factory_certificate(100), factory_certificate(300)
    kept = Flash(wire.hardware.medium, GEOMETRY, draw=wire.hardware.draw)
    kept.slots("certificate").write(cbor2.dumps([later.chain, later.key, b"", b"", b"", 0, 0, 0]))

    def wipe(real: Any, self: Flash) -> None:
        real(self)
        self.slots("certificate").erase()

    around(patch, Flash, "wipe", wipe)
