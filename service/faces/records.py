"""Enrolled templates: the table and its SQL. The template's bytes arrive and leave sealed."""

from datetime import datetime

from sqlalchemy import BigInteger, insert, update
from sqlmodel import Field, Session, SQLModel, col, select

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


def append_enrolment(session: Session, person_id: PersonId, engine: str, sealed: bytes, now: datetime) -> None:
    """Store a sealed template; any older one must have been erased."""
    session.execute(
        insert(EnrolmentRow).values(person_id=person_id, engine=engine, template_sealed=sealed, enrolled_at=now)
    )


def erase_enrolments(session: Session, person_id: PersonId, now: datetime) -> int:
    """Overwrite every template of the person with nothing; how many there were."""
    erased = (
        update(EnrolmentRow)
        .where(col(EnrolmentRow.person_id) == person_id, col(EnrolmentRow.erased_at).is_(None))
        .values(template_sealed=None, erased_at=now)
        .returning(col(EnrolmentRow.id))
    )
    return len(session.execute(erased).all())


def find_enrolment(session: Session, person_id: PersonId) -> tuple[str, bytes] | None:
    """Engine and sealed template of the person's enrolment that is not erased."""
    asked = select(EnrolmentRow.engine, EnrolmentRow.template_sealed).where(
        EnrolmentRow.person_id == person_id, col(EnrolmentRow.erased_at).is_(None)
    )
    row = session.exec(asked).first()
    return None if row is None or row[1] is None else (row[0], row[1])
