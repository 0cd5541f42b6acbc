"""A batch is recorded whatever it takes: after a passing fault, in halves, or not at all by whoever lost the shard. On a real database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import errors
from sqlalchemy import exc, text

from firmware_protocol.topics import SHARDS
from firmware_protocol.vocabulary import EventType, Field
from service import recording
from service.batches import Outcome
from service.delivery.rules import HeldList
from service.edges import clock
from service.edges.inbox import Delivery
from service.edges.keyring import Keyring
from service.edges.leases import Leases
from service.edges.mqtt_link import BrokerAddress
from service.edges.transaction import SYSTEM, transaction
from service.hearing import Memory
from service.ingest import Ingest, IngestParts
from service.lock_reactions import react
from service.locks.daily_share import Allowance, DailyShare
from service.recording import Recorder, Tally
from tests.fixtures_database import Database
from tests.wire_lock import WireLock, hung_door


@dataclass
class Worker:
    """What records in an ingest process, without its broker; `said` is what it would have answered."""

    database: Database
    keyring: Keyring
    name: str = "one"
    reached: Callable[[str], None] = lambda _point: None
    said: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.leases = Leases(self.name, 60)
        self.renew()
        self.memory = Memory(self.keyring, self.leases.held)
        self.recorder = Recorder(
            engine=self.database.ingest,
            memory=self.memory,
            leases=self.leases,
            tally=Tally(),
            reached=self._pass,
            committed=lambda *_: None,
            answer=self.said.append,
            recover=self.recover,
        )

    def _pass(self, point: str) -> None:
        self.reached(point)

    def renew(self) -> None:
        with transaction(self.database.ingest, SYSTEM) as session:
            self.leases.renew(session, clock.now())
        self.leases.settle()

    def recover(self, _rest_s: float) -> bool:
        """As the process does: renew, and look at what is held now."""
        self.renew()
        self.memory.holders = self.leases.held
        return True

    def hear(self, lock: WireLock, frames: Sequence[bytes]) -> None:
        """One batch of one lock."""
        self.recorder.record([Delivery(lock.up, frame, 1, 1) for frame in frames])

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with transaction(self.database.ingest, SYSTEM) as session:
            return [tuple(row) for row in session.execute(text(statement))]

    @property
    def told(self) -> int:
        """The highest number that the lock was told is stored."""
        return max(receipt.up_to for outcome in self.said for receipt, _ in outcome.receipts.values())


@pytest.fixture
def worker(database: Database, keyring: Keyring) -> Worker:
    return Worker(database, keyring)


@pytest.fixture
def lock(database: Database, keyring: Keyring) -> WireLock:
    with transaction(database.serve, SYSTEM) as session:
        return hung_door(session, keyring, clock.now()).lock


def spoken(lock: WireLock) -> list[bytes]:
    """A birth and three events."""
    frames = lock.connect()
    for _ in range(3):
        lock.open_with(1)
    return [*frames, *lock.frames()]


def test_what_a_failed_commit_took_back_is_recorded_again_and_told_only_then(worker: Worker, lock: WireLock) -> None:
    """Nothing that was remembered on the way may count: the numbers are new until they are in the register."""
    faults = [exc.OperationalError("", None, errors.SerializationFailure())]

    def fail_once(point: str) -> None:
        if point == "inbox.before_commit" and faults:
            assert not worker.said
            raise faults.pop()

    worker.reached = fail_once
    worker.hear(lock, spoken(lock))
    assert worker.rows("SELECT sequence FROM entry ORDER BY sequence") == [(1,), (2,), (3,)]
    assert worker.told == 3


def test_nothing_is_recorded_or_told_on_a_lease_that_another_took(worker: Worker, lock: WireLock) -> None:
    frames = spoken(lock)
    with transaction(worker.database.ingest, SYSTEM) as session:
        session.execute(text("UPDATE shard_lease SET expires_at = :past"), {"past": clock.now() - timedelta(seconds=1)})
        session.execute(text("DELETE FROM ingest_worker"))
    assert len(Worker(worker.database, worker.keyring, "other").leases.held) == SHARDS
    worker.hear(lock, frames)
    assert worker.rows("SELECT count(*) FROM entry") == [(0,)]
    assert not any(outcome.receipts or outcome.replies for outcome in worker.said)


def test_a_frame_that_cannot_be_recorded_costs_no_other(
    worker: Worker, lock: WireLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put aside, sealed, and counts as stored, or its lock would send it for ever."""
    frames = spoken(lock)
    bad = frames[-2]

    def choke(session: Any, deliveries: Sequence[Delivery], *rest: Any) -> Outcome:
        if any(one.payload == bad for one in deliveries):
            raise exc.DataError("", None, errors.NumericValueOutOfRange())
        return react(session, deliveries, *rest)

    monkeypatch.setattr(recording, "react", choke)
    worker.hear(lock, frames)
    assert worker.rows("SELECT sequence FROM entry ORDER BY sequence") == [(1,), (3,)]
    assert worker.rows("SELECT sequence FROM quarantine") == [(2,)]
    assert worker.told == 3


