"""How long a visitor may come, and how many at a time. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from service.access.rules import Terms

VISIT = timedelta(hours=24)
MOST_VISITS = 5


def visit_terms(own: Terms, now: datetime, *, one_time: bool) -> Terms:
    """A visitor's access to the same unit: a day from now at most, and never longer than one's own."""
    return replace(
        own,
        starts_at=now,
        ends_at=min(own.ends_at, now + VISIT),
        offline_lease_s=round(VISIT.total_seconds()),
        visitor=True,
        one_time=one_time,
    )
