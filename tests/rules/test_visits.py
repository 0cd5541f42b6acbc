"""When a visitor's PIN opens: a day at most, within a week, never outside the tenant's own time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.access.rules import Terms
from service.errors import BadInput
from service.people.rules import PersonId
from service.premises.rules import UnitId
from service.visits.rules import AHEAD, MOST_HOURS, VISIT, Wanted, visit_terms

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
HOURS = st.integers(-400, 400).map(lambda hours: NOW + timedelta(hours=hours, minutes=17))


@given(st.tuples(HOURS, HOURS).map(sorted), st.none() | HOURS, st.integers(-2, 30), st.booleans())
def test_a_visit_lies_inside_ones_own_time(
    own_span: list[datetime], asked: datetime | None, hours: int, one_time: bool
) -> None:
    own = Terms(
        unit_id=UnitId(1),
        person_id=PersonId(2),
        starts_at=own_span[0],
        ends_at=own_span[1],
        offline_lease_s=86_400 * 30,
    )
    wanted = Wanted(starts_at=asked, hours=hours, one_time=one_time)
    begins = max(asked or NOW, own.starts_at)
    in_reach = 1 <= hours <= MOST_HOURS and (asked is None or asked - NOW <= AHEAD)
    if not in_reach or min(own.ends_at, begins + timedelta(hours=hours)) <= max(begins, NOW):
        with pytest.raises(BadInput):
            visit_terms(own, wanted, NOW)
        return
    terms = visit_terms(own, wanted, NOW)
    assert max(own.starts_at, NOW) <= terms.starts_at < terms.ends_at <= own.ends_at
    assert terms.ends_at - terms.starts_at <= min(timedelta(hours=hours), VISIT)
    assert asked is None or terms.starts_at >= asked
    assert (terms.visitor, terms.one_time) == (True, one_time)
    assert terms.offline_lease_s == VISIT.total_seconds()
