"""Stays in two times, and counts of residents that equal a recount after any sequence of events."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.occupancy import actions as occupancy
from service.reactions import react
from service.tenancy import actions as tenancy
from service.tenancy.rules import TenancyBegun
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living

RECOUNT = """
    SELECT count(DISTINCT (s.unit_id, s.person_id)) FROM stay s JOIN unit u ON u.id = s.unit_id
    WHERE upper_inf(s.known) AND s.valid @> CAST(:now AS timestamptz) AND {where}
"""


@pytest.fixture
def place(database: Database, keyring: Keyring, now: Any) -> Living:
    return living.living(database.serve, keyring, now, capacity=5)


def _counts(place: Living) -> dict[str, int]:
    areas = place.home.areas
    with transaction(place.database, SYSTEM) as session:
        found = {
            "unit": "SELECT residents FROM unit_occupancy WHERE unit_id = :id",
            "building": "SELECT residents FROM building_occupancy WHERE building_id = :id",
        }
        ids = {"unit": place.unit_id, "building": place.home.building_id}
        counts = {name: session.execute(text(sql), {"id": ids[name]}).scalar_one() for name, sql in found.items()}
        for name in ("grid", "community", "town", "county", "other_grid"):
            statement = text("SELECT residents FROM area_occupancy WHERE area_id = :id")
            counts[name] = session.execute(statement, {"id": getattr(areas, name)}).scalar_one()
    return counts


def _everywhere(count: int) -> dict[str, int]:
    above = dict.fromkeys(("unit", "building", "grid", "community", "town", "county"), count)
    return above | {"other_grid": 0}


def _end(place: Living, begun: TenancyBegun, now: datetime) -> None:
    living.moved_out(place, begun, now=now)


def _stays(place: Living) -> list[tuple[Any, ...]]:
    statement = "SELECT lower(valid), upper(valid), lower(known), upper(known), close_reason FROM stay ORDER BY id"
    with transaction(place.database, SYSTEM) as session:
        return [tuple(row) for row in session.execute(text(statement))]


def test_residents_are_counted_up_the_whole_tree(place: Living) -> None:
    begun = [living.tenant(place) for _ in range(3)]
    assert _counts(place) == _everywhere(3)
    _end(place, begun[0], place.now + timedelta(days=1))
    assert _counts(place) == _everywhere(2)


def test_a_lease_that_begins_later_counts_from_its_first_day(place: Living) -> None:
    living.tenant(place, first=date(2026, 4, 1))
    assert _counts(place) == _everywhere(0)
    first_day = datetime.fromisoformat("2026-04-01T00:00:00+08:00")
    for now, changed in ((first_day - timedelta(seconds=1), 0), (first_day, 1), (first_day, 0)):
        with transaction(place.database, SYSTEM) as session:
            assert occupancy.settle_residents(session, now=now) == changed
    assert _counts(place) == _everywhere(1)


def test_what_the_register_knew_before_stays_on_record(place: Living) -> None:
    begun = living.tenant(place)
    later = place.now + timedelta(days=10)
    _end(place, begun, later)
    starts, ends = begun.starts_at, begun.ends_at
    assert _stays(place) == [
        (starts, ends, place.now, later, None),
        (starts, later, later, None, "tenant"),
    ]


def test_a_stay_that_never_began_leaves_no_claim(place: Living) -> None:
    begun = living.tenant(place, first=date(2026, 4, 1))
    _end(place, begun, place.now + timedelta(days=1))
    ((*_, known_until, reason),) = _stays(place)
    assert (known_until, reason) == (place.now + timedelta(days=1), None)


def test_several_that_end_by_date_are_closed_together(place: Living) -> None:
    for _ in range(3):
        living.tenant(place, last=date(2026, 3, 31))
    living.tenant(place)
    midnight = datetime.fromisoformat("2026-04-01T00:00:00+08:00")
    now = midnight + timedelta(seconds=40)
    with transaction(place.database, SYSTEM) as session:
        ended = tenancy.end_due(session, now=now)
        assert ended is not None
        react(session, ended, now)
    assert _counts(place) == _everywhere(1)
    closed = [stay for stay in _stays(place) if stay[4] == "date"]
    assert [stay[1] for stay in closed] == [midnight] * 3
    with transaction(place.database, SYSTEM) as session:
        recount = session.execute(text(RECOUNT.format(where="true")), {"now": now}).scalar_one()
    assert recount == 1


def test_presence_ends_with_the_tenancy(place: Living) -> None:
    begun = living.tenant(place)
    with transaction(place.database, SYSTEM) as session:
        session.execute(
            text(
                "INSERT INTO presence (person_id, unit_id, area_id, state, confidence, reason, since, as_of)"
                " VALUES (:person, :unit, :area, 'in', 'high', 'came_in', :now, :now)"
            ),
            {"person": begun.person_id, "unit": place.unit_id, "area": place.home.areas.grid, "now": place.now},
        )
        session.execute(text("UPDATE unit_occupancy SET present = 1"))
        session.execute(text("UPDATE building_occupancy SET present = 1"))
        session.execute(text("UPDATE area_occupancy SET present = 1"))
    _end(place, begun, place.now + timedelta(hours=1))
    with transaction(place.database, SYSTEM) as session:
        assert session.execute(text("SELECT state, reason FROM presence")).one() == ("out", "tenancy_ended")
        assert (
            session.execute(
                text("SELECT present FROM unit_occupancy WHERE unit_id = :id"), {"id": place.unit_id}
            ).scalar_one()
            == 0
        )
