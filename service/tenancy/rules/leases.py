"""Leases in the days of the place, and whether a room has a place left. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from service.errors import BadInput, Conflict

SITE_ZONE = ZoneInfo("Asia/Shanghai")
LONGEST_LEASE = timedelta(days=20 * 366)  # Civil Code Art. 705: what is agreed beyond twenty years is void
EARLIEST_START = timedelta(days=20 * 366)
LATEST_START = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant up to, not including, another."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: "Span") -> bool:
        """Whether they share an instant."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def site_day(at: datetime) -> date:
    """The calendar day of an instant at the place."""
    return at.astimezone(SITE_ZONE).date()


def lease_span(starts_on: date, ends_on: date) -> Span:
    """Both days included, as leases are written: from the first day's midnight to the midnight after the last."""
    first = datetime.combine(starts_on, time(), SITE_ZONE)
    return Span(first, datetime.combine(ends_on + timedelta(days=1), time(), SITE_ZONE))


def check_lease(starts_on: date, ends_on: date, *, today: date) -> None:
    """BadInput unless these can be the first and the last day of a lease."""
    if ends_on < starts_on:
        raise BadInput("The last day is before the first.", code="lease_reversed", field="ends_on")
    if ends_on < today:
        raise BadInput("This lease is already over.", code="lease_over", field="ends_on")
    if ends_on - starts_on > LONGEST_LEASE:
        raise BadInput("A lease lasts at most 20 years.", code="lease_too_long", field="ends_on")
    if not today - EARLIEST_START <= starts_on <= today + LATEST_START:
        raise BadInput("A lease begins within a year from now.", code="lease_start", field="starts_on")


def most_at_once(spans: Iterable[Span], within: Span) -> int:
    """The largest number of the spans that share one instant of `within`."""
    counted = [span for span in spans if span.overlaps(within)]
    # The maximum is reached where one of them begins, or where `within` does.
    instants = {max(span.starts_at, within.starts_at) for span in counted}
    return max((sum(s.starts_at <= at < s.ends_at for s in counted) for at in instants), default=0)


def check_room(capacity: int, taken: Iterable[Span], lease: Span) -> None:
    """Conflict unless one more person may live in the room for the whole lease."""
    there = most_at_once(taken, lease)
    if there >= capacity:
        raise Conflict(
            "This room is full in that time: {there} of {capacity} places are taken or offered.",
            code="room_full",
            there=there,
            capacity=capacity,
        )
