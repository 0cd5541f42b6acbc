"""Changing a lock's static keys over the link, when its room was handed over. The rules of the wire are firmware_protocol/key_change.py.

Access comes first: whoever gives somebody credentials on a lock calls off a change that is under way, in the same
transaction, so that no credential is ever made under keys that are about to go (docs/decisions/0101).
"""

import os
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.key_messages import KeyAnswer, KeyOffer, KeyRefusal
from firmware_protocol.keys import exchange, private_key, public_key
from firmware_protocol.service_side import ServiceIdentity
from firmware_protocol.topics import LockId
from service.edges.keyring import Keyring
from service.errors import SealBroken
from service.locks import actions as locks
from service.rekeying.actions.past import keep_chain_key
from service.rekeying.records import coming
from service.rekeying.rules import offer_again_at

CHANGES_A_ROUND = 50
_KEY_ENTROPY_BYTES = 48


def due(session: Session, shards: Iterable[int], keyring: Keyring, now: datetime) -> list[tuple[LockId, KeyOffer]]:
    """What live locks of these shards are to be offered now: new pairs where a room was vacated, and once more what is not through."""
    held = list(shards)
    for lock, key_epoch in coming.vacated(session, held, CHANGES_A_ROUND):
        wrapped = locks.wrap_key(private_key(os.urandom(_KEY_ENTROPY_BYTES)), lock, keyring)
        coming.append(session, lock, key_epoch, wrapped, now)
    offered = coming.due(session, held, now, CHANGES_A_ROUND)
    coming.note_offers(session, [(one.lock, offer_again_at(one.offers, now)) for one in offered])
    return [(one.lock, offer) for one in offered if (offer := _offer(one, keyring)) is not None]


def answered(
    session: Session, lock: LockId, said: KeyAnswer, keyring: Keyring, now: datetime
) -> ServiceIdentity | None:
    """The keys that the lock will come back under; None where nothing was offered, or it refuses."""
    one = coming.hold(session, lock)
    if one is None or one.key_epoch != said.key_epoch:
        return None
    if said.refusal != KeyRefusal.NONE:
        coming.note_refusal(session, lock, said.refusal)
        return None
    try:
        own = locks.unwrap_key(one.service_key_wrapped, lock, keyring)
        exchange(own, said.public_key)
    except (SealBroken, RemoteProtocolError):
        return None
    coming.note_answer(session, lock, said.public_key, now)
    return ServiceIdentity(lock, own, said.public_key, one.key_epoch)


def is_unheard_of(session: Session, lock: LockId, key_epoch: int) -> bool:
    """Whether no keys of this epoch were ever offered to the lock."""
    return key_epoch > coming.highest_offered(session, lock)


def take(session: Session, lock: LockId, key_epoch: int, keyring: Keyring, now: datetime) -> bool:
    """The lock has proven itself under the new pair: the old one goes. False where the change was called off before."""
    coming.hold_list(session, lock)
    if coming.hold(session, lock) is None:
        return False
    keep_chain_key(session, lock, keyring, now)
    return coming.take(session, lock, key_epoch, now)


def call_off(session: Session, lock: LockId) -> None:
    """What is made for this lock from now on is made under its present keys, and these stay until the lock is vacated again.

    The caller holds the lock's list.
    """
    coming.call_off(session, lock)


def _offer(one: coming.NextKey, keyring: Keyring) -> KeyOffer | None:
    try:
        return KeyOffer(one.key_epoch, public_key(locks.unwrap_key(one.service_key_wrapped, one.lock, keyring)))
    except SealBroken:
        return None
