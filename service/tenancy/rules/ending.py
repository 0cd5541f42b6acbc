"""Tenancies as events, and who may end one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from service.access.rules import GrantId
from service.accounts.rules import Role
from service.errors import BadInput
from service.people.rules import PersonId
from service.premises.rules import AreaId, UnitId
from service.tenancy.rules.leases import Span, site_day

TenancyId = NewType("TenancyId", int)


class EndedBy(StrEnum):
    """What ended a tenancy."""

    DATE = "date"
    LANDLORD = "landlord"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenancyBegun:
    """Domain event: somebody lives somewhere from starts_at on."""

    tenancy_id: TenancyId
    grant_id: GrantId
    unit_id: UnitId
    area_id: AreaId
    person_id: PersonId
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TenancyEnded:
    """Domain event: the tenancy is over; its credentials are leaving the locks."""

    tenancy_id: TenancyId
    grant_id: GrantId
    unit_id: UnitId
    person_id: PersonId
    ended_at: datetime
    ended_by: EndedBy


@dataclass(frozen=True, slots=True)
class TenanciesEnded:
    """Domain event: several ended at once, by their dates; never empty."""

    ended: tuple[TenancyEnded, ...]


# Who may end a tenancy, and as what it is then recorded.
ENDED_BY: Mapping[Role, EndedBy] = MappingProxyType({Role.LANDLORD: EndedBy.LANDLORD, Role.TENANT: EndedBy.TENANT})


def check_end(by: EndedBy, lease: Span, *, agreed: bool, now: datetime) -> None:
    """BadInput where a landlord would end a running lease without saying that the tenant has left or agreed.

    Ending takes the tenant's access away; a lease that still runs is not ended over the tenant's head.
    """
    running = site_day(now) < site_day(lease.ends_at) - timedelta(days=1)
    if by is EndedBy.LANDLORD and running and not agreed:
        raise BadInput(
            "The lease is still running. Tick that the tenant has moved out or has agreed.",
            code="end_not_agreed",
            field="agreed",
        )
