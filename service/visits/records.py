"""SQL of visits: they are grants; which of them stand, and whose time is over."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.access.rules import GrantId

_STANDING = text(
    "SELECT g.id FROM access_grant g"
    " JOIN unnest(CAST(:units AS bigint[]), CAST(:people AS bigint[])) AS of_whom (unit_id, person_id) USING (unit_id, person_id)"
    " WHERE g.visitor AND g.revoked_at IS NULL ORDER BY g.id"
)
_OVER = text("SELECT id FROM access_grant WHERE visitor AND revoked_at IS NULL AND ends_at <= :now ORDER BY id")


def standing(session: Session, given_by: Sequence[tuple[int, int]]) -> tuple[GrantId, ...]:
    """The visits that stand, of (unit, person who gave them)."""
    asked = {"units": [unit for unit, _ in given_by], "people": [person for _, person in given_by]}
    return tuple(GrantId(found) for found in session.execute(_STANDING, asked).scalars())


def over(session: Session, now: datetime) -> tuple[GrantId, ...]:
    """The visits whose time has come and that are on a list yet."""
    return tuple(GrantId(found) for found in session.execute(_OVER, {"now": now}).scalars())
