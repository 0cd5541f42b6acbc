"""The ingest process: leases shards, listens, records, answers. Any number of them run against one database and one broker.

One turn of the loop is one batch: take what has arrived, one transaction for all of it, commit, and only then
acknowledge to the broker and answer the locks. Whatever dies between two of these steps, the locks send it again and
the cursors decide what is new.
"""

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from firmware_protocol.messages import DownMessage
from firmware_protocol.topics import SHARDS, LockId, shard_of
from service.batches import Outcome
from service.edges import clock
from service.edges.faults import name_of
from service.edges.inbox import Inbox
from service.edges.keyring import Keyring
from service.edges.leases import Leases
from service.edges.mqtt_link import BrokerAddress, MqttLink
from service.edges.notices import Notices
from service.edges.outbox import Outbox
from service.edges.transaction import SYSTEM, transaction
from service.entry import actions as entry
from service.errands import Errands, Paces
from service.hearing import Memory
from service.locks import actions as locks
from service.recording import Committed, Reached, Recorder, Tally

log = logging.getLogger(__name__)
_REST_S = 0.5


@dataclass(frozen=True, slots=True)
class IngestParts:
    """What an ingest process is composed of; times in seconds."""

    engine: Engine
    keyring: Keyring
    broker: BrokerAddress
    batch_limit: int = 1000
    batch_wait_s: float = 0.05
    lease_s: float = 10.0
    inbox_bound: int = 20_000
    paces: Paces = field(default_factory=Paces)
    committed: Committed = lambda _recorded_at, _stored: None
    """Told of each commit: when its entries were recorded, and how many are new."""


