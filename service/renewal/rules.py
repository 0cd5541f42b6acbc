"""Which request for a certificate is taken, and when an answer is said again. Pure."""

from datetime import datetime, timedelta
from enum import Enum, auto

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from firmware_protocol.topics import LockId

LARGEST_REQUEST = 1024
ONE_EVERY = timedelta(days=1)
FIRST_WAIT = timedelta(minutes=1)
# A lock that has not taken it by then asks again by itself.
MOST_ANSWERS = 8


class Flaw(Enum):
    """Why a request is not taken."""

    NAME = auto()
    """It is not for this lock, or for more than this lock."""
    KEY = auto()
    """No request that can be read, no key of P-256, or not signed with it."""


class FlawedRequest(Exception):
    """A request that must not be signed."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.name)
        self.flaw = flaw


def certified_key(request: bytes, lock: LockId) -> ec.EllipticCurvePublicKey:
    """The key that this lock asks to be certified (PKCS#10 in DER, its subject CN=<lock id> alone); FlawedRequest."""
    if not 1 <= len(request) <= LARGEST_REQUEST:
        raise FlawedRequest(Flaw.KEY)
    try:
        read = x509.load_der_x509_csr(request)
        name, key, signed = read.subject, read.public_key(), read.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as unreadable:
        raise FlawedRequest(Flaw.KEY) from unreadable
    if name != x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, lock)]):
        raise FlawedRequest(Flaw.NAME)
    if not signed or not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise FlawedRequest(Flaw.KEY)
    return key


def is_too_soon(last_issued_at: datetime | None, now: datetime) -> bool:
    """Whether the lock got a certificate within the last day."""
    return last_issued_at is not None and last_issued_at > now - ONE_EVERY


def answer_again_at(answers: int, now: datetime) -> datetime | None:
    """When an issued certificate is brought once more to a lock that does not use it yet; None when often enough."""
    return now + FIRST_WAIT * float(1 << answers) if answers + 1 < MOST_ANSWERS else None
