"""Broken locks: new static keys at a handover."""

from typing import Any

from device_sim import key_keeping
from firmware_protocol.key_change import LockKeyring
from tests.conformance.memory_line import MemoryWire
from tests.conformance.sabotage import Patch, around, breaks


@breaks("KEY-022")
def takes_keys_while_somebody_is_let_in(patch: Patch, wire: MemoryWire) -> None:
    def refuse(real: Any, keyring: Any, offer: Any, **more: Any) -> Any:
        return real(keyring, offer, **{**more, "holds_material": False})

    around(patch, key_keeping, "refuse_offer", refuse)


@breaks("KEY-023")
def offers_the_key_it_has(patch: Patch, wire: MemoryWire) -> None:
    around(patch, LockKeyring, "taken", lambda real, self, offer, _: real(self, offer, self.current.private_key))


@breaks("KEY-024", "KEY-023", "KEY-025", "KEY-027")
def never_goes_over(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(key_keeping, "ANSWER_GOES_OUT_S", 1e6)


@breaks("KEY-025")
def has_no_patience(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(LockKeyring, "welcome_wait_s", property(lambda self: 5.0 if self.pending else None))


@breaks("KEY-027")
def keeps_quiet_about_it(patch: Patch, wire: MemoryWire) -> None:
    around(patch, LockKeyring, "unanswered", lambda real, self: _never_failed(real(self)))


def _never_failed(keyring: LockKeyring) -> LockKeyring:
    return LockKeyring(keyring.current, keyring.pending, keyring.state, keyring.told, 0)
