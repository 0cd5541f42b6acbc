"""A lock's flash was copied, and both speak: the register notices, and goes on recording."""

import copy
from datetime import datetime
from typing import NamedTuple

import pytest

from firmware_protocol.messages import Events
from firmware_protocol.vocabulary import EventType, Field
from service.completeness import actions as completeness
from service.doubts import actions as doubts
from service.doubts.rules import DoubtKind
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, Scope, transaction
from tests.fixtures_database import Database
from tests.integration.test_listening import Service, born
from tests.wire_lock import HungDoor, WireLock, hung_door


@pytest.fixture
def service(database: Database, keyring: Keyring, now: datetime) -> Service:
    return Service(database, keyring, now)


@pytest.fixture
def door(service: Service, keyring: Keyring, now: datetime) -> HungDoor:
    with transaction(service.database.serve, SYSTEM) as session:
        hung = hung_door(session, keyring, now)
    return born(service, hung)


def cloned(lock: WireLock) -> WireLock:
    """The copied flash in another device: same keys, boot number and log."""
    return WireLock(lock.identity, copy.deepcopy(lock.log), lock.held, boots=lock.boots)


def noticed(service: Service, lock: WireLock) -> set[DoubtKind]:
    with transaction(service.database.serve, SYSTEM) as session:
        return {one.kind for one in doubts.open_doubts(session, [lock.id]).get(lock.id, ())}


def test_a_lock_that_reboots_and_reconnects_is_not_doubted(service: Service, door: HungDoor) -> None:
    service.converse(door.lock, door.lock.connect())
    for _ in range(3):
        door.lock.boot()
        service.converse(door.lock, door.lock.connect())
        door.lock.record(EventType.DOOR_MOVED, {Field.CODE: 1})
        frames = door.lock.frames()
        service.hear(door.lock, frames)
        service.restart()
        service.hear(door.lock, frames)
    assert noticed(service, door.lock) == set()


def test_boots_that_alternate_are_noticed(service: Service, door: HungDoor) -> None:
    original, copied = door.lock, cloned(door.lock)
    service.converse(copied, copied.connect())
    assert noticed(service, original) == set()
    # The original hears nothing any more, and says its birth again.
    service.converse(original, original.connect())
    assert noticed(service, original) == {DoubtKind.BOOTS_ALTERNATE}


def test_a_boot_number_with_another_key_is_noticed(service: Service, door: HungDoor) -> None:
    original, copied = door.lock, cloned(door.lock)
    original.boot()
    service.converse(original, original.connect())
    service.converse(copied, copied.connect())
    assert noticed(service, original) == {DoubtKind.BOOT_REUSED}


def test_events_that_fork_are_noticed_and_the_first_stays(service: Service, door: HungDoor) -> None:
    original, copied = door.lock, cloned(door.lock)
    original.record(EventType.DOOR_MOVED, {Field.CODE: 1})
    service.hear(original, original.frames())
    service.converse(copied, copied.connect())
    event = copied.record(EventType.DOOR_MOVED, {Field.CODE: 0})
    copied.side.say(Events(copied.log.epoch, False, (event,)))
    service.hear(copied, copied.frames())
    assert DoubtKind.EVENTS_FORK in noticed(service, original)
    assert (event.sequence, 1) in service.rows("SELECT sequence, code FROM entry")


def test_two_links_signed_for_one_number_are_noticed(service: Service, door: HungDoor) -> None:
    original, copied = door.lock, cloned(door.lock)
    for lock, code in ((original, 1), (copied, 0)):
        service.converse(lock, lock.connect())
        lock.record(EventType.DOOR_MOVED, {Field.CODE: code})
        lock.sign()
        service.hear(lock, lock.frames())
    with transaction(service.database.serve, SYSTEM) as session:
        completeness.check_due(session, service.keyring, service.now)
    assert {DoubtKind.HEADS_FORK, DoubtKind.CHAIN_FAILED} <= noticed(service, original)


def test_the_police_of_the_area_and_the_landlord_see_it_and_nobody_else(service: Service, door: HungDoor) -> None:
    lock, home = door.lock.id, door.home
    with transaction(service.database.serve, SYSTEM) as session:
        doubts.raise_doubts(session, [(lock, DoubtKind.BOOT_REUSED)], service.now)
    for scope, seen in (
        (Scope(areas=(home.areas.grid,)), [lock]),
        (Scope(areas=(home.areas.other_grid,)), []),
        (Scope(landlord=home.landlord_id), [lock]),
    ):
        with transaction(service.database.serve, scope) as session:
            assert [one.doubt.lock for one in doubts.doubts_in_scope(session, service.now)] == seen
    with transaction(service.database.serve, SYSTEM) as session:
        landlord = Asker(home.landlord_id, "landlord")
        doubts.settle(session, lock, actor=landlord, now=service.now)
        assert doubts.open_doubts(session, [lock]) == {}
        # It comes up again with the next sign.
        doubts.raise_doubts(session, [(lock, DoubtKind.BOOT_REUSED)], service.now)
        assert [one.times for one in doubts.open_doubts(session, [lock])[lock]] == [1]


class Asker(NamedTuple):
    account_id: int
    role: str
