"""Inviting visitors, and ending their visits."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from service.access import actions as access
from service.access.rules import GrantId, Materials
from service.audit.rules import Acting
from service.edges.elevation import as_system
from service.edges.keyring import Keyring
from service.errors import Conflict
from service.visits import records
from service.visits.rules import MOST_VISITS, visit_terms


def invite(
    session: Session, grant_id: GrantId, *, one_time: bool, keyring: Keyring, now: datetime, actor: Acting | None = None
) -> tuple[GrantId, str]:
    """A PIN for a visitor, for a day at most; returned to be shown once. It ends with the access it was given from.

    NotFound for a grant out of sight; Conflict for one that ended or is a visitor's itself, for too many, or where a
    lock cannot hold it to one use.
    """
    own = access.get_standing(session, grant_id, now).terms
    if own.visitor:
        raise Conflict("A visitor cannot invite visitors.", code="visitor")
    with as_system(session):
        if len(records.standing(session, [(own.unit_id, own.person_id)])) >= MOST_VISITS:
            raise Conflict(
                "There are enough visitors' PINs for now. They end by themselves within a day.", code="visits"
            )
    pin = access.draw_pin()
    terms = visit_terms(own, now, one_time=one_time)
    return access.grant(session, terms, materials=Materials(pin=pin), keyring=keyring, now=now, actor=actor), pin


def end_with(session: Session, given_by: Sequence[tuple[int, int]], *, now: datetime) -> None:
    """End the visits of (unit, person who gave them): whoever moves out takes no visitors' PINs along."""
    with as_system(session):
        ended = records.standing(session, given_by)
    if ended:
        access.revoke(session, ended, now=now)


def end_over(session: Session, *, now: datetime) -> None:
    """Take the PINs of visitors whose day is over off every list; the locks refuse them by themselves already."""
    with as_system(session):
        ended = records.over(session, now)
    if ended:
        access.revoke(session, ended, now=now)
