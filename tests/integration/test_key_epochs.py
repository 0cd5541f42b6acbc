"""Chains over a change of keys: what was signed before it verifies after it, and a changed row still shows."""

import os
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from firmware_protocol.keys import private_key, public_key
from firmware_protocol.vocabulary import EventType, Field
from service.completeness import actions as completeness
from service.completeness.rules import DayCertificate, Verdict
from service.custody import actions as custody
from service.custody.rules import RevokedAs
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, Scope, transaction
from service.locks import actions as locks
from service.rekeying import actions as rekeying
from tests import given
from tests.fixtures_database import Database
from tests.integration.test_claiming import BoxedLock, claimed, hang
from tests.integration.test_completeness import DAY, DAY_MS, NOON_MS, checked, tamper
from tests.integration.test_listening import Service, born
from tests.wire_lock import HungDoor, WireLock, hung_door


@pytest.fixture
def service(database: Database, keyring: Keyring, now: datetime) -> Service:
    return Service(database, keyring, now + timedelta(days=3))


@pytest.fixture
def door(service: Service, keyring: Keyring, now: datetime) -> HungDoor:
    with transaction(service.database.serve, SYSTEM) as session:
        hung = hung_door(session, keyring, now)
    return born(service, hung)


def on_day(lock: WireLock, day: int, events: int = 4) -> None:
    for number in range(events):
        lock.record(EventType.DOOR_MOVED, {Field.CODE: number % 2}, at_ms=NOON_MS + day * DAY_MS)


def sign(service: Service, lock: WireLock, day: int) -> None:
    lock.sign(NOON_MS + day * DAY_MS)
    service.converse(lock, lock.frames())


def certified(service: Service, lock: WireLock, day: int) -> DayCertificate:
    with transaction(service.database.serve, SYSTEM) as session:
        return completeness.certificate(session, lock.id, DAY + timedelta(days=day), keyring=service.keyring)


def changed_keys(service: Service, lock: WireLock) -> None:
    """As a handover does it, apart from the frames: new pairs on both sides, one epoch higher."""
    theirs, ours, epoch = private_key(os.urandom(48)), private_key(os.urandom(48)), lock.identity.key_epoch + 1
    with transaction(service.database.ingest, SYSTEM) as session:
        rekeying.keep_chain_key(session, lock.id, service.keyring, service.now)
    with transaction(service.database.serve, SYSTEM) as session:
        new = {
            "id": lock.id,
            "epoch": epoch,
            "public": public_key(theirs),
            "wrapped": locks.wrap_key(ours, lock.id, service.keyring),
        }
        session.execute(
            text(
                "UPDATE lock SET key_epoch = :epoch, public_key = :public, service_key_wrapped = :wrapped WHERE id = :id"
            ),
            new,
        )
    service.memory.forget([lock.id])
    service.now += timedelta(minutes=1)
    lock.change_keys(replace(lock.identity, private_key=theirs, service_public_key=public_key(ours), key_epoch=epoch))
    service.converse(lock, lock.connect())


def three_days(service: Service, lock: WireLock) -> None:
    """Before, over and after a change of keys; what is signed over it is signed for the first time after it."""
    on_day(lock, 0)
    sign(service, lock, 1)
    on_day(lock, 1)
    service.converse(lock, lock.frames())
    changed_keys(service, lock)
    on_day(lock, 1)
    sign(service, lock, 2)
    on_day(lock, 2)
    sign(service, lock, 3)


def test_days_before_over_and_after_a_change_of_keys_are_complete(service: Service, door: HungDoor) -> None:
    three_days(service, door.lock)
    assert checked(service) == ["verified", "verified", "verified"]
    assert [certified(service, door.lock, day).verdict for day in range(3)] == [Verdict.COMPLETE] * 3
    assert service.rows("SELECT key_epoch FROM chain_head ORDER BY sequence") == [(1,), (2,), (2,)]


@pytest.mark.parametrize(
    ("statement", "day"),
    [
        ("UPDATE entry SET code = 5 WHERE sequence = 3", 0),
        ("UPDATE entry SET code = 5 WHERE sequence = 8", 1),
        ("UPDATE entry SET code = 5 WHERE sequence = 13", 1),
        ("UPDATE entry SET code = 5 WHERE sequence = 16", 2),
    ],
)
def test_a_changed_row_shows_whatever_keys_it_was_recorded_under(
    service: Service, door: HungDoor, statement: str, day: int
) -> None:
    three_days(service, door.lock)
    checked(service)
    tamper(service.database, statement)
    assert certified(service, door.lock, day).verdict is Verdict.BROKEN


def test_who_moves_the_change_of_keys_breaks_the_chain(service: Service, door: HungDoor) -> None:
    three_days(service, door.lock)
    checked(service)
    tamper(service.database, "UPDATE entry SET fields = NULL WHERE type = 23")
    assert certified(service, door.lock, 1).verdict is Verdict.BROKEN


def test_a_chain_goes_on_over_a_new_claim(service: Service, door: HungDoor) -> None:
    boxed = BoxedLock()
    claim, lock = claimed(service, door.home, boxed)
    hang(service, door.home, claim)
    service.converse(lock, lock.connect())
    on_day(lock, 0)
    sign(service, lock, 1)
    with transaction(service.database.serve, Scope(landlord=door.home.landlord_id)) as session:
        custody.end_use(session, boxed.id, RevokedAs.RELEASED, now=service.now)
    service.memory.forget([boxed.id])
    with transaction(service.database.serve, SYSTEM) as session:
        buyer = given.home(session, keyring=service.keyring, now=service.now)
    service.now += timedelta(minutes=5)
    again, bought = claimed(service, buyer, boxed)
    hang(service, buyer, again)
    # One lock: the same log and signing key, other static keys.
    lock.held = bought.held
    lock.change_keys(replace(bought.identity, signing_key=lock.identity.signing_key))
    with transaction(service.database.serve, SYSTEM) as session:
        public = public_key(lock.identity.signing_key or b"")
        session.execute(text("UPDATE lock SET signing_key = :public WHERE id = :id"), {"public": public, "id": lock.id})
    service.converse(lock, lock.connect())
    on_day(lock, 1)
    sign(service, lock, 2)
    assert checked(service) == ["verified", "verified"]
    assert [certified(service, lock, day).verdict for day in range(2)] == [Verdict.COMPLETE] * 2


def test_a_past_chain_key_goes_with_the_last_of_what_it_checks(service: Service, door: HungDoor) -> None:
    three_days(service, door.lock)
    checked(service)

    def kept_a_day_later() -> int:
        service.now += timedelta(days=2)
        with transaction(service.database.serve, SYSTEM) as session:
            rekeying.forget_past_keys(session, service.now)
        return len(service.rows("SELECT FROM past_chain_key"))

    assert kept_a_day_later() == 1
    with transaction(service.database.serve, SYSTEM) as session:
        session.execute(text("UPDATE chain_head SET entries_erased_at = now() WHERE key_epoch = 1"))
    assert kept_a_day_later() == 1, "the next head's stretch begins under the old keys"
    with transaction(service.database.serve, SYSTEM) as session:
        session.execute(text("UPDATE chain_head SET entries_erased_at = now() WHERE state = 'verified'"))
    assert kept_a_day_later() == 1, "the entries are still there"
    with psycopg.connect(service.database.admin_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM entry WHERE sequence <= 14")
    assert kept_a_day_later() == 0
    assert certified(service, door.lock, 2).verdict is Verdict.COMPLETE
