"""Two ingest loops in one process: they share the shards at once, store what comes to each, and end together."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from anmen.broker import Broker
from anmen.ingest_lanes import Lanes
from firmware_protocol.topics import shard_of
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.ingest import Ingest, IngestParts
from service.premises import actions as premises
from tests import given
from tests.fixtures_database import Database
from tests.journeys.test_lock_to_register import ingest_address, value
from tests.wire_link import WireLink, eventually
from tests.wire_lock import provisioned


class Stumbles(Exception):
    """A fault of our own, planted."""


class Running:
    """Two lanes in a thread of the test."""

    def __init__(self, database: Database, broker: Broker, keyring: Keyring) -> None:
        self.stored: list[tuple[datetime, int]] = []
        self.stumble = threading.Event()
        parts = IngestParts(
            database.ingest,
            keyring,
            ingest_address(broker),
            lease_s=30.0,
            committed=lambda at, stored: self.stored.append((at, stored)),
        )
        self.lanes = Lanes([Ingest(parts, self._reached) for _ in range(2)])
        self.ready, self.fault = threading.Event(), ""
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.lanes.run(self.ready.set)
        except Stumbles as fault:
            self.fault = type(fault).__name__

    def _reached(self, point: str) -> None:
        if point == "inbox.acknowledged" and self.stumble.is_set():
            raise Stumbles


@pytest.fixture
def running(database: Database, broker: Broker, keyring: Keyring) -> Iterator[Running]:
    running = Running(database, broker, keyring)
    running.thread.start()
    assert running.ready.wait(10)
    yield running
    running.lanes.stop()
    running.thread.join(timeout=15)
    assert not running.thread.is_alive()


@pytest.fixture
def links(
    database: Database, broker: Broker, keyring: Keyring, now: datetime, running: Running
) -> Iterator[list[WireLink]]:
    """A lock for each lane, connected."""
    with transaction(database.ingest, SYSTEM) as session:
        rows = session.execute(text("SELECT shard, holder FROM shard_lease")).all()
    holder_of = {row[0]: row[1] for row in rows}
    chosen: dict[str, WireLink] = {}
    with transaction(database.serve, SYSTEM) as session:
        while len(chosen) < 2:
            lock = provisioned(session, keyring, now)
            if holder_of[shard_of(lock.id)] not in chosen:
                home = given.home(session, keyring=keyring, now=now)
                premises.hang_lock(session, unit_id=home.unit_id, lock_id=lock.id, now=now - timedelta(days=900))
                chosen[holder_of[shard_of(lock.id)]] = WireLink(lock, broker)
    for link in chosen.values():
        link.start()
    yield list(chosen.values())
    for link in chosen.values():
        link.stop()


def test_they_share_the_shards_from_the_start(database: Database, running: Running) -> None:
    counts = (
        "SELECT array_agg(n) FROM (SELECT count(*) AS n FROM shard_lease WHERE holder IS NOT NULL GROUP BY holder) AS h"
    )
    assert value(database, counts) == [32, 32]


def test_what_comes_to_either_is_stored(database: Database, running: Running, links: list[WireLink]) -> None:
    eventually(lambda: value(database, "SELECT count(*) FROM lock WHERE link = 'live'") == 2)
    for link in links:
        link.do(lambda lock: lock.leave())
    eventually(lambda: value(database, "SELECT count(*) FROM entry") == 2)
    eventually(lambda: all(link.lock.log.stored_up_to == 1 for link in links), within_s=5)
    assert sum(stored for _, stored in running.stored) == 2


def test_one_that_ends_takes_the_other_with_it(running: Running, links: list[WireLink]) -> None:
    running.stumble.set()
    # Whatever was said before may all be acknowledged by now.
    links[0].do(lambda lock: lock.leave())
    running.thread.join(timeout=30)
    assert running.fault == "Stumbles"
