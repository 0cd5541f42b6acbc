"""A lock whose certificate nears its end, and a service that signs, or does not."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from device_sim.certificate import HeldCertificate
from firmware_protocol import ServiceIdentity
from firmware_protocol.certificate_messages import CertificateAnswer, CertificateRequest
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.messages import DownMessage, TimeAnswer, TimeRequest, UpMessage
from tests.device.rig import LOCK, LOCK_KEY, NOW_S, SERVICE_KEY, Rig
from tests.protocol.fake_ingest import NOW_MS, FakeIngest

DAYS = 86_400
FIRST_KEY = private_key(b"factory!" * 6)
_AUTHORITY = ec.derive_private_key(7, ec.SECP256R1())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def signed(key: ec.EllipticCurvePublicKey, *, name: str = LOCK, begins_s: int = NOW_S - DAYS, ends_s: int) -> bytes:
    """A certificate for this key in DER."""
    builder = x509.CertificateBuilder().subject_name(named(name)).issuer_name(named("authority")).public_key(key)
    builder = builder.serial_number(1 + ends_s).not_valid_before(_at(begins_s)).not_valid_after(_at(ends_s))
    return builder.sign(_AUTHORITY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def key_of(request: bytes) -> ec.EllipticCurvePublicKey:
    key = x509.load_der_x509_csr(request).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def good(request: bytes) -> bytes:
    """What an honest authority signs."""
    return signed(key_of(request), ends_s=NOW_S + 397 * DAYS)


@cache
def factory(ends_in_days: int) -> HeldCertificate:
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key(FIRST_KEY))
    ends_s = NOW_S + ends_in_days * DAYS
    return HeldCertificate(signed(point, begins_s=NOW_S - 300 * DAYS, ends_s=ends_s), FIRST_KEY, ends_s)


@dataclass
class SigningIngest(FakeIngest):
    """Answers requests by `sign`; an empty chain: not yet. `refusal`: says that instead."""

    sign: Callable[[bytes], bytes] = good
    refusal: int = 0
    unix_ms: Callable[[], int] = lambda: NOW_MS
    requests: list[bytes] = field(default_factory=list)

    def _act_on(self, session: bytes, message: UpMessage) -> list[DownMessage]:
        if isinstance(message, TimeRequest):
            return [TimeAnswer(message.nonce, self.unix_ms(), self.durable.wanted.version)]
        if not isinstance(message, CertificateRequest):
            return FakeIngest._act_on(self, session, message)
        self.requests.append(message.request)
        chain = b"" if self.refusal else self.sign(message.request)
        digest = hashlib.sha256(message.request).digest()
        return [CertificateAnswer(digest, self.refusal, chain)] if chain or self.refusal else []


@dataclass
class RenewalRig(Rig):
    """`service` is its ingest; `days`: how long the factory's certificate still lives; `passed_s`: before this boot."""

    days: int = 30
    passed_s: float = 0.0
    service: SigningIngest = field(init=False)

    def __post_init__(self) -> None:
        self.service = SigningIngest(ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY)))
        self.ingest = self.service
        self.service.unix_ms = lambda: NOW_MS + round(1000 * (self.passed_s + self.now))
        self.certificate = factory(self.days)
        self.boot()

    def connect_without_welcome(self) -> None:
        """The link comes up, and nobody there answers."""
        if self.linked:
            self.disconnect()
        self.lock.connecting()
        self.lock.certificates.connecting(self.now)
        self.lock.connected(self.now)

    def reconnect(self) -> None:
        self.disconnect()
        self.connect()

    def holds_in_flash(self, secret: bytes) -> bool:
        return any(secret in self.medium.read(name) for name in self.medium.names())


def unsigned(_: bytes) -> bytes:
    """Signed later."""
    return b""


def _at(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
