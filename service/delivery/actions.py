"""Delivery: which lists are due, and what the locks have confirmed."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.access_list import EMPTY_DIGEST, ListChange
from firmware_protocol.errors import ProtocolError
from firmware_protocol.list_compare import Comparison
from firmware_protocol.topics import LockId
from service.access.actions import open_entry
from service.delivery import records
from service.delivery.rules import (
    HeldList,
    ListedCredential,
    WantedList,
    change_to,
    digest_at,
    is_worth_comparing,
)
from service.edges.keyring import Keyring
from service.errors import SealBroken

log = logging.getLogger(__name__)


def wanted_versions(session: Session, locks: Iterable[LockId]) -> dict[LockId, int]:
    """The list version each of these locks should hold; one that holds less may not count its offline leases anew."""
    return records.load_versions(session, locks)


def differing(session: Session, shards: Iterable[int]) -> list[LockId]:
    """Live locks of these shards that do not hold what they should."""
    return records.load_differing(session, shards)


@dataclass(frozen=True, slots=True)
class Due:
    """What locks still need: a change each, or first questions, where all of the list would be much for what may differ."""

    changes: dict[LockId, ListChange] = field(default_factory=dict)
    to_compare: dict[LockId, HeldList] = field(default_factory=dict)


def due(session: Session, locks: Iterable[LockId], keyring: Keyring, *, compare: bool = True) -> Due:
    """What each of these locks still needs; locks that hold what they should are left out."""
    wanted = [one for one in records.load_wanted(session, locks) if one.held != HeldList(one.version, one.digest)]
    credentials = records.load_credentials(session, [one.lock for one in wanted])
    owed = Due()
    for one in wanted:
        listed = credentials.get(one.lock, [])
        if compare and one.held is not None and is_worth_comparing(one, listed):
            owed.to_compare[one.lock] = one.held
            continue
        change = _change(one, listed, keyring)
        if change is not None:
            owed.changes[one.lock] = change
    return owed


def wanted_hashes(session: Session, locks: Iterable[LockId]) -> dict[LockId, dict[int, bytes]]:
    """What each of these locks should hold: the hash of every entry."""
    wanted = records.load_wanted(session, locks)
    credentials = records.load_credentials(session, [one.lock for one in wanted])
    return {
        one.lock: {
            listed.credential_id: listed.entry_hash
            for listed in credentials.get(one.lock, [])
            if listed.live_at(one.version)
        }
        for one in wanted
    }


def found(session: Session, lock: LockId, comparison: Comparison, keyring: Keyring) -> ListChange | None:
    """The change for what a comparison has found; None where the lock needs nothing, or no sound change can be made."""
    for wanted in records.load_wanted(session, [lock]):
        credentials = records.load_credentials(session, [lock]).get(lock, [])
        return _change(wanted, credentials, keyring, comparison)
    return None


def _change(
    wanted: WantedList, credentials: Sequence[ListedCredential], keyring: Keyring, comparison: Comparison | None = None
) -> ListChange | None:
    """None, too, where no sound change can be made: that lock's list stays pending, and the others' go out."""
    try:
        return change_to(
            wanted,
            credentials,
            lambda one: open_entry(keyring, wanted.lock, one.credential_id, one.entry_sealed or b""),
            comparison,
        )
    except (SealBroken, ProtocolError) as broken:
        log.warning("no list goes to lock %s: an entry of it does not open, or is none (%s)", wanted.lock, broken)
        return None


def confirm(session: Session, held: Mapping[LockId, HeldList], now: datetime) -> set[LockId]:
    """Take down what locks say they hold. Returns those that do not hold what they should.

    A credential is shown as on the lock, or as gone from it, only if the digest proves that the lock's list is the one
    we know under that version.
    """
    locks = sorted(held)
    records.write_held(session, held, now)
    records.raise_versions(session, locks)
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
