"""Broken locks: births, proofs, heartbeats, and what is sent of the log."""

from dataclasses import replace
from typing import Any

import device_sim.lock
from device_sim.flash.event_log import FlashLog
from device_sim.recording import Recorder
from firmware_protocol import LocalProtocolError, lock_session, lock_side, sending
from firmware_protocol.lock_side import Boot, LockSide
from firmware_protocol.messages import Heartbeat, Proof, Rebirth, Stored, Welcome
from firmware_protocol.sending import SendWindow
from firmware_protocol.vocabulary import EventType
from tests.conformance.memory_line import MemoryHardware, MemoryWire
from tests.conformance.sabotage import Patch, around, breaks, nothing


@breaks("SES-001", "CMD-021", "DOR-018", "KEY-024", "SES-002", "SES-004", "SES-022", "TIM-006")
def numbers_no_boots(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(device_sim.lock, "Boot", lambda _, key: Boot(1, key))


@breaks("SES-002")
def numbers_births_in_its_own_way(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(LockSide, "birth_number", property(lambda self: (self._boot.number << 19) + self._connects))


@breaks("SES-003")
def leaves_no_will(patch: Patch, wire: MemoryWire) -> None:
    wire.link.has_will = False


@breaks("SES-003", "FRM-005")
def leaves_a_will_with_qos_0(patch: Patch, wire: MemoryWire) -> None:
    wire.link.will_qos = 0


@breaks("SES-004")
def repeats_births_too_often(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lock_side, "BIRTH_RETRY_S", (2.0, 300.0))


@breaks("SES-010")
def answers_challenges_backwards(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lock_side, "Proof", lambda nonce: Proof(nonce[::-1]))


@breaks("SES-015")
def takes_any_welcome(patch: Patch, wire: MemoryWire) -> None:
    def act(real: Any, self: LockSide, message: Any, *more: Any) -> Any:
        mine = replace(message, birth_number=self.birth_number) if isinstance(message, Welcome) else message
        return real(self, mine, *more)

    around(patch, LockSide, "_act_on", act)


@breaks("SES-015")
def beats_its_heart_as_fast_as_it_is_told(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lock_side, "SHORTEST_HEARTBEAT_S", 0.05)


@breaks(
    "SES-016",
    "CHN-001",
    "CHN-005",
    "CHN-007",
    "EVT-021",
    "EVT-022",
    "EVT-023",
    "LST-007",
    "LST-010",
    "LST-012",
    "LST-013",
    "LST-020",
    "TIM-002",
    "TIM-003",
    "TIM-004",
    "TIM-006",
    "TIM-007",
    "TIM-008",
    *("CHN-011", "KEY-026", "KEY-032", "KEY-033", "KEY-034", "KEY-036", "KEY-037", "KEY-038"),
)
def does_not_hear_of_rebirths(patch: Patch, wire: MemoryWire) -> None:
    around(
        patch,
        LockSide,
        "_act_on",
        lambda real, self, one, *more: () if isinstance(one, Rebirth) else real(self, one, *more),
    )


@breaks("SES-017", "SES-015", "SES-019", "SES-027")
def beats_its_heart_at_its_own_pace(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lock_side, "SHORTEST_HEARTBEAT_S", 7.0)


@breaks("SES-017")
def beats_its_heart_before_its_welcome(patch: Patch, wire: MemoryWire) -> None:
    def connected(real: Any, self: LockSide, standing: Any, now: float) -> None:
        real(self, standing, now)
        self._heartbeat_s, self._heartbeat_at = 60.0, now + 60.0

    around(patch, LockSide, "connected", connected)


@breaks("SES-019")
def forgets_the_rebirth_in_silence(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lock_side, "SILENT_HEARTBEATS", 1_000_000)


@breaks("SES-021")
def takes_its_time_after_an_announcement(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lock_side, "ANNOUNCED_BIRTH_S", 60.0)


@breaks(
    "FRM-006",
    "CHN-005",
    "CMD-020",
    "EVT-007",
    "EVT-008",
    "EVT-011",
    "EVT-012",
    "EVT-013",
    "EVT-014",
    "EVT-018",
    "EVT-019",
    "EVT-022",
    "EVT-023",
    "SES-027",
)
def takes_a_puback_for_a_receipt(patch: Patch, wire: MemoryWire) -> None:
    def acknowledged(_: bytes) -> None:
        lock = wire.installed.lock
        up_to = max(lock._side._window._sent, default=0)
        lock._side._window.stored(up_to, wire.installed.now)
        lock.flash.log.stored(up_to)

    wire.acknowledged = acknowledged


@breaks("EVT-001")
def keeps_a_number_to_itself(patch: Patch, wire: MemoryWire) -> None:
    around(patch, FlashLog, "read", lambda real, *args: [one for one in real(*args) if one.sequence != 30])
    around(
        patch, SendWindow, "add_live", lambda real, self, one, now: real(self, one, now) if one.sequence != 30 else None
    )


@breaks("EVT-002", "EVT-001", "CMD-020", "CMD-021", "CMD-022", "CHN-011", "KEY-026")
def draws_an_epoch_at_every_boot(patch: Patch, wire: MemoryWire) -> None:
    def resume(real: Any, self: FlashLog) -> None:
        real(self)
        self.epoch += 2 * self.next_sequence

    around(patch, FlashLog, "_resume", resume)


@breaks("EVT-003", "CHN-011", "CMD-022", "DOR-008", "DOR-013", "DOR-018", "EVT-027", "SES-024", "SES-029")
def sends_before_it_writes(patch: Patch, wire: MemoryWire) -> None:
    def boot(real: Any, self: MemoryHardware, *args: Any, **more: Any) -> Any:
        last = max((name for name in self.medium.names() if name.startswith("events-")), default="", key=_first)
        if last:
            self.medium.truncate(last, len(self.medium.read(last)) - 3)
            self.medium.sync(last)
        return real(self, *args, **more)

    around(patch, MemoryHardware, "boot", boot)


def _first(name: str) -> int:
    return int(name.rsplit("-", 1)[1], 16)


@breaks("EVT-005")
def says_too_much(patch: Patch, wire: MemoryWire) -> None:
    def record(real: Any, self: Recorder, kind: Any, fields: Any, now: float) -> Any:
        more = {63: b"x" * 200} if kind is EventType.CLOCK_SET else {}
        return real(self, kind, {**fields, **more}, now)

    def encode(real: Any, message: Any) -> bytes:
        try:
            return bytes(real(message))
        except LocalProtocolError:
            return bytes(real(replace(message, live=False)))

    around(patch, Recorder, "record", record)
    around(patch, lock_session, "encode", encode)


@breaks("EVT-007", "DOR-021", "EVT-009", "SES-029", "SES-030")
def sends_nothing_live(patch: Patch, wire: MemoryWire) -> None:
    around(patch, SendWindow, "add_live", lambda _, self, event, now: self._arm_probe(now))


@breaks("EVT-007", "EVT-014")
def sends_any_number_live(patch: Patch, wire: MemoryWire) -> None:
    def add(_: Any, self: SendWindow, event: Any, now: float) -> None:
        if self._open:
            self._live.append(event)
            self._sent[event.sequence] = now

    around(patch, SendWindow, "add_live", add)


@breaks("EVT-008", "SES-027")
def fills_up_as_fast_as_it_can(patch: Patch, wire: MemoryWire) -> None:
    around(patch, SendWindow, "set_rate", lambda real, self, _: real(self, 10_000))


@breaks("EVT-008", "SES-027")
def sends_large_groups(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(sending, "GROUP", 16)


@breaks("EVT-009", "EVT-007", "SES-030")
def lets_live_events_queue(patch: Patch, wire: MemoryWire) -> None:
    def add(real: Any, self: SendWindow, event: Any, now: float) -> None:
        if self._next + 1 >= event.sequence:
            real(self, event, now)

    around(patch, SendWindow, "add_live", add)


@breaks("EVT-011")
def goes_on_where_the_connection_broke(patch: Patch, wire: MemoryWire) -> None:
    def connected(real: Any, self: LockSide, standing: Any, now: float) -> None:
        before = self._window._next
        real(self, standing, now)
        self._window._next = max(before, self._window._next)

    around(patch, LockSide, "connected", connected)


@breaks("EVT-012", "EVT-008", "EVT-009", "EVT-018", "SES-027")
def sends_nothing_on_announcements(patch: Patch, wire: MemoryWire) -> None:
    def announced(_: Any, self: LockSide, now: float) -> None:
        if self._linked and self._birth_at is not None:
            self._birth_at = min(self._birth_at, now + lock_side.ANNOUNCED_BIRTH_S)

    around(patch, LockSide, "announced", announced)


@breaks("EVT-013", "EVT-008", "EVT-019", "SES-027")
def probes_too_often(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(sending, "PROBE_S", (1.0, 300.0))


@breaks("EVT-014")
def takes_nothing_for_lost(patch: Patch, wire: MemoryWire) -> None:
    def stored(real: Any, self: SendWindow, up_to: int, now: float) -> None:
        self._probing = False
        real(self, up_to, now)

    around(patch, SendWindow, "stored", stored)


@breaks("EVT-017", "EVT-002", "EVT-003", "EVT-011", "CMD-022", "SES-024", "SES-029")
def lets_go_at_every_boot(patch: Patch, wire: MemoryWire) -> None:
    def resume(real: Any, self: FlashLog) -> None:
        real(self)
        self.stored_up_to = self.next_sequence - 1

    around(patch, FlashLog, "_resume", resume)


@breaks("EVT-018")
def believes_any_receipt(patch: Patch, wire: MemoryWire) -> None:
    def act(real: Any, self: LockSide, message: Any, *more: Any) -> Any:
        if isinstance(message, Stored):
            message = Stored(self._log.epoch, min(message.up_to, self._log.next_sequence - 1))
        return real(self, message, *more)

    around(patch, LockSide, "_act_on", act)


@breaks("EVT-019", "EVT-001", "EVT-020", "EVT-021")
def fills_no_gaps(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(SendWindow, "missing", nothing)


@breaks("EVT-019")
def fills_gaps_at_once(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(sending, "PATIENCE_S", 0.0)


@breaks("EVT-020")
def forgets_what_is_stored(patch: Patch, wire: MemoryWire) -> None:
    around(
        patch,
        SendWindow,
        "missing",
        lambda real, self, first, last, now: (
            None if last <= self._stored else real(self, max(first, self._stored + 1), last, now)
        ),
    )


@breaks("EVT-021", "EVT-001")
def loses_some_newer_ones(patch: Patch, wire: MemoryWire) -> None:
    lost: set[int] = set()

    def read(real: Any, self: FlashLog, first: int, limit: int) -> Any:
        if not lost and self._sectors[0].header.first > self.stored_up_to + 1:
            lost.update(range(self.next_sequence - 30, self.next_sequence - 20))
        return [one for one in real(self, first, limit) if one.sequence not in lost]

    around(patch, FlashLog, "read", read)


@breaks("EVT-022")
def declares_one_number_too_few(patch: Patch, wire: MemoryWire) -> None:
    around(patch, FlashLog, "_lost_fields", lambda real, self, first, last: real(self, first + 1, last))


@breaks("EVT-023")
def records_every_refusal(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(FlashLog, "nearly_full", False)


@breaks("EVT-026")
def keeps_its_oldest_number_to_itself(patch: Patch, wire: MemoryWire) -> None:
    def encode(real: Any, message: Any) -> bytes:
        return bytes(real(replace(message, oldest_sequence=0) if isinstance(message, Heartbeat) else message))

    around(patch, lock_session, "encode", encode)
