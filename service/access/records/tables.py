"""Tables of grants, credentials and access lists."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Column, Computed, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class AccessGrantRow(SQLModel, table=True):
    """Somebody may open a unit's doors for a span of time."""

    __tablename__ = "access_grant"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    unit_id: int = Field(sa_type=BigInteger)
    area_id: int = Field(sa_type=BigInteger)
    landlord_id: int = Field(sa_type=BigInteger)
    person_id: int | None = Field(default=None, sa_type=BigInteger)
    starts_at: datetime
    ends_at: datetime
    offline_lease_s: int
    granted_at: datetime
    revoked_at: datetime | None = None
    given_up_at: datetime | None = None
    visitor: bool = False
    one_time: bool = False
    schedules: list[list[int]] = Field(default_factory=list, sa_type=JSONB)
    passage: bool = False
    # Made by the database: what holds a passage to the doors of a whole house.
    passage_door: bool | None = Field(
        default=None, sa_column=Column(Boolean, Computed("CASE WHEN passage THEN true END", persisted=True))
    )


class AccessListRow(SQLModel, table=True):
    """What we want a lock to hold, beside what it last said it holds."""

    __tablename__ = "access_list"

    lock_id: str = Field(primary_key=True)
    version: int = Field(default=0, sa_type=BigInteger)
    digest: bytes
    next_credential_id: int = 1
    held_version: int | None = Field(default=None, sa_type=BigInteger)
    held_digest: bytes | None = None
    held_at: datetime | None = None


class CredentialRow(SQLModel, table=True):
    """One credential on one lock; its id is never used again on that lock."""

    __tablename__ = "credential"

    lock_id: str = Field(primary_key=True)
    credential_id: int = Field(primary_key=True)
    grant_id: int = Field(sa_type=BigInteger)
    unit_id: int = Field(sa_type=BigInteger)
    person_id: int | None = Field(default=None, sa_type=BigInteger)
    type: int = Field(sa_type=SmallInteger)
    entry_sealed: bytes | None = None
    entry_hash: bytes
    added_version: int = Field(sa_type=BigInteger)
    removed_version: int | None = Field(default=None, sa_type=BigInteger)
    on_lock_at: datetime | None = None
    off_lock_at: datetime | None = None
    erased_at: datetime | None = None
    used_at: datetime | None = None
    visitor: bool = False
    duress: bool = False
