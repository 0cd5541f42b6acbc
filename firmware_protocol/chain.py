"""The chain over a lock's events: what the service alone could have forged, it cannot pass off as the lock's.

    commitment(n) = HMAC-SHA256(chain key, event n as encoded)
    link(0)       = SHA-256 of ["anmen/1 chain", lock, log epoch]
    link(n)       = SHA-256(link(n - 1) ‖ commitment(n))

The lock signs links (ES256, as a COSE_Sign1 with a detached payload would be: RFC 9052 §4.4). Commitments are keyed, so
that they can be kept when what they commit to has been erased: without the chain key nobody can try out what a short
event may have said, and the chain can still be computed.
"""

import hashlib
import hmac
from typing import NamedTuple

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from firmware_protocol.codec import encoded_event
from firmware_protocol.key_messages import ChainHead
from firmware_protocol.messages import Event
from firmware_protocol.topics import PREFIX, LockId

SIGNED_EVERY_S = 3600.0
# What stands for an event whose bytes the lock itself can no longer read.
UNREADABLE = bytes(32)
_CURVE = ec.SECP256R1()
_ES256 = ec.ECDSA(SHA256(), deterministic_signing=True)
_PROTECTED = b"\xa1\x01\x26"  # {1: -7}
_SCALAR_BYTES = 32


class Link(NamedTuple):
    """The chain's value after the event of that number."""

    sequence: int
    value: bytes


def first_link(lock: LockId, log_epoch: int) -> Link:
    """Where the chain of a log begins, before its first event."""
    return Link(0, hashlib.sha256(cbor2.dumps([f"{PREFIX} chain", lock, log_epoch])).digest())


def commitment(chain_key: bytes, event: Event) -> bytes:
    """What the chain holds of an event: 32 bytes from which nobody without the key learns anything."""
    return hmac.digest(chain_key, encoded_event(event), hashlib.sha256)


def next_link(link: Link, committed: bytes) -> Link:
    """The chain one event further."""
    return Link(link.sequence + 1, hashlib.sha256(link.value + committed).digest())


def statement(lock: LockId, head: ChainHead) -> bytes:
    """What is signed: the Sig_structure of RFC 9052 §4.4 over [epoch, sequence, link, signed at, clock quality]."""
    payload = cbor2.dumps([head.log_epoch, head.sequence, head.link, head.signed_at_ms, head.clock_quality])
    return cbor2.dumps(["Signature1", _PROTECTED, f"{PREFIX}/{lock}/head".encode(), payload])


def sign_head(
    signing_key: bytes, lock: LockId, log_epoch: int, link: Link, *, signed_at_ms: int, quality: int
) -> ChainHead:
    """The signed head; `signing_key` is a P-256 scalar that does nothing else. RFC 6979: no dice are needed."""
    unsigned = ChainHead(log_epoch, link.sequence, link.value, signed_at_ms, quality, bytes(2 * _SCALAR_BYTES))
    key = ec.derive_private_key(int.from_bytes(signing_key, "big"), _CURVE)
    r, s = decode_dss_signature(key.sign(statement(lock, unsigned), _ES256))
    signature = r.to_bytes(_SCALAR_BYTES, "big") + s.to_bytes(_SCALAR_BYTES, "big")
    return ChainHead(log_epoch, link.sequence, link.value, signed_at_ms, quality, signature)


def is_signed_by(public: bytes, lock: LockId, head: ChainHead) -> bool:
    """Whether the holder of the key's private half has signed this head of this lock."""
    r, s = (int.from_bytes(half, "big") for half in (head.signature[:_SCALAR_BYTES], head.signature[_SCALAR_BYTES:]))
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public)
        key.verify(encode_dss_signature(r, s), statement(lock, head), ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
