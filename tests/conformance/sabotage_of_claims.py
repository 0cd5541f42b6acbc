"""Broken locks: what is said in the box and at the button, and what becomes of the keys that were given."""

from typing import Any

from device_sim import claiming
from device_sim.claiming import Claiming
from device_sim.lock import Lock
from firmware_protocol import claim
from firmware_protocol.claim import LockClaim
from tests.conformance.memory_line import SECRET, MemoryWire
from tests.conformance.sabotage import Patch, around, breaks, nothing


@breaks("CLM-003")
def claims_seldom(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(claim, "REPEAT_S", 17.0)


@breaks("CLM-003")
def claims_without_end(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(LockClaim, "is_open", lambda *_: True)


@breaks("CLM-003")
def has_one_pair_for_every_press(patch: Patch, wire: MemoryWire) -> None:
    pair = claiming._draw_key(wire.hardware.draw)
    patch.setattr(claiming, "_draw_key", lambda _: pair)


@breaks("CLM-008")
def does_not_write_the_keys_down(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(claiming, "keep_keys", nothing)


@breaks("CLM-008")
def does_not_connect_anew(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Lock, "restart_due", False)


@breaks("CLM-011", "CLM-003", "CLM-008")
def says_its_birth_in_the_box(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Claiming, "boxed", False)


@breaks("CLM-014")
def is_anybodys_who_presses(patch: Patch, wire: MemoryWire) -> None:
    def press(_: Any, self: Claiming, now: float) -> None:
        patch.setattr(Claiming, "secret", SECRET)
        original(self, now)

    original = Claiming.press
    around(patch, Claiming, "press", press)
