"""A lock with valid keys turns against the service: what it says of itself stops no job, no roll-out and no other lock."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from service.completeness import actions as completeness
from service.completeness.records import MOST_LINKS
from service.doubts import records as doubt_records
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.firmware.records import Release
from service.firmware.rules import ReleaseId
from service.jobs import JOBS, KEEPING_JOBS, KEYED_JOBS, run_due
from service.rollout.records import rollouts as rollout_records
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
    assert run_due(service.database.serve, service.now, service.keyring) == len(JOBS) + len(KEYED_JOBS) + len(
        KEEPING_JOBS
    )
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


def test_many_links_for_one_number_and_heads_of_other_logs_are_not_kept(service: Service, door: HungDoor) -> None:
    born(service, door)
    head = door.lock.sign()
    for number in range(9):
        door.lock.side.say(replace(head, link=bytes([number]) * 32))
        door.lock.side.say(replace(head, log_epoch=1000 + number))
        service.converse(door.lock, door.lock.frames())
    assert service.rows("SELECT log_epoch, count(*) FROM chain_head GROUP BY 1") == [(head.log_epoch, MOST_LINKS)]


def test_a_lock_that_signs_without_end_keeps_no_other_head_from_being_checked(
    service: Service, keyring: Keyring, now: datetime
) -> None:
    with transaction(service.database.serve, SYSTEM) as session:
        first, second = sorted((hung_door(session, keyring, now) for _ in range(2)), key=lambda door: door.lock.id)
    for door in (first, second):
        born(service, door)
        head = door.lock.sign()
        service.converse(door.lock, door.lock.frames())
    with transaction(service.database.ingest, SYSTEM) as session:
        session.execute(
            text(
                "INSERT INTO chain_head"
                " (lock_id, log_epoch, key_epoch, sequence, link, signed_ms, clock_quality, signature, received_at)"
                " SELECT :lock, :epoch, 1, 1, sha256(int8send(n)), 1, 1, :signature, :now FROM generate_series(1, 600) n"
            ),
            {"lock": first.lock.id, "epoch": head.log_epoch, "signature": bytes(64), "now": service.now},
        )
    with transaction(service.database.serve, SYSTEM) as session:
        completeness.check_due(session, keyring, service.now)
    assert (second.lock.id,) in service.rows("SELECT lock_id FROM chain_head WHERE state = 'verified'")
