"""Grants: who may open what and when, and what their credentials are made from. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

from firmware_protocol.schedules import Schedule
from service.accounts.rules import AccountId
from service.people.rules import PersonId
from service.premises.rules import AreaId, UnitId

GrantId = NewType("GrantId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What credentials are made from, never kept in the clear; `template` only with standing face consent.

    With `duress` they open like any others and call for help.
    """

    document_number: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    template: bytes | None = field(default=None, repr=False)
    duress: bool = False
    passage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who may open which unit and when, half-open; a lock that hears nothing honours it for offline_lease_s at most.

    With schedules only while one of them holds. A visitor's is given by the person; a passage is nobody's, for everybody.
    """

    unit_id: UnitId
    person_id: PersonId | None
    starts_at: datetime
    ends_at: datetime
    offline_lease_s: int
    visitor: bool = False
    one_time: bool = False
    schedules: tuple[Schedule, ...] = ()


@dataclass(frozen=True, slots=True)
class GrantRecord:
    """A grant as it stands."""

    id: GrantId
    terms: Terms
    area_id: AreaId
    landlord_id: AccountId
    revoked_at: datetime | None
