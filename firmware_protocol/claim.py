"""Claiming a lock: the secret from under its inside cover and a press of its button, within two minutes.

The secret has 100 random bits, so it is itself a key: what is sealed under one derived from it was said by somebody who has
looked under the cover. The lock says its public keys, the service answers with the public half of a pair made for this
lock alone. From then on the secret is worth nothing: the next one is derived from the exchanged keys, and both sides know it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firmware_protocol.codec import decode_down, decode_up, encode
from firmware_protocol.errors import FrameRefusal, RemoteProtocolError
from firmware_protocol.key_messages import LockKeys, ServiceKeys
from firmware_protocol.keys import KeyLabel, exchange, frame_key, public_key, session_id
from firmware_protocol.lock_session import LockIdentity
from firmware_protocol.sealing import FrameKind, Header, Seal, parse
from firmware_protocol.topics import LOCK_ID_ALPHABET, Direction, LockId

WINDOW_S = 120.0
REPEAT_S = 5.0
SECRET_CHARACTERS = 20
ENTROPY_BYTES = 13
CODE_BEGINS = "anmen:claim:"
_READ_AS = str.maketrans("OIL", "011")


def read_secret(text: str) -> str:
    """The secret as it was typed or scanned, in its one form; ValueError where it cannot be one."""
    written = "".join(text.upper().replace("-", " ").split()).translate(_READ_AS)
    if len(written) != SECRET_CHARACTERS or set(written) - set(LOCK_ID_ALPHABET):
        raise ValueError("a claim secret has 20 letters and digits, without I, L, O and U")
    return written


def code_of(lock: LockId, secret: str) -> str:
    """What stands as a code under the cover (ANM-CLM-001); `secret` in its one form."""
    return f"{CODE_BEGINS}{lock}:{secret}"


def in_groups(secret: str) -> str:
    """The secret as a person reads it: five groups of four."""
    return "-".join(secret[at : at + 4] for at in range(0, SECRET_CHARACTERS, 4))


def draw_secret(entropy: bytes) -> str:
    """A secret from 13 random bytes."""
    number = int.from_bytes(entropy[:ENTROPY_BYTES], "big")
    return "".join(LOCK_ID_ALPHABET[(number >> shift) & 31] for shift in range(0, 5 * SECRET_CHARACTERS, 5))


def next_secret(static_secret: bytes, lock: LockId, key_epoch: int) -> str:
    """The secret of the next claim, after the lock was wiped or handed over; it never goes over the wire."""
    said = f"claim {lock} {key_epoch}".encode()
    return draw_secret(HKDF(SHA256(), ENTROPY_BYTES, b"anmen/1", said).derive(static_secret))


def claim_frame(lock: LockId, secret: str, ephemeral_public: bytes, counter: int, said: LockKeys) -> bytes:
    """What the lock says while its window is open; every press of the button has an ephemeral key of its own."""
    session = session_id(ephemeral_public)
    seal = Seal(frame_key(secret.encode(), KeyLabel.CLAIM, lock, 0, session), lock, Direction.UP)
    return seal.seal(Header(FrameKind.CLAIM, session, counter, ephemeral_public), encode(said))


def is_claim(raw: bytes) -> bool:
    """Whether this is a claim's frame, authentic or not."""
    try:
        return parse(raw).header.kind is FrameKind.CLAIM
    except RemoteProtocolError:
        return False


def open_claim(lock: LockId, secret: str, raw: bytes) -> tuple[bytes, LockKeys]:
    """The attempt's session id and the lock's keys; RemoteProtocolError where whoever sealed it has another secret."""
    frame = parse(raw)
    header = frame.header
    if header.kind is not FrameKind.CLAIM or header.ephemeral is None or session_id(header.ephemeral) != header.session:
        raise RemoteProtocolError(FrameRefusal.MALFORMED)
    seal = Seal(frame_key(secret.encode(), KeyLabel.CLAIM, lock, 0, header.session), lock, Direction.UP)
    said = decode_up(seal.open(frame))
    if not isinstance(said, LockKeys):
        raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "claim")
    return header.session, said


def claimed_frame(lock: LockId, secret: str, session: bytes, said: ServiceKeys) -> bytes:
    """The answer to an attempt. Always counter 0, so an attempt must always get the same answer."""
    seal = Seal(frame_key(secret.encode(), KeyLabel.CLAIMED, lock, 0, session), lock, Direction.DOWN)
    return seal.seal(Header(FrameKind.CLAIMED, session, 0), encode(said))


@dataclass(frozen=True, slots=True)
class PressedButton:
    """What the lock draws when its button is pressed: P-256 scalars. The signing key is drawn once in its life."""

    static_key: bytes = field(repr=False)
    signing_key: bytes = field(repr=False)
    ephemeral_key: bytes = field(repr=False)


class LockClaim:
    """The lock's end of one press of its button. `now` is uptime in seconds."""

    def __init__(self, lock: LockId, secret: str, drawn: PressedButton, *, now: float, key_epoch: int = 1) -> None:
        self._lock = lock
        self.secret = secret
        self._drawn = drawn
        self._said = LockKeys(key_epoch, public_key(drawn.static_key), public_key(drawn.signing_key))
        self._ephemeral = public_key(drawn.ephemeral_key)
        self._until = now + WINDOW_S
        self._say_at = now
        self._counter = 0

    def is_open(self, now: float) -> bool:
        """Whether an answer would still be taken."""
        return now < self._until

    def deadline(self) -> float:
        """When it has something to say."""
        return self._say_at

    def to_send(self, now: float) -> Sequence[bytes]:
        """Frames to publish now."""
        if now < self._say_at or not self.is_open(now):
            return ()
        self._say_at = now + REPEAT_S
        self._counter += 1
        return (claim_frame(self._lock, self.secret, self._ephemeral, self._counter - 1, self._said),)

    def receive(self, raw: bytes, now: float) -> LockIdentity | None:
        """The identity to hold from now on, once the service has answered; anything else is not for us."""
        if not self.is_open(now):
            return None
        try:
            answer = self._open(raw)
            exchange(self._drawn.static_key, answer.public_key)
        except RemoteProtocolError:
            return None
        drawn = self._drawn
        return LockIdentity(
            self._lock, drawn.static_key, answer.public_key, answer.key_epoch, signing_key=drawn.signing_key
        )

    def _open(self, raw: bytes) -> ServiceKeys:
        frame = parse(raw)
        session = session_id(self._ephemeral)
        if frame.header.kind is not FrameKind.CLAIMED or frame.header.session != session:
            raise RemoteProtocolError(FrameRefusal.UNKNOWN_SESSION)
        seal = Seal(
            frame_key(self.secret.encode(), KeyLabel.CLAIMED, self._lock, 0, session), self._lock, Direction.DOWN
        )
        said = decode_down(seal.open(frame))
        if not isinstance(said, ServiceKeys) or said.key_epoch < self._said.key_epoch:
            raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "claimed")
        return said
