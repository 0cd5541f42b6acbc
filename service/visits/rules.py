"""How long a visitor may come, and how many at a time. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.access.rules import DeliveryState, GrantId, Terms
from service.errors import BadInput
from service.premises.rules import UnitId

MOST_HOURS = 24
VISIT = timedelta(hours=MOST_HOURS)
AHEAD = timedelta(days=7)
MOST_VISITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a visitor is wanted for: from when (None: at once), how many hours, and whether the PIN opens one time only."""

    starts_at: datetime | None = None
    hours: int = MOST_HOURS
    one_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecord:
    """A visitor's PIN as it is stored; its span is half-open."""

    id: GrantId
    unit_id: UnitId
    starts_at: datetime
    ends_at: datetime
    one_time: bool
    taken_back: bool
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitView:
    """A visitor's PIN and where it is. `held_until`: when a silent lock drops by itself what was taken back.

    `used_at`: when one that opens one time has opened.
    """

    id: GrantId
    unit_id: UnitId
    starts_at: datetime
    ends_at: datetime
    one_time: bool
    state: DeliveryState
    held_until: datetime | None
    used_at: datetime | None


def visit_terms(own: Terms, wanted: Wanted, now: datetime) -> Terms:
    """A visitor's access to the same unit: a day at most, within a week, and inside one's own; BadInput says what to change."""
    if not 1 <= wanted.hours <= MOST_HOURS:
        raise BadInput("A visitor's PIN is for 1 to 24 hours.", code="visit_hours", field="hours")
    asked = wanted.starts_at or now
    if asked - now > AHEAD:
        raise BadInput("A visit begins within the next seven days.", code="visit_too_far", field="starts_at")
    ends_at = min(own.ends_at, max(asked, own.starts_at) + timedelta(hours=wanted.hours))
    starts_at = max(asked, now, own.starts_at)
    if ends_at <= starts_at:
        raise BadInput(
            "At that time you have no access yourself, or it is over already.", code="visit_over", field="starts_at"
        )
    return replace(
        own,
        starts_at=starts_at,
        ends_at=ends_at,
        offline_lease_s=round(VISIT.total_seconds()),
        visitor=True,
        one_time=wanted.one_time,
    )
