"""Roll-outs on a real database with whole simulated locks: who is offered what, when it stops, and what the wire may do."""

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from device_sim.door import Door
from device_sim.firmware_image import Behaviour
from firmware_protocol import LockIdentity
from firmware_protocol.firmware import FirmwareRefusal
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareOffer, FirmwareWanted
from firmware_protocol.keys import Holder, private_key, public_key
from firmware_protocol.messages import Stored
from firmware_protocol.topics import SHARDS, Direction, LockId, draw_lock_id, frame_topic
from service.edges.inbox import Delivery
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import BadInput, Conflict, NotFound
from service.firmware import actions as firmware
from service.firmware.actions import Shelf
from service.hearing import Memory, locks_of
from service.lock_reactions import react
from service.locks import actions as locks
from service.rollout import actions as rollout
from service.rollout.rules import Plan, RolloutState
from tests.device.update_rig import MAKER, UpdateRig, digest_of, envelope_of, image_of
from tests.fixtures_database import Database

PLAN = Plan((33, 100), success_percent=100, error_percent=20, soak_s=0)


def plan(stages: tuple[int, ...], **more: int) -> Plan:
    """A plan whose images are not on trial for long."""
    return Plan(stages, soak_s=0, **more)


@dataclass
class Town:
    """Locks and the inside of the service, joined frame by frame; `wire` does to a list of frames what a bad wire does."""

    database: Database
    keyring: Keyring
    now: datetime
    locks: dict[LockId, UpdateRig] = field(default_factory=dict)
    wire: Any = list
    chunks: int = 0
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Memory(self.keyring, {shard: Holder(1, os.urandom(16)) for shard in range(SHARDS)})

    def build(self, how_many: int) -> None:
        for _ in range(how_many):
            lock_key, service_key, lock = (
                private_key(os.urandom(48)),
                private_key(os.urandom(48)),
                draw_lock_id(os.urandom(8)),
            )
            with transaction(self.database.serve, SYSTEM) as session:
                locks.provision(
                    session,
                    lock_id=lock,
                    public_key=public_key(lock_key),
                    service_private_key=service_key,
                    keyring=self.keyring,
                    now=self.now,
                )
            rig = UpdateRig(identity=LockIdentity(lock, lock_key, public_key(service_key)), maker=MAKER)
            rig.ingest = Ear(self, lock)  # type: ignore[assignment]  # the rig's service is this one
            self.locks[lock] = rig
            rig.connect()

    def receive(self, lock: LockId, frames: Sequence[bytes]) -> list[bytes]:
        """One batch; what goes down for that lock."""
        batch = [Delivery(frame_topic(lock, Direction.UP), frame, 1, 1) for frame in self.wire(frames)]
        with transaction(self.database.ingest, SYSTEM) as session:
            outcome = react(session, batch, locks_of(batch, self.memory), self.memory, self.now)
        side = self.memory.listened[lock].side
        down = [side.seal(message, to) for _, to, message in outcome.replies]
        down += [side.seal(Stored(r.log_epoch, r.up_to), r.session) for r, _ in outcome.receipts.values()]
        down += [side.seal(message, to) for _, to, message in outcome.afterwards]
        self.chunks += sum(isinstance(message, FirmwareChunk) for _, _, message in outcome.afterwards)
        return list(self.wire(down))

    def turn(self, seconds: float = 2.0, doors: Door | None = None) -> None:
        """What the ingest does every two seconds, and two seconds at every lock."""
        with transaction(self.database.ingest, SYSTEM) as session:
            offers = rollout.due(session, range(SHARDS), self.now)
        for lock, offer in offers:
            side = self.memory.listened[lock].side
            assert side.current is not None
            self.locks[lock].deliver(self.wire([side.seal(offer, side.current.session)]))
        for rig in self.locks.values():
            rig.live(seconds, doors)
        self.now += timedelta(seconds=seconds)

    def add(self, image: bytes, sequence: int = 2) -> None:
        with transaction(self.database.serve, SYSTEM) as session:
            firmware.add_release(
                session, image, envelope_of(image, sequence), vendor_key=MAKER.public_key, now=self.now
            )

    def begin(self, plan: Plan = PLAN) -> None:
        with transaction(self.database.serve, SYSTEM) as session:
            rollout.start_rollout(session, "1.1.0", plan, now=self.now)

    def change(self, state: RolloutState) -> None:
        with transaction(self.database.serve, SYSTEM) as session:
            rollout.change_state(session, state, now=self.now)

    @property
    def states(self) -> dict[str, int]:
        with transaction(self.database.serve, SYSTEM) as session:
            return {state.value: count for state, count in rollout.progress(session)[0].states.items()}

    @property
    def state(self) -> RolloutState:
        with transaction(self.database.serve, SYSTEM) as session:
            return rollout.progress(session)[0].rollout.state

    @property
    def versions(self) -> list[str]:
        return sorted(rig.version for rig in self.locks.values())

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with transaction(self.database.ingest, SYSTEM) as session:
            return [tuple(row) for row in session.execute(text(statement))]


