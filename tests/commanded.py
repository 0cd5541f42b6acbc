"""A whole simulated lock joined to the ingest's inside on a real database: what is ordered goes out, what it says comes back."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from device_sim.door import Door
from device_sim.flash.chip import Flash
from device_sim.flash.memory import MemoryMedium
from device_sim.given_keys import load_keys
from device_sim.lock import Lock
from device_sim.start import Start
from face_engine import FaceEngine
from firmware_protocol import LockIdentity
from firmware_protocol.commands import CommandKind
from firmware_protocol.keys import Holder
from firmware_protocol.messages import DownMessage, Stored
from firmware_protocol.topics import SHARDS, Direction, LockId, frame_topic
from service import list_reactions
from service.accounts.actions import scope_of
from service.accounts.rules import Actor
from service.batches import Outcome
from service.commands import actions, following
from service.commands.rules import CommandId, CommandView, Order
from service.delivery import actions as delivery
from service.edges.inbox import Delivery
from service.edges.transaction import SYSTEM, transaction
from service.hearing import Memory, locks_of
from service.lock_reactions import react
from tests.fixtures_database import Database
from tests.given_living import Living
from tests.wire_lock import hung_lock


@dataclass
class Commanded:
    """`seconds`: the time that has passed, on both ends alike. `lost`: what goes down is thrown away while it is set."""

    database: Database
    place: Living
    identity: LockIdentity
    medium: MemoryMedium = field(default_factory=MemoryMedium)
    seconds: float = 0.0
    booted: float = 0.0
    lost: bool = False
    engine: FaceEngine | None = None
    memory: Memory = field(init=False)
    lock: Lock = field(init=False)

    def __post_init__(self) -> None:
        holders = {shard: Holder(1, os.urandom(16)) for shard in range(SHARDS)}
        self.memory = Memory(self.place.keyring, holders)
        self.boot(Door())

    @property
    def id(self) -> LockId:
        return self.identity.lock

    @property
    def uptime(self) -> float:
        return self.seconds - self.booted

    def boot(self, door: Door) -> None:
        """Power on and connect."""
        self.booted = self.seconds
        chip_ms = round((self.place.now.timestamp() + self.seconds) * 1000)
        flash = Flash(self.medium, draw=os.urandom)
        self.lock = Lock(self.identity, flash, Start(0.0, chip_ms, door), engine=self.engine, draw=os.urandom)

    def take_keys(self) -> None:
        """As it does by itself after a claim's answer: it starts again under the keys that it was given."""
        given = load_keys(Flash(self.medium, draw=os.urandom), self.id)
        assert given is not None
        self.identity = given
        self.boot(self.lock.doorway.door)

    def connect(self) -> None:
        self.lock.connecting()
        self.lock.connected(self.uptime)
        self.exchange()

    def restart(self) -> None:
        """The power goes away and comes back."""
        self.boot(self.lock.doorway.door)
        self.connect()

    def exchange(self) -> None:
        """Deliver both ways until it is silent."""
        while frames := self.lock.to_send(self.uptime):
            self.hear(frames)

    def hear(self, frames: Sequence[bytes]) -> None:
        """These frames arrive at the service in one batch; what it answers reaches the lock."""
        batch = [Delivery(frame_topic(self.id, Direction.UP), frame, 1, 1) for frame in frames]
        with transaction(self.database.ingest, SYSTEM) as session:
            outcome = react(session, batch, locks_of(batch, self.memory), self.memory, self.now)
        self._answer(outcome)

    def deliver(self) -> None:
        """What the ingest loop does when somebody has ordered something, and every few seconds."""
        now = self.place.now + timedelta(seconds=self.seconds)
        with transaction(self.database.ingest, SYSTEM) as session:
            orders = following.due(session, range(SHARDS), now)
        self._answer(Outcome(orders=[*orders]))
        self.exchange()

    def bring_lists(self) -> None:
        """What the ingest loop does when somebody has changed a list."""
        with transaction(self.database.ingest, SYSTEM) as session:
            asked = delivery.differing(session, range(SHARDS))
            for lock in asked:
                self.memory.held.pop(lock, None)
            outcome = Outcome()
            list_reactions.owe(session, [one for one in asked if one == self.id], self.memory, outcome)
        self._answer(outcome)
        self.exchange()

    def pass_time(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self.booted + (due := self.lock.deadline()) < until:
            self.seconds = max(self.seconds, self.booted + due)
            if self.uptime < due:
                # Rounded to just before it, what is due would be due for ever.
                self.seconds = math.nextafter(self.seconds, math.inf)
            self.lock.expire(self.uptime)
            self.exchange()
        self.seconds = until
        self.lock.expire(self.uptime)
        self.exchange()

    def order(self, actor: Actor, order: Order) -> CommandView:
        now = self.place.now + timedelta(seconds=self.seconds)
        with transaction(self.database.serve, scope_of(actor)) as session:
            return actions.give_order(session, actor, self.id, order, keyring=self.place.keyring, now=now)

    def see(self, actor: Actor, command: CommandId) -> CommandView:
        with transaction(self.database.serve, scope_of(actor)) as session:
            return actions.get_command(session, command, keyring=self.place.keyring)

    def seen_by(self, actor: Actor) -> list[CommandKind]:
        """Kinds of the commands to this lock that the actor sees, newest first."""
        with transaction(self.database.serve, scope_of(actor)) as session:
            views = actions.commands_of_lock(session, self.id, keyring=self.place.keyring)
        return [one.kind for one in views]

    @property
    def now(self) -> datetime:
        """What the service's clock shows."""
        return self.place.now + timedelta(seconds=self.seconds)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the whole database answers."""
        with transaction(self.database.serve, SYSTEM) as session:
            return [tuple(row) for row in session.execute(text(statement))]

    def _answer(self, outcome: Outcome) -> None:
        for _, frame in () if self.lost else outcome.as_sealed:
            self.lock.receive(frame, self.uptime)
        side = self.memory.side_of(self.id)
        if side is None or self.lost:
            return
        said: list[tuple[bytes, DownMessage]] = [(session, message) for _, session, message in outcome.replies]
        said += [(r.session, Stored(r.log_epoch, r.up_to)) for r, _ in outcome.receipts.values()]
        if side.current is not None:
            current = side.current.session
            said += [(current, part) for change in outcome.changes.values() for part in change.parts()]
            said += [(current, order) for _, order in outcome.orders]
        for session, message in said:
            self.lock.receive(side.seal(message, session), self.uptime)


def commanded(database: Database, place: Living, *, engine: FaceEngine | None = None) -> Commanded:
    """A lock of its own on the room's door, born and proven."""
    with transaction(place.database, SYSTEM) as session:
        lock = hung_lock(session, place.unit_id, place.keyring, place.now)
    made = Commanded(database, place, lock.identity, engine=engine)
    made.connect()
    return made


def openings(lock: Lock, sources: Sequence[int]) -> int:
    """How many openings from these sources the lock has recorded."""
    events = lock.flash.log.read(1, 10_000)
    return sum(event.type == 2 and event.fields.get(1) in sources for event in events)
