"""Changing a lock's static keys at handover: what the lock writes down, and which pair it speaks under. Pure.

The old pair stays until the new one was welcomed, and only one of both is spoken under at a time. A lock that is not
answered changes over to the other pair, and back, with longer and longer waits: whatever was lost on the way, one of the
two is the one that the service knows. A change of pair is a boot (ANM-KEY-024), so no key ever meets a counter twice.

The diagram in docs/protocol/keys.md is drawn from KEY_TRANSITIONS.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.key_messages import KeyAnswer, KeyOffer, KeyRefusal
from firmware_protocol.keys import exchange, public_key

# How long a boot of a lock that holds two pairs waits for its welcome; doubled with every change of pair.
WELCOME_WAIT_S = 60.0
LONGEST_WELCOME_WAIT_S = 3840.0
# So long the answer may take to go out before the lock starts again under its new keys.
ANSWER_GOES_OUT_S = 1.0
# What a lock names in its birth that can change its keys: the key epoch it speaks under.
KEY_EPOCH_CAPABILITY = "key_epoch"


class KeyState(StrEnum):
    """What a lock is doing about its static keys."""

    SETTLED = "settled"
    """It has one pair."""
    TRYING = "trying"
    """It has two, and speaks under the new one."""
    BACK = "back"
    """It has two, and speaks under the old one."""


class KeyStep(StrEnum):
    """What moves it."""

    OFFERED = "offered"
    """An offer that the lock takes."""
    WELCOMED = "welcomed"
    """The service has welcomed a birth under the pair that is spoken under."""
    UNANSWERED = "unanswered"
    """No welcome in time."""
    DROPPED = "dropped"
    """The new pair is given up: a factory wipe."""


# What is not named here changes nothing.
KEY_TRANSITIONS: dict[tuple[KeyState, KeyStep], KeyState] = {
    (KeyState.SETTLED, KeyStep.OFFERED): KeyState.TRYING,
    (KeyState.TRYING, KeyStep.WELCOMED): KeyState.SETTLED,
    (KeyState.TRYING, KeyStep.UNANSWERED): KeyState.BACK,
    (KeyState.TRYING, KeyStep.DROPPED): KeyState.SETTLED,
    (KeyState.BACK, KeyStep.UNANSWERED): KeyState.TRYING,
    (KeyState.BACK, KeyStep.OFFERED): KeyState.TRYING,
    (KeyState.BACK, KeyStep.DROPPED): KeyState.SETTLED,
}


class KeyPair(NamedTuple):
    """The lock's half of one exchange: its own scalar, and the service's point."""

    key_epoch: int
    private_key: bytes
    service_public_key: bytes


@dataclass(frozen=True, slots=True)
class LockKeyring:
    """All static keys of a lock: one value in flash, written whole or not at all.

    `told`: the key epoch that its log has been told of. `failed`: how often in a row a pair was not answered.
    """

    current: KeyPair = field(repr=False)
    pending: KeyPair | None = field(default=None, repr=False)
    state: KeyState = KeyState.SETTLED
    told: int = 0
    failed: int = 0

    @property
    def spoken(self) -> KeyPair:
        """The pair that this boot speaks under."""
        return self.pending if self.pending is not None and self.state is KeyState.TRYING else self.current

    @property
    def welcome_wait_s(self) -> float | None:
        """How long to wait for a welcome on a link that is up; None where there is no other pair to try."""
        if self.pending is None:
            return None
        return min(WELCOME_WAIT_S * 2.0**self.failed, LONGEST_WELCOME_WAIT_S)

    def taken(self, offer: KeyOffer, private: bytes) -> "LockKeyring":
        """With a new pair to try; an offer that came before keeps the pair that was drawn then. `private`: freshly drawn."""
        known = self.pending
        if known is None or (known.key_epoch, known.service_public_key) != (offer.key_epoch, offer.public_key):
            known = KeyPair(offer.key_epoch, private, offer.public_key)
        return replace(self, pending=known, state=self._after(KeyStep.OFFERED), failed=0)

    def welcomed(self) -> "LockKeyring":
        """The pair that is spoken under is the service's, too. Where it is the new one, the old one is gone."""
        if self.pending is None or self.state is not KeyState.TRYING:
            return replace(self, failed=0)
        return replace(self, current=self.pending, pending=None, state=self._after(KeyStep.WELCOMED), failed=0)

    def unanswered(self) -> "LockKeyring":
        """The next boot tries the other pair."""
        return replace(self, state=self._after(KeyStep.UNANSWERED), failed=self.failed + 1)

    def dropped(self) -> "LockKeyring":
        """Nothing is left of the new pair."""
        return replace(self, pending=None, state=self._after(KeyStep.DROPPED), failed=0)

    def _after(self, step: KeyStep) -> KeyState:
        return KEY_TRANSITIONS.get((self.state, step), self.state)


def refuse_offer(keyring: LockKeyring, offer: KeyOffer, *, holds_material: bool, busy: bool) -> KeyRefusal:
    """Why the lock does not take these keys, if so. `busy`: with what must not meet a change of keys."""
    if offer.key_epoch <= keyring.current.key_epoch or (
        keyring.pending and offer.key_epoch < keyring.pending.key_epoch
    ):
        return KeyRefusal.EPOCH_TOO_LOW
    if holds_material:
        return KeyRefusal.LIST_HOLDS
    try:
        exchange(keyring.current.private_key, offer.public_key)
    except RemoteProtocolError:
        return KeyRefusal.BAD_KEY
    return KeyRefusal.NOT_NOW if busy else KeyRefusal.NONE


def answer_of(keyring: LockKeyring) -> KeyAnswer:
    """What the lock says of the pair that it has drawn."""
    if keyring.pending is None:
        raise ValueError("there is no new pair")
    return KeyAnswer(keyring.pending.key_epoch, KeyRefusal.NONE, public_key(keyring.pending.private_key))
