"""Keys: one static P-256 pair a side and lock, an ephemeral pair of the lock a boot, HKDF-SHA256 (RFC 5869) for the rest.

A session key depends on both exchanges, static-static (who) and ephemeral-static (when), so that a recorded frame is
worth nothing after the next boot. The key for frames that go down also depends on a number drawn by the process that
holds the lock's shard: two holders never share a key, and so never a key and counter.
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware_protocol.errors import FrameRefusal, RemoteProtocolError
from firmware_protocol.topics import LockId

_CURVE = ec.SECP256R1()
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SALT = b"anmen/1"
KEY_BYTES = 16
# A shard's share of a city's locks, and some.
SESSIONS_COUNTED = 4096
# No session is called that: theirs have eight bytes.
_FORGOTTEN = b""
IV_BYTES = 12


class KeyLabel(StrEnum):
    """What a derived key is for."""

    UP = "up"
    WILL = "will"
    DOWN = "down"
    CREDENTIALS = "credentials"
    CHAIN = "chain"
    CLAIM = "claim"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class FrameKey:
    """AES-128 key and the 12-byte value that a frame's counter is XORed into (RFC 9052 §3.1 Partial IV)."""

    key: bytes = field(repr=False)
    iv: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that speaks for a shard: its lease's generation (only ever rises) and the nonce it drew then.

    It also counts the frames that went down in its name, because the key of the way down depends on it: a ServiceSide
    that is built again, after a failed batch say, must go on counting, or a key and nonce would be used twice. So a
    lease has one Holder object, which is never stored and never copied.
    """

    generation: int
    nonce: bytes
    _spoken: dict[bytes, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def next_counter(self, session: bytes) -> int:
        """A number for the next frame down to that session; never the same twice."""
        counter = self._spoken.pop(session, None)
        if counter is None:
            counter = self._spoken.get(_FORGOTTEN, 0)
        self._spoken[session] = counter + 1
        if len(self._spoken) > SESSIONS_COUNTED:
            self._forget_longest_silent()
        return counter

    def _forget_longest_silent(self) -> None:
        """A lock can be born any number of times. Where a forgotten session goes on, it goes on above every forgotten one."""
        oldest = next(session for session in self._spoken if session != _FORGOTTEN)
        floor = max(self._spoken.pop(_FORGOTTEN, 0), self._spoken.pop(oldest))
        self._spoken[_FORGOTTEN] = floor


def private_key(entropy: bytes) -> bytes:
    """A P-256 private scalar (32 bytes, big-endian) from at least 40 random bytes (FIPS 186-5 A.2.1)."""
    return (int.from_bytes(entropy, "big") % (_P256_ORDER - 1) + 1).to_bytes(32, "big")


def public_key(private: bytes) -> bytes:
    """The public point, X9.62 uncompressed, 65 bytes."""
    return _load_private(private).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def exchange(private: bytes, public: bytes) -> bytes:
    """ECDH shared secret, 32 bytes; RemoteProtocolError where the point is not on the curve."""
    try:
        peer = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public)
    except ValueError as off_curve:
        raise RemoteProtocolError(FrameRefusal.NOT_AUTHENTIC) from off_curve
    return _load_private(private).exchange(ec.ECDH(), peer)


def session_id(ephemeral_public: bytes) -> bytes:
    """Eight bytes that name a boot's session on the wire."""
    return hashlib.sha256(ephemeral_public).digest()[:8]


def frame_key(
    secret: bytes, label: KeyLabel, lock: LockId, key_epoch: int, session: bytes, holder: Holder | None = None
) -> FrameKey:
    """Key of one direction of one session; `secret` is static-static ‖ ephemeral-static."""
    said_by = [holder.generation, holder.nonce] if holder else None
    wide = HKDF(
        SHA256(), KEY_BYTES + IV_BYTES, _SALT, cbor2.dumps([label.value, lock, key_epoch, session, said_by])
    ).derive(secret)
    return FrameKey(wide[:KEY_BYTES], wide[KEY_BYTES:])


def credential_key(static_secret: bytes, lock: LockId, key_epoch: int) -> bytes:
    """32-byte key under which both sides make this lock's card and PIN verifiers; changes at every handover."""
    return _lasting_key(static_secret, KeyLabel.CREDENTIALS, lock, key_epoch)


def chain_key(static_secret: bytes, lock: LockId, key_epoch: int) -> bytes:
    """32-byte key of the commitments in the chain over this lock's events; changes at every handover."""
    return _lasting_key(static_secret, KeyLabel.CHAIN, lock, key_epoch)


def _lasting_key(static_secret: bytes, label: KeyLabel, lock: LockId, key_epoch: int) -> bytes:
    return HKDF(SHA256(), 32, _SALT, cbor2.dumps([label.value, lock, key_epoch])).derive(static_secret)


def _load_private(private: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(private, "big"), _CURVE)
