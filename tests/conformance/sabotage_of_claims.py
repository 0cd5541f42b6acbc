"""Broken locks: what is said in the box and at the button, and what becomes of the keys that were given."""

from dataclasses import replace
from typing import Any

from device_sim import claiming
from device_sim.claiming import Claiming
from device_sim.given_keys import keep_keys
from device_sim.installation import Installation
from device_sim.lock import Lock
from firmware_protocol import claim
from firmware_protocol.claim import LockClaim, is_claim
from tests.conformance.memory_line import LOCK_KEY, SECRET, MemoryWire
from tests.conformance.sabotage import Patch, around, breaks, nothing


@breaks("CLM-003", "CLM-008")
def claims_seldom(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(claim, "REPEAT_S", 17.0)


@breaks("CLM-003")
def claims_without_end(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(LockClaim, "is_open", lambda *_: True)


@breaks("CLM-003")
def presses_in_vain_while_it_claims(patch: Patch, wire: MemoryWire) -> None:
    around(patch, Claiming, "press", lambda real, self, now: None if self._pressed else real(self, now))


@breaks("CLM-003")
def takes_an_answer_too_late(patch: Patch, wire: MemoryWire) -> None:
    def send(real: Any, self: LockClaim, now: float) -> Any:
        if now < self._until:
            return real(self, now)
        self._say_at = now + claim.REPEAT_S
        return ()

    around(patch, LockClaim, "to_send", send)
    patch.setattr(LockClaim, "is_open", lambda self, now: now < self._until + 2 * claim.WINDOW_S)


@breaks("CLM-003", "CLM-019", "CHN-001")
def has_one_pair_for_every_press(patch: Patch, wire: MemoryWire) -> None:
    pair = claiming._draw_key(wire.hardware.draw)
    patch.setattr(claiming, "_draw_key", lambda _: pair)


@breaks("CLM-008", "CLM-019", "KEY-002", "SES-004", "SES-010")
def does_not_write_the_keys_down(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(claiming, "keep_keys", nothing)


# Nothing makes this lock start again by itself: not keys, not a command.
_WANT_A_RESTART = (
    *("CHN-001", "CHN-005", "CLM-019", "CMD-014", "DOR-011", "DOR-012"),
    *("DOR-014", "DOR-018", "DOR-021", "KEY-023", "KEY-024", "KEY-025", "KEY-027"),
)


@breaks("CLM-008", "CHN-011", "KEY-026", *_WANT_A_RESTART)
def does_not_connect_anew(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Lock, "restart_due", False)


@breaks("CLM-008", "CLM-014")
def never_forgets_its_secret(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Claiming, "welcomed", nothing)


@breaks("CLM-019")
def forgets_its_secret_at_the_answer(patch: Patch, wire: MemoryWire) -> None:
    def keep(real: Any, flash: Any, identity: Any, *, erase_epoch: int, claimed_by: str) -> None:
        real(flash, identity, erase_epoch=erase_epoch)

    around(patch, claiming, "keep_keys", keep)


@breaks("CLM-019", "CLM-008", "KEY-002", "SES-004", "SES-010")
def waits_in_silence_until_it_is_claimed_again(patch: Patch, wire: MemoryWire) -> None:
    def send(real: Any, self: Lock, now: float) -> list[bytes]:
        said: list[bytes] = real(self, now)
        return [one for one in said if is_claim(one)] if self.claiming.awaits_welcome else said

    around(patch, Lock, "to_send", send)


@breaks("CLM-011", "CLM-003")
def says_its_birth_in_the_box(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Claiming, "boxed", False)


@breaks("CLM-014")
def is_anybodys_who_presses(patch: Patch, wire: MemoryWire) -> None:
    def press(_: Any, self: Claiming, now: float) -> None:
        patch.setattr(Claiming, "secret", SECRET)
        original(self, now)

    original = Claiming.press
    around(patch, Claiming, "press", press)


@breaks("CLM-012")
def writes_its_half_behind_the_others(patch: Patch, wire: MemoryWire) -> None:
    """Where the power goes away before it has connected under the keys that were given, its own one is missing."""

    def power_off(real: Any, self: Installation) -> None:
        lock = self._lock
        if lock is not None and lock.claiming.awaits_welcome and not self.linked:
            half = replace(lock.identity, private_key=LOCK_KEY)
            keep_keys(lock.flash, half, claimed_by=lock.claiming.secret)
        real(self)

    around(patch, Installation, "power_off", power_off)
