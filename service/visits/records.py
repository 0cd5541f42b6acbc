"""SQL of visits: they are grants; which of them stand, and whose time is over."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.access.rules import GrantId
from service.edges.arrays import instants, numbers, words
from service.edges.set_based import Statement
from service.people.rules import PersonId
from service.visits.rules import VisitRecord

_STANDING = text(
    "SELECT g.id FROM access_grant g"
    " JOIN unnest(CAST(:units AS bigint[]), CAST(:people AS bigint[])) AS of_whom (unit_id, person_id) USING (unit_id, person_id)"
    " WHERE g.visitor AND g.revoked_at IS NULL ORDER BY g.id"
)
_OVER = text(
    "SELECT id FROM access_grant g WHERE visitor AND revoked_at IS NULL AND (ends_at <= :now"
    " OR EXISTS (SELECT FROM credential c WHERE c.grant_id = g.id AND c.used_at IS NOT NULL AND c.removed_version IS NULL)) ORDER BY id"
)

_GIVEN = text(
    "SELECT id, unit_id, starts_at, ends_at, one_time, revoked_at IS NOT NULL AS taken_back,"
    " (SELECT min(c.used_at) FROM credential c WHERE c.grant_id = g.id) AS used_at FROM access_grant g"
    " WHERE visitor AND person_id = :person AND ends_at > :now ORDER BY starts_at, id"
)


def standing(session: Session, given_by: Sequence[tuple[int, int]]) -> tuple[GrantId, ...]:
    """The visits that stand, of (unit, person who gave them)."""
    asked = {"units": [unit for unit, _ in given_by], "people": [person for _, person in given_by]}
    return tuple(GrantId(found) for found in session.execute(_STANDING, asked).scalars())


_USE = Statement(
    "UPDATE credential c SET used_at = said.at FROM unnest(CAST(%(locks)s AS text[]), CAST(%(numbers)s AS integer[]),"
    " CAST(%(at)s AS timestamptz[])) AS said (lock_id, credential_id, at), access_grant g"
    " WHERE c.lock_id = said.lock_id AND c.credential_id = said.credential_id AND c.used_at IS NULL AND g.id = c.grant_id AND g.one_time"
)


def note_used(session: Session, opened: Sequence[tuple[LockId, int, datetime]]) -> None:
    """These (lock, credential id) have opened at these instants; of PINs that open once that is kept, the first counts."""
    _USE.send(
        session,
        locks=words([lock for lock, _, _ in opened]),
        numbers=numbers(number for _, number, _ in opened),
        at=instants(at for _, _, at in opened),
    )


def over(session: Session, now: datetime) -> tuple[GrantId, ...]:
    """The visits whose time has come, or whose only opening, and that are on a list yet."""
    return tuple(GrantId(found) for found in session.execute(_OVER, {"now": now}).scalars())


def given_by_person(session: Session, person_id: PersonId, now: datetime) -> tuple[VisitRecord, ...]:
    """The visits this person gave whose time is not over, those taken back included, in the order they begin."""
    rows = session.execute(_GIVEN, {"person": person_id, "now": now})
    return tuple(VisitRecord(**row._mapping) for row in rows)
