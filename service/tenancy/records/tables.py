"""The three tables, from the landlord's offer to the tenancy."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlmodel import Field, SQLModel

from service.tenancy.rules.registering import RegistrationState


class InvitationRow(SQLModel, table=True):
    """A landlord's offer; of its tokens only hashes are kept."""

    __tablename__ = "invitation"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    unit_id: int = Field(sa_type=BigInteger)
    area_id: int = Field(sa_type=BigInteger)
    landlord_id: int = Field(sa_type=BigInteger)
    token_hash: bytes | None
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    expires_at: datetime
    opened_at: datetime | None = None
    form_token_hash: bytes | None = None
    form_expires_at: datetime | None = None
    withdrawn_at: datetime | None = None


class RegistrationRow(SQLModel, table=True):
    """What a tenant submitted; the sealed columns are gone once the landlord has decided."""

    __tablename__ = "registration"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    invitation_id: int = Field(sa_type=BigInteger)
    unit_id: int = Field(sa_type=BigInteger)
    area_id: int = Field(sa_type=BigInteger)
    landlord_id: int = Field(sa_type=BigInteger)
    person_id: int = Field(sa_type=BigInteger)
    state: str = RegistrationState.SUBMITTED.value
    with_face: bool
    form_sealed: bytes | None = None
    template_sealed: bytes | None = None
    face_engine: str | None = None
    face_verdict: str | None = None
    face_band: int | None = Field(default=None, sa_type=SmallInteger)
    submitted_at: datetime
    decided_at: datetime | None = None
    given_up_at: datetime | None = None


class TenancyRow(SQLModel, table=True):
    """Somebody's right to live in a room for a span of time."""

    __tablename__ = "tenancy"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    registration_id: int = Field(sa_type=BigInteger)
    grant_id: int = Field(sa_type=BigInteger)
    unit_id: int = Field(sa_type=BigInteger)
    area_id: int = Field(sa_type=BigInteger)
    landlord_id: int = Field(sa_type=BigInteger)
    person_id: int = Field(sa_type=BigInteger)
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    given_up_at: datetime | None = None
