"""Vectors of what happens to a lock's keys: a claim, a change of keys with the chain over it, and another certificate.

Signatures are those of RFC 6979, so that the same bytes come out every time; a lock's own may differ.
"""

import datetime as dt
import hashlib
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from firmware_protocol.chain import Link, commitment, first_link, next_link
from firmware_protocol.claim import claim_frame, claimed_frame, code_of, draw_secret, next_secret
from firmware_protocol.codec import encode, encoded_event
from firmware_protocol.key_messages import LockKeys, ServiceKeys
from firmware_protocol.keys import (
    FrameKey,
    KeyLabel,
    chain_key,
    credential_key,
    exchange,
    frame_key,
    private_key,
    public_key,
    session_id,
)
from firmware_protocol.messages import Event
from tests.protocol import vector_parts as parts

CLAIM_SECRET = draw_secret(parts.fixed("claim", 13))
PRESS_KEY = private_key(parts.fixed("press", 48))
NEXT_BOOT_KEY = private_key(parts.fixed("boot 4", 48))
NEXT_EPOCH = 2
STATIC = exchange(parts.LOCK_KEY, public_key(parts.SERVICE_KEY))
NEXT_STATIC = exchange(parts.NEXT_LOCK_KEY, public_key(parts.NEXT_SERVICE_KEY))
CERTIFICATE_KEY = private_key(parts.fixed("certificate", 48))
_BEGINS = dt.datetime(2026, 9, 20, tzinfo=dt.UTC)


def claim() -> dict[str, Any]:
    """One press of the button: what the lock says, twice, what it is answered, and the secret that counts next."""
    pressed = public_key(PRESS_KEY)
    said = LockKeys(parts.KEY_EPOCH, public_key(parts.LOCK_KEY), public_key(parts.SIGNING_KEY))
    answer = ServiceKeys(parts.KEY_EPOCH, public_key(parts.SERVICE_KEY))
    session = session_id(pressed)
    sealed_by = {
        label.value: _written(frame_key(CLAIM_SECRET.encode(), label, parts.LOCK, 0, session))
        for label in (KeyLabel.CLAIM, KeyLabel.CLAIMED)
    }
    return {
        "secret": CLAIM_SECRET,
        "code": code_of(parts.LOCK, CLAIM_SECRET),
        "ephemeral_private": PRESS_KEY.hex(),
        "session": session.hex(),
        "keys": sealed_by,
        "claim": {
            "plain": encode(said).hex(),
            "frames": [claim_frame(parts.LOCK, CLAIM_SECRET, pressed, counter, said).hex() for counter in (0, 1)],
        },
        "claimed": {
            "plain": encode(answer).hex(),
            "frame": claimed_frame(parts.LOCK, CLAIM_SECRET, session, answer).hex(),
        },
        "next_secret": {
            str(epoch): next_secret(static, parts.LOCK, epoch) for epoch, static in ((1, STATIC), (2, NEXT_STATIC))
        },
    }


def key_change() -> dict[str, Any]:
    """The pairs of key epoch 2, what is derived from them, and the chain of a log that goes on over the change."""
    ephemeral = public_key(NEXT_BOOT_KEY)
    session, secret = session_id(ephemeral), NEXT_STATIC + exchange(NEXT_BOOT_KEY, public_key(parts.NEXT_SERVICE_KEY))
    return {
        "key_epoch": NEXT_EPOCH,
        "lock_private": parts.NEXT_LOCK_KEY.hex(),
        "service_private": parts.NEXT_SERVICE_KEY.hex(),
        "static_secret": NEXT_STATIC.hex(),
        "ephemeral_private": NEXT_BOOT_KEY.hex(),
        "session": session.hex(),
        "frame_keys": {
            label.value: _written(
                frame_key(
                    secret, label, parts.LOCK, NEXT_EPOCH, session, parts.HOLDER if label is KeyLabel.DOWN else None
                )
            )
            for label in (KeyLabel.UP, KeyLabel.WILL, KeyLabel.DOWN)
        },
        "credential_key": credential_key(NEXT_STATIC, parts.LOCK, NEXT_EPOCH).hex(),
        "chain": {
            "log_epoch": parts.EPOCH,
            "chain_keys": {str(epoch): key.hex() for epoch, key in _CHAIN_KEYS.items()},
            "first_link": first_link(parts.LOCK, parts.EPOCH).value.hex(),
            "events": _over_the_change(),
        },
    }


def certificate() -> dict[str, Any]:
    """A request and a chain of one that a lock takes, by its own clock's reading."""
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_named(parts.LOCK))
        .sign(_signer(CERTIFICATE_KEY), SHA256(), ecdsa_deterministic=True)
    )
    authority = _signer(private_key(parts.fixed("authority", 48)))
    signed = (
        x509.CertificateBuilder()
        .subject_name(_named(parts.LOCK))
        .issuer_name(_named("authority of the vectors"))
        .public_key(_signer(CERTIFICATE_KEY).public_key())
        .serial_number(1 + int.from_bytes(parts.fixed("serial", 8), "big"))
        .not_valid_before(_BEGINS)
        .not_valid_after(_BEGINS + dt.timedelta(days=397))
        .sign(authority, SHA256(), ecdsa_deterministic=True)
    )
    asked = request.public_bytes(Encoding.DER)
    return {
        "private": CERTIFICATE_KEY.hex(),
        "request": asked.hex(),
        "request_digest": hashlib.sha256(asked).hexdigest(),
        "chain": signed.public_bytes(Encoding.DER).hex(),
        "clock": int(_BEGINS.timestamp()) + 86_400,
        "present_until": int(_BEGINS.timestamp()) + 30 * 86_400,
    }


_CHAIN_KEYS = {1: chain_key(STATIC, parts.LOCK, 1), 2: chain_key(NEXT_STATIC, parts.LOCK, NEXT_EPOCH)}


def _over_the_change() -> list[dict[str, Any]]:
    """An event of the old keys, *keys changed*, and one of the new keys."""
    link: Link = first_link(parts.LOCK, parts.EPOCH)
    told = []
    for number, (name, epoch) in enumerate((("opened", 1), ("keys changed", 2), ("alarm", 2)), 1):
        event: Event = parts.EVENTS[name]._replace(sequence=number)
        link = next_link(link, commitment(_CHAIN_KEYS[epoch], event))
        told.append({"key_epoch": epoch, "encoded": encoded_event(event).hex(), "link": link.value.hex()})
    return told


def _written(key: FrameKey) -> dict[str, str]:
    return {"key": key.key.hex(), "iv": key.iv.hex()}


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signer(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())


def secret_bytes(static: bytes, epoch: int) -> bytes:
    """What the next secret is written from (ANM-CLM-009), derived beside the code that is tried."""
    return HKDF(SHA256(), 13, b"anmen/1", f"claim {parts.LOCK} {epoch}".encode()).derive(static)


def decoded(encoded: str) -> list[Any]:
    """An event's array of its hexadecimal encoding."""
    read: list[Any] = cbor2.loads(bytes.fromhex(encoded))
    return read
