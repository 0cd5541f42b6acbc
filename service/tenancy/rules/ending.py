"""Tenancies as events, who may end one, and when it takes effect. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from service.access.rules import GrantId
from service.accounts.rules import Role
from service.errors import BadInput, Conflict
from service.people.rules import PersonId
from service.premises.rules import AreaId, UnitId
from service.tenancy.rules.leases import Span

TenancyId = NewType("TenancyId", int)

NOTICE = timedelta(days=1)
# How long a landlord's word does not count once it was contradicted.
QUIET = timedelta(days=3)
# A lock that is cut off cannot tell that somebody still comes home; the word waits for it, but not for ever.
LONGEST_WAIT = timedelta(days=7)


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


class EndReason(StrEnum):
    """What a landlord states who says that a tenancy is over before its date."""

    AGREED = "agreed"
    """We have agreed on it: the tenant is asked, and nothing happens without the tenant's word."""
    MOVED_OUT = "moved_out"
    """The tenant has left and does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A landlord's word that a tenancy is over. `takes_effect_at` is None where it needs the tenant's own."""

    tenancy_id: TenancyId
    reason: EndReason
    stated_at: datetime
    takes_effect_at: datetime | None
    contradicted_at: datetime | None = None
    withdrawn_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether nobody has taken it back or contradicted it."""
        return self.contradicted_at is None and self.withdrawn_at is None


def decide_end(
    tenancy_id: TenancyId, by: EndedBy, lease: Span, *, reason: EndReason | None, said: Notice | None, now: datetime
) -> Notice | None:
    """The notice that has to stand first; None where the tenancy ends at once.

    A tenant's word ends it at once, and so does a landlord's before the first day, when nobody lives there yet. BadInput for a
    landlord who states no reason, Conflict where it was said already or was contradicted lately.
    """
    if by is not EndedBy.LANDLORD:
        return None
    if reason is None:
        raise BadInput(
            "Please say why: the tenant has agreed, or has moved out.", code="end_without_reason", field="reason"
        )
    if now < lease.starts_at:
        return None
    _check_said(reason, said, now)
    effect = min(now + NOTICE, lease.ends_at) if reason is EndReason.MOVED_OUT else None
    return Notice(tenancy_id=tenancy_id, reason=reason, stated_at=now, takes_effect_at=effect)


def _check_said(reason: EndReason, said: Notice | None, now: datetime) -> None:
    if said is None:
        return
    if said.stands and said.reason is reason:
        raise Conflict("You have said this already. The tenant can see it.", code="end_stated")
    # Whatever is said anew takes the place of what was contradicted, and of the contradiction with it.
    if said.contradicted_at is not None and now < said.contradicted_at + QUIET:
        raise Conflict(
            "The tenant still lives there. You can say this again after three days; with the tenant's own word it ends at"
            " once.",
            code="end_contradicted",
        )
