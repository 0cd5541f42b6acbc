"""Granting and revoking access: every change is a new version of each lock's access list, with its digest.

Entries are sealed one by one, and the digest is over their hashes, so a change opens nobody else's entry.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.access_list import encode_entry, entry_hash, list_digest
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.access import records
from service.access.records import CredentialRow
from service.access.rules import (
    PIN_DIGITS,
    GrantId,
    GrantRecord,
    HeldList,
    LockDelivery,
    Materials,
    Terms,
    for_lock,
    is_trivial_pin,
    list_entries_of,
    list_entry,
    lock_deliveries,
    materials_for,
    misses,
)
from service.audit.actions import record
from service.audit.rules import Act, Acting
from service.edges.elevation import as_system
from service.edges.keyring import Keyring, Root
from service.errors import Conflict, NotFound
from service.locks import actions as locks
from service.people.rules import PersonId
from service.premises import actions as premises

_SEALED_AS = "access list entry"


def draw_pin() -> str:
    """Six random digits that nobody tries first."""
    while True:
        pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
        if not is_trivial_pin(pin):
            return pin


def grant(
    session: Session,
    terms: Terms,
    *,
    materials: Materials,
    keyring: Keyring,
    now: datetime,
    actor: Acting | None = None,
) -> GrantId:
    """Give the person credentials on every lock of the unit; Conflict where a lock's list is full."""
    unit = premises.get_unit(session, terms.unit_id)
    with as_system(session):
        grant_id = records.append_grant(session, terms, area_id=unit.area_id, landlord_id=unit.landlord_id, now=now)
        _add(session, grant_id, terms, materials=materials, keyring=keyring, now=now)
    record(session, actor, Act.ACCESS_GRANTED, grant_id, now=now)
    return grant_id


def revoke(session: Session, grants: Sequence[GrantId], *, now: datetime, actor: Acting | None = None) -> None:
    """Take all credentials of these grants off every lock; gone only when each lock has said so (see `delivery`)."""
    with as_system(session):
        # First the grants, then their lists: a PIN being replaced holds them in the same order.
        records.mark_revoked(session, grants, now)
        _remove(session, grants, tuple(CredentialType))
    for grant_id in grants:
        record(session, actor, Act.ACCESS_REVOKED, grant_id, now=now)


def replace_pin(
    session: Session, grant_id: GrantId, *, keyring: Keyring, now: datetime, actor: Acting | None = None
) -> str:
    """A new PIN on every lock of the unit instead of the old one; returned to be shown once.

    The old one opens until the lock has taken the new list. NotFound for a grant out of sight, Conflict for one that ended.
    """
    held = get_standing(session, grant_id, now)
    pin = draw_pin()
    with as_system(session):
        _add(
            session,
            grant_id,
            held.terms,
            materials=Materials(pin=pin),
            keyring=keyring,
            now=now,
            instead_of=CredentialType.PIN,
        )
    record(session, actor, Act.PIN_REPLACED, grant_id, now=now)
    return pin


def equip(
    session: Session,
    lock_id: LockId,
    grants: Sequence[GrantId],
    *,
    materials: Callable[[PersonId], Materials],
    keyring: Keyring,
) -> None:
    """Give a lock that has come to hang on a unit the credentials of these grants; Conflict where its list is too small."""
    [held] = records.hold_lists(session, [lock_id])
    rows: list[CredentialRow] = []
    for grant_id, grant in records.find_grants(session, grants).items():
        at = replace(held, next_credential_id=held.next_credential_id + len(rows))
        rows += _rows(session, at, grant_id, grant.terms, materials(grant.terms.person_id), keyring)
    if rows:
        records.add_credentials(session, rows)
        _move_on(session, [held], added={lock_id: len(rows)})


def empty_list(session: Session, lock_id: LockId, take_all_off: Callable[[Session, LockId], None]) -> None:
    """The next version of a lock's list, with nothing on it."""
    held = records.hold_lists(session, [lock_id])
    take_all_off(session, lock_id)
    _move_on(session, held, added={})


def remove_faces(session: Session, person_id: PersonId) -> tuple[GrantId, ...]:
    """Take the person's face off every lock, and nothing else; the grants that held one."""
    with as_system(session):
        grants = records.standing_grants_of(session, person_id)
        _remove(session, grants, (CredentialType.FACE,))
    return grants