def test_a_lock_over_its_daily_share_keeps_its_events_and_gets_rid_of_them_when_there_is_room(
    worker: Worker, lock: WireLock
) -> None:
    worker.memory.shares = DailyShare(entries=Allowance(1, 2))
    frames = spoken(lock)
    worker.hear(lock, frames[:-1])
    assert worker.told == 2
    worker.said.clear()
    worker.hear(lock, frames[-1:])
    assert worker.rows("SELECT count(*) FROM entry") == [(2,)]
    assert not any(outcome.receipts for outcome in worker.said)
    assert worker.memory.shares.held_back == {lock.id: 1}
    worker.memory.shares = DailyShare()
    lock.boot()
    worker.hear(lock, lock.connect())
    for _, session, message in worker.said[-1].replies:
        for frame in lock.receive(worker.memory.listened[lock.id].side.seal(message, session)):
            worker.hear(lock, [frame])
    lock.now += 6
    worker.hear(lock, lock.frames())
    assert worker.rows("SELECT sequence FROM entry ORDER BY sequence") == [(number,) for number in (1, 2, 3)]
    assert worker.told == 3


def test_an_alarm_of_a_lock_over_its_share_is_heard(worker: Worker, lock: WireLock) -> None:
    worker.memory.shares = DailyShare(entries=Allowance(1, 2), alarms=Allowance(1, 1))
    frames = lock.connect()
    for alarm in (False, False, False, True, True):
        if alarm:
            lock.record(EventType.ALARM_RAISED, {})
        else:
            lock.open_with(1)
        frames += lock.frames()
    for frame in frames:
        worker.hear(lock, [frame])
    assert worker.rows("SELECT sequence FROM entry ORDER BY sequence") == [(1,), (2,), (4,)]
    assert worker.told == 2
    assert worker.memory.shares.held_back == {lock.id: 2}


def test_the_operator_is_told_who_is_over(
    database: Database, keyring: Keyring, lock: WireLock, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = BrokerAddress("127.0.0.1", 1, Path(), Path(), Path())
    ingest = Ingest(IngestParts(database.ingest, keyring, nowhere))
    ingest._memory.shares.held_back[lock.id] = 7
    with transaction(database.ingest, SYSTEM) as session:
        ingest._note_held_back(session, clock.now())
    assert lock.id in caplog.text
    with transaction(database.ingest, SYSTEM) as session:
        counted = session.execute(text("SELECT reason, lock_id, refused FROM frame_refusal")).one()
    assert tuple(counted) == ("over_share", lock.id, 7)


@pytest.mark.parametrize(("version", "news"), [(4, False), (5, True), (6, True)])
def test_a_list_of_the_same_version_and_another_digest_is_news(
    worker: Worker, lock: WireLock, version: int, news: bool
) -> None:
    """A lock that says so holds something else than we know of, and must be compared; what is older is long gone."""
    worker.hear(lock, lock.connect())
    worker.memory.held[lock.id] = HeldList(5, b"k" * 32)
    lock.record(EventType.ACCESS_LIST_APPLIED, {Field.LIST_VERSION: version, Field.DIGEST: b"n" * 32})
    worker.hear(lock, lock.frames())
    (held,) = worker.rows("SELECT held_version, held_digest FROM access_list")
    assert (held == (version, b"n" * 32)) is news
