"""A landlord who calls a tenant's door the door of the house, to have the rights over it that nobody has over a let room."""

from contextlib import nullcontext
from datetime import datetime
from typing import NamedTuple

import pytest

from firmware_protocol.commands import CommandKind
from firmware_protocol.topics import LockId
from service.access.passages import Days, passage_hours
from service.accounts.actions import scope_of
from service.commands import actions as commands
from service.commands.rules import Order
from service.custody import actions as custody
from service.custody import leaving
from service.custody.rules import ReportKind
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import BadInput, Conflict
from service.premises import actions as premises
from service.premises.rules import UnitId
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living
from tests.integration.test_passages import CAN_PASS, front_door, set_hours
from tests.integration.test_visits import entries, says

HOURS = passage_hours(Days.WORKDAYS, "00:00", "23:00")


class Scene(NamedTuple):
    """A house with a lock at its front door; its one room has a lock of its own, or none."""

    place: Living
    own_lock: bool
    door: UnitId
    lock: LockId


@pytest.fixture(params=[True, False], ids=["a lock at the room", "none at the room"])
def scene(request: pytest.FixtureRequest, database: Database, keyring: Keyring, now: datetime) -> Scene:
    place = living.living(database.serve, keyring, now, locks=int(request.param))
    return Scene(place, request.param, *front_door(place))


def test_the_lock_of_a_house_that_is_lived_in_stays_on_its_door(scene: Scene) -> None:
    """Moved, or said to be stolen, it lost every tenant's way in upon one word of the landlord's."""
    place, _, door, lock = scene
    begun = living.tenant(place)
    held = entries(place, lock)
    assert held
    with transaction(place.database, scope_of(place.landlord)) as session:
        elsewhere = premises.add_unit(session, building_id=place.home.building_id, number="999")
    with pytest.raises(Conflict) as refused, transaction(place.database, scope_of(place.landlord)) as session:
        custody.move(session, place.landlord, lock, door, elsewhere, keyring=place.keyring, now=place.now)
    assert refused.value.code == "lock_occupied"
    with transaction(place.database, scope_of(place.landlord)) as session:
        assert not leaving.report(
            session,
            place.landlord,
            door,
            lock,
            ReportKind.STOLEN,
            reason="It is gone, I say",
            keyring=place.keyring,
            now=place.now,
        )
    assert entries(place, lock) == held
    living.moved_out(place, begun)
    with transaction(place.database, scope_of(place.landlord)) as session:
        custody.move(session, place.landlord, lock, door, elsewhere, keyring=place.keyring, now=place.now)


def test_the_only_door_of_somebody_never_stands_unlocked(scene: Scene) -> None:
    place, own_lock, door, _ = scene
    living.tenant(place)
    with nullcontext() if own_lock else pytest.raises(Conflict, match="only door"):
        set_hours(place, door, HOURS)


def test_nor_does_it_when_the_hours_came_first(scene: Scene) -> None:
    place, own_lock, door, lock = scene
    says(place, CAN_PASS)
    set_hours(place, door, HOURS)
    living.tenant(place)
    kinds = {one.type.name for one in entries(place, lock)}
    assert ("PASSAGE" in kinds) is own_lock
    assert "RFID" in kinds


def test_the_only_door_of_somebody_is_opened_from_afar_in_an_emergency_only(scene: Scene) -> None:
    place, own_lock, _, lock = scene
    living.tenant(place)
    with transaction(place.database, SYSTEM) as session:
        occupied = commands.get_place(session, place.landlord, lock, now=place.now).occupied
    assert occupied is not own_lock
    says(place, '{"commands": 1023}')
    order = Order(CommandKind.UNLOCK_DOOR)
    # With a lock at the room it is not refused for that: what stands in the way is only that no lock is on the line here.
    refused = pytest.raises(Conflict, match="offline") if own_lock else pytest.raises(BadInput, match="emergency")
    with refused, transaction(place.database, scope_of(place.landlord)) as session:
        commands.give_order(session, place.landlord, lock, order, keyring=place.keyring, now=place.now)


def test_the_lock_of_a_house_that_is_lived_in_is_not_emptied(scene: Scene) -> None:
    place, _, _, lock = scene
    living.tenant(place)
    says(place, '{"commands": 1023}')
    order = Order(CommandKind.FACTORY_WIPE)
    with pytest.raises(Conflict) as refused, transaction(place.database, scope_of(place.landlord)) as session:
        commands.give_order(session, place.landlord, lock, order, keyring=place.keyring, now=place.now)
    assert refused.value.code == "command_occupied"
