"""Delivery: which lists are due, and what the locks have confirmed."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.access_list import EMPTY_DIGEST, ListChange
from firmware_protocol.topics import LockId
from service.access.actions import open_entry
from service.delivery import records
from service.delivery.rules import HeldList, change_to, digest_at
from service.edges.keyring import Keyring


def differing(session: Session, shards: Iterable[int]) -> list[LockId]:
    """Live locks of these shards that do not hold what they should."""
    return records.load_differing(session, shards)


def due(session: Session, locks: Iterable[LockId], keyring: Keyring) -> dict[LockId, ListChange]:
    """The change that each of these locks still needs; locks that hold what they should are left out."""
    wanted = [one for one in records.load_wanted(session, locks) if one.held != HeldList(one.version, one.digest)]
    credentials = records.load_credentials(session, [one.lock for one in wanted])
    changes = {}
    for one in wanted:
        change = change_to(
            one,
            credentials.get(one.lock, []),
            lambda credential, lock=one.lock: open_entry(
                keyring, lock, credential.credential_id, credential.entry_sealed
            ),
        )
        if change is not None:
            changes[one.lock] = change
    return changes


def confirm(session: Session, held: Mapping[LockId, HeldList], now: datetime) -> set[LockId]:
    """Take down what locks say they hold. Returns those that do not hold what they should.

    A credential is shown as on the lock, or as gone from it, only if the digest proves that the lock's list is the one
    we know under that version.
    """
    locks = sorted(held)
    records.write_held(session, held, now)
    credentials = records.load_credentials(session, locks)
    proven = [
        (lock, held[lock].version)
        for lock in locks
        if held[lock].digest == digest_at(credentials.get(lock, []), held[lock].version)
        and (held[lock].version > 0 or held[lock].digest == EMPTY_DIGEST)
    ]
    if proven:
        records.confirm(session, proven, now)
    return {one.lock for one in records.load_wanted(session, locks) if one.held != HeldList(one.version, one.digest)}
