"""Granting access and taking it back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.access import records
from service.access.actions import listing
from service.access.pins import is_apart
from service.access.records import CredentialRow
from service.access.rules import GrantId, GrantRecord, HeldList, Materials, Terms, for_lock
from service.audit.actions import record
from service.audit.rules import Act, Acting
from service.edges.elevation import as_system
from service.edges.keyring import Keyring
from service.errors import Conflict, NotFound
from service.people.rules import PersonId
from service.premises import actions as premises
from service.premises.rules import UnitId


def grant(
    session: Session,
    terms: Terms,
    *,
    materials: Materials,
    keyring: Keyring,
    now: datetime,
    actor: Acting | None = None,
) -> GrantId:
    """Give the person credentials on every lock of the unit and of its house; Conflict where a lock's list is full.

    Without the PIN where it would be taken for somebody's call for help: another is drawn on the person's own page.
    """
    if not terms.visitor:
        # A lock that is hung meanwhile is told of all but visitors.
        premises.keep_doors(session, terms.unit_id)
    unit = premises.get_unit(session, terms.unit_id)
    if not terms.visitor and terms.person_id is not None:
        _end_hours_of_the_only_door(session, terms.unit_id, now)
    with as_system(session):
        grant_id = records.append_grant(session, terms, area_id=unit.area_id, landlord_id=unit.landlord_id, now=now)
        doors = premises.doors_opened_from(session, terms.unit_id, now)
        held = records.hold_lists(session, doors)
        fitting = _without_slip(session, held, materials, keyring)
        listing.add(session, held, grant_id, terms, doors=doors, materials=fitting, keyring=keyring)
    record(session, actor, Act.ACCESS_GRANTED, grant_id, now=now)
    return grant_id


def revoke(session: Session, grants: Sequence[GrantId], *, now: datetime, actor: Acting | None = None) -> None:
    """Take all credentials of these grants off every lock; gone only when each lock has said so (see `delivery`)."""
    with as_system(session):
        # First the grants, then their lists: a PIN being replaced holds them in the same order.
        records.mark_revoked(session, grants, now)
        listing.remove(session, grants, tuple(CredentialType))
    for grant_id in grants:
        record(session, actor, Act.ACCESS_REVOKED, grant_id, now=now)


def equip(
    session: Session,
    lock_id: LockId,
    grants: Sequence[GrantId],
    *,
    unit_id: UnitId,
    materials: Callable[[PersonId], Materials],
    keyring: Keyring,
) -> None:
    """Give a lock that has come to hang on this unit the credentials of these grants; Conflict where its list is too small."""
    [held] = records.hold_lists(session, [lock_id])
    rows: list[CredentialRow] = []
    for grant_id, grant in records.find_grants(session, grants).items():
        at = replace(held, next_credential_id=held.next_credential_id + len(rows))
        person, terms = grant.terms.person_id, replace(grant.terms, unit_id=unit_id)
        fitting = Materials(passage=True) if person is None else materials(person)
        rows += listing.rows_for(session, at, grant_id, terms, fitting, keyring)
    if rows:
        records.add_credentials(session, rows)
        listing.move_on(session, [held], added={lock_id: len(rows)})


def empty_list(session: Session, lock_id: LockId, take_all_off: Callable[[Session, LockId], None]) -> None:
    """The next version of a lock's list, with nothing on it."""
    held = records.hold_lists(session, [lock_id])
    take_all_off(session, lock_id)
    listing.move_on(session, held, added={})


def remove_faces(session: Session, person_id: PersonId) -> tuple[GrantId, ...]:
    """Take the person's face off every lock, and nothing else; the grants that held one."""
    with as_system(session):
        grants = records.standing_grants_of(session, person_id)
        # A lock that is being hung holds them too: it either still finds the face gone, or loses it here.
        records.hold_grants(session, grants)
        listing.remove(session, grants, (CredentialType.FACE,))
    return grants


def bring_face(
    session: Session,
    person_id: PersonId,
    template: bytes,
    *,
    keyring: Keyring,
    now: datetime,
    only_erased: bool = False,
) -> tuple[GrantId, ...]:
    """Put this face on every lock of the person's grants that can read it, instead of the one before; Conflict where a list is full.

    `only_erased`: where the lock has erased it by command. The grants that stand; the consent is the caller's to check.
    """
    materials = Materials(template=template)
    with as_system(session):
        grants = records.residencies_of(session, person_id, now)
        records.hold_grants(session, grants)
        for grant_id, found in records.find_grants(session, grants).items():
            doors = premises.doors_opened_from(session, found.terms.unit_id, now)
            hanging = doors.keys()
            old = set(records.locks_holding(session, [grant_id], [CredentialType.FACE]))
            concerned = records.locks_with_erased(session, grant_id) if only_erased else hanging | old
            held = records.hold_lists(session, concerned)
            records.remove_credentials(session, [grant_id], [CredentialType.FACE], only_erased=only_erased)
            lists = [one for one in held if one.lock_id in old or for_lock(materials, one.capabilities).template]
            getting = [one for one in lists if one.lock_id in hanging]
            listing.add(session, getting, grant_id, found.terms, doors=doors, materials=materials, keyring=keyring)
            listing.move_on(session, [one for one in lists if one not in getting], added={})
    return grants


def opens_by_face(session: Session, person_id: PersonId) -> bool:
    """Whether the person's face is on any lock's list and was not taken off it."""
    grants = records.standing_grants_of(session, person_id)
    return bool(records.locks_holding(session, grants, (CredentialType.FACE,)))


def get_standing(session: Session, grant_id: GrantId, now: datetime) -> GrantRecord:
    """The grant, held until the transaction ends. NotFound for one out of sight, Conflict for one that ended."""
    held = records.hold_grant(session, grant_id)
    if held is None:
        raise NotFound("There is no such grant.", code="grant")
    if held.revoked_at is not None or held.terms.ends_at <= now:
        raise Conflict("This access has ended.", code="grant_ended")
    return held


def _end_hours_of_the_only_door(session: Session, unit_id: UnitId, now: datetime) -> None:
    """For whoever comes to live behind a door of the house and has no other."""
    with as_system(session):
        doors = set(premises.doors_opened_from(session, unit_id, now).values())
        shared = () if unit_id in doors else sorted(doors)
        standing = [one.id for door in shared for one in records.find_passages(session, door, now)]
    if standing:
        revoke(session, standing, now=now)


def _without_slip(session: Session, held: Sequence[HeldList], materials: Materials, keyring: Keyring) -> Materials:
    """A PIN drawn at registration may have come too near to an emergency PIN that was drawn since."""
    if materials.pin is None:
        return materials
    beside = [
        replace(one, ordinary=frozenset()) for one in listing.pins_on(session, [one.lock_id for one in held], keyring)
    ]
    return materials if is_apart(materials.pin, beside, emergency=False) else replace(materials, pin=None)
