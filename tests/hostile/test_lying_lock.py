"""A lock whose key is in the wrong hands, and a broker that replays: what they say changes only what they may change."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from firmware_protocol.cursor import LAST_SEQUENCE, MOST_RANGES, StoredCursor
from firmware_protocol.keys import SESSIONS_COUNTED, Holder
from firmware_protocol.messages import AccessListRefused, Event, Events
from firmware_protocol.topics import shard_of
from firmware_protocol.vocabulary import ClockQuality, EventType, Field
from service.edges.leases import Leases
from service.edges.transaction import SYSTEM, transaction
from tests.fixtures_database import Database
from tests.integration.test_listening import Service, born, door, service
from tests.wire_lock import HungDoor, provisioned

__all__ = ["door", "service"]


def lost(sequence: int, first: int, last: int) -> Event:
    return Event(EventType.EVENTS_LOST, sequence, 1, 5, ClockQuality.UNSET, {Field.FIRST: first, Field.LAST: last})


def started(sequence: int) -> Event:
    return Event(EventType.STARTED, sequence, 1, 5, ClockQuality.UNSET, {})


def test_a_replayed_birth_says_nothing_about_the_lock(service: Service, door: HungDoor) -> None:
    lock = door.lock
    old = lock.connect()
    service.converse(lock, old)
    lock.boot()
    service.converse(lock, lock.connect())
    before = service.rows("SELECT birth_number, firmware, battery_percent, link FROM lock")
    with transaction(service.database.ingest, SYSTEM) as session:
        session.execute(text("UPDATE lock SET firmware = '2.0.0', battery_percent = 15"))
    service.hear(lock, old)
    [(number, _, _, link)] = before
    assert service.rows("SELECT birth_number, firmware, battery_percent, link FROM lock") == [
        (number, "2.0.0", 15, link)
    ]


def test_what_a_replayed_birth_held_is_not_taken_for_what_the_proven_one_holds(
    service: Service, door: HungDoor
) -> None:
    lock = door.lock
    service.converse(lock, lock.connect())
    lock.boot()
    old, holds = lock.connect(), lock.held
    assert holds.version > 0
    service.converse(lock, old)
    for _ in range(2):
        lock.boot()
        service.converse(lock, lock.connect())
    lock.boot()
    lock.held = replace(holds, entries={})
    [challenge] = [
        service.memory.listened[lock.id].side.seal(message, name)
        for _, name, message in service.hear(lock, lock.connect()).replies
    ]
    answer = lock.receive(challenge)
    service.hear(lock, old)
    service.hear(lock, answer)
    assert service.rows("SELECT held_digest = digest FROM access_list") == [(False,)]


def test_a_boot_that_has_not_proven_itself_says_nothing_about_its_list(service: Service, door: HungDoor) -> None:
    born(service, door)
    lock = door.lock
    held = service.rows("SELECT held_version, held_digest FROM access_list")
    lock.boot()
    service.hear(lock, lock.connect())
    refusal = lock.side._session.frame(AccessListRefused(99, bytes(32), "no"))
    outcome = service.hear(lock, [refusal])
    assert outcome.changes == {}
    assert service.rows("SELECT held_version, held_digest FROM access_list") == held


def test_only_a_birth_begins_a_log(service: Service, door: HungDoor) -> None:
    born(service, door)
    for epoch in range(100, 120):
        service.hear(door.lock, [door.lock.side._session.frame(Events(epoch, True, (started(1),)))])
    assert service.rows("SELECT count(*) FROM entry_cursor") == [(1,)]


def test_a_log_wiped_at_the_lock_begins_with_its_birth(service: Service, door: HungDoor) -> None:
    born(service, door)
    door.lock.boot()
    door.lock.log.epoch, door.lock.log.events, door.lock.log.stored_up_to = 8, [], 0
    service.converse(door.lock, door.lock.connect())
    door.lock.open_with(1)
    assert service.hear(door.lock, door.lock.frames()).stored == 1
    assert service.rows("SELECT log_epoch FROM entry_cursor ORDER BY 1") == [(7,), (8,)]


@pytest.mark.parametrize("sequence", [LAST_SEQUENCE, LAST_SEQUENCE + 1])
def test_the_last_number_there_is_can_be_stored_or_is_left_with_the_lock(
    service: Service, door: HungDoor, sequence: int
) -> None:
    born(service, door)
    outcome = service.hear(door.lock, [door.lock.side._session.frame(Events(7, True, (started(sequence),)))])
    assert outcome.stored == (1 if sequence == LAST_SEQUENCE else 0)
    door.lock.open_with(1)
    assert service.hear(door.lock, door.lock.frames()).stored == 1


def test_tombstones_do_not_make_a_cursor_grow_for_ever() -> None:
    cursor = StoredCursor()
    for sequence in range(2, 6 * MOST_RANGES, 2):
        taken = cursor.take(sequence)
        assert taken is not None
        cursor = taken.lose(sequence - 1, sequence - 1)
    assert len(cursor.lost) == MOST_RANGES
    assert cursor.take(cursor.lost[-1][0]) is not None


@pytest.mark.parametrize(
    ("first", "last"), [(1, 1 << 60), (0, 5), (-5, 5), (5, 1), (1, (1 << 63) - 1), ("a", b"b"), (True, True), (1, 50)]
)
def test_a_tombstone_claims_nothing_absurd(service: Service, door: HungDoor, first: object, last: object) -> None:
    born(service, door)
    event = Event(EventType.EVENTS_LOST, 40, 1, 5, ClockQuality.UNSET, {Field.FIRST: first, Field.LAST: last})
    assert service.hear(door.lock, [door.lock.side._session.frame(Events(7, True, (event,)))]).stored == 1
    assert service.rows("SELECT lost = '{}' FROM entry_cursor") == [(True,)]


ABSURD: dict[str, Event] = {
    "the year 9999": Event(2, 0, 1, 253_402_300_799_000, ClockQuality.SYNCED, {1: 1, 2: 8, 3: 1, 4: 1}),
    "2^53 - 1 ms": Event(2, 0, 1, (1 << 53) - 1, ClockQuality.SYNCED, {1: 1, 3: 1, 4: 1}),
    "a clock no one knows": Event(2, 0, (1 << 63) - 1, 0, 255, {1: 1, 3: 1, 4: 1}),
    "an unknown kind": Event(65_535, 0, 1, 5, 2, {}),
    "NUL in a text": Event(2, 0, 1, 5, 2, {1: "\0", 2: "a\0b", 60_000: "\0'; DROP TABLE entry; --"}),
    "numbers of 64 bits": Event(2, 0, 1, 5, 2, dict.fromkeys(range(14), (1 << 63) - 1)),
    "negative numbers": Event(2, 0, 1, 5, 2, dict.fromkeys(range(14), -(1 << 63))),
    "truth values": Event(2, 0, 1, 5, 2, dict.fromkeys(range(20), True)),
    "bytes": Event(5, 0, 1, 5, 2, dict.fromkeys(range(14), b"\x00" * 4)),
    "somebody else's credential": Event(2, 0, 1, 5, 2, {1: 1, 2: 8, 3: 1, 4: 999_999}),
}


@pytest.mark.parametrize("event", ABSURD.values(), ids=ABSURD)
def test_absurd_events_are_stored_and_bring_nobody_home(service: Service, door: HungDoor, event: Event) -> None:
    born(service, door)
    stored = len(door.lock.log.events)
    frame = door.lock.side._session.frame(Events(7, True, (event._replace(sequence=stored + 1),)))
    assert service.hear(door.lock, [frame]).stored == 1
    assert service.rows("SELECT count(*) FROM presence") == [(0,)]
    assert service.rows("SELECT bool_and(occurred_at < recorded_at + interval '25 hours') FROM entry") == [(True,)]


def test_a_lock_that_is_born_over_and_over_costs_a_bounded_memory() -> None:
    holder, told = Holder(1, bytes(16)), dict[bytes, int]()
    for number in range(3 * SESSIONS_COUNTED):
        name = number.to_bytes(8, "big")
        told[name] = holder.next_counter(name)
    assert len(holder._spoken) <= SESSIONS_COUNTED + 1
    for name in list(told)[:: SESSIONS_COUNTED // 8]:
        assert holder.next_counter(name) > told[name]


def test_a_restored_database_does_not_make_locks_deaf(database: Database, door: HungDoor, service: Service) -> None:
    """Locks hear no older generation than the last they heard; the backup has forgotten how far it had come."""
    leases = Leases("one", 10.0)
    with transaction(database.ingest, SYSTEM) as session:
        leases.renew(session, service.now)
    leases.settle()
    shard = shard_of(door.lock.id)
    with transaction(database.ingest, SYSTEM) as session:
        session.execute(text("UPDATE shard_lease SET generation = 0, holder = NULL, expires_at = NULL"))
    later = Leases("two", 10.0)
    with transaction(database.ingest, SYSTEM) as session:
        later.renew(session, service.now + timedelta(seconds=30))
    later.settle()
    assert later.held[shard].generation > leases.held[shard].generation


def test_keys_that_cannot_be_used_silence_one_lock_only(service: Service, door: HungDoor) -> None:
    with transaction(service.database.serve, SYSTEM) as session:
        other = provisioned(session, service.keyring, service.now)
        session.execute(
            text("UPDATE lock SET service_key_wrapped = :junk WHERE id = :id"), {"junk": os.urandom(60), "id": other.id}
        )
    assert service.hear(other, other.connect()).refused == 1
    born(service, door)
    assert service.rows("SELECT link FROM lock ORDER BY link") == [("live",), ("unborn",)]
