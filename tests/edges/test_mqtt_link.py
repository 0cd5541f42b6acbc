"""The ingest process's line to the broker, against real brokers: it hears, acknowledges, speaks, and comes back."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cbor2
import pytest

from anmen.broker import Broker, BrokerKind
from anmen.broker_files import BrokerPorts
from anmen.certificates import Certificates
from anmen.free_ports import PortBook
from anmen.state import temporary_state
from firmware_protocol.topics import Direction, LockId, frame_topic, holder_topic, shard_of
from service.edges import mqtt_line
from service.edges.inbox import Delivery, Inbox
from service.edges.mqtt_link import BrokerAddress, BrokerUnreachable, MqttLink
from tests.conftest import TAP_NAME, TEST_ACCOUNTS
from tests.machine.mqtt_client import connected
from tests.wire_link import eventually

LOCK = LockId("L-AAAAAAAAAAAA")
SHARD = shard_of(LOCK)
UP, DOWN = frame_topic(LOCK, Direction.UP), frame_topic(LOCK, Direction.DOWN)
# More than Mosquitto sends without an acknowledgement (max_inflight_messages in mosquitto.conf).
MANY = 2500


@pytest.fixture(params=[BrokerKind.MOSQUITTO, BrokerKind.NATS])
def own(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Broker]:
    """A broker that these tests may stop."""
    book = PortBook()
    with temporary_state("anmen-test-broker-") as state:
        ports = BrokerPorts(book.claim("locks"), book.claim("services"))
        broker = Broker(state.broker, certificates, ports=ports, kind=request.param, accounts=TEST_ACCOUNTS)
        broker.admit([LOCK])
        broker.start()
        yield broker
        broker.stop()


class Listening:
    """A link and its inbox."""

    def __init__(self, broker: Broker, share: int = 20_000) -> None:
        self.broker = broker
        self.inbox = Inbox(20_000, share)
        self.link = MqttLink(address(broker), "anmen-ingest-test", self.inbox)

    def __enter__(self) -> "Listening":
        """Returns once it is announced to the locks that it listens."""
        self.link.start()
        pair = self.broker.certificates.for_service(TAP_NAME)
        with connected(self.broker, pair, port=self.broker.ports.services, client_id="early") as early:
            early.subscribe(holder_topic(SHARD))
            self.link.hold({SHARD: 3})
            assert early.next() == (holder_topic(SHARD), cbor2.dumps([3]))
        return self

    def __exit__(self, *_: object) -> None:
        self.link.stop()

    def next(self, within_s: float = 10.0) -> Delivery:
        """One delivery, acknowledged."""
        [delivery] = self.inbox.take(1, within_s)
        self.link.acknowledge([delivery])
        return delivery


def address(broker: Broker) -> BrokerAddress:
    pair = broker.certificates.for_service()
    return BrokerAddress(broker.host, broker.ports.services, broker.authority, pair.certificate, pair.key)


def lock_says(broker: Broker, *payloads: bytes) -> None:
    """The lock publishes these."""
    pair = broker.certificates.for_lock(LOCK)
    with connected(broker, pair, port=broker.ports.locks, client_id=LOCK) as lock:
        for payload in payloads[:-1]:
            lock.client.publish(UP, payload, qos=1)
        lock.publish(UP, payloads[-1])


def says_again(broker: Broker, inbox: Inbox) -> list[Delivery]:
    """As locks do: what nobody has stored is said again. A broker may not have had the acknowledgement of what was before."""
    lock_says(broker, b"after")
    return [one for one in inbox.take(10, 1.0) if one.payload == b"after"]


def test_a_lock_is_heard_and_answered(own: Broker) -> None:
    pair = own.certificates.for_lock(LOCK)
    with Listening(own) as ours:
        lock_says(own, b"hello")
        assert ours.next()[:2] == (UP, b"hello")
        with connected(own, pair, port=own.ports.locks, client_id=LOCK) as lock:
            lock.subscribe(DOWN)
            ours.link.publish(DOWN, b"one")
            ours.link.publish(DOWN, b"two")
            ours.link.flush()
            assert [lock.next(), lock.next()] == [(DOWN, b"one"), (DOWN, b"two")]


def test_a_lock_that_comes_later_is_not_told_of_a_holder(own: Broker) -> None:
    """It says its birth when it comes; told once more, every lock of a town would say it twice after a power cut."""
    pair = own.certificates.for_lock(LOCK)
    with Listening(own) as ours, connected(own, pair, port=own.ports.locks, client_id=LOCK) as lock:
        lock.subscribe(holder_topic(SHARD), DOWN)
        ours.link.publish(DOWN, b"first")
        ours.link.flush()
        assert lock.next() == (DOWN, b"first")


def test_acknowledged_in_heaps_everything_comes_once_and_in_order(own: Broker) -> None:
    with Listening(own) as ours:
        lock_says(own, *(b"%d" % number for number in range(MANY)))
        heard: list[bytes] = []
        while len(heard) < MANY:
            batch = ours.inbox.take(1000, 10.0)
            assert batch, f"only {len(heard)} came"
            heard += [one.payload for one in batch]
            ours.link.acknowledge(batch)
        assert heard == [b"%d" % number for number in range(MANY)]
        assert ours.inbox.take(1, 0.2) == []


def test_a_shard_given_up_is_not_heard_any_more(own: Broker) -> None:
    with Listening(own) as ours:
        lock_says(own, b"heard")
        ours.next()
        another = (SHARD + 1) % 64
        pair = own.certificates.for_service(TAP_NAME)
        with connected(own, pair, port=own.ports.services, client_id="early") as early:
            early.subscribe(holder_topic(another))
            # It gives up before it asks for more, and announces itself once it has been answered.
            ours.link.hold({another: 1})
            assert early.next() == (holder_topic(another), cbor2.dumps([1]))
        lock_says(own, b"not heard")
        assert ours.inbox.take(1, 0.5) == []


def test_when_the_broker_comes_back_it_listens_again_and_says_so(own: Broker) -> None:
    with Listening(own) as ours:
        lock_says(own, b"before")
        before = ours.next()
        own.kill()
        own.start()
        after = eventually(lambda: says_again(own, ours.inbox), within_s=20.0)[0]
        assert (after.payload, after.connection) == (b"after", before.connection + 1)
        # Of the old connection the broker knows nothing: acknowledging it must not acknowledge somebody else's message.
        ours.link.acknowledge([before])


def test_a_quiet_line_is_kept_alive(own: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_line, "KEEP_ALIVE_S", 2)
    monkeypatch.setattr(mqtt_line, "_WAIT_S", 0.3)
    with Listening(own) as ours:
        lock_says(own, b"first")
        first = ours.next()
        time.sleep(4.0)
        lock_says(own, b"second")
        assert ours.next().connection == first.connection


def test_a_broker_that_refuses_or_is_not_there_is_explained(own: Broker, tmp_path: Path) -> None:
    stranger = own.certificates.for_lock(LOCK)
    nobody = BrokerAddress("127.0.0.1", PortBook().claim("nobody"), own.authority, stranger.certificate, stranger.key)
    with pytest.raises(BrokerUnreachable, match="ANMEN_BROKER_PORT"):
        MqttLink(nobody, "test", Inbox(10)).start(timeout_s=1.5)
    if own.kind is BrokerKind.MOSQUITTO:
        refused = BrokerAddress(own.host, own.ports.services, own.authority, stranger.certificate, stranger.key)
        with pytest.raises(BrokerUnreachable, match="cannot be used"):
            MqttLink(refused, "test", Inbox(10)).start(timeout_s=1.5)


def test_what_is_said_while_the_line_is_down_is_dropped(own: Broker) -> None:
    inbox = Inbox(10)
    link = MqttLink(address(own), "test", inbox)
    link.publish(DOWN, b"nobody hears it")
    link.flush()
    link.acknowledge([Delivery(UP, b"", 1, 1)])


def test_a_flood_is_dropped_counted_and_acknowledged_so_that_others_are_heard(own: Broker) -> None:
    with Listening(own, share=128) as ours:
        lock_says(own, *[b"flood"] * MANY)
        dropped: Counter[str] = Counter()

        def is_over() -> bool:
            """Nobody takes meanwhile, so what is not dropped waits: its share, and what came with one read."""
            dropped.update(ours.link.take_flooded())
            return dropped.total() + len(ours.inbox) == MANY

        eventually(is_over, within_s=20)
        heard: list[Delivery] = []
        while batch := ours.inbox.take(MANY, 0.2):
            heard += batch
        assert set(dropped) == {UP}
        assert 128 <= len(heard) <= 128 + 100
        # Every frame of the flood is done with, or the broker would have no window left for this one.
        ours.link.acknowledge(heard)
        lock_says(own, b"quiet")
        assert ours.next(20).payload == b"quiet"
