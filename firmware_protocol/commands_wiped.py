"""The proof of a factory wipe, and what is left of a list when faces are erased. Pure.

The proof says that the lock which holds this static key states, to this challenge, that its list is empty and its log a
new one. It is kept with the handover; the key it is made with has no other use.
"""

import hashlib
import hmac
from collections.abc import Mapping

import cbor2
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firmware_protocol.access_list import EMPTY_DIGEST, AccessList, Erased, decode_entry, entry_hash
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType

LABEL = "wipe"


def wipe_key(static_secret: bytes, lock: LockId, key_epoch: int) -> bytes:
    """32-byte key of a lock's wipe proofs, from the static-static ECDH secret."""
    return HKDF(SHA256(), 32, b"anmen/1", cbor2.dumps([LABEL, lock, key_epoch])).derive(static_secret)


def wipe_proof(key: bytes, challenge: bytes, *, old_epoch: int, new_epoch: int) -> bytes:
    """HMAC-SHA256 over the challenge, the two log epochs and the digest of an empty list; 32 bytes."""
    said = cbor2.dumps([challenge, old_epoch, new_epoch, EMPTY_DIGEST])
    return hmac.digest(key, said, hashlib.sha256)


def proves_wipe(key: bytes, proof: bytes, challenge: bytes, *, old_epoch: int, new_epoch: int) -> bool:
    """Whether this is the proof, and the log another one; in constant time."""
    made = wipe_proof(key, challenge, old_epoch=old_epoch, new_epoch=new_epoch)
    return hmac.compare_digest(proof, made) and old_epoch != new_epoch


def without_faces(held: AccessList) -> AccessList:
    """The list with the material of every face erased. Their hashes stay, so the digest does; `ends_at` 0 says it was by command."""
    faces = {number: raw for number, raw in held.entries.items() if decode_entry(raw).type is CredentialType.FACE}
    kept: Mapping[int, bytes] = {number: raw for number, raw in held.entries.items() if number not in faces}
    erased = {number: Erased(0, entry_hash(raw)) for number, raw in faces.items()}
    return AccessList(held.version, kept, {**held.erased, **erased})
