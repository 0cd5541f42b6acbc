"""Stays in two times: when somebody lived there, and since when the register knows it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from service.people.rules import PersonId
from service.premises.rules import AreaId, UnitId
from service.tenancy.rules import TenancyId

StayId = NewType("StayId", int)


class CloseReason(StrEnum):
    """Why a stay is over."""

    DATE = "date"
    LANDLORD = "landlord"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Somebody lives, or lived, in a room over a half-open span."""

    tenancy_id: TenancyId
    unit_id: UnitId
    area_id: AreaId
    person_id: PersonId
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """What the register knows of a stay from now on: the span, and why it ended there."""

    tenancy_id: TenancyId
    starts_at: datetime
    ends_at: datetime
    reason: CloseReason


def close(stay: Stay, ended_at: datetime, reason: CloseReason) -> Closed | None:
    """The stay as it was after all; None where it never began."""
    if ended_at <= stay.starts_at:
        return None
    return Closed(stay.tenancy_id, stay.starts_at, min(ended_at, stay.ends_at), reason)
