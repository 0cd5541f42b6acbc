"""A maker's signing key as a PEM file (PKCS 8, P-256), as openssl reads and writes it; the public half goes into locks."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from anmen.errors import MachineError


def draw_maker_key() -> bytes:
    """A fresh private key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def private_scalar(pem: bytes) -> bytes:
    """The 32-byte scalar of a private key; MachineError where it is none on P-256."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as wrong:
        raise MachineError("This is no unencrypted private key in PEM.") from wrong
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise MachineError("The maker's key must be on the curve P-256.")
    return key.private_numbers().private_value.to_bytes(32, "big")


def public_point(pem: bytes) -> bytes:
    """The 65-byte point of a public or private key in PEM; MachineError where it is none on P-256."""
    try:
        key = load_pem_private_key(pem, None).public_key() if b"PRIVATE" in pem else load_pem_public_key(pem)
    except (ValueError, TypeError) as wrong:
        raise MachineError("This is no key in PEM.") from wrong
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise MachineError("The maker's key must be on the curve P-256.")
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def public_pem(pem: bytes) -> bytes:
    """The public half of a private key, in PEM."""
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_point(pem))
    return point.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_key(path: Path) -> bytes:
    """The file's bytes; MachineError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as unreadable:
        raise MachineError(f"{path}: {unreadable.strerror}") from unreadable
