"""The chain keys of past key epochs: kept, sealed, for as long as something is left that only they can check.

The static secrets they were derived from are gone; a chain key opens no frame and makes no credential.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.edges.keyring import Keyring, Root
from service.errors import SealBroken
from service.locks import actions as locks
from service.rekeying.records import past

_SEALED_AS = "past chain key"
LOOK_AGAIN = timedelta(days=1)
KEYS_A_ROUND = 500


def keep_chain_key(session: Session, lock_id: LockId, keyring: Keyring, now: datetime) -> None:
    """Before a lock's static keys are replaced: keep the chain key of their key epoch."""
    key_epoch = locks.key_epoch(session, lock_id)
    key = locks.chain_key(session, lock_id, keyring)
    sealed = keyring.seal(Root.LOCKS, _SEALED_AS, key, row=f"{lock_id}/{key_epoch}")
    past.keep(session, lock_id, key_epoch, sealed, now=now, look_again=LOOK_AGAIN)


def chain_keys(session: Session, lock_id: LockId, keyring: Keyring) -> Callable[[int], bytes]:
    """The lock's chain keys by key epoch, each looked up once; SealBroken where there is none, or it does not open."""
    found = {locks.key_epoch(session, lock_id): locks.chain_key(session, lock_id, keyring)}

    def key_of(key_epoch: int) -> bytes:
        if key_epoch not in found:
            sealed = past.find(session, lock_id, key_epoch)
            if sealed is None:
                raise SealBroken(_SEALED_AS)
            found[key_epoch] = keyring.open(Root.LOCKS, _SEALED_AS, sealed, row=f"{lock_id}/{key_epoch}")
        return found[key_epoch]

    return key_of


def forget_past_keys(session: Session, now: datetime) -> int:
    """Delete the chain keys of past key epochs of which no entry and no head with entries is left; how many."""
    return past.forget_needless(session, now=now, look_again=LOOK_AGAIN, most=KEYS_A_ROUND)
