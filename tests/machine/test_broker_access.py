"""The access rules, asked of a running broker: the same questions for Mosquitto and for the fall-back."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import cbor2
import pytest

from anmen.broker import Broker, BrokerKind
from anmen.broker_files import BrokerPorts
from anmen.certificates import Certificates, KeyPair
from anmen.free_ports import PortBook
from anmen.state import StateFolder
from tests.conftest import TAP_NAME, TEST_ACCOUNTS
from tests.machine.mqtt_client import Connected, connected
from tests.machine.test_revocation import comes_in
from tests.wire_link import eventually

LOCK_A, LOCK_B = "L-AAAAAAAAAAAA", "L-BBBBBBBBBBBB"
UP_A, DOWN_A, UP_B, DOWN_B = (f"anmen/1/07/{lock}/{way}" for lock in (LOCK_A, LOCK_B) for way in ("up", "down"))
HOLDER = "anmen/1/07/holder"


@pytest.fixture(scope="module")
def nats(machine_state: StateFolder, certificates: Certificates, ports: PortBook) -> Iterator[Broker]:
    """A running nats-server with the same rules."""
    port = ports.claim("nats")
    broker = Broker(
        machine_state.path / "nats",
        certificates,
        ports=BrokerPorts(port, port),
        kind=BrokerKind.NATS,
        accounts=TEST_ACCOUNTS,
    )
    # Before it starts: what it is told while it runs it reads in its own time.
    broker.admit([LOCK_A, LOCK_B])
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(params=["broker", "nats"])
def either(request: pytest.FixtureRequest) -> Broker:
    """Each broker in turn."""
    broker: Broker = request.getfixturevalue(request.param)
    return broker


def as_lock(broker: Broker, lock_id: str, **options: bool) -> AbstractContextManager[Connected]:
    """A lock on the line, as it would be."""
    identity = broker.certificates.for_lock(lock_id)
    return connected(broker, identity, port=broker.ports.locks, client_id=lock_id, **options)


def as_service(broker: Broker, name: str, client_id: str) -> AbstractContextManager[Connected]:
    """One of our own processes on the line."""
    identity = broker.certificates.for_service(name)
    return connected(broker, identity, port=broker.ports.services, client_id=client_id)


def test_frames_go_up_and_down(either: Broker) -> None:
    with as_service(either, "anmen-ingest", "worker-1") as worker, as_lock(either, LOCK_A) as lock:
        worker.subscribe("anmen/1/07/+/up")
        lock.subscribe(DOWN_A)
        lock.publish(UP_A, b"rises")
        assert worker.next() == (UP_A, b"rises")
        worker.publish(DOWN_A, b"falls")
        assert lock.next() == (DOWN_A, b"falls")
        lock.subscribe(HOLDER)
        worker.publish(HOLDER, cbor2.dumps([4]))
        assert lock.next() == (HOLDER, cbor2.dumps([4]))


def test_one_worker_may_listen_to_every_shard(either: Broker) -> None:
    with as_service(either, "anmen-ingest", "worker-1") as worker:
        for shard in range(64):
            worker.subscribe(f"anmen/1/{shard:02d}/+/up")
        assert worker.refused_filters == 0


@pytest.mark.parametrize("forbidden", [UP_B, DOWN_A, DOWN_B, HOLDER, "anmen/1/07/up", "anmen/1/07/x/up"])
def test_a_lock_sends_only_under_its_own_name(either: Broker, forbidden: str) -> None:
    """Both brokers end the connection of one that tries; some releases of Mosquitto only drop the message."""
    with as_service(either, TAP_NAME, "tap") as tap:
        tap.subscribe("anmen/1/#")
        with as_lock(either, LOCK_A) as lock:
            lock.client.publish(forbidden, b"forged", qos=1)
            lock.thrown_out.wait(0.5)
        with as_lock(either, LOCK_A) as lock:
            lock.publish(UP_A, b"honest")
        while (heard := tap.next())[1] != b"honest":
            assert heard[1] != b"forged"


@pytest.mark.parametrize("listening", [DOWN_B, UP_B, UP_A, "anmen/1/07/+/down", "anmen/1/#", "#"])
def test_a_lock_hears_only_what_is_meant_for_it(either: Broker, listening: str) -> None:
    with as_service(either, "anmen-ingest", "worker-1") as worker, as_lock(either, LOCK_A) as lock:
        lock.subscribe(listening)
        lock.subscribe(DOWN_A)
        with as_lock(either, LOCK_B) as other:
            other.publish(UP_B, b"another's")
        worker.publish(DOWN_B, b"another's")
        worker.publish(DOWN_A, b"own")
        while (heard := lock.next())[1] != b"own":
            assert heard[1] != b"another's"


@pytest.mark.parametrize("taken", [LOCK_B, "worker-1"])
def test_a_lock_cannot_take_another_client_id(broker: Broker, taken: str) -> None:
    identity = broker.certificates.for_lock(LOCK_A)
    with as_lock(broker, LOCK_B) as victim, as_service(broker, "anmen-ingest", "worker-1") as worker:
        with connected(broker, identity, port=broker.ports.locks, client_id=taken) as thief:
            thief.publish(UP_A, b"still myself")
        assert not victim.thrown_out.is_set()
        assert not worker.thrown_out.is_set()


def test_nats_lets_a_lock_take_another_client_id(nats: Broker) -> None:
    """The reason why it is for the demo only; should this begin to fail, decision 0022 can be looked at again."""
    with (
        as_lock(nats, LOCK_B) as victim,
        connected(nats, nats.certificates.for_lock(LOCK_A), port=nats.ports.locks, client_id=LOCK_B),
    ):
        assert victim.thrown_out.wait(15)


def test_without_a_certificate_nobody_comes_in(either: Broker) -> None:
    for port in {either.ports.locks, either.ports.services}:
        with pytest.raises((ConnectionError, OSError)), connected(either, None, port=port):
            pass


def test_a_certificate_of_a_strange_authority_does_not_come_in(either: Broker, machine_state: StateFolder) -> None:
    strange = Certificates(machine_state.path / "strange").for_lock(LOCK_A)
    with (
        pytest.raises((ConnectionError, OSError)),
        connected(either, strange, port=either.ports.locks, client_id=LOCK_A),
    ):
        pass


def test_a_lock_does_not_come_in_at_the_services_listener_nor_a_worker_at_the_locks(broker: Broker) -> None:
    crossed: list[tuple[KeyPair, int]] = [
        (broker.certificates.for_lock(LOCK_A), broker.ports.services),
        (broker.certificates.for_service(), broker.ports.locks),
    ]
    for identity, port in crossed:
        with pytest.raises((ConnectionError, OSError)), connected(broker, identity, port=port, client_id="anything"):
            pass


def test_a_packet_too_large_ends_the_connection(broker: Broker) -> None:
    with as_lock(broker, LOCK_A) as lock:
        lock.client.publish(UP_A, b"x" * 20_000, qos=1)
        assert lock.thrown_out.wait(15)


def test_a_lock_admitted_later_is_known(nats: Broker) -> None:
    late = "L-CCCCCCCCCCCC"
    nats.admit([late])
    eventually(lambda: comes_in(nats, late))
    with as_service(nats, "anmen-ingest", "worker-1") as worker, as_lock(nats, late) as lock:
        worker.subscribe("anmen/1/+/+/up")
        lock.publish(f"anmen/1/01/{late}/up")
        assert worker.next()[0] == f"anmen/1/01/{late}/up"
