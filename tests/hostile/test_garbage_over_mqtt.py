"""Whatever arrives on an up topic: one good lock goes on, nothing is lost, every bad frame is counted, memory stays bounded."""

import os
import random
import resource
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from anmen.broker import Broker
from firmware_protocol.cbor_subset import byte_string
from firmware_protocol.sealing import MAX_FRAME_BYTES
from service import recording
from service.edges import clock
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.lock_reactions import react
from tests import given
from tests.fixtures_database import Database
from tests.journeys.test_lock_to_register import Running, value
from tests.wire_link import WireLink, eventually
from tests.wire_lock import WireLock, hung_lock, provisioned
from tests.wire_tap import loading, tapped

REFUSED = "SELECT coalesce(sum(refused), 0)::int FROM frame_refusal"
BY_REASON = "SELECT json_object_agg(reason, n) FROM (SELECT reason, sum(refused)::int AS n FROM frame_refusal GROUP BY reason) r"
_BODY = b"\x58\xd0" + bytes(208)
_HEAD = b"\xd0\x83"


def framed(protected: bytes) -> bytes:
    """A frame with whatever as its protected header."""
    return _HEAD + byte_string(protected) + b"\xa0" + _BODY


# Each is refused by itself, and without work that its length does not explain.
GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "a zero": b"\0",
    "text": b"hello",
    "JSON": b'{"lock": "open"}',
    "ten thousand arrays": b"\x81" * 10_000,
    "a header of arrays": framed(b"\x81" * 5000),
    "an array of 2^64": b"\xd0\x9b" + b"\xff" * 8,
    "a map of 2^32": b"\xd0\xba\xff\xff\xff\xff",
    "bytes of 2^63": b"\xd0\x83\x5b\x7f" + b"\xff" * 7,
    "an endless string": b"\xd0\x83\x5f" + b"\x41a" * 1000,
    "a big number": b"\xd0\x83\xc2\x59\x20\x00" + b"\xff" * 8192,
    "a regular expression": b"\xd0\xd8\x23\x78\x1e" + b"(a+)+$" * 5,
    "a decimal of any exponent": b"\xd0\xc4\x82\x1b" + b"\x7f" * 8 + b"\x01",
    "a header that is a list": framed(b"\x80"),
    "a header that is text": framed(b"\x60"),
    "a header that is a number": framed(b"\x00"),
    "an empty header": framed(b"\xa0"),
    "a header without kind": framed(b"\xa1\x01\x01"),
    "an unknown kind": framed(b"\xa4\x01\x01\x04\x48" + bytes(8) + b"\x06\x48" + bytes(8) + b"\x3a\x00\x01\x11\x70\x18\x63"),
    "a kind that is a list": framed(b"\xa4\x01\x01\x04\x48" + bytes(8) + b"\x06\x48" + bytes(8) + b"\x3a\x00\x01\x11\x70\x80"),
    "a foreign session": framed(b"\xa4\x01\x01\x04\x48" + b"session!" + b"\x06\x48" + bytes(8) + b"\x3a\x00\x01\x11\x70\x00"),
    "as large as may be": bytes(MAX_FRAME_BYTES),
    "larger": bytes(MAX_FRAME_BYTES + 1),
    "as large as the broker takes": os.urandom(16_000),
}  # fmt: skip


@pytest.fixture
def lock(database: Database, keyring: Keyring) -> WireLock:
    now = clock.now()
    with transaction(database.serve, SYSTEM) as session:
        home = given.home(session, keyring=keyring, now=now)
        return hung_lock(session, home.unit_id, keyring, now, since=now - timedelta(days=9))


@pytest.fixture
def link(lock: WireLock, broker: Broker) -> Iterator[WireLink]:
    link = WireLink(lock, broker)
    yield link
    link.stop()


def stored(link: WireLink) -> bool:
    return link.lock.log.stored_up_to == link.lock.log.next_sequence - 1


