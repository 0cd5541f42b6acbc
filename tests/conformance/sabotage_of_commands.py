"""Broken locks: commands."""

from dataclasses import replace
from typing import Any

from device_sim import obedience
from device_sim.command_memory import CommandMemory, Kept
from device_sim.held_list import HeldList
from device_sim.obedience import Obedience
from device_sim.recording import Recorder
from firmware_protocol.access_list import AccessList
from firmware_protocol.commands import NEEDS_NONCE, CommandFailure, CommandNonce, CommandState, NonceAsked
from firmware_protocol.commands_judged import CommandBook, Decline, Nonces, settled
from firmware_protocol.vocabulary import EventType, Field
from tests.conformance.memory_line import MemoryWire
from tests.conformance.sabotage import Patch, around, breaks, nothing


@breaks("CMD-004", "CMD-012", "CMD-025")
def names_one_reason_for_all(patch: Patch, wire: MemoryWire) -> None:
    def judge(real: Any, *args: Any, **more: Any) -> Any:
        verdict = real(*args, **more)
        is_unknown = isinstance(verdict, Decline) and verdict.failure is CommandFailure.UNSUPPORTED
        return Decline(verdict.state, CommandFailure.BUSY) if is_unknown else verdict

    around(patch, obedience, "judge", judge)


@breaks("CMD-005")
def gives_one_nonce_to_all(patch: Patch, wire: MemoryWire) -> None:
    def hear(real: Any, self: Obedience, message: Any, now: float) -> None:
        if not isinstance(message, NonceAsked) or self._memory.book.find(message.id):
            real(self, message, now)
            return
        self._nonces = self._nonces.with_one(message.id, b"always the same.", now)
        self._body.say(CommandNonce(message.id, b"always the same."))

    around(patch, Obedience, "hear", hear)


@breaks("CMD-006", "CMD-005")
def takes_any_nonce(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Nonces, "problem", nothing)


@breaks("CMD-007", "CMD-025")
def does_what_is_long_over(patch: Patch, wire: MemoryWire) -> None:
    def moment(real: Any, self: Obedience, now: float) -> Any:
        known = real(self, now)
        return replace(known, now_s=known.now_s - 5000) if known.now_s is not None else known

    around(patch, Obedience, "_moment", moment)


@breaks("CMD-008")
def obeys_without_a_clock(patch: Patch, wire: MemoryWire) -> None:
    def moment(real: Any, self: Obedience, now: float) -> Any:
        known = real(self, now)
        return replace(known, now_s=1) if known.now_s is None else known

    around(patch, Obedience, "_moment", moment)


@breaks("CMD-009", "CMD-014", "CMD-020", "CMD-021", "CMD-022", "ENR-010")
def forgets_commands_at_every_boot(patch: Patch, wire: MemoryWire) -> None:
    def begin(real: Any, self: CommandMemory, flash: Any) -> None:
        real(self, flash)
        self.kept = Kept()

    around(patch, CommandMemory, "__init__", begin)


@breaks("CMD-010", "CMD-005", "CMD-009", "CMD-022")
def does_everything_again(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(CommandBook, "find", nothing)


@breaks("CMD-011", "CMD-020", "ENR-004")
def says_only_how_it_ended(patch: Patch, wire: MemoryWire) -> None:
    def say(real: Any, self: Obedience, one: Any, **more: Any) -> None:
        if one.state is not CommandState.ACCEPTED:
            real(self, one, **more)

    around(patch, Obedience, "_say", say)


@breaks("CMD-012", "CMD-010", "CMD-014", "CMD-020", "CMD-022", "ENR-010", "ENR-011")
def records_no_command(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Obedience, "_record_end", nothing)


@breaks("CMD-014")
def takes_its_reboot_for_a_failure(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(
        obedience, "after_power_cut", lambda one: settled(one, CommandState.FAILED, CommandFailure.INTERRUPTED)
    )


@breaks("CMD-016")
def opens_on_nobodys_account(patch: Patch, wire: MemoryWire) -> None:
    def record(real: Any, self: Recorder, kind: Any, fields: Any, now: float) -> Any:
        told = {key: value for key, value in fields.items() if key != Field.COMMAND}
        return real(self, kind, told if kind == EventType.LOCK_OPERATED else fields, now)

    around(patch, Recorder, "record", record)


@breaks("CMD-019")
def erases_the_whole_list_with_the_faces(patch: Patch, wire: MemoryWire) -> None:
    def erase(_: Any, self: HeldList) -> None:
        self._flash.switch_list(AccessList(self.version, {}))
        self._hold(self._flash.access_list)

    around(patch, HeldList, "erase_faces", erase)


@breaks("CMD-025")
def looks_at_the_nonce_first(patch: Patch, wire: MemoryWire) -> None:
    def judge(real: Any, command: Any, book: Any, nonces: Nonces, moment: Any, **more: Any) -> Any:
        problem = nonces.problem(command, moment.uptime) if command.kind in NEEDS_NONCE else None
        return problem if problem and book.find(command.id) is None else real(command, book, nonces, moment, **more)

    around(patch, obedience, "judge", judge)


@breaks("CMD-026")
def opens_to_whom_nobody_wants(patch: Patch, wire: MemoryWire) -> None:
    def obey(real: Any, self: Obedience, *more: Any) -> None:
        self._body.doorway.modes._private_until = None
        real(self, *more)

    around(patch, Obedience, "_open", obey)
