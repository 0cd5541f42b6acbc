"""What is said of the certificate that a lock connects with: what it asks for, and what it gets (docs/protocol/keys.md)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from firmware_protocol.wire_field import at as _at

CERTIFICATE_CAPABILITY = "certificate_until"
"""In a birth: the end of the certificate it connects with, Unix seconds. Absent: it cannot ask for another."""
MOST_REQUEST_BYTES = 1024
MOST_CHAIN_BYTES = 6144


class CertificateRefusal(IntEnum):
    """Why nothing is signed; what a later version says beyond these is kept as a number."""

    NONE = 0
    WRONG_NAME = 1
    """The request is not in this lock's name."""
    BAD_KEY = 2
    """No P-256 key, or a signature that is not its own."""
    NOT_NOW = 3


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """Please sign this: PKCS#10 (RFC 2986) in DER, its subject the lock's id alone, its key drawn in the lock."""

    TAG: ClassVar[int] = 16
    request: bytes = _at(1, most=MOST_REQUEST_BYTES)


@dataclass(frozen=True, slots=True)
class CertificateAnswer:
    """To the request with this SHA-256: why not, or the chain, certificates in DER one behind the other, the lock's first."""

    TAG: ClassVar[int] = 79
    request_digest: bytes = _at(1, size=32)
    refusal: int = _at(2)
    chain: bytes = _at(3, most=MOST_CHAIN_BYTES, default=b"", unsaid=True)
