"""What a vendor promises of a firmware image, and whether a lock takes it up. Modelled on SUIT (RFC 9019, RFC 9124).

    envelope  COSE_Sign1 (RFC 9052 §4.2), ES256: #6.18([<<{1: -7}>>, {}, <<manifest>>, signature])
    manifest  a map of numbers; what a lock does not know is skipped under a positive key and a reason to refuse under a
              negative one, so that a later vendor can add a condition that an old lock does not overlook

The vendor's public key is in the lock from the factory. Neither service nor broker can make a lock run anything else.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from firmware_protocol.cbor_subset import NotOurs, byte_string, read
from firmware_protocol.firmware import ENVELOPE_BYTES, LARGEST_IMAGE, VERSION_BYTES, FirmwareRefusal

FORMAT = 1
# A version is shown to people in one line; what else a text may hold differs from one Unicode to the next.
_CONTROLS = frozenset(map(chr, (*range(32), 127)))
_PROTECTED = b"\xa1\x01\x26"
# Bound into the signature (external_aad), so that no other thing the key may sign passes for a manifest.
_PURPOSE = b"anmen/1/firmware"
_HEAD = b"\xd2\x84" + byte_string(_PROTECTED) + b"\xa0"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One image. Keys on the wire as in `_KEYS`; `needs_running` is the lowest sequence it may replace."""

    sequence: int
    vendor_id: bytes
    class_id: bytes
    digest: bytes
    size: int
    version: str
    needs_running: int = 0

    def describes(self, image: bytes) -> bool:
        """Whether these bytes are the image."""
        return len(image) == self.size and hashlib.sha256(image).digest() == self.digest


@dataclass(frozen=True, slots=True)
class Running:
    """What a lock judges an offer by: its maker, its kind, the image it runs and the one that failed it."""

    vendor_key: bytes
    vendor_id: bytes
    class_id: bytes
    sequence: int
    slot_bytes: int = LARGEST_IMAGE
    fell_back_from: int = 0


class ManifestRefused(Exception):
    """The envelope is none of ours, or says what this lock cannot do. `digest`: of the image, zeros where it is not known."""

    def __init__(self, reason: FirmwareRefusal, digest: bytes = bytes(32)) -> None:
        super().__init__(reason.name.lower())
        self.reason = reason
        self.digest = digest


# SUIT's own labels where it has them: 1, 2 of the manifest; 1, 2, 3, 14 of its parameters, moved up by 100.
_KEYS = {
    "sequence": 2,
    "vendor_id": 101,
    "class_id": 102,
    "digest": 103,
    "size": 114,
    "version": 120,
    "needs_running": 121,
}
_SIZES = {"vendor_id": 16, "class_id": 16, "digest": 32}


def vendor_id(domain: str) -> bytes:
    """UUID version 5 of a vendor's domain (RFC 9124 §3.3)."""
    return uuid.uuid5(uuid.NAMESPACE_DNS, domain).bytes


def class_id(vendor: bytes, hardware: str) -> bytes:
    """UUID version 5 of a hardware name under its vendor (RFC 9124 §3.4)."""
    return uuid.uuid5(uuid.UUID(bytes=vendor), hardware).bytes


def sign(manifest: Manifest, vendor_private_key: bytes) -> bytes:
    """The envelope of a manifest."""
    return seal_manifest(encode_manifest(manifest), vendor_private_key)


def seal_manifest(said: bytes, vendor_private_key: bytes) -> bytes:
    """The envelope of an encoded manifest; ES256 with a nonce that follows from key and content (RFC 6979)."""
    key = ec.derive_private_key(int.from_bytes(vendor_private_key, "big"), ec.SECP256R1())
    der = key.sign(_to_be_signed(said), ec.ECDSA(SHA256(), deterministic_signing=True))
    signature = b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(der))
    return _HEAD + byte_string(said) + byte_string(signature)


