"""Broken locks: the reconnect slot, alarms out of turn, a second welcome."""

from typing import Any

from device_sim.installation import Installation
from device_sim.lock import Lock
from device_sim.recording import Recorder
from firmware_protocol import lock_side
from firmware_protocol.lock_side import LockSide
from firmware_protocol.messages import Welcome
from firmware_protocol.sending import SendWindow
from firmware_protocol.vocabulary import EventType
from tests.conformance.memory_line import MemoryWire
from tests.conformance.sabotage import Patch, around, breaks


@breaks("SES-022")
def waits_for_as_long_as_it_is_told(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lock_side, "LONGEST_SLOT_S", 86_400.0)


@breaks("SES-022", "SES-023")
def comes_back_at_once(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Lock, "slot_s", 0.0)


@breaks("SES-023")
def waits_only_after_power(patch: Patch, wire: MemoryWire) -> None:
    def restore(_: Any, self: Installation) -> None:
        self.network, self._tries = True, 0
        self._connect_soon(0.0)

    around(patch, Installation, "restore_network", restore)


@breaks("SES-024")
def waits_with_an_alarm(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Lock, "slot_s", property(lambda self: self.flash.remembered.reconnect_slot_ms / 1000))


@breaks("SES-027")
def begins_again_at_every_welcome(patch: Patch, wire: MemoryWire) -> None:
    def act(real: Any, self: LockSide, message: Any, standing: Any, now: float) -> Any:
        if isinstance(message, Welcome):
            self._window.rewind(now)
        return real(self, message, standing, now)

    around(patch, LockSide, "_act_on", act)


@breaks("SES-029")
def knows_no_alarms(patch: Patch, wire: MemoryWire) -> None:
    def take(real: Any, self: SendWindow, now: float) -> Any:
        self._urgent = False
        return real(self, now)

    around(patch, SendWindow, "take", take)


@breaks("SES-030")
def lets_alarms_wait_like_others(patch: Patch, wire: MemoryWire) -> None:
    def add(real: Any, self: SendWindow, event: Any, now: float) -> None:
        if event.type != EventType.ALARM_RAISED or self._has_room_ahead(now):
            real(self, event, now)

    around(patch, SendWindow, "add_live", add)


@breaks("EVT-027", "CMD-022", "DOR-018")
def does_not_say_that_it_started(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Recorder, "record_start", lambda self, now, *_: self.settle(now))
