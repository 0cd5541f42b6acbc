"""An authority that signs locks' certificates for one run: the stand's own, which its broker trusts, or a stranger's."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from anmen.errors import MachineError

DAY_S = 86_400
_STRANGERS_LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class LockAuthority:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def sign(self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, begins_s: int, ends_s: int) -> x509.Certificate:
        """A client certificate over these Unix seconds."""
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.certificate.subject).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(_at(begins_s)).not_valid_after(_at(ends_s))
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def chain(self, leaf: x509.Certificate) -> bytes:
        """The leaf and the authority behind it, in DER."""
        encoding = serialization.Encoding.DER
        return leaf.public_bytes(encoding) + self.certificate.public_bytes(encoding)


def read_authority(certificate: Path, key: Path) -> LockAuthority:
    """Of PEM files; MachineError where they are no authority's certificate and its unencrypted P-256 key."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as fault:
        raise MachineError(f"{certificate} and {key}, the authority for locks, cannot be read: {fault}") from fault
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != found.public_key():
        raise MachineError(f"{key} is not the elliptic-curve key of {certificate}, the authority for locks.")
    return LockAuthority(found, private)


def draw_authority(now_s: int) -> LockAuthority:
    """One that nobody trusts, for as long as a lock may try what it has signed."""
    key, name = ec.generate_private_key(ec.SECP256R1()), common_name("nobody's authority for locks")
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(_at(now_s - DAY_S)).not_valid_after(_at(now_s) + _STRANGERS_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return LockAuthority(builder.sign(key, hashes.SHA256()), key)


def common_name(*names: str) -> x509.Name:
    """A subject of these common names, and nothing else."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one) for one in names])


def _at(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
