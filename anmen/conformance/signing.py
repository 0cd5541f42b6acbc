"""Signed reports: ES256 (RFC 7518 §3.4) over the report's canonical JSON, with the public key beside the signature."""

import base64
import binascii
import json
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from anmen.errors import MachineError
from anmen.state import write_private

Json = dict[str, Any]
SIGNATURE_BYTES = 64


def make_key(path: Path) -> None:
    """A new P-256 key in a PEM file of mode 0600; MachineError where the file is there already."""
    if path.exists():
        raise MachineError(f"{path} is there already; a signing key is never overwritten.")
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(
        path,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in a PEM file; MachineError says what to do where there is none."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as unusable:
        raise MachineError(
            f"{path} holds no signing key ({unusable}). Make one: anmen conformance key {path}"
        ) from unusable
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise MachineError(f"{path} must hold a P-256 key. Make one: anmen conformance key {path}")
    return key


def sign(report: Json, key: ec.EllipticCurvePrivateKey) -> Json:
    """The report with its signature beside it."""
    r, s = decode_dss_signature(key.sign(canonical(report), ec.ECDSA(hashes.SHA256())))
    value = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return {
        "report": report,
        "signature": {"alg": "ES256", "public_key": point.hex(), "value": base64.b64encode(value).decode()},
    }


def check(signed: Any, *, trusted: bytes | None = None) -> tuple[Json, bytes]:
    """Report and public key (65-byte point) of a signed report; MachineError where a letter was changed, or another key signed."""
    try:
        report, signature = signed["report"], signed["signature"]
        point = bytes.fromhex(signature["public_key"])
        value = base64.b64decode(signature["value"], validate=True)
        if signature["alg"] != "ES256" or len(value) != SIGNATURE_BYTES:
            raise ValueError("no ES256 signature")
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        ours = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
        key.verify(ours, canonical(report), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise MachineError("The signature is not that of this report: it was changed after it was signed.") from None
    except (KeyError, TypeError, ValueError, binascii.Error) as garbled:
        raise MachineError(f"This is no signed conformance report ({garbled}).") from garbled
    if trusted is not None and trusted != point:
        raise MachineError("The report is signed, but by another key than the one you trust.")
    return dict(report), point


def read_public_key(path: Path) -> bytes:
    """The point (65 bytes) of a P-256 key in a PEM file, public or private; MachineError where there is none."""
    try:
        content = path.read_bytes()
        if b"PRIVATE" in content:
            public = read_key(path).public_key()
        else:
            loaded = serialization.load_pem_public_key(content)
            if not isinstance(loaded, ec.EllipticCurvePublicKey):
                raise TypeError("no elliptic curve key")
            public = loaded
    except (OSError, ValueError, TypeError) as unusable:
        raise MachineError(f"{path} holds no P-256 key: {unusable}") from unusable
    return public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def canonical(report: Json) -> bytes:
    """The bytes that are signed: keys sorted, no spaces, UTF-8."""
    return json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
