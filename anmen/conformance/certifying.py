"""The next certificate of a lock, the service's side of it: what it asks for, and what it is answered."""

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from anmen.conformance.authority import DAY_S, LockAuthority, common_name, draw_authority
from anmen.conformance.stand import Stand
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.certificate_messages import CERTIFICATE_CAPABILITY, CertificateAnswer, CertificateRequest
from firmware_protocol.messages import Birth, Rebirth

ASKS_BEFORE_S = 60 * DAY_S
BACKDATED_S = 3_600


@dataclass(frozen=True, slots=True)
class Asked:
    """What a lock asks for, and the key in it."""

    request: bytes
    key: ec.EllipticCurvePublicKey

    @property
    def point(self) -> bytes:
        """The key as it is written elsewhere, 65 bytes."""
        return self.key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)

    @property
    def digest(self) -> bytes:
        """What an answer names it by."""
        return hashlib.sha256(self.request).digest()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A certificate to be made, where it differs from a good one. Times are Unix seconds."""

    ends_s: int
    begins_s: int
    names: tuple[str, ...]
    key: ec.EllipticCurvePublicKey


def until_of(birth: Birth) -> int:
    """The end of the certificate that a birth names, Unix seconds; Failed where that is no number."""
    said = birth.capabilities.get(CERTIFICATE_CAPABILITY)
    if type(said) is not int:
        raise Failed(expected="a time in seconds since 1970", seen=f"the capability certificate_until {said!r}")
    return said


def must_be_near(stand: Stand) -> None:
    """NotTried where the certificate that the lock connects with lives on for too long to be asked about."""
    left_s = until_of(stand.birth) - stand.line.unix_ms() // 1000
    if left_s >= ASKS_BEFORE_S:
        raise NotTried(
            f"its certificate ends in {left_s // DAY_S} days: give it one that ends in less than 60, so that it asks for another"
        )


def requests_after_welcome(stand: Stand, listen_s: float = 0.0) -> list[bytes]:
    """What it asks for after another welcome, and for so long after that."""
    since = stand.mark()
    stand.say(Rebirth())
    stand.await_message(Birth, since)
    stand.await_message(CertificateRequest, since, expected="a certificate request after a welcome")
    stand.listen(listen_s)
    return [one.request for _, one in stand.transcript.of(CertificateRequest, since)]


def asked(stand: Stand) -> Asked:
    """What it asks for at present; Failed where the request cannot be read."""
    must_be_near(stand)
    return read_request(requests_after_welcome(stand)[-1])


def read_request(request: bytes) -> Asked:
    """The key in a request; Failed where there is none of P-256."""
    try:
        key = x509.load_der_x509_csr(request).public_key()
    except ValueError as garbled:
        raise Failed(expected="PKCS#10 in DER", seen=f"{len(request)} bytes: {garbled}") from garbled
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Failed(expected="a P-256 key", seen=type(key).__name__)
    return Asked(request, key)


def good(stand: Stand, wish: Asked) -> Wanted:
    """As it must be: for this key and this lock alone, in force, and an hour longer than the one it has."""
    now_s = stand.line.unix_ms() // 1000
    return Wanted(until_of(stand.birth) + BACKDATED_S, now_s - BACKDATED_S, (stand.identity.lock,), wish.key)


def signed(authority: LockAuthority, wanted: Wanted) -> bytes:
    """The chain, in DER."""
    name = common_name(*wanted.names)
    return authority.chain(authority.sign(name, wanted.key, begins_s=wanted.begins_s, ends_s=wanted.ends_s))


def nobodys(stand: Stand) -> LockAuthority:
    """An authority that the broker does not trust, one for a run."""
    return stand.once("nobody's authority", lambda: draw_authority(stand.line.unix_ms() // 1000))


def answer(stand: Stand, digest: bytes, chain: bytes) -> None:
    """Say the chain to the request of this digest."""
    stand.say(CertificateAnswer(digest, 0, chain))
