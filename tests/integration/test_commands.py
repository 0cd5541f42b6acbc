"""From an order to the bolt and back, on a real database with a whole simulated lock."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from firmware_protocol.commands import CommandFailure, CommandKind, CommandResult, CommandState
from firmware_protocol.commands_followed import OrderState
from firmware_protocol.vocabulary import OperationSource
from service.accounts.actions import scope_of
from service.accounts.rules import Actor
from service.commands import actions
from service.commands.rules import Emergency, Order
from service.custody import actions as custody
from service.custody.rules import RevokedAs
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import BadInput, Conflict, NotAllowed, NotFound
from service.premises import actions as premises
from service.tenancy import actions as tenancy
from tests import given
from tests import given_living as living
from tests.commanded import Commanded, commanded, openings
from tests.fixtures_database import Database

UNLOCK, REMOTE = Order(CommandKind.UNLOCK_DOOR), [OperationSource.REMOTE]
EMERGENCY = Order(CommandKind.UNLOCK_DOOR, emergency=Emergency.WATER, reason="水从门缝里流出来，楼下已经淹了")


@pytest.fixture
def door(database: Database, keyring: Keyring, now: datetime) -> Commanded:
    return commanded(database, living.living(database.serve, keyring, now))


@pytest.fixture
def landlord(door: Commanded) -> Actor:
    return door.place.landlord


@pytest.fixture
def tenant(door: Commanded) -> Actor:
    return living.tenant_actor(door.place, living.tenant(door.place).person_id)


def rows(door: Commanded, statement: str) -> list[tuple[Any, ...]]:
    with transaction(door.database.serve, SYSTEM) as session:
        return [tuple(row) for row in session.execute(text(statement))]


def test_a_vacant_room_is_opened_and_done_is_shown_when_the_bolt_has_arrived(door: Commanded, landlord: Actor) -> None:
    given = door.order(landlord, UNLOCK)
    assert given.state is OrderState.WAITING
    door.deliver()
    assert door.lock.doorway.door.bolt.value == "unlocking"
    assert door.see(landlord, given.id).state is OrderState.ACCEPTED
    door.pass_time(1)
    seen = door.see(landlord, given.id)
    assert (seen.state, seen.failure, seen.ended_at is not None) == (OrderState.DONE, CommandFailure.NONE, True)
    (ordered,) = rows(door, "SELECT act, subject_id, details FROM audit_entry WHERE act LIKE 'commands:%'")
    assert ordered == (
        "commands:lock:ordered",
        door.id,
        {"command": given.id, "kind": "unlock_door", "emergency": None},
    )


def test_a_let_room_is_opened_by_its_landlord_in_a_stated_emergency_only(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    for order in (UNLOCK, Order(CommandKind.UNLOCK_DOOR, emergency=Emergency.FIRE, reason="fire")):
        with pytest.raises(BadInput):
            door.order(landlord, order)
    door.deliver()
    assert openings(door.lock, REMOTE) == 0
    given = door.order(landlord, EMERGENCY)
    door.deliver()
    door.pass_time(1)
    assert openings(door.lock, REMOTE) == 1
    told = door.see(tenant, given.id)
    assert (told.state, told.emergency, told.reason, told.by_tenant) == (
        OrderState.DONE,
        Emergency.WATER,
        EMERGENCY.reason,
        False,
    )
    (kept,) = rows(door, "SELECT reason_sealed FROM lock_command")
    assert EMERGENCY.reason.encode() not in bytes(kept[0])


def test_a_tenant_opens_the_own_door_and_the_landlord_does_not_see_it(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    given = door.order(tenant, UNLOCK)
    door.deliver()
    door.pass_time(1)
    assert door.see(tenant, given.id).state is OrderState.DONE
    assert door.seen_by(tenant) == [CommandKind.UNLOCK_DOOR]
    assert door.seen_by(landlord) == []
    with pytest.raises(NotFound):
        door.see(landlord, given.id)


def test_who_may_not(door: Commanded, landlord: Actor, tenant: Actor) -> None:
    stranger = living.living(door.place.database, door.place.keyring, door.place.now).landlord
    with pytest.raises(NotFound):
        door.order(stranger, UNLOCK)
    with pytest.raises(NotFound):
        door.order(living.officer(door.place), UNLOCK)
    with pytest.raises(NotAllowed):
        door.order(tenant, Order(CommandKind.FACTORY_WIPE))
    for kind in (CommandKind.FACTORY_WIPE, CommandKind.ERASE_BIOMETRIC):
        with pytest.raises(Conflict):
            door.order(landlord, Order(kind))
    with pytest.raises(BadInput):
        door.order(tenant, Order(CommandKind.UNLOCK_DOOR, seconds=61))


def test_a_flatmate_does_not_see_when_the_other_opens(door: Commanded, tenant: Actor) -> None:
    other = living.tenant_actor(door.place, living.tenant(door.place).person_id)
    door.order(tenant, UNLOCK)
    assert door.seen_by(other) == []


def test_one_at_a_time(door: Commanded, landlord: Actor) -> None:
    door.order(landlord, UNLOCK)
    with pytest.raises(Conflict):
        door.order(landlord, UNLOCK)
    assert door.order(landlord, Order(CommandKind.IDENTIFY)).state is OrderState.WAITING


def test_read_back_tells_what_the_lock_holds(door: Commanded, landlord: Actor) -> None:
    given = door.order(landlord, Order(CommandKind.READ_BACK))
    door.deliver()
    answer = door.see(landlord, given.id).answer
    assert answer is not None
    assert (answer["list_digest"], answer["capacity"]) == (door.lock.held.digest.hex(), 200)


def test_what_is_lost_on_the_way_is_told_again_and_done_once(door: Commanded, landlord: Actor) -> None:
    given = door.order(landlord, UNLOCK)
    door.lost = True
    door.deliver()
    door.lost = False
    door.pass_time(5)
    door.deliver()
    assert openings(door.lock, REMOTE) == 0
    door.pass_time(6)
    door.deliver()
    door.pass_time(1)
    assert door.see(landlord, given.id).state is OrderState.DONE
    assert openings(door.lock, REMOTE) == 1


def test_what_nobody_was_sent_expires_and_what_was_sent_and_not_answered_is_not_called_expired(
    door: Commanded, landlord: Actor
) -> None:
    door.lock.disconnected()
    rows(door, "UPDATE lock SET link = 'stale' RETURNING 1")
    waiting = door.order(landlord, Order(CommandKind.IDENTIFY))
    door.seconds += 301
    door.deliver()
    assert door.see(landlord, waiting.id).state is OrderState.EXPIRED
    rows(door, "UPDATE lock SET link = 'live' RETURNING 1")
    sent = door.order(landlord, Order(CommandKind.IDENTIFY))
    door.lost = True
    door.deliver()
    door.seconds += 301
    door.deliver()
    assert door.see(landlord, sent.id).state is OrderState.SENT
    door.seconds += 90
    door.deliver()
    assert door.see(landlord, sent.id).state is OrderState.SILENT


def test_an_offline_lock_is_not_opened_but_gets_what_waits_when_it_is_back(door: Commanded, landlord: Actor) -> None:
    door.lock.disconnected()
    rows(door, "UPDATE lock SET link = 'stale' RETURNING 1")
    with pytest.raises(Conflict):
        door.order(landlord, UNLOCK)
    given = door.order(landlord, Order(CommandKind.SET_PARAMETERS, relock_s=20, ajar_s=120))
    door.deliver()
    assert door.see(landlord, given.id).state is OrderState.WAITING
    door.restart()
    assert door.see(landlord, given.id).state is OrderState.DONE
    assert door.lock.doorway.door.relock_s == 20


def test_a_power_cut_in_the_middle_ends_it_without_a_second_opening(door: Commanded, landlord: Actor) -> None:
    given = door.order(landlord, UNLOCK)
    door.deliver()
    door.restart()
    seen = door.see(landlord, given.id)
    assert (seen.state, seen.failure) == (OrderState.FAILED, CommandFailure.INTERRUPTED)
    assert openings(door.lock, REMOTE) == 1


def test_a_wiped_lock_has_proven_it(door: Commanded, landlord: Actor) -> None:
    given = door.order(landlord, Order(CommandKind.FACTORY_WIPE))
    door.deliver()
    assert door.lock.restart_due
    before = door.lock.flash.log.epoch
    door.restart()
    assert door.lock.flash.log.epoch != before
    # What was said before the proof begins no log; it is sent again.
    door.pass_time(6)
    seen = door.see(landlord, given.id)
    assert (seen.state, seen.proven) == (OrderState.DONE, True)


def test_a_wipe_without_its_proof_is_not_believed(
    door: Commanded, landlord: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = door.order(landlord, Order(CommandKind.FACTORY_WIPE))
    door.deliver()
    monkeypatch.setattr("device_sim.wiping.wipe_proof", lambda *_, **__: b"\0" * 32)
    door.restart()
    door.pass_time(6)
    assert door.see(landlord, given.id).state is OrderState.RUNNING


def test_another_locks_word_is_nothing(door: Commanded, landlord: Actor) -> None:
    other = commanded(door.database, living.living(door.place.database, door.place.keyring, door.place.now))
    given = door.order(landlord, Order(CommandKind.IDENTIFY))
    other.lock._side.say(CommandResult(bytes.fromhex(given.id), CommandState.DONE))
    other.exchange()
    assert door.see(landlord, given.id).state is OrderState.WAITING


def test_nothing_that_a_landlord_can_ask_of_a_lock_counts_the_openings_of_a_let_room(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    answers = []
    for _ in range(2):
        given = door.order(landlord, Order(CommandKind.READ_BACK))
        door.deliver()
        answers.append({**(door.see(landlord, given.id).answer or {}), "clock_ms": 0})
        door.order(tenant, UNLOCK)
        door.deliver()
        door.pass_time(1)
    assert answers[0] == answers[1]


def test_a_let_room_does_not_become_vacant_by_moving_its_lock_to_another_room(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    held = door.lock.held.version
    place, scope = door.place, scope_of(landlord)
    with transaction(door.database.serve, SYSTEM) as session:
        here = premises.get_unit(session, place.unit_id)
        there = given.unit(session, building_id=here.building_id)
    with transaction(door.database.serve, scope) as session, pytest.raises(Conflict):
        custody.move(session, landlord, door.id, here.id, there, keyring=place.keyring, now=place.now)
    with pytest.raises(BadInput):
        door.order(landlord, UNLOCK)
    assert door.order(tenant, UNLOCK).state is OrderState.WAITING
    assert door.lock.held.version == held


def test_what_was_ordered_of_a_vacant_room_empties_no_lock_once_somebody_has_moved_in(
    door: Commanded, landlord: Actor
) -> None:
    orders = [door.order(landlord, Order(kind)) for kind in (CommandKind.FACTORY_WIPE, CommandKind.ERASE_BIOMETRIC)]
    living.tenant(door.place)
    door.restart()
    door.deliver()
    door.pass_time(30)
    assert not door.lock.restart_due
    assert {door.see(landlord, one.id).state for one in orders} == {OrderState.WAITING}
    door.pass_time(86_400)
    door.deliver()
    assert {door.see(landlord, one.id).state for one in orders} == {OrderState.EXPIRED}


def times(relock_s: int, ajar_s: int) -> Order:
    return Order(CommandKind.SET_PARAMETERS, relock_s=relock_s, ajar_s=ajar_s)


def test_the_times_of_a_let_rooms_door_stay_fair_and_the_tenant_sees_them_and_sets_them_back(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    for order in (times(2, 60), times(5, 10), times(300, 60), times(5, 3600)):
        with pytest.raises(BadInput):
            door.order(landlord, order)
    given = door.order(landlord, times(30, 30))
    door.deliver()
    assert door.lock.doorway.door.relock_s == 30
    told = door.see(tenant, given.id)
    assert (told.by_tenant, told.relock_s, told.ajar_s) == (False, 30, 30)
    back = door.order(tenant, times(5, 60))
    door.deliver()
    assert door.see(tenant, back.id).state is OrderState.DONE
    assert door.lock.doorway.door.relock_s == 5


def test_a_landlord_restarts_and_beeps_in_a_let_room_once_an_hour(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    for kind in (CommandKind.REBOOT, CommandKind.IDENTIFY):
        door.order(landlord, Order(kind))
        door.deliver()
        door.restart()
    door.pass_time(400)
    door.deliver()
    for kind in (CommandKind.REBOOT, CommandKind.IDENTIFY):
        with pytest.raises(Conflict) as again:
            door.order(landlord, Order(kind))
        assert again.value.code == "command_pace"
    assert set(door.seen_by(tenant)) == {CommandKind.IDENTIFY, CommandKind.REBOOT}
    with pytest.raises(NotAllowed):
        door.order(tenant, Order(CommandKind.REBOOT))
    with pytest.raises(NotAllowed):
        door.order(tenant, Order(CommandKind.ERASE_BIOMETRIC))


def test_times_that_were_ordered_of_a_vacant_room_are_not_said_once_somebody_has_moved_in(
    door: Commanded, landlord: Actor
) -> None:
    door.lock.disconnected()
    unfair, _ = door.order(landlord, times(2, 10)), rows(door, "UPDATE lock SET link = 'stale' RETURNING 1")
    living.tenant(door.place)
    door.restart()
    door.deliver()
    assert door.lock.doorway.door.relock_s != 2
    assert door.see(landlord, unfair.id).state is OrderState.WAITING


def test_an_emergency_opening_stays_with_the_tenant_whatever_becomes_of_room_lock_and_lease(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    given = door.order(landlord, EMERGENCY)
    door.deliver()
    door.pass_time(1)
    place = door.place
    with transaction(door.database.serve, SYSTEM) as session:
        session.execute(text("UPDATE unit SET number = '999'"))
    with transaction(door.database.serve, scope_of(landlord)) as session:
        custody.shut_out(session, landlord, place.unit_id, door.id, RevokedAs.REPLACED, now=place.now)
    with pytest.raises(NotFound):
        door.order(landlord, UNLOCK)
    ((tenancy_id,),) = rows(door, "SELECT id FROM tenancy")
    with transaction(door.database.serve, scope_of(tenant)) as session:
        tenancy.end(session, tenant, tenancy_id, now=place.now + timedelta(seconds=5))
    with transaction(door.database.serve, scope_of(tenant)) as session:
        (seen,) = actions.commands_of_unit(session, place.unit_id, keyring=place.keyring)
    assert (seen.id, seen.reason) == (given.id, EMERGENCY.reason)
    for role in (door.database.serve, door.database.ingest):
        for change in ("UPDATE lock_command SET emergency = NULL, reason_sealed = NULL", "DELETE FROM lock_command"):
            with pytest.raises(ProgrammingError), transaction(role, SYSTEM) as session:
                session.execute(text(change))
