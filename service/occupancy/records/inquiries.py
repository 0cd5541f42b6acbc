"""Inquiries and those they were about: SQL. An inquiry is written before anything is looked up for its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, text
from sqlmodel import Field as Column
from sqlmodel import Session, SQLModel, col, select

from service.accounts.rules import AccountId, Role
from service.occupancy.rules.inquiries import (
    Field,
    InquiryId,
    InquiryKind,
    LegalBasis,
    Occupant,
    Purpose,
    RefusalReason,
    Value,
)
from service.people.rules import PersonId
from service.premises.rules import AreaId, BuildingId, UnitId


class InquiryRow(SQLModel, table=True):
    """A question that was asked; PostgreSQL refuses to change it."""

    __tablename__ = "inquiry"

    id: int | None = Column(default=None, primary_key=True, sa_type=BigInteger)
    account_id: int = Column(sa_type=BigInteger)
    role: str
    kind: str
    question_sealed: bytes
    purpose: str
    basis: str
    outcome: str
    refusal: str | None = None
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedInquiry:
    """An inquiry as it was recorded, without its question. `told` are the fields told about one person."""

    id: InquiryId
    account_id: AccountId
    role: Role
    kind: InquiryKind
    purpose: Purpose
    basis: LegalBasis
    refusal: RefusalReason | None
    asked_at: datetime
    told: tuple[Field, ...] = ()


_OCCUPANTS = """
    SELECT s.person_id, u.number, b.address, lower(s.valid) AS since, upper(s.valid) AS until,
           p.state, p.confidence, p.reason, p.since AS presence_since
    FROM stay s JOIN unit u ON u.id = s.unit_id JOIN building b ON b.id = u.building_id
    LEFT JOIN presence p ON p.unit_id = s.unit_id AND p.person_id = s.person_id
    WHERE upper_inf(s.known) AND s.valid @> CAST(:now AS timestamptz) AND {which}
    ORDER BY b.id, length(u.number), u.number, lower(s.valid)
"""
_OF_PERSONS = text(_OCCUPANTS.format(which="s.person_id = ANY(CAST(:wanted AS bigint[]))"))
_OF_UNIT = text(_OCCUPANTS.format(which="s.unit_id = :wanted"))
_OF_BUILDING = text(_OCCUPANTS.format(which="u.building_id = :wanted"))
# One statement for everybody, so that an answer takes as long whether or not the number is known elsewhere.
_NOTE_SUBJECTS = text(
    "INSERT INTO inquiry_subject (inquiry_id, person_id, fields)"
    " SELECT :inquiry_id, p.id, CASE WHEN p.id = ANY(CAST(:told AS bigint[])) THEN CAST(:fields AS text[]) ELSE '{}' END"
    " FROM person p WHERE p.id = ANY(CAST(:persons AS bigint[]))"
)


def append_inquiry(session: Session, row: InquiryRow) -> InquiryId:
    """Record a question and what became of it."""
    session.add(row)
    session.flush()
    return InquiryId(row.id or 0)


def append_subjects(
    session: Session,
    inquiry_id: InquiryId,
    persons: Sequence[PersonId],
    *,
    told: Sequence[PersonId],
    fields: Sequence[Field],
) -> None:
    """Let these persons see that the question was asked; of those in `told`, which fields were told."""
    session.execute(
        _NOTE_SUBJECTS,
        {
            "inquiry_id": inquiry_id,
            "persons": list(persons),
            "told": list(told),
            "fields": [field.value for field in fields],
        },
    )


def occupants_of_persons(session: Session, persons: Sequence[PersonId], now: datetime) -> tuple[Occupant, ...]:
    """Where these persons live, inside the scope of whoever asks."""
    return _occupants(session.execute(_OF_PERSONS, {"wanted": list(persons), "now": now}).all())


def occupants_of_unit(session: Session, unit_id: UnitId, now: datetime) -> tuple[Occupant, ...]:
    """Who lives in the room, inside the scope of whoever asks."""
    return _occupants(session.execute(_OF_UNIT, {"wanted": unit_id, "now": now}).all())


def occupants_of_building(session: Session, building_id: BuildingId, now: datetime) -> tuple[Occupant, ...]:
    """Who lives in the building, inside the scope of whoever asks."""
    return _occupants(session.execute(_OF_BUILDING, {"wanted": building_id, "now": now}).all())


def find_area_of_unit(session: Session, unit_id: UnitId) -> AreaId | None:
    """Where the room stands, for whoever may see it."""
    found = session.execute(text("SELECT area_id FROM unit WHERE id = :id"), {"id": unit_id}).scalar_one_or_none()
    return None if found is None else AreaId(found)


def find_area_of_building(session: Session, building_id: BuildingId) -> AreaId | None:
    """Where the building stands."""
    found = session.execute(text("SELECT area_id FROM building WHERE id = :id"), {"id": building_id})
    area_id = found.scalar_one_or_none()
    return None if area_id is None else AreaId(area_id)


def inquiries_about(session: Session, person_id: PersonId) -> tuple[AskedInquiry, ...]:
    """The questions about a person, newest first, inside the scope of whoever asks."""
    rows = session.execute(
        text(
            "SELECT i.id, i.account_id, i.role, i.kind, i.purpose, i.basis, i.refusal, i.asked_at, s.fields"
            " FROM inquiry_subject s JOIN inquiry i ON i.id = s.inquiry_id WHERE s.person_id = :person"
            " ORDER BY i.asked_at DESC, i.id DESC LIMIT 500"
        ),
        {"person": person_id},
    )
    return tuple(_asked(row, row.fields) for row in rows)


def inquiries_by(session: Session, account_id: AccountId) -> tuple[AskedInquiry, ...]:
    """The questions an account has asked, newest first."""
    query = select(InquiryRow).where(InquiryRow.account_id == account_id).order_by(col(InquiryRow.id).desc()).limit(500)
    return tuple(_asked(row, ()) for row in session.exec(query))


def _asked(row: InquiryRow | Row[Any], fields: Sequence[str]) -> AskedInquiry:
    return AskedInquiry(
        id=InquiryId(row.id or 0),
        account_id=AccountId(row.account_id),
        role=Role(row.role),
        kind=InquiryKind(row.kind),
        purpose=Purpose(row.purpose),
        basis=LegalBasis(row.basis),
        refusal=None if row.refusal is None else RefusalReason(row.refusal),
        asked_at=row.asked_at,
        told=tuple(Field(field) for field in fields),
    )


def _occupants(rows: Sequence[Row[Any]]) -> tuple[Occupant, ...]:
    return tuple(Occupant(PersonId(row.person_id), _known(row)) for row in rows)


def _known(row: Row[Any]) -> dict[Field, Value]:
    known: dict[Field, Value] = {
        Field.ADDRESS: row.address,
        Field.ROOM: row.number,
        Field.LIVES_SINCE: row.since,
        Field.LIVES_UNTIL: row.until,
    }
    if row.state is None:
        return known | {Field.PRESENCE: "unknown"}
    return known | {
        Field.PRESENCE: row.state,
        Field.PRESENCE_CONFIDENCE: row.confidence,
        Field.PRESENCE_REASON: row.reason,
        Field.PRESENCE_SINCE: row.presence_since,
    }
