"""How card and PIN are kept on a lock: as keyed verifiers that are worth nothing on another lock.

A stolen lock's flash or the service's database gives neither the number nor the PIN without that lock's key; 16 bytes
of HMAC-SHA256 are enough because a guess has to be made online, at the keypad, under the lock-out.
"""

import hashlib
import hmac

VERIFIER_BYTES = 16


def card_material(credential_key: bytes, document_number: str) -> bytes:
    """Verifier of an ID card whose reader gives the document number (normalised: upper case, no spaces)."""
    return hmac.digest(credential_key, b"card\0" + document_number.encode(), hashlib.sha256)[:VERIFIER_BYTES]


def pin_material(credential_key: bytes, pin: str) -> bytes:
    """Verifier of a PIN (4 to 8 digits)."""
    return hmac.digest(credential_key, b"pin\0" + pin.encode(), hashlib.sha256)[:VERIFIER_BYTES]


def same_material(one: bytes, other: bytes) -> bool:
    """Whether two verifiers agree, in constant time."""
    return hmac.compare_digest(one, other)
