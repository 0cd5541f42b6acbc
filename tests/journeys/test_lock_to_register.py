"""A lock, the broker over TLS, the ingest process, PostgreSQL: nothing between them is made up."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from anmen.broker import Broker
from service.access import actions as access
from service.access.rules import DeliveryState, GrantId
from service.edges import clock
from service.edges.keyring import Keyring
from service.edges.mqtt_link import BrokerAddress
from service.edges.transaction import SYSTEM, transaction
from service.ingest import Ingest, IngestParts
from tests.fixtures_database import Database
from tests.wire_link import WireLink, eventually
from tests.wire_lock import WireLock, hung_door


def ingest_address(broker: Broker) -> BrokerAddress:
    pair = broker.certificates.for_service()
    return BrokerAddress(broker.host, broker.ports.services, broker.authority, pair.certificate, pair.key)


class Running:
    """An ingest process's loop in a thread of the test."""

    def __init__(self, database: Database, broker: Broker, keyring: Keyring, ingest: Ingest | None = None) -> None:
        parts = IngestParts(database.ingest, keyring, ingest_address(broker), lease_s=3.0)
        self.ingest = ingest or Ingest(parts)
        self._thread = threading.Thread(target=self.ingest.run, daemon=True)

    def __enter__(self) -> Ingest:
        self._thread.start()
        return self.ingest

    def __exit__(self, *_: object) -> None:
        self.ingest.stop()
        self._thread.join(timeout=10)
        assert not self._thread.is_alive()


@pytest.fixture
def lock(database: Database, keyring: Keyring) -> WireLock:
    with transaction(database.serve, SYSTEM) as session:
        return hung_door(session, keyring, clock.now()).lock


@pytest.fixture
def link(lock: WireLock, broker: Broker) -> Iterator[WireLink]:
    link = WireLink(lock, broker)
    yield link
    link.stop()


def value(database: Database, statement: str) -> Any:
    with transaction(database.ingest, SYSTEM) as session:
        return session.execute(text(statement)).scalar()


def seconds_to_the_register(database: Database, link: WireLink) -> float:
    """Somebody opens the door: how long until it is written down."""
    before, started = value(database, "SELECT count(*) FROM entry WHERE type = 2"), time.monotonic()
    link.do(lambda lock: lock.open_with(1))
    eventually(lambda: value(database, "SELECT count(*) FROM entry WHERE type = 2") == before + 1)
    return time.monotonic() - started


def test_an_opened_door_is_in_the_register_within_a_second(
    database: Database, broker: Broker, keyring: Keyring, link: WireLink
) -> None:
    with Running(database, broker, keyring):
        link.start()
        eventually(lambda: value(database, "SELECT link = 'live' FROM lock"))
        eventually(lambda: value(database, "SELECT bool_and(on_lock_at IS NOT NULL) FROM credential"))
        took = [seconds_to_the_register(database, link) for _ in range(5)]
        # Not each of them: what else this machine does at that moment is no fault of ours.
        assert min(took) < 1.0
        eventually(lambda: value(database, "SELECT present FROM unit_occupancy") == 1)
        eventually(lambda: link.lock.log.stored_up_to == link.lock.log.next_sequence - 1)
        assert link.refused == []


def test_what_happens_while_nobody_listens_arrives_later_once(
    database: Database, broker: Broker, keyring: Keyring, link: WireLink
) -> None:
    with Running(database, broker, keyring):
        link.start()
        eventually(lambda: value(database, "SELECT link = 'live' FROM lock"))
    for _ in range(40):
        link.do(lambda lock: lock.open_with(1))
    with Running(database, broker, keyring):
        count = "SELECT count(*) = count(DISTINCT sequence) AND count(*) = {} FROM entry"
        eventually(lambda: value(database, count.format(len(link.lock.log.events))), within_s=20)
        eventually(lambda: value(database, "SELECT above = '{}' FROM entry_cursor"))


def test_a_lock_that_loses_its_power_is_shown_stale(
    database: Database, broker: Broker, keyring: Keyring, link: WireLink
) -> None:
    with Running(database, broker, keyring):
        link.start()
        eventually(lambda: value(database, "SELECT link = 'live' FROM lock"))
        link.stop()
        eventually(lambda: value(database, "SELECT link = 'stale' FROM lock"), within_s=10)


def test_two_processes_share_the_shards_and_one_takes_over_from_the_other(
    database: Database, broker: Broker, keyring: Keyring, link: WireLink
) -> None:
    held = "SELECT count(*) FILTER (WHERE holder IS NOT NULL) FROM shard_lease"
    with Running(database, broker, keyring):
        eventually(lambda: value(database, held) == 64)
        with Running(database, broker, keyring):
            eventually(lambda: value(database, "SELECT count(DISTINCT holder) FROM shard_lease") == 2, within_s=15)
            eventually(lambda: value(database, held) == 64, within_s=15)
            link.start()
            eventually(lambda: value(database, "SELECT link = 'live' FROM lock"))
        eventually(lambda: value(database, "SELECT count(DISTINCT holder) FROM shard_lease") == 1, within_s=15)
        eventually(lambda: value(database, held) == 64, within_s=15)
        link.do(lambda lock: lock.open_with(1))
        eventually(lambda: value(database, "SELECT present FROM unit_occupancy") == 1, within_s=10)


def test_a_lock_that_was_away_is_named_until_it_has_taken_its_list(
    database: Database, broker: Broker, keyring: Keyring, link: WireLink
) -> None:
    on_lock = "SELECT bool_and(on_lock_at IS NOT NULL) FROM credential"
    with Running(database, broker, keyring):
        link.start()
        eventually(lambda: value(database, on_lock))
        link.stop()
        with transaction(database.serve, SYSTEM) as session:
            grant = GrantId(session.execute(text("SELECT id FROM access_grant")).scalar_one())
            access.revoke(session, [grant], now=clock.now())
        with transaction(database.serve, SYSTEM) as session:
            [delivery] = access.delivery(session, grant)
        assert (delivery.lock_id, delivery.state) == (link.lock.id, DeliveryState.REMOVING)
        assert delivery.held_until is not None
        assert len(link.lock.held.entries) == 2
        back = WireLink(link.lock, broker)
        back.start()
        eventually(lambda: value(database, "SELECT bool_and(off_lock_at IS NOT NULL) FROM credential"))
        assert len(link.lock.held.entries) == 0
        back.stop()