def verify(envelope: bytes, vendor_key: bytes) -> Manifest:
    """The manifest the vendor signed; ManifestRefused says why it is not believed. The signature is looked at first."""
    said, signature = _opened(envelope)
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), vendor_key)
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        point.verify(der, _to_be_signed(said), ec.ECDSA(SHA256()))
    except InvalidSignature as forged:
        raise ManifestRefused(FirmwareRefusal.NOT_SIGNED) from forged
    return decode_manifest(said)


def judge(envelope: bytes, lock: Running) -> Manifest:
    """The manifest this lock may install; ManifestRefused with the reason where it may not."""
    manifest = verify(envelope, lock.vendor_key)
    reasons = {
        FirmwareRefusal.WRONG_VENDOR: manifest.vendor_id != lock.vendor_id,
        FirmwareRefusal.WRONG_CLASS: manifest.class_id != lock.class_id,
        FirmwareRefusal.OLD: manifest.sequence <= lock.sequence,
        FirmwareRefusal.NEEDS_NEWER: lock.sequence < manifest.needs_running,
        FirmwareRefusal.TOO_LARGE: manifest.size > lock.slot_bytes,
        FirmwareRefusal.FELL_BACK_BEFORE: manifest.sequence == lock.fell_back_from,
    }
    for reason, holds in reasons.items():
        if holds:
            raise ManifestRefused(reason, manifest.digest)
    return manifest


def describe(image: bytes, *, sequence: int, version: str, vendor: bytes, hardware: str, needs: int = 0) -> Manifest:
    """The manifest of an image, ready to be signed."""
    digest = hashlib.sha256(image).digest()
    return Manifest(sequence, vendor, class_id(vendor, hardware), digest, len(image), version, needs)


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest in core deterministic encoding (RFC 8949 §4.2.1)."""
    return cbor2.dumps({1: FORMAT, **{key: getattr(manifest, name) for name, key in _KEYS.items()}})


def decode_manifest(said: bytes) -> Manifest:
    """A manifest's content; ManifestRefused where it is not one that a lock of this version can follow."""
    try:
        written = read(said)
    except NotOurs as garbled:
        raise ManifestRefused(FirmwareRefusal.NOT_READABLE) from garbled
    if type(written) is not dict or written.get(1) != FORMAT:
        raise ManifestRefused(FirmwareRefusal.NOT_READABLE)
    if any(type(key) is int and key < 0 for key in written):
        raise ManifestRefused(FirmwareRefusal.UNKNOWN_CONDITION)
    values = {name: _value(name, written[key]) for name, key in _KEYS.items() if key in written}
    if len(values) < len(_KEYS) - ("needs_running" not in values):
        raise ManifestRefused(FirmwareRefusal.NOT_READABLE)
    return Manifest(**values)


def _value(name: str, value: Any) -> Any:
    if name in _SIZES:
        sound = type(value) is bytes and len(value) == _SIZES[name]
    elif name == "version":
        sound = type(value) is str and 0 < len(value.encode()) <= VERSION_BYTES and not _CONTROLS & {*value}
    else:
        sound = type(value) is int and (name == "needs_running" or value > 0) and 0 <= value < 1 << 63
        sound = sound and (name != "size" or value <= LARGEST_IMAGE)
    if not sound:
        raise ManifestRefused(FirmwareRefusal.NOT_READABLE)
    return value


def _opened(envelope: bytes) -> tuple[bytes, bytes]:
    """Manifest and signature of a COSE_Sign1 that is written exactly as ours are."""
    if len(envelope) > ENVELOPE_BYTES or envelope[: len(_HEAD)] != _HEAD:
        raise ManifestRefused(FirmwareRefusal.NOT_READABLE)
    try:
        # The tag and the head are known bytes; what follows is read as an array of two.
        said, signature = read(b"\x82" + envelope[len(_HEAD) :])
    except (NotOurs, ValueError) as garbled:
        raise ManifestRefused(FirmwareRefusal.NOT_READABLE) from garbled
    if type(said) is not bytes or type(signature) is not bytes or len(signature) != 64:
        raise ManifestRefused(FirmwareRefusal.NOT_READABLE)
    return said, signature


def _to_be_signed(said: bytes) -> bytes:
    return cbor2.dumps(["Signature1", _PROTECTED, _PURPOSE, said])
