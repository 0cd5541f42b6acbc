"""A lock with valid keys turns against the service: what it says of itself stops no job, no roll-out and no other lock."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from service.doubts import records as doubt_records
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.firmware.records import Release
from service.firmware.rules import ReleaseId
from service.jobs import JOBS, KEYED_JOBS, run_due
from service.rollout import records as rollout_records
from tests.fixtures_database import Database
from tests.integration.test_listening import Service, born
from tests.wire_lock import HungDoor, hung_door


@pytest.fixture
def service(database: Database, keyring: Keyring, now: datetime) -> Service:
    return Service(database, keyring, now + timedelta(days=3))


@pytest.fixture
def door(service: Service, keyring: Keyring, now: datetime) -> HungDoor:
    with transaction(service.database.serve, SYSTEM) as session:
        return hung_door(session, keyring, now)


def test_a_signing_key_that_is_none_stops_no_job(service: Service, door: HungDoor) -> None:
    with transaction(service.database.migrate, SYSTEM) as session:
        session.execute(text("UPDATE lock SET signing_key = NULL WHERE id = :lock"), {"lock": door.lock.id})
    door.lock.capabilities = {"signing_key": "04" + "ab" * 10 + " " * 108}
    born(service, door)
    door.lock.sign()
    service.converse(door.lock, door.lock.frames())
    assert run_due(service.database.serve, service.now, service.keyring) == len(JOBS) + len(KEYED_JOBS)
    assert service.rows("SELECT state FROM chain_head") == [("unsigned",)]


@pytest.mark.parametrize("firmware", ["one", True, "1e999999"])
def test_a_firmware_number_that_is_none_stops_no_roll_out(service: Service, door: HungDoor, firmware: Any) -> None:
    release = Release(ReleaseId(1), bytes(16), bytes(range(16)), 7, "7.0.0", bytes(32), 1, service.now)
    named = {"firmware_vendor": release.vendor_id.hex(), "firmware_class": release.class_id.hex()}
    door.lock.capabilities = {**named, "firmware": firmware}
    born(service, door)
    with transaction(service.database.serve, SYSTEM) as session:
        assert rollout_records.locks_for(session, release) == []
    door.lock.capabilities = {**named, "firmware": 6}
    service.converse(door.lock, door.lock.connect())
    with transaction(service.database.serve, SYSTEM) as session:
        assert rollout_records.locks_for(session, release) == [door.lock.id]


def test_a_lock_that_boots_without_end_is_not_read_back_without_end(service: Service, door: HungDoor) -> None:
    born(service, door)
    with transaction(service.database.ingest, SYSTEM) as session:
        session.execute(
            text(
                "INSERT INTO proven_boot (lock_id, session_id, boot_number, log_epoch, proven_at)"
                " SELECT :lock, int8send(n), n, 7, :now FROM generate_series(2, 5000) n"
            ),
            {"lock": door.lock.id, "now": service.now},
        )
        boots = doubt_records.boots_of(session, [door.lock.id])[door.lock.id]
    assert len(boots) <= 100
    assert boots[-1].boot_number == 5000
    assert [one.boot_number for one in boots] == sorted(one.boot_number for one in boots)
