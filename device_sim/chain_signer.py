"""Signing the head of the event chain, with a key that does nothing else: at every welcome, and every hour."""

from device_sim.flash.event_log import FlashLog
from device_sim.timekeeping import Timekeeper
from firmware_protocol.chain import SIGNED_EVERY_S, sign_head
from firmware_protocol.keys import public_key
from firmware_protocol.lock_side import LockIdentity, LockSide


class ChainSigner:
    """One boot's signer; a lock without a signing key has no chain, and its signer says nothing."""

    def __init__(self, identity: LockIdentity, log: FlashLog, time: Timekeeper, key: bytes) -> None:
        self._identity = identity
        self._log = log
        self._time = time
        self._due_at = 0.0
        if identity.signing_key is not None:
            log.chain_up(identity.lock, key)

    def capability(self) -> dict[str, str]:
        """That the lock signs heads, and the key to check them by."""
        key = self._identity.signing_key
        return {"signing_key": public_key(key).hex()} if key is not None else {}

    def say_if_due(self, side: LockSide, now: float) -> None:
        """Every hour."""
        if now >= self._due_at and side.proven:
            self.say(side, now)

    def say(self, side: LockSide, now: float) -> None:
        """What has happened up to now, signed."""
        key, chain = self._identity.signing_key, self._log.chain
        if key is None or chain is None:
            return
        self._due_at = now + SIGNED_EVERY_S
        stamp = self._time.stamp(now)
        quality, lock = int(stamp.clock_quality), self._identity.lock
        side.say(sign_head(key, lock, self._log.epoch, chain.link, signed_at_ms=stamp.at_ms, quality=quality))