def peak_kb() -> int:
    """The most memory this process, and so the ingest loop in it, has ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def at_work(link: WireLink, database: Database) -> None:
    """The lock is live and still has its say."""
    eventually(lambda: value(database, "SELECT link = 'live' FROM lock WHERE link <> 'unborn'"))
    link.do(lambda lock: lock.open_with(1))
    eventually(lambda: stored(link))


def test_each_piece_of_garbage_is_counted_and_stops_nothing(
    database: Database, broker: Broker, keyring: Keyring, link: WireLink
) -> None:
    with Running(database, broker, keyring), loading(broker) as hand:
        link.start()
        at_work(link, database)
        for garbage in GARBAGE.values():
            hand.publish(link.lock.up, garbage)
        eventually(lambda: value(database, REFUSED) >= len(GARBAGE))
        at_work(link, database)
        assert value(database, REFUSED) == len(GARBAGE)
        reasons = value(database, BY_REASON)
    assert reasons["unknown_session"] == 1
    assert reasons["too_large"] == 2
    assert set(reasons) == {"unknown_session", "too_large", "malformed"}


def test_topics_of_nobody_and_of_others_are_counted_without_a_name(
    database: Database, broker: Broker, keyring: Keyring, link: WireLink
) -> None:
    with transaction(database.serve, SYSTEM) as session:
        other = provisioned(session, keyring, clock.now())
    with tapped(broker) as tap, Running(database, broker, keyring), loading(broker) as hand:
        link.start()
        at_work(link, database)
        own = eventually(lambda: tap.frames(f"{link.lock.id}/up"))[-1]
        topics = {
            "anmen/1/00/L-000000000000/up": 1,
            "anmen/1/01/'; DROP TABLE lock; --/up": 1,
            "anmen/1/02/" + "x" * 5000 + "/up": 1,
            f"anmen/1/{(int(link.lock.up[8:10]) + 1) % 64:02d}/{link.lock.id}/up": 1,
            other.up: 1,
        }
        for topic in topics:
            hand.publish(topic, own)
        eventually(lambda: value(database, REFUSED) >= len(topics))
        at_work(link, database)
        assert value(database, "SELECT count(*) FROM frame_refusal WHERE lock_id IS NOT NULL") == 1
        assert value(database, BY_REASON) == {"topic": 4, "unknown_session": 1} or value(database, BY_REASON) == {
            "topic": 3,
            "unknown_lock": 1,
            "unknown_session": 1,
        }


def test_thousands_of_garbage_frames_while_a_good_lock_goes_on(
    database: Database, broker: Broker, keyring: Keyring, link: WireLink
) -> None:
    chance = random.Random(7)
    with Running(database, broker, keyring) as ingest, loading(broker) as hand:
        link.start()
        at_work(link, database)
        before = peak_kb()
        garbage = [chance.randbytes(chance.randrange(600)) for _ in range(3000)]
        for number, frame in enumerate(garbage):
            topic = link.lock.up if number % 3 else f"anmen/1/{number % 64:02d}/L-{number:012d}/up"
            hand.client.publish(topic, frame, qos=1)
            if number % 100 == 0:
                link.do(lambda lock: lock.open_with(1))
        eventually(lambda: value(database, REFUSED) >= len(garbage), within_s=30)
        eventually(lambda: stored(link), within_s=10)
        # What a slow machine drops of this topic's flood may be the good lock's own; it says that again.
        assert len(garbage) <= value(database, REFUSED) <= len(garbage) + ingest.tally.flooded
        assert value(database, "SELECT count(*) = count(DISTINCT sequence) FROM entry")
        assert value(database, "SELECT count(*) FROM entry") == len(link.lock.log.events)
        assert value(database, "SELECT count(*) FROM frame_refusal") < 10
        assert ingest.tally.quarantined == ingest.tally.dropped == 0
        assert peak_kb() - before < 60_000


def test_a_frame_that_nobody_thought_of_ends_no_process(
    database: Database, broker: Broker, keyring: Keyring, link: WireLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in our own code that one frame sets off: that frame is put aside, everything else is recorded."""

    def breaks(session: Any, deliveries: Any, senders: Any, memory: Any, now: Any) -> Any:
        if any(delivery.payload == b"the frame" for delivery in deliveries):
            raise LookupError("nobody thought of it")
        return react(session, deliveries, senders, memory, now)

    monkeypatch.setattr(recording, "react", breaks)
    with Running(database, broker, keyring) as ingest, loading(broker) as hand:
        link.start()
        at_work(link, database)
        for _ in range(3):
            hand.client.publish(link.lock.up, b"the frame", qos=1)
            link.do(lambda lock: lock.open_with(1))
        eventually(lambda: ingest.tally.quarantined + ingest.tally.dropped == 3)
        at_work(link, database)
