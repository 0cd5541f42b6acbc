"""The ledger's table. It is written through one function of the database that nobody can go around."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session, SQLModel

from service.audit.rules import Acting, Detail


class AuditEntry(SQLModel, table=True):
    """One act; PostgreSQL refuses to change it."""

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    recorded_at: datetime
    account_id: int | None = Field(default=None, sa_type=BigInteger)
    role: str | None = None
    act: str
    subject_id: str
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)


_APPEND = text("SELECT append_audit(:recorded_at, :account_id, :role, :act, :subject_id, :details)").bindparams(
    bindparam("account_id", type_=BigInteger()), bindparam("details", type_=JSONB())
)


def append_entry(
    session: Session, who: Acting | None, act: str, subject_id: str, *, at: datetime, details: Mapping[str, Detail]
) -> None:
    """Write one act to the ledger."""
    session.execute(
        _APPEND,
        {
            "recorded_at": at,
            "account_id": None if who is None else who.account_id,
            "role": None if who is None else str(who.role),
            "act": str(act),
            "subject_id": subject_id,
            "details": dict(details),
        },
    )
