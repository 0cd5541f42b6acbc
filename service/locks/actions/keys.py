"""The keys of locks: taken when a lock is provisioned, kept wrapped, and what is derived from them."""

from datetime import datetime

from sqlmodel import Session

from firmware_protocol import commands_wiped, keys
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.topics import LockId, shard_of
from service.edges.keyring import Keyring, Root
from service.errors import BadInput, Conflict, NotFound
from service.locks import records
from service.locks.rules import signing_key_said

_KEY_PURPOSE = "lock key"


def provision(
    session: Session,
    *,
    lock_id: LockId,
    public_key: bytes,
    service_private_key: bytes,
    signing_key: bytes | None = None,
    keyring: Keyring,
    now: datetime,
) -> None:
    """Take a lock's public keys (`signing_key`: that of its event chain) and the service's private half for it.

    Conflict where the lock is known already, BadInput where the key is no point of P-256: better now than at its first word.
    """
    try:
        keys.exchange(service_private_key, public_key)
    except RemoteProtocolError as off_curve:
        raise BadInput(
            "This is not a lock's public key. Read it from the lock again.", code="lock_key", field="public_key"
        ) from off_curve
    if records.find_lock(session, lock_id) is not None:
        raise Conflict("This lock is already registered.")
    session.add(
        records.Lock(
            id=lock_id,
            shard=shard_of(lock_id),
            public_key=public_key,
            service_key_wrapped=wrap_key(service_private_key, lock_id, keyring),
            signing_key=signing_key,
            provisioned_at=now,
        )
    )
    session.flush()


def wipe_key(session: Session, lock_id: LockId, keyring: Keyring) -> bytes:
    """The key of this lock's wipe proofs; NotFound where there is no such lock."""
    lock = _get_lock(session, lock_id)
    return commands_wiped.wipe_key(_static_secret(lock, keyring), lock_id, lock.key_epoch)


def static_secret(session: Session, lock_id: LockId, keyring: Keyring) -> bytes:
    """What the lock and the service share by the keys they have now; NotFound where there is no such lock."""
    return _static_secret(_get_lock(session, lock_id), keyring)


def wrap_key(private: bytes, lock_id: LockId, keyring: Keyring) -> bytes:
    """The service's half of a lock's keys as it is stored."""
    return keyring.seal(Root.LOCKS, _KEY_PURPOSE, private, row=lock_id)


def unwrap_key(wrapped: bytes, lock_id: LockId, keyring: Keyring) -> bytes:
    """The service's half of a lock's keys; SealBroken where it is another lock's, or was changed."""
    return keyring.open(Root.LOCKS, _KEY_PURPOSE, wrapped, row=lock_id)


def credential_key(session: Session, lock_id: LockId, keyring: Keyring) -> bytes:
    """The key under which this lock's card and PIN verifiers are made; NotFound where there is no such lock."""
    # Whoever calls off a change of keys must not go on with what was read before it went through.
    lock = _get_lock(session, lock_id, fresh=True)
    return keys.credential_key(_static_secret(lock, keyring), lock_id, lock.key_epoch)


def chain_key(session: Session, lock_id: LockId, keyring: Keyring) -> bytes:
    """The key of the commitments in the chain over this lock's events; NotFound where there is no such lock."""
    lock = _get_lock(session, lock_id, fresh=True)
    return keys.chain_key(_static_secret(lock, keyring), lock_id, lock.key_epoch)


def key_epoch(session: Session, lock_id: LockId) -> int:
    """The epoch of the lock's present static keys; NotFound where there is no such lock."""
    return _get_lock(session, lock_id, fresh=True).key_epoch


def signing_key(session: Session, lock_id: LockId) -> bytes | None:
    """The key that the lock signs heads with: given when it was provisioned, or said in the first birth that was proven."""
    lock = _get_lock(session, lock_id)
    if lock.signing_key is None:
        lock.signing_key = signing_key_said(lock.capabilities)
        session.flush()
    return lock.signing_key


def names_another_signing_key(session: Session, lock_id: LockId) -> bool:
    """Whether the lock's latest birth names another signing key than the one we know."""
    lock = _get_lock(session, lock_id)
    said = signing_key_said(lock.capabilities)
    return said is not None and lock.signing_key is not None and said != lock.signing_key


def _get_lock(session: Session, lock_id: LockId, *, fresh: bool = False) -> records.Lock:
    lock = records.find_lock(session, lock_id, fresh=fresh)
    if lock is None:
        raise NotFound("There is no such lock.")
    return lock


def _static_secret(lock: records.Lock, keyring: Keyring) -> bytes:
    private = unwrap_key(lock.service_key_wrapped, LockId(lock.id), keyring)
    return keys.exchange(private, lock.public_key)
