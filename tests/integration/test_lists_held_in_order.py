"""An ingest batch and somebody who grants hold access lists in one order, so that neither waits for the other for ever."""

import threading
import time
from datetime import datetime

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.access_list import EMPTY_DIGEST
from firmware_protocol.topics import LockId
from service.delivery import actions as delivery
from service.delivery.rules import HeldList
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from tests.fixtures_database import Database
from tests.wire_lock import provisioned

_HOLD = text("SELECT FROM access_list WHERE lock_id = :lock FOR UPDATE NOWAIT")


@pytest.fixture
def locks(database: Database, keyring: Keyring, now: datetime) -> tuple[LockId, LockId]:
    """Two locks with a list each; the later one's row is stored first."""
    with transaction(database.serve, SYSTEM) as session:
        first, second = sorted(provisioned(session, keyring, now).id for _ in range(2))
        for lock in (second, first):
            statement = text("INSERT INTO access_list (lock_id, version, digest) VALUES (:lock, 1, :digest)")
            session.execute(statement, {"lock": lock, "digest": bytes(32)})
    return first, second


def await_somebody_waiting(database: Database) -> None:
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        for _ in range(500):
            query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            if connection.execute(query).fetchone() is not None:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_what_locks_say_they_hold_is_stored_in_the_order_of_granting(
    database: Database, locks: tuple[LockId, LockId], now: datetime
) -> None:
    first, second = locks
    says = {second: HeldList(0, EMPTY_DIGEST), first: HeldList(0, EMPTY_DIGEST)}

    def ingest() -> None:
        with transaction(database.ingest, SYSTEM) as session:
            delivery.confirm(session, says, now)

    batch = threading.Thread(target=ingest)
    with transaction(database.serve, SYSTEM) as granting:
        hold(granting, first)
        batch.start()
        await_somebody_waiting(database)
        hold(granting, second)
    batch.join(timeout=10)
    with transaction(database.serve, SYSTEM) as session:
        assert session.execute(text("SELECT count(*) FROM access_list WHERE held_version = 0")).scalar_one() == 2


def hold(session: Session, lock: LockId) -> None:
    session.execute(_HOLD, {"lock": lock})
