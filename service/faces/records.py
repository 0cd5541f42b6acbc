"""Enrolled templates: the table and its SQL. The template's bytes arrive and leave sealed."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import BigInteger, insert, update
from sqlmodel import Field, Session, SQLModel, col, select

from service.faces.rules import EnrolmentId
from service.people.rules import PersonId


class EnrolmentRow(SQLModel, table=True):
    """One template of one person; at most one of them is not erased."""

    __tablename__ = "enrolment"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    person_id: int = Field(sa_type=BigInteger)
    engine: str
    template_sealed: bytes | None = None
    enrolled_at: datetime
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The person's standing enrolment, still sealed."""

    id: EnrolmentId
    engine: str
    template_sealed: bytes = field(repr=False)


def append_enrolment(session: Session, person_id: PersonId, engine: str, sealed: bytes, now: datetime) -> None:
    """Store a sealed template; any older one must have been erased."""
    session.execute(
        insert(EnrolmentRow).values(person_id=person_id, engine=engine, template_sealed=sealed, enrolled_at=now)
    )


def find_enrolment(session: Session, person_id: PersonId) -> Enrolment | None:
    """The template that has not been erased."""
    query = select(EnrolmentRow).where(EnrolmentRow.person_id == person_id, col(EnrolmentRow.erased_at).is_(None))
    row = session.exec(query).one_or_none()
    if row is None or row.id is None or row.template_sealed is None:
        return None
    return Enrolment(EnrolmentId(row.id), row.engine, row.template_sealed)


def erase_enrolments(session: Session, person_id: PersonId, now: datetime) -> int:
    """Overwrite every template of the person with nothing; how many there were."""
    erased = (
        update(EnrolmentRow)
        .where(col(EnrolmentRow.person_id) == person_id, col(EnrolmentRow.erased_at).is_(None))
        .values(template_sealed=None, erased_at=now)
        .returning(col(EnrolmentRow.id))
    )
    return len(session.execute(erased).all())