@dataclass
class Ear:
    """What a rig takes for its service."""

    town: Town
    lock: LockId

    def receive(self, frames: Sequence[bytes]) -> list[bytes]:
        return self.town.receive(self.lock, frames)


@pytest.fixture
def town(database: Database, keyring: Keyring, now: datetime) -> Town:
    return Town(database, keyring, now)


def test_a_good_image_goes_through_its_stages(town: Town) -> None:
    town.build(6)
    town.add(image_of())
    town.begin()
    town.turn(0.1)
    assert town.states == {"downloading": 2, "waiting": 4}
    for _ in range(6):
        town.turn()
    assert (town.state, town.states) == (RolloutState.DONE, {"installed": 6})
    assert town.versions == ["1.1.0"] * 6
    assert town.rows("SELECT DISTINCT firmware FROM lock") == [("1.1.0",)]


def test_a_lock_that_comes_when_the_roll_out_has_begun_is_in_it(town: Town) -> None:
    town.build(3)
    town.add(image_of())
    town.begin(plan((50, 100), success_percent=100))
    town.turn(0.1)
    town.build(4)
    for expected in (4, 0):
        with transaction(town.database.serve, SYSTEM) as session:
            assert rollout.include_late(session, now=town.now) == expected
    for _ in range(10):
        town.turn()
    assert (town.state, town.states) == (RolloutState.DONE, {"installed": 7})
    town.build(1)
    with transaction(town.database.serve, SYSTEM) as session:
        assert rollout.include_late(session, now=town.now) == 0


def test_a_bad_image_stops_by_itself_before_the_rest_have_it(town: Town) -> None:
    town.build(6)
    town.add(image_of(behaviour=Behaviour.CRASHES))
    town.begin()
    for _ in range(8):
        town.turn()
        for rig in town.locks.values():
            if rig.behaviour is Behaviour.CRASHES:
                rig.start()
    assert (town.state, town.states) == (RolloutState.STOPPED, {"fell_back": 2, "withdrawn": 4})
    assert town.versions == ["0.1.0"] * 6
    assert sum(rig.starts == 0 for rig in town.locks.values()) == 4
    assert town.rows("SELECT DISTINCT reason FROM firmware_update WHERE state = 'fell_back'") == [(2,)]


def test_pause_holds_everything_and_resume_goes_on(town: Town) -> None:
    town.build(2)
    town.add(image_of(size=60_000))
    town.begin(plan((100,)))
    town.turn(1.0)
    town.change(RolloutState.PAUSED)
    town.turn(1.0)
    given_out = town.chunks
    for _ in range(3):
        town.turn(20.0)
    assert town.chunks == given_out > 0
    town.change(RolloutState.RUNNING)
    for _ in range(4):
        town.turn(20.0)
    assert town.versions == ["1.1.0"] * 2


def test_abort_reaches_those_who_have_begun(town: Town) -> None:
    town.build(3)
    town.add(image_of(size=60_000))
    town.begin(plan((34, 100)))
    town.turn(1.0)
    town.change(RolloutState.ABORTED)
    assert town.states == {"withdrawing": 2, "withdrawn": 1}
    town.turn(1.0)
    assert town.states == {"withdrawn": 3}
    assert [rig.lock.updater.progress for rig in town.locks.values()] == [(0, 0)] * 3
    town.turn(60.0)
    assert town.versions == ["0.1.0"] * 3
    town.begin(plan((100,)))
    for _ in range(3):
        town.turn(20.0)
    assert town.versions == ["1.1.0"] * 3


def test_no_more_than_so_many_download_at_once(town: Town) -> None:
    town.build(5)
    town.add(image_of(size=20_000))
    town.begin(plan((100,), at_once=2))
    most = 0
    for _ in range(30):
        town.turn(1.0)
        busy = sum(town.states.get(one, 0) for one in ("offered", "downloading"))
        most = max(most, busy)
    assert (most, town.states) == (2, {"installed": 5})


def test_a_low_battery_waits_and_a_wrong_hardware_fails(town: Town) -> None:
    town.build(2)
    first, second = town.locks.values()
    first.lock.doorway.door = Door(battery_percent=10)
    second.maker = None
    town.add(image_of())
    town.begin(plan((100,), error_percent=50))
    town.turn()
    assert town.rows("SELECT state, reason FROM firmware_update WHERE reason > 0") == [
        ("waiting", int(FirmwareRefusal.BATTERY_LOW))
    ]
    first.lock.doorway.door = Door()
    town.turn()
    assert first.version == "0.1.0"
    town.now += timedelta(minutes=11)
    town.turn(8.0)
    assert first.version == "1.1.0"


