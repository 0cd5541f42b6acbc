"""What a lock says becomes the register: through react(), on a real database, without a broker between."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from sqlalchemy import text

from firmware_protocol.keys import Holder
from firmware_protocol.messages import Challenge, Heartbeat, Stored, TimeAnswer, Welcome
from firmware_protocol.topics import SHARDS
from service.access import actions as access
from service.batches import Outcome
from service.edges.inbox import Delivery
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.hearing import Memory, locks_of
from service.lock_reactions import react
from tests.fixtures_database import Database
from tests.wire_lock import HungDoor, WireLock, hung_door


@dataclass
class Service:
    """The ingest process's inside, without its broker: frames in, frames out."""

    database: Database
    keyring: Keyring
    now: datetime
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new holder that remembers nothing."""
        holders = {shard: Holder(1, os.urandom(16)) for shard in range(SHARDS)}
        self.memory = Memory(self.keyring, holders)

    def hear(self, lock: WireLock, frames: Sequence[bytes]) -> Outcome:
        """One batch."""
        batch = [Delivery(lock.up, frame, 1, 1) for frame in frames]
        with transaction(self.database.ingest, SYSTEM) as session:
            return react(session, batch, locks_of(batch, self.memory), self.memory, self.now)

    def converse(self, lock: WireLock, frames: Sequence[bytes]) -> list[Outcome]:
        """Until nobody has anything more to say."""
        outcomes = []
        while frames:
            outcome = self.hear(lock, frames)
            outcomes.append(outcome)
            side = self.memory.listened[lock.id].side
            down = [side.seal(message, session) for _, session, message in outcome.replies]
            down += [side.seal(Stored(r.log_epoch, r.up_to), r.session) for r, _ in outcome.receipts.values()]
            down += [side.seal(message, session) for _, session, message in outcome.afterwards]
            for change in outcome.changes.values():
                assert side.current is not None
                down += [side.seal(part, side.current.session) for part in change.parts()]
            frames = [frame for one in down for frame in lock.receive(one)]
        return outcomes

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with transaction(self.database.ingest, SYSTEM) as session:
            return [tuple(row) for row in session.execute(text(statement))]


@pytest.fixture
def service(database: Database, keyring: Keyring, now: datetime) -> Service:
    return Service(database, keyring, now)


@pytest.fixture
def door(service: Service, keyring: Keyring, now: datetime) -> HungDoor:
    with transaction(service.database.serve, SYSTEM) as session:
        return hung_door(session, keyring, now)


def born(service: Service, door: HungDoor) -> HungDoor:
    service.converse(door.lock, door.lock.connect())
    return door


def test_a_birth_is_challenged_and_only_its_echo_makes_the_lock_live(service: Service, door: HungDoor) -> None:
    outcome = service.hear(door.lock, door.lock.connect())
    assert [type(message) for _, _, message in outcome.replies] == [Challenge]
    assert service.rows("SELECT link FROM lock") == [("unproven",)]
    [(_, session, challenge)] = outcome.replies
    frames = door.lock.receive(service.memory.listened[door.lock.id].side.seal(challenge, session))
    outcome = service.hear(door.lock, frames)
    assert Welcome in {type(message) for _, _, message in outcome.replies}
    assert service.rows("SELECT link, hardware, battery_percent FROM lock") == [("live", "wire", 88)]


def test_a_heartbeat_is_told_the_turn_anew_once_the_town_has_outgrown_it(service: Service, door: HungDoor) -> None:
    born(service, door)

    def beat() -> list[int]:
        door.lock.side.say(Heartbeat(0, 0, bytes(32), 88, 1, 1, 1))
        replies = service.hear(door.lock, door.lock.frames()).replies
        return [message.reconnect_slot_ms for _, _, message in replies if isinstance(message, Welcome)]

    assert beat() == []
    service.memory.pace.locks = 1_000_000
    [turn] = beat()
    assert turn > 0
    assert beat() == []


def test_the_access_list_reaches_the_lock_and_counts_only_when_it_says_so(service: Service, door: HungDoor) -> None:
    with transaction(service.database.serve, SYSTEM) as session:
        assert {one.state.value for one in access.delivery(session, door.grant_id)} == {"pending"}
    born(service, door)
    assert len(door.lock.held.entries) == 2
    with transaction(service.database.serve, SYSTEM) as session:
        assert {one.state.value for one in access.delivery(session, door.grant_id)} == {"on_lock"}
        access.revoke(session, [door.grant_id], now=service.now)
    with transaction(service.database.serve, SYSTEM) as session:
        assert {one.state.value for one in access.delivery(session, door.grant_id)} == {"removing"}
    service.converse(door.lock, door.lock.connect())
    assert len(door.lock.held.entries) == 0
    with transaction(service.database.serve, SYSTEM) as session:
        assert {one.state.value for one in access.delivery(session, door.grant_id)} == {"removed"}


def test_an_entry_moves_presence_and_every_count_above_the_room(service: Service, door: HungDoor) -> None:
    born(service, door)
    door.lock.open_with(1)
    outcome = service.hear(door.lock, door.lock.frames())
    assert outcome.stored == 1
    assert service.rows("SELECT person_id, state, confidence FROM presence") == [(door.person_id, "in", "high")]
    assert service.rows("SELECT present FROM unit_occupancy") == [(1,)]
    assert service.rows("SELECT present FROM building_occupancy") == [(1,)]
    areas = service.rows(
        "SELECT a.level, o.present FROM area_occupancy o JOIN area a ON a.id = o.area_id ORDER BY 1, 2"
    )
    assert areas == [("community", 1), ("county", 1), ("grid", 0), ("grid", 1), ("town", 1)]
    assert service.rows("SELECT sum(position) FROM feed_position") == [(1,)]

    door.lock.leave()
    service.hear(door.lock, door.lock.frames())
    assert service.rows("SELECT state, confidence, reason FROM presence") == [
        ("out", "low", "only_one_in_when_somebody_left")
    ]
    assert service.rows("SELECT max(present) FROM area_occupancy") == [(0,)]


def test_frames_that_come_twice_count_once_even_after_a_restart(service: Service, door: HungDoor) -> None:
    born(service, door)
    before = len(door.lock.log.events)
    door.lock.open_with(1)
    frames = door.lock.frames()
    assert service.hear(door.lock, frames).stored == 1
    assert service.hear(door.lock, frames).refused == 1
    service.restart()
    outcome = service.hear(door.lock, frames)
    assert (outcome.stored, outcome.duplicates + outcome.refused) == (0, 1)
    assert service.rows("SELECT count(*), count(DISTINCT sequence) FROM entry") == [(before + 1, before + 1)]


def test_a_bad_frame_among_good_ones_is_counted_and_stops_nothing(service: Service, door: HungDoor) -> None:
    born(service, door)
    door.lock.open_with(1)
    [good] = door.lock.frames()
    forged = good[:-1] + bytes([good[-1] ^ 1])
    stranger = Delivery("anmen/1/00/L-000000000000/up", good, 1, 1)
    batch = [
        Delivery(door.lock.up, forged, 1, 1),
        Delivery(door.lock.up, b"\xff", 1, 1),
        Delivery(door.lock.up, b"\0" * 100_000, 1, 1),
        Delivery("anmen/1/99/nobody/up", good, 1, 1),
        stranger,
        Delivery(door.lock.up, good, 1, 1),
    ]
    with transaction(service.database.ingest, SYSTEM) as session:
        outcome = react(session, batch, locks_of(batch, service.memory), service.memory, service.now)
    assert (outcome.stored, outcome.refused) == (1, 5)
    counted = service.rows("SELECT reason, refused, lock_id IS NULL FROM frame_refusal ORDER BY reason")
    assert ("not_authentic", 1, False) in counted
    assert ("too_large", 1, False) in counted
    assert ("malformed", 1, False) in counted
    assert any(reason == "topic" and unnamed for reason, _, unnamed in counted)


def test_a_gap_is_remembered_and_named_until_it_is_filled(service: Service, door: HungDoor) -> None:
    born(service, door)
    stored = len(door.lock.log.events)
    for _ in range(3):
        door.lock.open_with(1)
    first, second, third = door.lock.frames()
    [(receipt, _)] = service.hear(door.lock, [third]).receipts.values()
    assert (receipt.up_to, receipt.gap) == (stored, (stored + 1, stored + 2))
    service.restart()
    [(receipt, _)] = service.hear(door.lock, [second, first]).receipts.values()
    assert (receipt.up_to, receipt.gap) == (stored + 3, None)


def test_a_late_back_fill_never_overwrites_what_is_newer(service: Service, door: HungDoor) -> None:
    born(service, door)
    now_ms = 1_772_100_000_000
    door.lock.open_with(1, at_ms=now_ms - 3_600_000)
    late = door.lock.frames()
    door.lock.open_with(1, at_ms=now_ms)
    service.hear(door.lock, door.lock.frames())
    [(as_of,)] = service.rows("SELECT as_of FROM presence")
    service.hear(door.lock, late)
    assert service.rows("SELECT as_of FROM presence") == [(as_of,)]
    assert service.rows("SELECT count(*) FROM entry WHERE type = 2") == [(2,)]


def test_the_time_comes_with_the_list_version_that_a_lock_should_hold(service: Service, door: HungDoor) -> None:
    born(service, door)
    with transaction(service.database.serve, SYSTEM) as session:
        access.revoke(session, [door.grant_id], now=service.now)
    door.lock.side.ask_time(b"8 bytes.", door.lock.now)
    outcome = service.hear(door.lock, door.lock.frames())
    answers = [message for _, _, message in outcome.replies if isinstance(message, TimeAnswer)]
    assert [answer.list_version for answer in answers] == [door.lock.held.version + 1]
    assert service.rows("SELECT last_seen_at FROM lock") == [(service.now,)]


def test_a_failed_transaction_leaves_nothing_behind_and_the_same_frames_go_through_again(
    service: Service, door: HungDoor
) -> None:
    born(service, door)
    door.lock.open_with(1)
    frames = door.lock.frames()
    batch = [Delivery(door.lock.up, frame, 1, 1) for frame in frames]

    def fail() -> None:
        with transaction(service.database.ingest, SYSTEM) as session:
            react(session, batch, locks_of(batch, service.memory), service.memory, service.now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    service.memory.forget([door.lock.id])
    assert service.hear(door.lock, frames).stored == 1
