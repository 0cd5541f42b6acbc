"""The consent ledger's table and its SQL."""

from datetime import datetime

from sqlalchemy import DateTime, insert, text
from sqlmodel import Field, Session, SQLModel, col, select

from service.consent.rules import ConsentAct, ConsentId, GivenBy, Purpose
from service.people.rules import PersonId


class ConsentActRow(SQLModel, table=True):
    """One thing that happened to one consent; PostgreSQL refuses to change it."""

    __tablename__ = "consent_act"

    id: int | None = Field(default=None, primary_key=True)
    person_id: int
    purpose: Purpose = Field(sa_type=Text)
    act: ConsentAct
    wording_version: int
    given_by: GivenBy
    place: str
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
