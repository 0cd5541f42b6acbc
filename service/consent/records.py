"""The consent ledger's table and its SQL."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, insert, text
from sqlmodel import Field, Session, SQLModel, col, select

from service.consent.rules import ConsentAct, ConsentEntry, ConsentId, GivenBy, Purpose
from service.people.rules import PersonId


class ConsentActRow(SQLModel, table=True):
    """One thing that happened to one consent; PostgreSQL refuses to change it."""

    __tablename__ = "consent_act"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    person_id: int = Field(sa_type=BigInteger)
    purpose: str
    act: str
    wording_version: int
    given_by: str
    place: str
    recorded_at: datetime


def append_entry(session: Session, person_id: PersonId, entry: ConsentEntry) -> ConsentId:
    """Write one act; the database numbers it."""
    written = insert(ConsentActRow).values(
        person_id=person_id,
        purpose=entry.purpose.value,
        act=entry.act.value,
        wording_version=entry.wording_version,
        given_by=entry.given_by.value,
        place=entry.place,
        recorded_at=entry.recorded_at,
    )
    return ConsentId(session.execute(written.returning(col(ConsentActRow.id))).scalar_one() or 0)


def ledger_of(session: Session, person_id: PersonId) -> tuple[ConsentEntry, ...]:
    """Everything the ledger says about the person, oldest first."""
    query = select(ConsentActRow).where(ConsentActRow.person_id == person_id).order_by(col(ConsentActRow.id))
    return tuple(_entry(row) for row in session.exec(query))


def _entry(row: ConsentActRow) -> ConsentEntry:
    return ConsentEntry(
        purpose=Purpose(row.purpose),
        act=ConsentAct(row.act),
        wording_version=row.wording_version,
        given_by=GivenBy(row.given_by),
        place=row.place,
        recorded_at=row.recorded_at,
    )


def hold_ledgers(session: Session, persons: Iterable[PersonId]) -> None:
    """Until the transaction ends nobody else acts on these persons' consents; taken in the order of the ids."""
    wanted = sorted(set(persons))
    session.execute(
        text(
            "SELECT pg_advisory_xact_lock(hashtextextended('consent', person))"
            " FROM unnest(CAST(:persons AS bigint[])) WITH ORDINALITY AS p (person, at) ORDER BY at"
        ),
        {"persons": wanted},
    )
