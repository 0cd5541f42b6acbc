"""Areas, buildings, rooms and locks on doors, against the real database and its rules."""

from datetime import datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.edges.keyring import Keyring
from service.edges.transaction import NOBODY, SYSTEM, Scope, transaction
from service.errors import BadInput, Conflict, NotFound
from service.premises import actions as premises
from service.premises.rules import AreaId, AreaLevel, UnitId
from tests import given
from tests.fixtures_database import Database

LOCK = LockId("L-000000000001")


@pytest.fixture
def home(database: Database, keyring: Keyring, now: datetime) -> given.Home:
    with transaction(database.serve, SYSTEM) as session:
        return given.home(session, keyring=keyring, now=now)


@pytest.fixture
def lock(database: Database, now: datetime) -> LockId:
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute(
            "INSERT INTO lock (id, shard, public_key, service_key_wrapped, provisioned_at)"
            " VALUES (%s, 0, repeat('x', 65)::bytea, 'x', %s)",
            [LOCK, now],
        )
    return LOCK


def _counted(session: Session, table: str, column: str) -> set[int]:
    return set(session.execute(text(f"SELECT {column} FROM {table}")).scalars())  # noqa: S608 - names from below


def test_the_tree_is_known_from_any_of_its_areas_down(database: Database, home: given.Home) -> None:
    branch = home.areas
    with transaction(database.serve) as session:
        below = premises.areas_below(session, [branch.community])
        assert set(below) == {branch.community, branch.grid, branch.other_grid}
        tree = premises.area_tree(session, premises.areas_below(session, [branch.county]))
    assert [area.level for area in tree] == ["county", "town", "community", "grid", "grid"]
    assert [area.parent_id for area in tree] == [None, branch.county, branch.town, branch.community, branch.community]


def test_every_place_is_counted_from_its_first_moment(database: Database, home: given.Home) -> None:
    branch = home.areas
    with transaction(database.serve, SYSTEM) as session:
        everywhere = {branch.county, branch.town, branch.community, branch.grid, branch.other_grid}
        assert _counted(session, "area_occupancy", "area_id") == everywhere
        assert _counted(session, "building_occupancy", "building_id") == {home.building_id}
        assert _counted(session, "unit_occupancy", "unit_id") == {home.unit_id}


@pytest.mark.parametrize(
    ("level", "code", "refusal"),
    [
        (AreaLevel.GRID, "330106001001001", "county holds towns"),
        (AreaLevel.TOWN, "33010600", "9 digits"),
        (AreaLevel.TOWN, "330106٠٠١", "9 digits"),
        (AreaLevel.TOWN, "999999001", "begin with"),
    ],
)
def test_an_area_fits_below_its_parent(
    database: Database, home: given.Home, level: AreaLevel, code: str, refusal: str
) -> None:
    with transaction(database.serve) as session, pytest.raises(BadInput, match=refusal):
        premises.add_area(session, level=level, code=code, name="x", name_en="x", parent_id=home.areas.county)


def test_a_building_stands_in_a_grid(database: Database, home: given.Home) -> None:
    with transaction(database.serve) as session:
        for area_id, refusal in ((home.areas.town, BadInput), (9_999_999_999, NotFound)):
            with pytest.raises(refusal):
                premises.add_building(
                    session, area_id=AreaId(area_id), landlord_id=home.landlord_id, address="柳溪路1号"
                )


def test_a_landlord_sees_his_own_rooms_and_nobody_elses(
    database: Database, home: given.Home, keyring: Keyring, now: datetime
) -> None:
    with transaction(database.serve, SYSTEM) as session:
        neighbour = given.home(session, keyring=keyring, now=now)
        for number in ("10", "9", "101A"):
            given.unit(session, building_id=home.building_id, number=number)
    with transaction(database.serve, Scope(landlord=home.landlord_id)) as session:
        own = premises.units_of_landlord(session, home.landlord_id)
        assert [unit.number for unit in own if unit.id != home.unit_id] == ["9", "10", "101A"]
        assert {unit.landlord_id for unit in own} == {home.landlord_id}
        assert premises.units_of_landlord(session, neighbour.landlord_id) == ()
        with pytest.raises(NotFound):
            premises.get_unit(session, neighbour.unit_id)


def test_who_works_in_an_area_sees_its_rooms_only(database: Database, home: given.Home) -> None:
    for scope, visible in (
        (Scope(areas=(home.areas.grid,)), True),
        (Scope(areas=(home.areas.other_grid,)), False),
        (NOBODY, False),
    ):
        with transaction(database.serve, scope) as session:
            seen = session.execute(text("SELECT count(*) FROM unit")).scalar_one()
            assert bool(seen) is visible


def test_a_room_number_is_given_once_in_a_building(database: Database, home: given.Home) -> None:
    with transaction(database.serve, SYSTEM) as session:
        given.unit(session, building_id=home.building_id, number="302")
        with pytest.raises(Conflict):
            given.unit(session, building_id=home.building_id, number=" 302 ")
        with pytest.raises(BadInput):
            given.unit(session, building_id=home.building_id, number="303", capacity=51)


def test_a_lock_hangs_on_one_door_at_a_time(database: Database, home: given.Home, lock: LockId, now: datetime) -> None:
    with transaction(database.serve, SYSTEM) as session:
        premises.hang_lock(session, unit_id=home.unit_id, lock_id=lock, now=now)
        assert premises.locks_of_unit(session, home.unit_id, now) == (lock,)
        assert premises.locks_of_unit(session, home.unit_id, now - timedelta(seconds=1)) == ()
        assert premises.unit_of_lock(session, lock, now) == home.unit_id
        other = given.unit(session, building_id=home.building_id)
        with pytest.raises(Conflict, match="door already"):
            premises.hang_lock(session, unit_id=other, lock_id=lock, now=now + timedelta(days=1))


def test_the_database_itself_refuses_a_lock_on_two_doors(
    database: Database, home: given.Home, lock: LockId, now: datetime
) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        statement = "INSERT INTO door (unit_id, lock_id, hung) VALUES (%s, %s, tstzrange(%s, NULL))"
        connection.execute(statement, [home.unit_id, lock, now])
        with pytest.raises(psycopg.errors.ExclusionViolation):
            connection.execute(statement, [home.unit_id, lock, now + timedelta(days=1)])


def test_a_lock_cannot_be_hung_on_a_room_that_is_not_there(database: Database, lock: LockId, now: datetime) -> None:
    with transaction(database.serve, SYSTEM) as session, pytest.raises(NotFound):
        premises.hang_lock(session, unit_id=UnitId(1), lock_id=lock, now=now)
