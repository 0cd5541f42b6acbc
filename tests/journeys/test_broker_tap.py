"""A stolen broker: it hears everything that several locks say and are told, may publish in their name, and gains nothing."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import cbor2
import pytest

from anmen.broker import Broker
from firmware_protocol import lock_session
from firmware_protocol.credentials import card_material, pin_material
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType
from service.access import actions as access
from service.access.rules import Materials, Terms
from service.edges import clock
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.locks import actions as locks
from tests import given
from tests.fixtures_database import Database
from tests.journeys.test_lock_to_register import Running, value
from tests.protocol.plain_wire import PlainSeal
from tests.protocol.test_wire_privacy import EVENTS
from tests.wire_link import WireLink, eventually
from tests.wire_lock import WireLock, hung_lock
from tests.wire_tap import Tap, findings, loading, tapped

NAME, PIN, PHONE = "欧阳娜娜", "748201", "13800138000"
REFUSED = "SELECT coalesce(sum(refused), 0) FROM frame_refusal"
STATE = (
    "SELECT md5(string_agg(r, '|' ORDER BY r)) FROM (SELECT e::text AS r FROM entry e UNION ALL SELECT c::text FROM entry_cursor c"
    " UNION ALL SELECT a::text FROM access_list a UNION ALL SELECT c::text FROM credential c UNION ALL SELECT p::text FROM presence p"
    " UNION ALL SELECT l.link || l.birth_number FROM lock l) s"
)


@dataclass
class Street:
    """Locks on doors, each with somebody's card, PIN and face on its list, and what nobody may learn of it."""

    locks: list[WireLock]
    secrets: list[bytes] = field(default_factory=list)


@pytest.fixture
def street(database: Database, keyring: Keyring) -> Street:
    now = clock.now()
    street = Street([])
    with transaction(database.serve, SYSTEM) as session:
        for _ in range(2):
            home = given.home(session, keyring=keyring, now=now)
            lock = hung_lock(session, home.unit_id, keyring, now, since=now - timedelta(days=900))
            document, template = given.document(), os.urandom(144)
            person = given.person(session, keyring=keyring, now=now, of=document, name=NAME)
            ends_at = now + timedelta(days=30)
            terms = Terms(
                unit_id=home.unit_id, person_id=person, starts_at=now, ends_at=ends_at, offline_lease_s=30 * 86400
            )
            materials = Materials(document_number=document.number, pin=PIN, template=template)
            access.grant(session, terms, materials=materials, keyring=keyring, now=now)
            key = locks.credential_key(session, lock.id, keyring)
            street.locks.append(lock)
            street.secrets += [document.number.encode(), template, template[:16], lock.identity.private_key, key]
            street.secrets += [card_material(key, document.number), pin_material(key, PIN)]
    street.secrets += [NAME.encode(), PIN.encode(), PHONE.encode()]
    return street


@contextmanager
def linked(broker: Broker, street: Street) -> Iterator[list[WireLink]]:
    with ExitStack() as stack:
        links = [WireLink(lock, broker) for lock in street.locks]
        for link in links:
            stack.callback(link.stop)
            link.start()
        yield links


def everything_happens(links: list[WireLink]) -> list[bytes]:
    """Every kind of live event at every lock; their frames."""
    live = []
    for link in links:
        for kind, fields in EVENTS.items():
            with link.mutex:
                link.lock.record(kind, {int(key): item for key, item in fields.items()})
                frames = link.lock.frames()
                link._send(frames)
            live += frames
        link.do(lambda lock: lock.side.ask_time(os.urandom(8), lock.now))
        link.do(lambda lock: lock.side.refuse_list(lock.standing(), "the flash is full"))
        link.do(lambda lock: lock.side.expire(lock.standing(), lock.now + 61))
    return live


def all_stored(links: list[WireLink]) -> bool:
    return all(link.lock.log.stored_up_to == link.lock.log.next_sequence - 1 for link in links)


def plain_events(street: Street) -> list[bytes]:
    """The events as they would be read, and what tells their kind."""
    events: list[Event] = [event for lock in street.locks for event in lock.log.events]
    return [cbor2.dumps(list(event)) for event in events] + [kind.name.encode() for kind in EventType]


