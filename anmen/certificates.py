"""The demo's certificates: who is the broker, who is a lock, who is an ingest worker.

Two authorities, since the two listeners of the broker trust one each: a lock's certificate is worth nothing at the
service's listener, where a client may choose its client id, and whoever issues locks cannot issue an ingest worker.
Keys are P-256 in files of mode 0600. In production the operator's own authorities take this place; the names are the
contract (docs/operations.md).
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from anmen.errors import MachineError
from anmen.issued_book import IssuedBook
from anmen.state import write_private
from service.edges import clock

INGEST_NAME = "anmen-ingest"
LOCK_NAME = re.compile(r"L-[0-9A-Z]{12}")
SERVICE_NAME = re.compile(r"anmen-[a-z0-9-]{1,40}")

_AUTHORITY_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=397)
_RENEW_BEFORE_END = timedelta(days=30)
_BACKDATED = timedelta(hours=1)  # a lock's clock may run behind ours


class Authority(StrEnum):
    """Whose signature a certificate carries, which is the listener it is good for."""

    SERVICES = "services"
    LOCKS = "locks"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


class Certificates:
    """The certificates in one folder: made when first asked for, reused after, renewed 30 days before they end.

    `given`: the authorities are the operator's. They are used as they are, and nothing is ever made in their place.
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime] = clock.now, given: bool = False) -> None:
        self._folder = folder
        self._now = now
        self._given = given
        self.issued = IssuedBook(folder)

    def authority(self, which: Authority) -> Path:
        """The authority's certificate: what a listener trusts. The broker's own is signed by SERVICES."""
        return self._authority(which).certificate

    def server(self) -> KeyPair:
        """The broker's certificate, for localhost and 127.0.0.1."""
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return self._leaf("server", Authority.SERVICES, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def for_lock(self, lock_id: str) -> KeyPair:
        """A lock's client certificate; its common name is the lock id."""
        if LOCK_NAME.fullmatch(lock_id) is None:
            raise ValueError(f"not a lock id: {lock_id!r} (L- and 12 letters or digits)")
        return self._leaf(lock_id, Authority.LOCKS, ExtendedKeyUsageOID.CLIENT_AUTH)

    def issue_for_locks(self, lock_ids: Iterable[str]) -> Iterator[str]:
        """Certificate and key of each of these locks as one PEM text, signed in one go and kept nowhere: thousands would be files."""
        pair = self._authority(Authority.LOCKS)
        issuer = x509.load_pem_x509_certificate(pair.certificate.read_bytes()).subject
        signing = _load_key(pair.key)
        for lock_id in lock_ids:
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = self._issue(lock_id, key.public_key(), issuer, signing)
            yield (certificate.public_bytes(serialization.Encoding.PEM) + _pem_of(key)).decode()

    def renew_for_lock(self, lock_id: str, key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        """A certificate for a key that this lock has drawn; in the book when this returns."""
        pair = self._authority(Authority.LOCKS)
        issuer = x509.load_pem_x509_certificate(pair.certificate.read_bytes()).subject
        return self._issue(lock_id, key, issuer, _load_key(pair.key))

    def _issue(
        self, lock_id: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, signing: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        builder = self._builder(lock_id, issuer, key, _LEAF_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        certificate = builder.sign(signing, hashes.SHA256())
        self.issued.note([certificate])
        return certificate

    def revocation_list(
        self, serials: Iterable[int], *, begins_at: datetime, ends_at: datetime
    ) -> x509.CertificateRevocationList:
        """A list of the locks' authority that names these certificates."""
        pair = self._authority(Authority.LOCKS)
        issuer = x509.load_pem_x509_certificate(pair.certificate.read_bytes()).subject
        builder = x509.CertificateRevocationListBuilder().issuer_name(issuer)
        builder = builder.last_update(begins_at).next_update(ends_at)
        for serial in sorted(serials):
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(begins_at).build()
            builder = builder.add_revoked_certificate(revoked)
        return builder.sign(_load_key(pair.key), hashes.SHA256())

    def has_signed(self, found: x509.CertificateRevocationList) -> bool:
        """Whether this list is one of today's locks' authority."""
        authority = x509.load_pem_x509_certificate(self._authority(Authority.LOCKS).certificate.read_bytes())
        key = authority.public_key()
        return isinstance(key, ec.EllipticCurvePublicKey) and found.is_signature_valid(key)

    def for_service(self, name: str = INGEST_NAME) -> KeyPair:
        """A client certificate for one of our own processes; its common name is what the access rules know."""
        if SERVICE_NAME.fullmatch(name) is None:
            raise ValueError(f"not the name of a service account: {name!r} (anmen-...)")
        return self._leaf(name, Authority.SERVICES, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _leaf(
        self, name: str, issuer: Authority, usage: x509.ObjectIdentifier, names: Sequence[x509.GeneralName] = ()
    ) -> KeyPair:
        pair = KeyPair(self._folder / issuer / f"{name}.pem", self._folder / issuer / f"{name}.key")
        authority = self._authority(issuer)
        signer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
        if self._is_good(pair, signer):
            return pair
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, signer.subject, key.public_key(), _LEAF_LIFE).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(_load_key(authority.key), hashes.SHA256())
        if issuer is Authority.LOCKS:
            self.issued.note([certificate])
        _keep(pair, key, certificate)
        return pair

    def _authority(self, which: Authority) -> KeyPair:
        pair = KeyPair(self._folder / f"{which}-ca.pem", self._folder / f"{which}-ca.key")
        if self._given:
            _check_usable(pair)
            return pair
        if self._is_good(pair, None):
            return pair
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Anmen demo authority for {which}")])
        builder = self._builder(f"Anmen demo authority for {which}", subject, key.public_key(), _AUTHORITY_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_signs_only(), critical=True)
        _keep(pair, key, builder.sign(key, hashes.SHA256()))
        return pair

    def _builder(
        self, name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
    ) -> x509.CertificateBuilder:
        now = self._now()
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + life)
        )

    def _is_good(self, pair: KeyPair, signer: x509.Certificate | None) -> bool:
        """Whether both files are there, still long enough valid, and signed by today's authority (None: by itself)."""
        try:
            certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
            key = _load_key(pair.key)
            certificate.verify_directly_issued_by(signer or certificate)
        # Any other fault of the disk says nothing of what lies there: it must not cost an authority its key.
        except (FileNotFoundError, ValueError, TypeError, InvalidSignature):
            return False
        fits = certificate.public_key() == key.public_key()
        return fits and certificate.not_valid_after_utc - self._now() > _RENEW_BEFORE_END


def _check_usable(pair: KeyPair) -> None:
    """MachineError where these are no authority's certificate and its key; an authority above it is the operator's matter."""
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        fits = certificate.public_key() == _load_key(pair.key).public_key()
    except (OSError, ValueError, TypeError) as fault:
        raise MachineError(
            f"{pair.certificate} and {pair.key} must be a certificate and its unencrypted elliptic-curve key in PEM"
            f" ({type(fault).__name__}). Nothing was changed."
        ) from fault
    if not fits:
        raise MachineError(f"{pair.key} is not the key of {pair.certificate}. Nothing was changed.")


def _signs_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} holds no elliptic curve key")
    return key


def _keep(pair: KeyPair, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    """The key first: a certificate without its key is made again, never used."""
    write_private(pair.key, _pem_of(key))
    write_private(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
