"""The lock's static keys in flash: the pair it has, and at a handover the one that is to come. One value, whole or not at all.

What the factory or a claim gave (given_keys.py) counts until a change of keys has gone through, and is then written over.
The rules are in firmware_protocol/key_change.py.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cbor2

from device_sim.flash.chip import Flash
from device_sim.given_keys import keep_keys
from device_sim.recording import Recorder
from firmware_protocol.key_change import (
    ANSWER_GOES_OUT_S,
    KEY_EPOCH_CAPABILITY,
    WELCOME_WAIT_S,
    KeyPair,
    KeyState,
    LockKeyring,
    answer_of,
    refuse_offer,
)
from firmware_protocol.key_messages import KeyAnswer, KeyOffer, KeyRefusal
from firmware_protocol.keys import chain_key, credential_key, exchange, private_key
from firmware_protocol.lock_side import LockIdentity
from firmware_protocol.vocabulary import AlarmCode, EventType, Field

KEY_ENTROPY_BYTES = 48


class KeyKeeper:
    """The value of region `rekeying`, and one boot's dealings with it; `now` is uptime."""

    def __init__(self, flash: Flash, given: LockIdentity, draw: Callable[[int], bytes]) -> None:
        self._flash = flash
        self._given = given
        self._draw = draw
        self._slots = flash.slots("rekeying")
        self._give_up_at: float | None = None
        self._restart_at: float | None = None
        self._over = False
        first = KeyPair(given.key_epoch, given.private_key, given.service_public_key)
        kept = _unpack(self._slots.read())
        # A claim gives keys of an epoch above every one that was in force, and the log begins anew with it.
        if kept is not None and kept.current.key_epoch < given.key_epoch:
            self._slots.erase()
            kept = None
        self.keyring = kept or LockKeyring(first, told=given.key_epoch)

    @property
    def identity(self) -> LockIdentity:
        """What this boot speaks under."""
        return self._identity_of(self.keyring.spoken)

    @property
    def in_force(self) -> LockIdentity:
        """What holds until other keys are welcomed."""
        return self._identity_of(self.keyring.current)

    @property
    def static_secret(self) -> bytes:
        """Of the pair in force: what the list, the chain and a wipe's proof hang on, also while another one is tried."""
        return exchange(self.keyring.current.private_key, self.keyring.current.service_public_key)

    @property
    def key_epoch(self) -> int:
        """Of the pair in force."""
        return self.keyring.current.key_epoch

    @property
    def capability(self) -> dict[str, int]:
        """That the keys can be changed, and under which this boot speaks."""
        return {KEY_EPOCH_CAPABILITY: self.keyring.spoken.key_epoch}

    @property
    def restart_due(self) -> bool:
        """Whether the next pair is to be spoken under."""
        return self._over

    def chain_key(self) -> bytes:
        """The key that events hang on from now on."""
        return chain_key(self.static_secret, self._given.lock, self.key_epoch)

    def credential_key(self) -> bytes:
        """The key that cards and PINs on the list are made under."""
        return credential_key(self.static_secret, self._given.lock, self.key_epoch)

    def begin_boot(self, recorder: Recorder, now: float, *, wiped: bool) -> None:
        """The power may have gone away after the keys were changed and before the log was told of it. A wipe leaves one pair."""
        if wiped and self.keyring.pending is not None:
            self._keep(self.keyring.dropped())
        before, log = self.keyring.told, self._flash.log
        if before == self.key_epoch:
            return
        keep_keys(self._flash, self.in_force)
        last = log.read(log.next_sequence - 1, 1)
        if not any(one.type == EventType.KEYS_CHANGED and one.get(Field.KEY_EPOCH) == self.key_epoch for one in last):
            self._tell(recorder, before, now)
        self._keep(replace(self.keyring, told=self.key_epoch))

    def connected(self, now: float) -> None:
        """The link is up; from here a lock with two pairs waits for its welcome."""
        wait = self.keyring.welcome_wait_s
        self._give_up_at = None if wait is None else now + wait

    def disconnected(self) -> None:
        """Nobody can welcome it now."""
        self._give_up_at = None

    def hear(self, offer: KeyOffer, *, holds_material: bool, busy: bool, now: float) -> KeyAnswer:
        """The answer; where it takes the offer, the new pair is in flash and the lock is about to start again."""
        refusal = refuse_offer(self.keyring, offer, holds_material=holds_material, busy=busy)
        if refusal is not KeyRefusal.NONE:
            return KeyAnswer(offer.key_epoch, refusal)
        self._keep(self.keyring.taken(offer, private_key(self._draw(KEY_ENTROPY_BYTES))))
        self._restart_at = now + ANSWER_GOES_OUT_S
        return answer_of(self.keyring)

    def welcomed(self, recorder: Recorder, now: float) -> bool:
        """The service has welcomed this boot; whether other keys are in force for it."""
        self._give_up_at = None
        before = self.keyring
        if before.pending is None:
            return False
        if before.state is KeyState.BACK:
            if before.failed:
                recorder.record(EventType.ALARM_RAISED, {Field.CODE: AlarmCode.KEY_CHANGE_FAILED}, now)
                self._keep(before.welcomed())
            return False
        # What was recorded so far hangs on the old chain key; a boot from here on must not need it.
        recorder.begin_sector(now)
        self._keep(before.welcomed())
        if self._flash.log.chain is not None:
            self._flash.log.chain.change_key(self.chain_key())
        keep_keys(self._flash, self.in_force)
        self._tell(recorder, before.current.key_epoch, now)
        self._keep(replace(self.keyring, told=self.key_epoch))
        return True

    def deadline(self) -> float | None:
        """When there is something to do."""
        return min((at for at in (self._give_up_at, self._restart_at) if at is not None), default=None)

    def expire(self, now: float, *, on_trial: bool) -> None:
        """Start again under the new keys, or under the other ones where these are not answered; not while an image is on trial."""
        if self._restart_at is not None and now >= self._restart_at:
            self._restart_at, self._over = None, True
        if on_trial and self._give_up_at is not None:
            self._give_up_at = max(self._give_up_at, now + WELCOME_WAIT_S)
        if self._give_up_at is not None and now >= self._give_up_at:
            self._keep(self.keyring.unanswered())
            self._give_up_at, self._over = None, True

    def _identity_of(self, pair: KeyPair) -> LockIdentity:
        given = self._given
        return LockIdentity(given.lock, pair.private_key, pair.service_public_key, pair.key_epoch, given.signing_key)

    def _tell(self, recorder: Recorder, before: int, now: float) -> None:
        said = {Field.KEY_EPOCH: self.key_epoch, Field.KEY_EPOCH_BEFORE: before}
        recorder.record(EventType.KEYS_CHANGED, said, now)

    def _keep(self, keyring: LockKeyring) -> None:
        self._slots.write(_pack(keyring))
        self.keyring = keyring


def _pack(keyring: LockKeyring) -> bytes:
    pending = list(keyring.pending) if keyring.pending else None
    return cbor2.dumps([list(keyring.current), pending, keyring.state.value, keyring.told, keyring.failed])


def _unpack(raw: bytes | None) -> LockKeyring | None:
    if raw is None:
        return None
    kept: list[Any] = cbor2.loads(raw)
    current, pending, state, told, failed = kept[:5]
    return LockKeyring(KeyPair(*current), KeyPair(*pending) if pending else None, KeyState(state), told, failed)