class Ingest:
    """The loop. `reached` is told the name of each point that the crash tests kill at."""

    def __init__(self, parts: IngestParts, reached: Reached = lambda _: None) -> None:
        name = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"
        self._parts = parts
        self._reached = reached
        self._inbox = Inbox(parts.inbox_bound)
        self._leases = Leases(name, parts.lease_s)
        self._memory = Memory(parts.keyring, self._leases.held)
        self._link = MqttLink(parts.broker, f"anmen-ingest-{name}", self._inbox, self._memory.open_ahead)
        self._outbox = Outbox(self._link.publish, self._memory.side_of)
        self._notices = Notices(parts.engine, "anmen_down")
        self._stop = threading.Event()
        self._renew_at = 0.0
        self._sweep_at = 0.0
        self._errands = Errands(parts.engine, self._memory, self._leases, every=parts.paces, answer=self._answer)
        self.tally = Tally()
        self._recorder = Recorder(
            engine=parts.engine,
            memory=self._memory,
            leases=self._leases,
            tally=self.tally,
            reached=reached,
            committed=parts.committed,
            answer=self._answer,
            recover=self._recover,
        )

    @property
    def waiting(self) -> int:
        """Frames that have arrived and whose turn has not come."""
        return len(self._inbox)

    def join(self) -> None:
        """Be counted among the workers, so that those who start together share the shards at once."""
        self._rest_unless(self._join)

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Work until stop() is called."""
        self._link.start()
        self._notices.start()
        try:
            self._rest_unless(self._renew)
            ready()
            while not self._stop.is_set():
                self.turn()
        finally:
            self._notices.stop()
            self._link.stop()
            self._rest_unless(self._release)

    def stop(self) -> None:
        """End after the batch in hand."""
        self._stop.set()

    def turn(self) -> None:
        """One batch, and what is due beside it."""
        now = time.monotonic()
        if now >= self._renew_at:
            self._rest_unless(self._renew)
        batch = self._inbox.take(self._parts.batch_limit, self._parts.batch_wait_s)
        if batch:
            self._reached("inbox.taken")
            self._recorder.record(batch)
            self._reached("inbox.before_acknowledge")
            self._link.acknowledge(batch)
            self._reached("inbox.acknowledged")
        for errand in self._errands.due(self._notices.take()):
            self._rest_unless(errand)
        self._outbox.send_due(time.monotonic(), loaded=len(batch) >= self._parts.batch_limit)
        self._link.flush()

    def _answer(self, outcome: Outcome) -> None:
        now = time.monotonic()
        for lock, session, message in outcome.replies:
            self._outbox.say(lock, session, message)
        self._outbox.pass_on(outcome.as_sealed)
        for lock, (receipt, events) in outcome.receipts.items():
            self._outbox.owe(lock, receipt, events, now)
        self._outbox.send_due(now, loaded=True, at_once=outcome.at_once)
        for lock, change in outcome.changes.items():
            self._tell(lock, change.parts())
        for lock, session, message in outcome.afterwards:
            self._outbox.say(lock, session, message)
        for lock, order in outcome.orders:
            self._tell(lock, (order,))

    def _tell(self, lock: LockId, messages: Iterable[DownMessage]) -> None:
        """Say this to the lock's proven session, if there is one."""
        side = self._memory.side_of(lock)
        if side is not None and side.current is not None:
            for message in messages:
                self._outbox.say(lock, side.current.session, message)

    def _recover(self, rest_s: float) -> bool:
        self._stop.wait(rest_s)
        self._rest_unless(self._renew)
        return not self._stop.is_set()

    def _join(self) -> None:
        with transaction(self._parts.engine, SYSTEM) as session:
            self._leases.join(session, clock.now())

    def _renew(self) -> None:
        now = clock.now()
        with transaction(self._parts.engine, SYSTEM) as session:
            gained, lost = self._leases.renew(session, now)
            silent = self._sweep(session, now) if time.monotonic() >= self._sweep_at else []
            entry.prepare(session, now)
            self._note_flooding(session, now)
            self._note_held_back(session, now)
        self._leases.settle()
        self._renew_at = time.monotonic() + self._parts.lease_s / 3
        self._sweep_at = time.monotonic() + 30 if time.monotonic() >= self._sweep_at else self._sweep_at
        self._memory.holders = self._leases.held
        self._memory.pace.share = len(self._leases.held) / SHARDS
        self._memory.forget([*silent, *(lock for lock in self._memory.listened if shard_of(lock) in gained | lost)])
        if gained or lost:
            log.info("holding %d shards (%d gained, %d lost)", len(self._leases.held), len(gained), len(lost))
            self._link.hold({shard: holder.generation for shard, holder in self._leases.held.items()})
            self._notices.add(gained)

    def _note_flooding(self, session: Session, now: datetime) -> None:
        flooded = self._link.take_flooded()
        if flooded:
            log.warning("%d frames of %d locks that flood us were dropped", flooded.total(), len(flooded))
            self.tally.flooded += flooded.total()
            senders: Counter[LockId | None] = Counter()
            for topic, frames in flooded.items():
                senders[self._memory.topics.get(topic)] += frames
            locks.note_flooding(session, senders, now)

    def _note_held_back(self, session: Session, now: datetime) -> None:
        held_back = self._memory.shares.take_held_back(now)
        for lock, events in held_back.items():
            log.error("lock %s is over its daily share: %d events were left with it; have it looked at", lock, events)
        self.tally.held_back += held_back.total()
        if held_back:
            locks.note_held_back(session, held_back, now)

    def _sweep(self, session: Session, now: datetime) -> list[LockId]:
        self._memory.pace.locks = locks.count(session)
        return locks.mark_silent(session, self._leases.held, now)

    def _release(self) -> None:
        with transaction(self._parts.engine, SYSTEM) as session:
            self._leases.release(session)

    def _rest_unless(self, work: Callable[[], None]) -> None:
        """Do it; where the database is away, say so and go on: the loop comes back to it."""
        try:
            work()
        except DBAPIError as fault:
            log.warning("the database is away (%s)", name_of(fault))
            self._stop.wait(_REST_S)
