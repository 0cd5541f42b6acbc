"""The certificate that a lock connects with, and its key: read, asked for, and judged when it comes (docs/protocol/keys.md)."""

import os
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from firmware_protocol.keys import public_key
from firmware_protocol.topics import LockId

_LONG_FORM = 0x80


@dataclass(frozen=True, slots=True)
class HeldCertificate:
    """`chain`: certificates in DER, the lock's own first; `key`: its 32-byte P-256 scalar; `until`: its end, Unix seconds."""

    chain: bytes
    key: bytes = field(repr=False)
    until: int

    def into(self, context: ssl.SSLContext) -> None:
        """Have the context connect with it; SSLError (an OSError) where it cannot be used. OpenSSL reads files only."""
        certificates = [x509.load_der_x509_certificate(one) for one in split(self.chain)]
        pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)
        encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        secret = _private(self.key).private_bytes(encoding, shape, serialization.NoEncryption())
        number, path = tempfile.mkstemp()
        try:
            with os.fdopen(number, "wb") as file:
                file.write(pem + secret)
            context.load_cert_chain(path)
        finally:
            Path(path).unlink()


def from_factory(certificate: Path, key: Path) -> HeldCertificate | None:
    """What the factory put in, of PEM files; None where there is none, or none with a P-256 key."""
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        return None
    chain = b"".join(one.public_bytes(serialization.Encoding.DER) for one in found)
    scalar = private.private_numbers().private_value.to_bytes(32, "big")
    return HeldCertificate(chain, scalar, _end_of(found[0]))


def request_for(lock: LockId, key: bytes) -> bytes:
    """PKCS#10 in DER, in the lock's name and nothing else, signed with this key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, lock)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(_private(key), hashes.SHA256())
    return request.public_bytes(serialization.Encoding.DER)


def end_of(chain: bytes) -> int:
    """When the first certificate of a chain ends, Unix seconds."""
    return _end_of(x509.load_der_x509_certificate(split(chain)[0]))


def is_ours(chain: bytes, lock: LockId, key: bytes, *, now_s: int, longer_than: int) -> bool:
    """Whether a lock may take it: for this key and its own name alone, in force, and for longer than the one it has."""
    try:
        leaf, *_ = [x509.load_der_x509_certificate(one) for one in split(chain)]
        names = [(name.oid, name.value) for name in leaf.subject]
        encoding, shape = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        said = leaf.public_key().public_bytes(encoding, shape)
        begins, ends = round(leaf.not_valid_before_utc.timestamp()), _end_of(leaf)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        return False
    mine = said == public_key(key) and names == [(NameOID.COMMON_NAME, lock)]
    return mine and begins <= now_s < ends and ends > longer_than


def split(chain: bytes) -> list[bytes]:
    """The DER items that stand one behind the other (X.690 §8.1.3); ValueError where the last does not end with the chain."""
    items = []
    while chain:
        size = _size_of_first(chain)
        if size > len(chain):
            raise ValueError("a certificate is cut short")
        items.append(chain[:size])
        chain = chain[size:]
    return items


def _size_of_first(chain: bytes) -> int:
    length = chain[1] if len(chain) > 1 else 0
    if length < _LONG_FORM:
        return 2 + length
    more = length - _LONG_FORM
    return 2 + more + int.from_bytes(chain[2 : 2 + more], "big")


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(key, "big"), ec.SECP256R1())


def _end_of(certificate: x509.Certificate) -> int:
    return round(certificate.not_valid_after_utc.timestamp())
