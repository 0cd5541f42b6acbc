"""Password hashes: Argon2id at the OWASP minimum, so that forty sign-ins at once do not take the machine's memory."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Verified against when the login is unknown, so that an answer takes as long either way.
_NOBODYS_HASH = _HASHER.hash("nobody's password")


def hash_password(password: str) -> str:
    """Salted hash with its parameters inside; some 30 ms."""
    return _HASHER.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is right; never for None, but only after the same work."""
    try:
        _HASHER.verify(password_hash or _NOBODYS_HASH, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
