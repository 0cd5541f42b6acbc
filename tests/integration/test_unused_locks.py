"""A lock that hangs on a let room's door and is never opened is seen: by who lives there, and by who looks after the area."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from firmware_protocol.vocabulary import EventType
from service.accounts.actions import scope_of
from service.accounts.rules import Role
from service.custody import unused
from service.custody.unused import PATIENCE
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.entry import records as entries
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living
from tests.pages.village import entry_of


@pytest.fixture
def place(database: Database, keyring: Keyring, now: datetime) -> Living:
    return living.living(database.serve, keyring, now, locks=2)


def seen(place: Living, now: datetime) -> list[str]:
    """What a grid worker of the area sees; one of another area sees nothing."""
    for area, expected in ((place.home.areas.other_grid, True), (place.home.areas.grid, False)):
        worker = living.officer(place, [area], role=Role.GRID_WORKER)
        with transaction(place.database, scope_of(worker)) as session:
            found = unused.in_scope(session, now)
        assert not (expected and found)
    return sorted(one.lock_id for one in found)


def test_only_what_hangs_where_somebody_lives_and_for_longer(place: Living, now: datetime) -> None:
    assert seen(place, now + PATIENCE) == []
    begun = living.tenant(place)
    assert seen(place, now + PATIENCE - timedelta(seconds=1)) == []
    assert seen(place, now + PATIENCE) == sorted(place.locks)
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE lock SET birth_number = 1 WHERE id = :id"), {"id": place.locks[0]})
        told = unused.of_room(session, place.unit_id, now + PATIENCE)
    assert {one.lock_id: one.heard for one in told} == dict(zip(place.locks, (True, False), strict=True))
    living.moved_out(place, begun)
    assert seen(place, now + PATIENCE) == []


def test_one_opening_is_enough_whoever_opened(database: Database, place: Living, now: datetime) -> None:
    begun = living.tenant(place)
    later, [used, other] = now + PATIENCE, place.locks
    with transaction(database.ingest) as session:
        entries.append(session, [entry_of(used, 1, now, EventType.LOCK_OPERATED)], now)
        entries.append(session, [entry_of(other, 1, now, EventType.DOOR_MOVED)], now)
    assert seen(place, later) == [other]
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        assert [one.lock_id for one in unused.of_room(session, place.unit_id, later)] == [other]