def opens_by_face(session: Session, person_id: PersonId) -> bool:
    """Whether the person's face is on any lock's list and was not taken off it."""
    grants = records.standing_grants_of(session, person_id)
    return bool(records.locks_holding(session, grants, (CredentialType.FACE,)))


def delivery(session: Session, grant_id: GrantId) -> tuple[LockDelivery, ...]:
    """Where the grant stands on each lock; empty where its unit has none. NotFound for a grant out of sight."""
    if grant_id not in (found := deliveries(session, [grant_id])):
        raise NotFound("There is no such grant.", code="grant")
    return found[grant_id]


def deliveries(session: Session, grants: Iterable[GrantId]) -> dict[GrantId, tuple[LockDelivery, ...]]:
    """The same for many grants with two queries; those out of sight are left out."""
    visible = records.find_grants(session, grants)
    states = records.credential_records(session, visible)
    return {grant_id: lock_deliveries(states[grant_id], held.terms) for grant_id, held in visible.items()}


def seal_entry(keyring: Keyring, lock_id: LockId, credential_id: int, encoded: bytes) -> bytes:
    """An encoded list entry as it is stored, bound to its lock and id."""
    return keyring.seal(Root.LOCKS, _SEALED_AS, encoded, row=f"{lock_id}/{credential_id}")


def open_entry(keyring: Keyring, lock_id: LockId, credential_id: int, sealed: bytes) -> bytes:
    """The encoded list entry, to be sent to its lock; SealBroken where it is not this lock's or not this id's."""
    return keyring.open(Root.LOCKS, _SEALED_AS, sealed, row=f"{lock_id}/{credential_id}")


def get_standing(session: Session, grant_id: GrantId, now: datetime) -> GrantRecord:
    """The grant, held until the transaction ends. NotFound for one out of sight, Conflict for one that ended."""
    held = records.hold_grant(session, grant_id)
    if held is None:
        raise NotFound("There is no such grant.", code="grant")
    if held.revoked_at is not None or held.terms.ends_at <= now:
        raise Conflict("This access has ended.", code="grant_ended")
    return held


def _add(
    session: Session,
    grant_id: GrantId,
    terms: Terms,
    *,
    materials: Materials,
    keyring: Keyring,
    now: datetime,
    instead_of: CredentialType | None = None,
) -> None:
    held = records.hold_lists(session, premises.locks_of_unit(session, terms.unit_id, now))
    if instead_of is not None:
        records.remove_credentials(session, [grant_id], [instead_of])
    rows = {one.lock_id: _rows(session, one, grant_id, terms, materials, keyring) for one in held}
    records.add_credentials(session, [row for added in rows.values() for row in added])
    _move_on(session, held, added={lock_id: len(added) for lock_id, added in rows.items()})


def _rows(
    session: Session, held: HeldList, grant_id: GrantId, terms: Terms, materials: Materials, keyring: Keyring
) -> list[CredentialRow]:
    key = locks.credential_key(session, held.lock_id, keyring)
    rows = []
    fitting = materials_for(for_lock(materials, held.capabilities), key)
    for credential_id, (kind, material) in enumerate(fitting, start=held.next_credential_id):
        entry = list_entry(credential_id, kind, material, terms)
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
            )
        )
    return rows


def _remove(session: Session, grants: Sequence[GrantId], types: Sequence[CredentialType]) -> None:
    held = records.hold_lists(session, records.locks_holding(session, grants, types))
    if held:
        records.remove_credentials(session, grants, types)
        _move_on(session, held, added={})


def _move_on(session: Session, held: Sequence[HeldList], *, added: dict[LockId, int]) -> None:
    if not held:
        return
    live = records.live_hashes(session, [one.lock_id for one in held])
    for one in held:
        if added and len(live[one.lock_id]) > list_entries_of(one.capabilities):
            raise Conflict("The lock's list is full. End a tenancy that is over, then try again.", code="list_full")
    records.move_on(
        session,
        [(one, list_digest(live[one.lock_id]), one.next_credential_id + added.get(one.lock_id, 0)) for one in held],
    )
