"""Inviting visitors, and ending their visits."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.access import actions as access
from service.access.rules import DeliveryState, GrantId, LockDelivery, Materials, worst_state
from service.audit.rules import Acting
from service.edges.elevation import as_system
from service.edges.keyring import Keyring
from service.errors import Conflict, NotFound
from service.people.rules import PersonId
from service.visits import records
from service.visits.rules import MOST_VISITS, VisitRecord, VisitView, Wanted, visit_terms


def invite(
    session: Session, grant_id: GrantId, wanted: Wanted, *, keyring: Keyring, now: datetime, actor: Acting | None = None
) -> tuple[GrantId, str]:
    """A PIN for a visitor, for a day at most; returned to be shown once. It ends with the access it was given from.

    NotFound for a grant out of sight; BadInput for a time that cannot be; Conflict for a grant that ended or is a
    visitor's itself, for too many, or where a lock cannot hold it to one use.
    """
    own = access.get_standing(session, grant_id, now).terms
    if own.visitor or own.person_id is None:
        raise Conflict("A visitor cannot invite visitors.", code="visitor")
    with as_system(session):
        if len(records.standing(session, [(own.unit_id, own.person_id)])) >= MOST_VISITS:
            raise Conflict(
                "There are enough visitors' PINs for now. Take one back, or wait until one has ended.", code="visits"
            )
    terms = visit_terms(own, wanted, now)
    with as_system(session):
        access.note_drawing(session, grant_id, now)
        pin = access.draw_pin(session, own.unit_id, keyring=keyring, now=now)
    return access.grant(session, terms, materials=Materials(pin=pin), keyring=keyring, now=now, actor=actor), pin


def visits_of(session: Session, person_id: PersonId, now: datetime) -> tuple[VisitView, ...]:
    """The visitors' PINs this person gave that may open a door yet, or were used and whose day is not over, in the order they begin."""
    found = records.given_by_person(session, person_id, now)
    where = access.deliveries(session, [one.id for one in found])
    views = (_view(one, where.get(one.id, ())) for one in found)
    return tuple(one for one in views if one.state is not DeliveryState.REMOVED or one.used_at is not None)


def find_visit(session: Session, visit_id: GrantId, person_id: PersonId, now: datetime) -> VisitView:
    """One of them; NotFound for what this person did not give, and for one that is over."""
    for one in visits_of(session, person_id, now):
        if one.id == visit_id:
            return one
    raise NotFound("There is no such visitor's PIN.", code="visit")


def take_back(
    session: Session, visit_id: GrantId, person_id: PersonId, *, now: datetime, actor: Acting | None = None
) -> None:
    """Take a visitor's PIN off every lock; once more changes nothing. NotFound for what this person did not give."""
    find_visit(session, visit_id, person_id, now)
    access.revoke(session, [visit_id], now=now, actor=actor)


def end_with(session: Session, given_by: Sequence[tuple[int, int]], *, now: datetime) -> None:
    """End the visits of (unit, person who gave them): whoever moves out takes no visitors' PINs along."""
    with as_system(session):
        ended = records.standing(session, given_by)
    if ended:
        access.revoke(session, ended, now=now)


def note_openings(session: Session, opened: Sequence[tuple[LockId, int, datetime]]) -> None:
    """Visitors' credentials (lock, number) have opened at these instants; in the process that listens to locks."""
    if opened:
        records.note_used(session, opened)


def end_over(session: Session, *, now: datetime) -> None:
    """Take visitors' PINs that are over or used up off every list; the locks refuse them by themselves already."""
    with as_system(session):
        ended = records.over(session, now)
    if ended:
        access.revoke(session, ended, now=now)


def _view(one: VisitRecord, where: Sequence[LockDelivery]) -> VisitView:
    # A room without a lock yet: the PIN waits for one, unless it was taken back.
    nowhere = DeliveryState.REMOVED if one.taken_back else DeliveryState.PENDING
    return VisitView(
        id=one.id,
        unit_id=one.unit_id,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        one_time=one.one_time,
        used_at=one.used_at,
        state=worst_state([lock.state for lock in where]) if where else nowhere,
        held_until=max((lock.held_until for lock in where if lock.held_until is not None), default=None),
    )
