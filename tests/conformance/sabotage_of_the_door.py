"""Broken locks: the access list, the clock, the door."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from device_sim import held_list, list_changes, presentation
from device_sim.acting import Acting
from device_sim.clock import DeviceClock
from device_sim.doorway import Answer, Doorway
from device_sim.held_list import HeldList, ListRefused
from device_sim.recording import Recorder
from device_sim.timekeeping import Timekeeper
from firmware_protocol import RemoteProtocolError, cbor_subset, decisions, lock_side, lockout
from firmware_protocol.access_list import AccessList, decode_entry
from firmware_protocol.lock_side import LockSide, StoredUpTo
from firmware_protocol.vocabulary import ClockQuality, EventType, Field, RefusalReason
from tests.conformance.memory_line import MemoryWire
from tests.conformance.sabotage import Patch, around, breaks, nothing


@breaks("LST-002")
def refuses_longer_entries(patch: Patch, wire: MemoryWire) -> None:
    def apply(real: Any, self: HeldList, change: Any) -> None:
        if any(len(cbor_subset.read(raw)) > 10 for raw in change.upserts):
            raise ListRefused("an entry is too long")
        real(self, change)

    around(patch, HeldList, "apply", apply)


@breaks("LST-007")
def forgets_ended_entries_altogether(patch: Patch, wire: MemoryWire) -> None:
    def erase(_: Any, self: HeldList, now_s: int) -> None:
        held = self._flash.access_list
        after = held.without_ended(now_s)
        if after is not held:
            self._flash.switch_list(AccessList(after.version, after.entries))
            self._hold(self._flash.access_list)

    around(patch, HeldList, "erase_ended", erase)


@breaks("LST-010")
def takes_parts_in_order_only(patch: Patch, wire: MemoryWire) -> None:
    def stage(real: Any, self: LockSide, part: Any) -> Any:
        return real(self, part) if part.part == len(self._staging.parts) else ()

    around(patch, LockSide, "_stage", stage)


@breaks("LST-012")
def looks_at_no_digest(patch: Patch, wire: MemoryWire) -> None:
    def apply(real: Any, self: HeldList, change: Any) -> None:
        if change.snapshot:
            with suppress(RemoteProtocolError):
                entries = {decode_entry(raw).credential_id: raw for raw in change.upserts}
                change = replace(change, digest=AccessList(0, entries).digest)
        real(self, change)

    around(patch, HeldList, "apply", apply)


@breaks("LST-013")
def goes_back_to_older_lists(patch: Patch, wire: MemoryWire) -> None:
    around(patch, AccessList, "_may_follow", lambda real, self, change: change.snapshot or real(self, change))


@breaks("LST-015", "LST-002", "LST-012", "LST-013", "LST-016", "CMD-019", "LST-022")
def tells_no_digest(patch: Patch, wire: MemoryWire) -> None:
    def record(real: Any, self: Recorder, kind: Any, fields: Any, now: float) -> Any:
        told = {key: value for key, value in fields.items() if key != Field.DIGEST}
        return real(self, kind, told if kind == EventType.ACCESS_LIST_APPLIED else fields, now)

    around(patch, Recorder, "record", record)


@breaks("LST-016")
def refuses_the_same_again_and_again(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(list_changes, "SAY_NO_EVERY_S", 0.0)


@breaks("LST-016", "LST-012", "LST-013", "LST-020", "LST-022")
def refuses_in_silence(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(LockSide, "refuse_list", nothing)


@breaks("LST-020")
def takes_lists_of_any_length(patch: Patch, wire: MemoryWire) -> None:
    def apply(real: Any, self: HeldList, change: Any) -> None:
        with patch.context() as meanwhile:
            meanwhile.setattr(held_list, "LIST_ENTRIES", 1_000_000)
            real(self, change)

    around(patch, HeldList, "apply", apply)


@breaks("TIM-002", "TIM-007", "TIM-008")
def believes_late_answers(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lock_side, "TIME_ROUND_TRIP_S", 1e9)


@breaks("TIM-002", "TIM-007", "TIM-008")
def believes_any_answer(patch: Patch, wire: MemoryWire) -> None:
    def believe(real: Any, self: LockSide, answer: Any, *more: Any) -> Any:
        asked = self._asked_time or (b"", 0.0)
        return real(self, replace(answer, nonce=asked[0]), *more)

    around(patch, LockSide, "_believe_time", believe)


@breaks("TIM-003", "TIM-002", "TIM-004", "TIM-006", "TIM-007", "TIM-008", "DOR-005", "DOR-007")
def asks_for_the_time_when_it_likes(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Timekeeper, "ask_soon", nothing)


@breaks("TIM-004")
def sets_its_clock_back(patch: Patch, wire: MemoryWire) -> None:
    def told(_: Any, self: DeviceClock, unix_ms: int, now: float) -> DeviceClock:
        return DeviceClock(ClockQuality.SYNCED, unix_ms - round(now * 1000), unix_ms, now)

    around(patch, DeviceClock, "told", told)


@breaks("TIM-006")
def tells_of_no_clock(patch: Patch, wire: MemoryWire) -> None:
    around(patch, Timekeeper, "told", lambda real, *args: bool(real(*args)) and False)


@breaks("TIM-007", "TIM-008")
def counts_receipts_as_contact(patch: Patch, wire: MemoryWire) -> None:
    def act(real: Any, self: Acting, one: Any, now: float) -> None:
        real(self, one, now)
        if isinstance(one, StoredUpTo):
            self.body.time.contacted(now)

    around(patch, Acting, "act_on", act)


@breaks("TIM-008")
def counts_a_boot_as_contact(patch: Patch, wire: MemoryWire) -> None:
    def begin(real: Any, self: Timekeeper, *args: Any) -> None:
        real(self, *args)
        self._last_contact_s = self.clock.now_s(args[2])

    around(patch, Timekeeper, "__init__", begin)


@breaks("TIM-008", "DOR-008", "DOR-014", "DOR-018")
def forgets_its_contact(patch: Patch, wire: MemoryWire) -> None:
    def begin(real: Any, self: Timekeeper, *args: Any) -> None:
        real(self, *args)
        self._last_contact_s = 0

    around(patch, Timekeeper, "__init__", begin)


@breaks(
    "DOR-001",
    "DOR-008",
    "DOR-010",
    "DOR-011",
    "DOR-014",
    "DOR-015",
    "DOR-016",
    "DOR-021",
    "DOR-022",
    "FWU-014",
    "FWU-017",
)
def needs_the_list_to_let_out(patch: Patch, wire: MemoryWire) -> None:
    around(patch, Doorway, "turn_handle", lambda *_: Answer(False))


@breaks("DOR-002", "DOR-018")
def asks_the_link_first(patch: Patch, wire: MemoryWire) -> None:
    def shut(real: Any, self: Doorway, now: float) -> Any:
        return real(self, now) if wire.installed.linked else RefusalReason.UNSPECIFIED

    around(patch, Doorway, "_shut_to_all", shut)


@breaks(
    "DOR-003",
    "DOR-004",
    "DOR-005",
    "DOR-007",
    "DOR-010",
    "DOR-011",
    "DOR-012",
    "DOR-014",
    "EVT-023",
    "TIM-007",
    "TIM-008",
)
def looks_at_no_span(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(decisions, "why_not", lambda *_: None)


@breaks("DOR-004")
def keeps_tenants_out_without_a_clock(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(decisions, "UNSET_CLOCK_GRACE_S", 0)


@breaks("DOR-004")
def forgets_what_time_it_was_told(patch: Patch, wire: MemoryWire) -> None:
    around(patch, Timekeeper, "moment", lambda real, self, *args, **more: replace(real(self, *args, **more), floor_s=0))


@breaks("DOR-005")
def names_the_least_telling_reason(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(decisions, "_TELLING", tuple(reversed(decisions._TELLING)))


@breaks("DOR-006", "DOR-012", "DOR-021")
def calls_for_no_help(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Doorway, "_call_for_help", nothing)


@breaks("DOR-007", "DOR-005")
def records_no_credential(patch: Patch, wire: MemoryWire) -> None:
    def record(real: Any, self: Recorder, kind: Any, fields: Any, now: float) -> Any:
        told = {key: value for key, value in fields.items() if key != Field.CREDENTIAL_ID}
        return real(self, kind, told if kind == EventType.LOCK_OPERATED else fields, now)

    around(patch, Recorder, "record", record)


@breaks("DOR-008", "DOR-013")
def lets_anybody_guess(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lockout, "WRONG_TRIES", 1_000)


@breaks("DOR-008")
def is_locked_out_for_a_minute_only(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lockout, "LOCKED_OUT_S", 60.0)


@breaks("DOR-009", "DOR-004", "DOR-005", "DOR-006", "DOR-007")
def counts_early_tenants_as_guessers(patch: Patch, wire: MemoryWire) -> None:
    wrong = presentation.WRONG_TRIES | {RefusalReason.NOT_YET_VALID}
    patch.setattr(presentation, "WRONG_TRIES", wrong)