def test_a_tap_at_the_broker_learns_nothing(
    database: Database, broker: Broker, keyring: Keyring, street: Street
) -> None:
    with tapped(broker) as tap, Running(database, broker, keyring):
        with linked(broker, street) as links:
            eventually(lambda: value(database, "SELECT bool_and(on_lock_at IS NOT NULL) FROM credential"))
            live = everything_happens(links)
            eventually(lambda: all_stored(links))
        eventually(lambda: value(database, "SELECT bool_and(link = 'stale') FROM lock"))
    kinds = {cbor2.loads(cbor2.loads(frame).value[0])[-70001] for frame in tap.frames("/up") + tap.frames("/down")}
    assert kinds == {0, 1, 2, 3}
    assert len(live) == len(street.locks) * len(EventType)
    assert set(live) <= set(tap.frames("/up"))
    assert {len(frame) for frame in live} == {244}
    assert findings(tap.heard, street.secrets + plain_events(street)) == []


def test_with_sealing_switched_off_the_tap_learns(
    monkeypatch: pytest.MonkeyPatch, broker: Broker, street: Street
) -> None:
    monkeypatch.setattr(lock_session, "Seal", PlainSeal)
    for lock in street.locks:
        lock.boot()
    with tapped(broker) as tap, linked(broker, street) as links:
        eventually(lambda: len(tap.frames("/up")) >= len(links))
        live = everything_happens(links)
        eventually(lambda: set(live) <= set(tap.frames("/up")))
    found = findings([one for one in tap.heard if one.topic.endswith("/up")], street.secrets + plain_events(street))
    assert any("not sealed" in finding for finding in found)
    assert any("holds secret" in finding for finding in found)
    assert len({len(frame) for frame in live}) > 1


def flipped(frame: bytes) -> list[bytes]:
    """The frame with one bit changed, at every byte, at a bit that walks."""
    return [frame[:at] + bytes([byte ^ 1 << at * 5 % 8]) + frame[at + 1 :] for at, byte in enumerate(frame)]


def test_whatever_a_broker_changes_or_repeats_is_refused_and_counted_and_changes_nothing(
    database: Database, broker: Broker, keyring: Keyring, street: Street
) -> None:
    with tapped(broker) as tap, Running(database, broker, keyring), linked(broker, street) as links:
        eventually(lambda: value(database, "SELECT bool_and(on_lock_at IS NOT NULL) FROM credential"))
        for link in links:
            link.do(lambda lock: lock.open_with(1))
        eventually(lambda: all_stored(links))
        first, second = (link.lock for link in links)
        up = [one.payload for one in tap.heard if one.topic == first.up]
        down = [one.payload for one in tap.heard if one.topic.endswith(f"{first.id}/down")]
        # A birth that was said before anybody listened would be new to the service, and rightly taken.
        births = [at for at, frame in enumerate(up) if len(frame) > 300]
        birth, up = up[births[-1]], up[births[-1] :]
        forged = flipped(up[-1]) + flipped(birth)[::3] + flipped(down[-1])[::3]
        repeated = [*up, *down[:4]]
        before, state = value(database, REFUSED), value(database, STATE)
        with loading(broker) as hand:
            for frame in [*forged, *repeated]:
                hand.client.publish(first.up, frame, qos=1)
            for frame in repeated:
                hand.publish(second.up, frame)
        expected = len(forged) + 2 * len(repeated)
        eventually(lambda: value(database, REFUSED) - before >= expected, within_s=20)
        assert value(database, REFUSED) - before == expected
        assert value(database, STATE) == state
        links[0].do(lambda lock: lock.open_with(1))
        eventually(lambda: all_stored(links))


def test_a_broker_that_repeats_what_goes_down_moves_no_lock(
    database: Database, broker: Broker, keyring: Keyring, street: Street
) -> None:
    def heard_down(tap: Tap, lock: WireLock) -> list[bytes]:
        return [one.payload for one in tap.heard if one.topic.endswith(f"{lock.id}/down")]

    with tapped(broker) as tap, Running(database, broker, keyring), linked(broker, street) as links:
        eventually(lambda: value(database, "SELECT bool_and(on_lock_at IS NOT NULL) FROM credential"))
        eventually(lambda: all_stored(links))
        link = links[0]
        held, frames = link.lock.held, heard_down(tap, link.lock) + flipped(heard_down(tap, links[1].lock)[-1])[::4]
        with link.mutex:
            for frame in frames:
                with pytest.raises(RemoteProtocolError):
                    link.lock.receive(frame)
        assert link.lock.held == held
