"""Changing access lists: every change is a new version of a lock's list, with its digest.

Entries are sealed one by one, and the digest is over their hashes, so a change opens nobody else's entry.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from sqlmodel import Session

from firmware_protocol.access_list import decode_entry, encode_entry, entry_hash, list_digest
from firmware_protocol.errors import ProtocolError
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.access import records
from service.access.pins import PinsOnLock
from service.access.records import CredentialRow
from service.access.rules import (
    GrantId,
    HeldList,
    Materials,
    Terms,
    for_lock,
    list_entries_of,
    list_entry,
    materials_for,
    misses,
    places_taken,
)
from service.edges.keyring import Keyring, Root
from service.errors import Conflict, SealBroken
from service.locks import actions as locks
from service.premises.rules import UnitId
from service.rekeying import actions as rekeying

_SEALED_AS = "access list entry"


def seal_entry(keyring: Keyring, lock_id: LockId, credential_id: int, encoded: bytes) -> bytes:
    """An encoded list entry as it is stored, bound to its lock and id."""
    return keyring.seal(Root.LOCKS, _SEALED_AS, encoded, row=f"{lock_id}/{credential_id}")


def open_entry(keyring: Keyring, lock_id: LockId, credential_id: int, sealed: bytes) -> bytes:
    """The encoded list entry, to be sent to its lock; SealBroken where it is not this lock's or not this id's."""
    return keyring.open(Root.LOCKS, _SEALED_AS, sealed, row=f"{lock_id}/{credential_id}")


def add(
    session: Session,
    held: Sequence[HeldList],
    grant_id: GrantId,
    terms: Terms,
    *,
    doors: Mapping[LockId, UnitId],
    materials: Materials,
    keyring: Keyring,
) -> None:
    """Put credentials on these lists, which the caller holds; what makes room for them was taken off before.

    `doors`: the unit that each of the locks hangs at, to which what it opens belongs.
    """
    rows = {
        one.lock_id: rows_for(session, one, grant_id, replace(terms, unit_id=doors[one.lock_id]), materials, keyring)
        for one in held
    }
    records.add_credentials(session, [row for added in rows.values() for row in added])
    move_on(session, held, added={lock_id: len(added) for lock_id, added in rows.items()})


def rows_for(
    session: Session, held: HeldList, grant_id: GrantId, terms: Terms, materials: Materials, keyring: Keyring
) -> list[CredentialRow]:
    """The rows of a grant's credentials on one lock; Conflict where the lock cannot hold them to their times."""
    if held.found:
        raise Conflict(
            "The lock of this door was in strange hands once. Empty it, hand it over to yourself and claim it anew first.",
            code="lock_found",
        )
    rekeying.call_off(session, held.lock_id)
    key = locks.credential_key(session, held.lock_id, keyring)
    rows = []
    fitting = materials_for(for_lock(materials, held.capabilities), key)
    for credential_id, (kind, material) in enumerate(fitting, start=held.next_credential_id):
        entry = list_entry(credential_id, kind, material, terms, duress=materials.duress)
        if misses(entry, held.capabilities):
            raise Conflict(
                "This door's lock cannot hold access to certain times or to one use. It needs newer firmware.",
                code="lock_too_old",
            )
        encoded = encode_entry(entry)
        rows.append(
            CredentialRow(
                lock_id=held.lock_id,
                credential_id=credential_id,
                grant_id=grant_id,
                unit_id=terms.unit_id,
                person_id=terms.person_id,
                type=int(kind),
                entry_sealed=seal_entry(keyring, held.lock_id, credential_id, encoded),
                entry_hash=entry_hash(encoded),
                added_version=held.version + 1,
                visitor=terms.visitor,
                duress=materials.duress,
            )
        )
    return rows


def remove(session: Session, grants: Sequence[GrantId], types: Sequence[CredentialType]) -> None:
    """Take these grants' credentials of these types off every list, those that call for help too."""
    held = records.hold_lists(session, records.locks_holding(session, grants, types))
    if held:
        records.remove_credentials(session, grants, types)
        move_on(session, held, added={})


def move_on(session: Session, held: Sequence[HeldList], *, added: dict[LockId, int]) -> None:
    """The next version of these lists; Conflict where one that something was added to is full."""
    if not held:
        return
    live = records.live_entries(session, [one.lock_id for one in held])
    for one in held:
        if added and places_taken(live[one.lock_id]) > list_entries_of(one.capabilities):
            raise Conflict("The lock's list is full. End a tenancy that is over, then try again.", code="list_full")
    moved = []
    for one in held:
        digest = list_digest((entry.credential_id, entry.entry_hash) for entry in live[one.lock_id])
        moved.append((one, digest, one.next_credential_id + added.get(one.lock_id, 0)))
    records.move_on(session, moved)


def pins_on(session: Session, wanted: Sequence[LockId], keyring: Keyring) -> tuple[PinsOnLock, ...]:
    """The PINs on these locks' lists, as verifiers; in a system scope. What does not open goes to no lock either."""
    found: dict[LockId, dict[bool, set[bytes]]] = {lock: {False: set(), True: set()} for lock in wanted}
    for lock, number, sealed in records.sealed_pins(session, wanted):
        with suppress(SealBroken, ProtocolError):
            entry = decode_entry(open_entry(keyring, lock, number, sealed))
            found[lock][entry.duress].add(entry.material)
    return tuple(
        PinsOnLock(locks.credential_key(session, lock, keyring), frozenset(pins[False]), frozenset(pins[True]))
        for lock, pins in found.items()
    )
