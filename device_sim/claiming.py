"""Claiming at the lock: the button inside, what it says for two minutes, and the keys that end it (docs/protocol/claim.md).

A lock is nobody's before its first claim, until the service has welcomed it under the keys of a claim, and again when it was
wiped and nothing has been put on its list since. While it says its claim it goes on as it was: the keys it has are its keys
until the answer is in flash.
"""

from collections.abc import Callable

from device_sim.errors import BadRequest
from device_sim.flash.chip import Flash
from device_sim.given_keys import claimed_by, forget_secret, keep_keys
from firmware_protocol.claim import WINDOW_S, LockClaim, PressedButton, next_secret
from firmware_protocol.keys import exchange, private_key, public_key
from firmware_protocol.lock_session import LockIdentity
from firmware_protocol.topics import LockId

_KEY_ENTROPY_BYTES = 48

Draw = Callable[[int], bytes]


def nobodys_keys(lock: LockId, draw: Draw) -> LockIdentity:
    """What stands for keys in a lock that was never claimed: drawn at this boot, with a service that nobody is."""
    return LockIdentity(lock, _draw_key(draw), public_key(_draw_key(draw)))


class Claiming:
    """One boot's claims. `boxed_secret`: as in Start."""

    def __init__(self, flash: Flash, identity: LockIdentity, boxed_secret: str | None, draw: Draw) -> None:
        self._flash = flash
        self._identity = identity
        self._boxed_secret = boxed_secret
        self._claimed_by = claimed_by(flash)
        self._draw = draw
        self._pressed: LockClaim | None = None
        self._pressed_at = 0.0
        self._linked = False
        self.given = False
        """Keys were exchanged and are in flash: the lock must start again under them."""

    @property
    def boxed(self) -> bool:
        """Whether there are no keys at all: it has nobody to speak to."""
        return self._boxed_secret is not None

    @property
    def awaits_welcome(self) -> bool:
        """Whether it has keys of a claim that nobody has welcomed it under."""
        return self._claimed_by is not None

    @property
    def secret(self) -> str | None:
        """What a press of the button would claim by; None while the lock is somebody's."""
        if self._boxed_secret is not None:
            return self._boxed_secret
        identity, held = self._identity, self._flash.access_list
        if held.entries or held.erased:
            return None
        if self._claimed_by is not None:
            return self._claimed_by
        if self._flash.remembered.wiped_key_epoch != identity.key_epoch:
            return None
        static = exchange(identity.private_key, identity.service_public_key)
        return next_secret(static, identity.lock, identity.key_epoch)

    def press(self, now: float) -> None:
        """The button inside; every press draws anew. BadRequest where the lock is somebody's."""
        secret = self.secret
        if secret is None:
            raise BadRequest("this lock is somebody's; whoever has it must release it first, and then it is wiped")
        old = self._identity
        signing = old.signing_key or _draw_key(self._draw)
        drawn = PressedButton(_draw_key(self._draw), signing, _draw_key(self._draw))
        # Keys that never counted are replaced by others of their epoch: the service counts by the last release.
        epoch = 1 if self.boxed else old.key_epoch + (not self.awaits_welcome)
        self._pressed = LockClaim(old.lock, secret, drawn, now=now, key_epoch=epoch)
        self._pressed_at = now

    def open_s(self, now: float) -> float:
        """How long an answer would still be taken; 0 while nothing was pressed."""
        return max(0.0, self._pressed_at + WINDOW_S - now) if self._pressed else 0.0

    def connected(self) -> None:
        """The link is up."""
        self._linked = True

    def welcomed(self) -> None:
        """The service holds the other half of these keys: what they were claimed by is worth nothing from now on."""
        if self._claimed_by is not None:
            forget_secret(self._flash)
            self._claimed_by = self._pressed = None

    def disconnected(self) -> None:
        """The link is down."""
        self._linked = False

    def deadline(self) -> float | None:
        """When there is something to say, or a window to close."""
        return self._pressed.deadline() if self._pressed and self._linked else None

    def to_send(self, now: float) -> list[bytes]:
        """Frames to publish now."""
        if self._pressed is None:
            return []
        frames = list(self._pressed.to_send(now))
        if not self._pressed.is_open(now):
            self._pressed = None
        return frames

    def receive(self, frame: bytes, now: float) -> bool:
        """Whether the frame was the answer. Then the keys are in flash, to count from the next boot on."""
        pressed = self._pressed
        identity = pressed.receive(frame, now) if pressed else None
        if pressed is None or identity is None:
            return False
        # The log of a lock that was nobody's is nobody's, and no log is ever bound to two keys.
        keep_keys(self._flash, identity, erase_epoch=self._flash.log.epoch, claimed_by=pressed.secret)
        self._pressed, self.given = None, True
        return True


def _draw_key(draw: Draw) -> bytes:
    return private_key(draw(_KEY_ENTROPY_BYTES))
