"""What a lock has signed is held against the register: on a real database, with somebody who may change anything in it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from anmen.certificate import as_json, in_words
from firmware_protocol.messages import Events, Missing
from firmware_protocol.vocabulary import EventType, Field
from service.accounts.actions import scope_of
from service.accounts.rules import AccountId, Actor, Role
from service.completeness import actions as completeness
from service.completeness.rules import DayCertificate, HeadState, Verdict
from service.completeness.telling import verdict_in_scope
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, Scope, transaction
from service.errors import BadInput
from tests.fixtures_database import Database
from tests.integration.test_listening import Service, born
from tests.wire_lock import HungDoor, WireLock, hung_door

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
NOON_MS = round(NOON.timestamp() * 1000)
DAY = NOON.date()
DAY_MS = 86_400_000


@pytest.fixture
def service(database: Database, keyring: Keyring, now: datetime) -> Service:
    return Service(database, keyring, now + timedelta(days=3))


@pytest.fixture
def door(service: Service, keyring: Keyring, now: datetime) -> HungDoor:
    with transaction(service.database.serve, SYSTEM) as session:
        hung = hung_door(session, keyring, now)
    return born(service, hung)


def some_day(service: Service, lock: WireLock) -> None:
    """Ten events at noon, and the head that is signed on the next day."""
    for number in range(10):
        lock.record(EventType.DOOR_MOVED, {Field.CODE: number % 2, Field.CREDENTIAL_ID: 1}, at_ms=NOON_MS)
    lock.sign(NOON_MS + DAY_MS)
    service.converse(lock, lock.frames())


def checked(service: Service) -> list[str]:
    with transaction(service.database.serve, SYSTEM) as session:
        completeness.check_due(session, service.keyring, service.now)
    return [str(state) for (state,) in service.rows("SELECT state FROM chain_head ORDER BY sequence, received_at")]


def certified(service: Service, lock: WireLock) -> DayCertificate:
    with transaction(service.database.serve, SYSTEM) as session:
        return completeness.certificate(session, lock.id, DAY, keyring=service.keyring)


def tamper(database: Database, statement: str) -> None:
    """As the superuser, past every trigger and right."""
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(statement.encode()).rowcount == 1


def test_a_day_that_is_all_there_is_certified(service: Service, door: HungDoor) -> None:
    some_day(service, door.lock)
    assert checked(service) == ["verified"]
    found = certified(service, door.lock)
    assert found.verdict is Verdict.COMPLETE
    [log] = found.logs
    assert (log.first, log.last, log.lost, log.unattested) == (2, 11, (), ())
    assert log.head is not None
    assert log.head.walk.state is HeadState.VERIFIED
    words, said = in_words(found), as_json(found)
    assert "numbers 2 to 11: complete" in words
    assert said["logs"][0]["head"]["signature"] == log.head.signature.hex()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET credential_id = 2 WHERE sequence = 5",
        "UPDATE entry SET device_ms = device_ms - 60000 WHERE sequence = 5",
        "UPDATE entry SET type = 3 WHERE sequence = 11",
        "DELETE FROM entry WHERE sequence = 7",
        "UPDATE entry SET fields = '\\xa1186401' WHERE sequence = 3",
    ],
)
def test_a_row_that_is_changed_or_dropped_breaks_the_certificate(
    service: Service, door: HungDoor, statement: str
) -> None:
    some_day(service, door.lock)
    assert checked(service) == ["verified"]
    tamper(service.database, statement)
    assert certified(service, door.lock).verdict is Verdict.BROKEN


def test_a_row_that_is_changed_before_the_check_makes_the_head_fail_and_only_that_one(
    service: Service, door: HungDoor
) -> None:
    some_day(service, door.lock)
    tamper(service.database, "UPDATE entry SET code = 5 WHERE sequence = 4")
    assert checked(service) == ["failed"]
    door.lock.record(EventType.DOOR_MOVED, {Field.CODE: 1})
    door.lock.sign()
    service.converse(door.lock, door.lock.frames())
    assert checked(service) == ["failed", "verified"]


def test_a_head_waits_for_what_is_still_on_its_way(service: Service, door: HungDoor) -> None:
    lock = door.lock
    lock.record(EventType.DOOR_MOVED, {Field.CODE: 0}, at_ms=NOON_MS)
    frames = lock.frames()
    lock.record(EventType.DOOR_MOVED, {Field.CODE: 1}, at_ms=NOON_MS)
    lock.sign(NOON_MS + DAY_MS)
    service.hear(lock, lock.frames())
    assert checked(service) == ["waiting"]
    assert certified(service, lock).verdict is Verdict.NOT_YET
    service.hear(lock, frames)
    assert checked(service) == ["verified"]
    assert certified(service, lock).verdict is Verdict.COMPLETE


def test_what_the_lock_declared_lost_is_named(service: Service, door: HungDoor) -> None:
    lock = door.lock
    for number in range(6):
        lock.record(EventType.DOOR_MOVED, {Field.CODE: number}, at_ms=NOON_MS)
    lock.frames()
    # Flash gave up 2 to 5 before they were heard; the tombstone names the link that stands for 5.
    lost: dict[int, Any] = {Field.COUNT: 4, Field.FIRST: 2, Field.LAST: 5, Field.DIGEST: link_after(lock, 5)}
    lock.record(EventType.EVENTS_LOST, lost, at_ms=NOON_MS)
    lock.frames()
    for event in lock.log.events[5:]:
        lock.side.say(Events(lock.log.epoch, False, (event,)))
    lock.sign(NOON_MS + DAY_MS)
    service.hear(lock, lock.frames())
    assert checked(service) == ["verified"]
    found = certified(service, lock)
    assert found.verdict is Verdict.LOST
    assert found.logs[0].lost == ((2, 6),)
    assert "lost: 2 to 5" in in_words(found)
    assert as_json(found)["logs"][0]["lost"] == [[2, 5]]


def test_a_head_that_the_lock_did_not_sign_vouches_for_nothing(service: Service, door: HungDoor) -> None:
    head = door.lock.sign(NOON_MS + DAY_MS)
    door.lock.frames()
    door.lock.side.say(replace(head, signature=bytes(64)))
    service.converse(door.lock, door.lock.frames())
    assert checked(service) == ["unsigned"]
    assert certified(service, door.lock).verdict in (Verdict.UNSIGNED, Verdict.NOT_YET)


def test_entries_that_were_erased_leave_a_chain_that_still_verifies(service: Service, door: HungDoor) -> None:
    some_day(service, door.lock)
    checked(service)
    tamper(service.database, "UPDATE entry SET credential_id = NULL, person_id = NULL WHERE sequence = 6")
    assert certified(service, door.lock).verdict is Verdict.BROKEN
    tamper(service.database, "UPDATE chain_head SET entries_erased_at = now()")
    assert certified(service, door.lock).verdict is Verdict.COMPLETE
    tamper(service.database, "UPDATE chain_head SET commitments = set_byte(commitments, 20, 1)")
    assert certified(service, door.lock).verdict is Verdict.BROKEN


def link_after(lock: WireLock, sequence: int) -> bytes:
    events = lock.log.events
    lock.log.events = events[:sequence]
    link = lock.sign().link
    lock.log.events = events
    lock.frames()
    return link


def test_what_a_restored_register_and_the_lock_both_lack_is_certified_as_lost_and_holds_up_nothing(
    service: Service, door: HungDoor
) -> None:
    some_day(service, door.lock)
    # The backup is of the moment after number 6; flash was freed, and overwritten, up to 11.
    with psycopg.connect(service.database.admin_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM entry WHERE sequence > 6")
        connection.execute("DELETE FROM chain_head")
        connection.execute("UPDATE entry_cursor SET stored_up_to = 6")
    service.memory.forget_all()
    door.lock.record(EventType.DOOR_MOVED, {Field.CODE: 1}, at_ms=NOON_MS + DAY_MS)
    service.converse(door.lock, door.lock.frames())
    assert service.rows("SELECT stored_up_to FROM entry_cursor") == [(6,)]
    for _ in range(2):
        service.hear(door.lock, heartbeat(door.lock))
    assert service.rows("SELECT first, last FROM certified_loss") == [(7, 11)]
    assert service.rows("SELECT stored_up_to FROM entry_cursor") == [(12,)]
    door.lock.sign(NOON_MS + 2 * DAY_MS)
    service.converse(door.lock, door.lock.frames())
    assert checked(service) == ["in_part"]
    found = certified(service, door.lock)
    assert found.verdict is Verdict.LOST
    assert "lost: 7 to 11" in in_words(found)


def test_a_quiet_lock_is_asked_for_what_a_restored_register_lacks(service: Service, door: HungDoor) -> None:
    some_day(service, door.lock)
    with psycopg.connect(service.database.admin_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM entry WHERE sequence > 6")
        connection.execute("UPDATE entry_cursor SET stored_up_to = 6")
    service.memory.forget_all()
    # This lock's flash still has everything: nothing was overwritten since.
    door.lock.log.keeps = True
    [first, second] = [service.hear(door.lock, heartbeat(door.lock)) for _ in range(2)]
    [(kept, _)], [(asked, _)] = first.receipts.values(), second.receipts.values()
    assert (kept.up_to, kept.gap) == (6, None)
    assert (asked.up_to, asked.gap) == (6, (7, 11))
    side = service.memory.listened[door.lock.id].side
    frames = door.lock.receive(side.seal(Missing(door.lock.log.epoch, 7, 11), asked.session))
    service.converse(door.lock, frames)
    assert service.rows("SELECT stored_up_to FROM entry_cursor") == [(11,)]
    assert service.rows("SELECT count(*) FROM certified_loss") == [(0,)]


def heartbeat(lock: WireLock) -> list[bytes]:
    lock.side.say(lock.standing().heartbeat(lock.log))
    return lock.frames()


def test_people_are_told_the_verdict_of_their_own_locks_and_of_days_that_are_over(
    service: Service, door: HungDoor
) -> None:
    """A landlord who sees no entry of the door is told all the same whether they are all there."""
    some_day(service, door.lock)
    stranger = scope_of(Actor(account_id=AccountId(10**6), role=Role.LANDLORD))

    def told(scope: Scope, lock: str, day: date) -> Verdict:
        with transaction(service.database.serve, scope) as session:
            return verdict_in_scope(session, lock, day, keyring=service.keyring, now=service.now)[1]

    own = scope_of(Actor(account_id=door.home.landlord_id, role=Role.LANDLORD))
    assert told(own, door.lock.id, DAY) is Verdict.COMPLETE
    for scope, lock, day in (
        (stranger, door.lock.id, DAY),
        (own, "L-000000000000", DAY),
        (own, "nonsense", DAY),
        (own, door.lock.id, service.now.date()),
        (own, door.lock.id, date.min),
    ):
        with pytest.raises(BadInput):
            told(scope, lock, day)