def test_a_lock_that_falls_back_says_why(town: Town) -> None:
    town.build(1)
    [rig] = town.locks.values()
    town.add(image_of())
    town.begin(plan((100,), error_percent=0))
    lock = rig.identity.lock
    wanted = FirmwareWanted(digest_of(image_of()), 0, 0, FirmwareRefusal.DIGEST_DIFFERS)
    town.turn(0.1)
    with transaction(town.database.ingest, SYSTEM) as session:
        assert rollout.answer(session, {lock: wanted}, Shelf(), town.now) == []
    assert town.states == {"failed": 1}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_wire_does_the_image_and_every_event_arrive(town: Town, seed: int) -> None:
    town.build(2)
    town.add(image_of(size=15_000))
    town.begin(plan((100,)))
    dice = random.Random(seed)

    def bad(frames: Sequence[bytes]) -> list[bytes]:
        kept = [frame for frame in frames if dice.random() > 0.2]
        kept += [frame for frame in frames if dice.random() < 0.2]
        dice.shuffle(kept)
        return kept

    town.wire = bad
    for _ in range(12):
        town.turn(10.0)
        rig = dice.choice(list(town.locks.values()))
        rig.lock.doorway.turn_handle(rig.now)
        if dice.random() < 0.2:
            rig.start()
    town.wire = list
    for _ in range(10):
        town.turn(60.0)
    assert town.versions == ["1.1.0"] * 2
    counts = town.rows("SELECT lock_id, count(*), max(sequence) FROM entry GROUP BY lock_id")
    for lock, rig in town.locks.items():
        counted = [row[1:] for row in counts if row[0] == lock]
        assert counted == [(rig.lock.flash.log.next_sequence - 1,) * 2]


def test_nobody_gets_chunks_who_is_in_no_roll_out(town: Town) -> None:
    town.build(1)
    town.add(image_of())
    [lock] = town.locks
    wanted = FirmwareWanted(digest_of(image_of()), 0, 16)
    with transaction(town.database.ingest, SYSTEM) as session:
        assert rollout.answer(session, {lock: wanted}, Shelf(), town.now) == [(lock, FirmwareOffer(b""))]


def test_what_is_handed_out_stays_in_the_image(town: Town) -> None:
    town.build(1)
    town.add(image_of(size=3000))
    town.begin(plan((100,)))
    [lock] = town.locks
    with transaction(town.database.ingest, SYSTEM) as session:
        for offset, chunks, sizes in [
            (2048, 16, [952]),
            (0, 1 << 40, [1024, 1024, 952]),
            (1 << 60, 16, []),
            (2999, 1, [1]),
        ]:
            wanted = FirmwareWanted(digest_of(image_of(size=3000)), offset, chunks)
            down = rollout.answer(session, {lock: wanted}, Shelf(), town.now)
            assert [len(message.content) for _, message in down if isinstance(message, FirmwareChunk)] == sizes


def test_what_cannot_be_is_said(town: Town) -> None:
    image = image_of()
    with transaction(town.database.serve, SYSTEM) as session:

        def add(content: bytes, envelope: bytes, key: bytes = MAKER.public_key) -> None:
            firmware.add_release(session, content, envelope, vendor_key=key, now=town.now)

        with pytest.raises(BadInput, match="not_signed"):
            add(image, envelope_of(image, key=private_key(b"thief" * 10)))
        with pytest.raises(BadInput, match="another file"):
            add(image + b"\0", envelope_of(image))
        with pytest.raises(BadInput, match="100"):
            rollout.start_rollout(session, "1.1.0", Plan((5,)), now=town.now)
        with pytest.raises(NotFound):
            rollout.start_rollout(session, "1.1.0", PLAN, now=town.now)
        add(image, envelope_of(image))
        with pytest.raises(Conflict, match="before"):
            add(image, envelope_of(image))
        with pytest.raises(Conflict, match="No lock"):
            rollout.start_rollout(session, "1.1.0", PLAN, now=town.now)
        with pytest.raises(Conflict, match="no open"):
            rollout.change_state(session, RolloutState.PAUSED, now=town.now)
    town.build(1)
    town.begin()
    with transaction(town.database.serve, SYSTEM) as session, pytest.raises(Conflict, match="not finished"):
        rollout.start_rollout(session, "1.1.0", PLAN, now=town.now)


def test_the_shelf_forgets_what_was_asked_for_longest_ago(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [image_of(version=version) for version in ("1.1.0", "1.2.0", "1.3.0")]
    for number, image in enumerate(images):
        town.add(image, number + 2)
    monkeypatch.setattr(firmware, "SHELF_BYTES", 2 * len(images[0]))
    shelf = Shelf()
    with transaction(town.database.ingest, SYSTEM) as session:
        for image in (*images, images[1]):
            assert shelf.image(session, digest_of(image)) == image
        assert shelf.image(session, bytes(32)) is None
    assert len(shelf._images) == 2
