"""Broken locks: new static keys at a handover."""

from typing import Any

from device_sim.flash.event_chain import EventChain
from device_sim.key_keeping import KeyKeeper
from device_sim.recording import Recorder
from firmware_protocol.key_change import KeyPair, KeyState, LockKeyring, refuse_offer
from firmware_protocol.key_messages import KeyAnswer, KeyOffer, KeyRefusal
from firmware_protocol.vocabulary import EventType, Field
from tests.conformance.memory_line import MemoryWire
from tests.conformance.sabotage import Patch, around, breaks, nothing


@breaks("KEY-022")
def says_yes_while_somebody_is_let_in(patch: Patch, wire: MemoryWire) -> None:
    def hear(real: Any, self: KeyKeeper, offer: KeyOffer, **more: Any) -> Any:
        return _yes(offer) if more["holds_material"] else real(self, offer, **more)

    around(patch, KeyKeeper, "hear", hear)


@breaks("KEY-023")
def offers_the_key_it_has(patch: Patch, wire: MemoryWire) -> None:
    around(patch, LockKeyring, "taken", lambda real, self, offer, _: real(self, offer, self.current.private_key))


@breaks("KEY-024", "KEY-023", "KEY-025", "KEY-026", "KEY-027", "CHN-011")
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


@breaks("KEY-026")
def keeps_the_old_pair_for_bad_days(patch: Patch, wire: MemoryWire) -> None:
    """It tells of the new one, and goes back where that is not answered for a while."""
    old: list[KeyPair] = []

    def welcomed(real: Any, self: KeyKeeper, recorder: Recorder, now: float) -> bool:
        if self.keyring.state is KeyState.TRYING:
            old[:] = [self.keyring.current]
        return bool(real(self, recorder, now))

    def connected(real: Any, self: KeyKeeper, now: float) -> None:
        real(self, now)
        self._give_up_at = now + 60.0 if old and self.keyring.pending is None else self._give_up_at

    def unanswered(real: Any, self: LockKeyring) -> LockKeyring:
        if self.pending is None:
            return LockKeyring(self.current, old.pop(), KeyState.TRYING, self.told)
        other: LockKeyring = real(self)
        return other

    around(patch, KeyKeeper, "welcomed", welcomed)
    around(patch, KeyKeeper, "connected", connected)
    around(patch, LockKeyring, "unanswered", unanswered)


@breaks("KEY-026", "CHN-011")
def says_it_when_it_tries_them(patch: Patch, wire: MemoryWire) -> None:
    """Keys changed before anybody has welcomed it under them."""

    def begin(real: Any, self: KeyKeeper, recorder: Recorder, now: float, *, wiped: bool) -> None:
        real(self, recorder, now, wiped=wiped)
        if self.keyring.state is KeyState.TRYING:
            recorder.record(EventType.KEYS_CHANGED, _epochs(self.identity.key_epoch), now)

    around(patch, KeyKeeper, "begin_boot", begin)
    patch.setattr(KeyKeeper, "_tell", nothing)


@breaks("CHN-011")
def tells_it_a_moment_later(patch: Patch, wire: MemoryWire) -> None:
    """And not at all where the power goes away meanwhile."""
    due: list[Any] = []

    def tell(real: Any, self: KeyKeeper, recorder: Recorder, before: int, now: float) -> None:
        due[:] = [(self, now + 0.2, lambda at: real(self, recorder, before, at))]

    def expire(real: Any, self: KeyKeeper, now: float, **more: Any) -> None:
        real(self, now, **more)
        if due and due[0][0] is self and now >= due[0][1]:
            due.pop()[2](now)

    def deadline(real: Any, self: KeyKeeper) -> float | None:
        waiting = [one[1] for one in due if one[0] is self]
        return min((at for at in (real(self), *waiting) if at is not None), default=None)

    around(patch, KeyKeeper, "_tell", tell)
    around(patch, KeyKeeper, "expire", expire)
    around(patch, KeyKeeper, "deadline", deadline)


@breaks("CHN-011")
def chains_on_under_the_old_key(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(EventChain, "change_key", nothing)


@breaks("CHN-011")
def names_no_epoch_before(patch: Patch, wire: MemoryWire) -> None:
    def record(real: Any, self: Recorder, kind: EventType, fields: Any, now: float) -> Any:
        of_keys = {Field.KEY_EPOCH_BEFORE: 1} if kind is EventType.KEYS_CHANGED else {}
        return real(self, kind, {**fields, **of_keys}, now)

    around(patch, Recorder, "record", record)


@breaks("KEY-028")
def tries_them_after_a_wipe(patch: Patch, wire: MemoryWire) -> None:
    around(patch, KeyKeeper, "begin_boot", lambda real, self, *args, wiped: real(self, *args, wiped=False))


def _epochs(key_epoch: int) -> dict[Field, int]:
    return {Field.KEY_EPOCH: key_epoch, Field.KEY_EPOCH_BEFORE: key_epoch - 1}


def _yes(offer: KeyOffer) -> KeyAnswer:
    return KeyAnswer(offer.key_epoch, KeyRefusal.NONE, offer.public_key)


def _never_failed(keyring: LockKeyring) -> LockKeyring:
    return LockKeyring(keyring.current, keyring.pending, keyring.state, keyring.told, 0)
