"""SQL of visits: they are grants; which of them stand, and whose time is over."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.access.rules import GrantId
from service.people.rules import PersonId
from service.visits.rules import VisitRecord

_STANDING = text(
    "SELECT g.id FROM access_grant g"
    " JOIN unnest(CAST(:units AS bigint[]), CAST(:people AS bigint[])) AS of_whom (unit_id, person_id) USING (unit_id, person_id)"
    " WHERE g.visitor AND g.revoked_at IS NULL ORDER BY g.id"
)
_OVER = text("SELECT id FROM access_grant WHERE visitor AND revoked_at IS NULL AND ends_at <= :now ORDER BY id")

_GIVEN = text(
    "SELECT id, unit_id, starts_at, ends_at, one_time, revoked_at IS NOT NULL AS taken_back FROM access_grant"
    " WHERE visitor AND person_id = :person AND ends_at > :now ORDER BY starts_at, id"
)


def standing(session: Session, given_by: Sequence[tuple[int, int]]) -> tuple[GrantId, ...]:
    """The visits that stand, of (unit, person who gave them)."""
    asked = {"units": [unit for unit, _ in given_by], "people": [person for _, person in given_by]}
    return tuple(GrantId(found) for found in session.execute(_STANDING, asked).scalars())


def over(session: Session, now: datetime) -> tuple[GrantId, ...]:
    """The visits whose time has come and that are on a list yet."""
    return tuple(GrantId(found) for found in session.execute(_OVER, {"now": now}).scalars())


def given_by_person(session: Session, person_id: PersonId, now: datetime) -> tuple[VisitRecord, ...]:
    """The visits this person gave whose time is not over, those taken back included, in the order they begin."""
    rows = session.execute(_GIVEN, {"person": person_id, "now": now})
    return tuple(VisitRecord(**row._mapping) for row in rows)
