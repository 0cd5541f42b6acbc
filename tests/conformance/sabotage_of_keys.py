"""Broken locks: new static keys at a handover."""

from typing import Any

from device_sim.key_keeping import KeyKeeper
from firmware_protocol.key_change import LockKeyring, refuse_offer
from firmware_protocol.key_messages import KeyAnswer, KeyOffer, KeyRefusal
from tests.conformance.memory_line import MemoryWire
from tests.conformance.sabotage import Patch, around, breaks


@breaks("KEY-022")
def says_yes_while_somebody_is_let_in(patch: Patch, wire: MemoryWire) -> None:
    def hear(real: Any, self: KeyKeeper, offer: KeyOffer, **more: Any) -> Any:
        return _yes(offer) if more["holds_material"] else real(self, offer, **more)

    around(patch, KeyKeeper, "hear", hear)


@breaks("KEY-023")
def offers_the_key_it_has(patch: Patch, wire: MemoryWire) -> None:
    around(patch, LockKeyring, "taken", lambda real, self, offer, _: real(self, offer, self.current.private_key))


@breaks("KEY-024", "KEY-023", "KEY-025", "KEY-027")
def never_goes_over(patch: Patch, wire: MemoryWire) -> None:
    def hear(real: Any, self: KeyKeeper, offer: KeyOffer, **more: Any) -> Any:
        said = refuse_offer(self.keyring, offer, holds_material=more["holds_material"], busy=False)
        return KeyAnswer(offer.key_epoch, said) if said else _yes(offer)

    around(patch, KeyKeeper, "hear", hear)


@breaks("KEY-025")
def has_no_patience(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(LockKeyring, "welcome_wait_s", property(lambda self: 5.0 if self.pending else None))


@breaks("KEY-027")
def keeps_quiet_about_it(patch: Patch, wire: MemoryWire) -> None:
    around(patch, LockKeyring, "unanswered", lambda real, self: _never_failed(real(self)))


def _yes(offer: KeyOffer) -> KeyAnswer:
    return KeyAnswer(offer.key_epoch, KeyRefusal.NONE, offer.public_key)


def _never_failed(keyring: LockKeyring) -> LockKeyring:
    return LockKeyring(keyring.current, keyring.pending, keyring.state, keyring.told, 0)
