"""Keys from outside the database, and what they seal.

Two roots, so that each process holds no more than it needs: `people` (names, numbers, phones, templates, blind
indexes) belongs to the serving processes, `locks` (the service's halves of the lock keys, credential material) to
those that speak with locks. Every purpose has its own key, derived from its root by HKDF (RFC 5869); sealing is
AES-256-GCM with a random 96-bit nonce, bound to its purpose and row by the associated data.
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from service.errors import KeyMissing, SealBroken

_VERSION = b"\x01"
_NONCE_BYTES = 12


class Root(StrEnum):
    """Which root key a purpose hangs on."""

    PEOPLE = "people"
    LOCKS = "locks"


@dataclass(frozen=True, slots=True)
class Keyring:
    """Seals, opens and indexes; holds only the roots it was given."""

    _roots: dict[Root, bytes] = field(repr=False)
    _derived: dict[tuple[Root, str], bytes] = field(default_factory=dict, repr=False)

    def seal(self, root: Root, purpose: str, plain: bytes, *, row: str = "") -> bytes:
        """Sealed bytes; `row` names the row they belong to, so that they open nowhere else."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + AESGCM(self._key(root, purpose)).encrypt(nonce, plain, f"{purpose}\0{row}".encode())

    def open(self, root: Root, purpose: str, sealed: bytes, *, row: str = "") -> bytes:
        """The plain bytes; SealBroken where they were changed, moved, or sealed under another key."""
        try:
            if sealed[:1] != _VERSION:
                raise SealBroken(purpose)
            nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
            return AESGCM(self._key(root, purpose)).decrypt(nonce, body, f"{purpose}\0{row}".encode())
        except (InvalidTag, ValueError) as broken:
            raise SealBroken(purpose) from broken

    def blind_index(self, purpose: str, normalised: str) -> bytes:
        """Keyed 32-byte index for exact search over a value that is stored sealed."""
        return hmac.digest(self._key(Root.PEOPLE, f"index:{purpose}"), normalised.encode(), hashlib.sha256)

    def _key(self, root: Root, purpose: str) -> bytes:
        key = self._derived.get((root, purpose))
        if key is None:
            if root not in self._roots:
                raise KeyMissing(root.value)
            key = HKDF(SHA256(), 32, salt=b"anmen at rest", info=purpose.encode()).derive(self._roots[root])
            self._derived[root, purpose] = key
        return key


def read_keyring(path: Path) -> Keyring:
    """Keyring from a JSON file {"people": hex, "locks": hex}; a root may be absent. KeyMissing names what is wrong with the file."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        roots = {Root(name): bytes.fromhex(value) for name, value in written.items()}
    except (OSError, ValueError, AttributeError, TypeError) as unreadable:
        raise KeyMissing(f"{path}: not a readable key file (ANMEN_KEYS_FILE names it)") from unreadable
    if any(len(value) != 32 for value in roots.values()):
        raise KeyMissing(f"{path}: each key must be 32 bytes (64 hex digits)")
    return Keyring(roots)


def write_new_keys(path: Path) -> None:
    """Draw both roots into a new file that only its owner can read; FileExistsError rather than overwrite keys."""
    written = json.dumps({root.value: secrets.token_hex(32) for root in Root}, indent=1)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(written)
