"""The broker as a process: its files, what it keeps over a restart, and the configuration an operator installs."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from anmen.access_rules import RULES_PATH, Rule, Verb, account_lines, read_access_list
from anmen.broker import Broker, BrokerKind
from anmen.broker_files import BrokerPorts
from anmen.certificates import Certificates
from anmen.errors import MachineError
from anmen.free_ports import PortBook
from anmen.mosquitto_files import CONFIGURATION_PATH, localised
from anmen.nats_files import subjects
from anmen.state import temporary_state
from firmware_protocol.sealing import MAX_FRAME_BYTES
from tests.machine.mqtt_client import connected

LOCK = "L-AAAAAAAAAAAA"
DOWN = f"anmen/1/07/{LOCK}/down"


@pytest.fixture(params=[BrokerKind.MOSQUITTO, BrokerKind.NATS])
def own(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Broker]:
    """A broker that these tests may kill."""
    book = PortBook()
    with temporary_state("anmen-test-broker-") as state:
        ports = BrokerPorts(book.claim("locks"), book.claim("services"))
        broker = Broker(state.broker, certificates, ports=ports, kind=request.param)
        broker.admit([LOCK])
        broker.start()
        yield broker
        broker.stop()


def send_while_the_lock_is_away(broker: Broker) -> None:
    """A durable lock subscribes and leaves; then a frame comes for it."""
    lock = broker.certificates.for_lock(LOCK)
    with connected(broker, lock, port=broker.ports.locks, client_id=LOCK, clean=False) as absent:
        absent.subscribe(DOWN)
    with connected(broker, broker.certificates.for_service(), port=broker.ports.services, client_id="w") as worker:
        worker.publish(DOWN, b"waiting")


def test_a_durable_lock_gets_what_came_while_it_was_away(own: Broker) -> None:
    send_while_the_lock_is_away(own)
    own.restart()
    lock = own.certificates.for_lock(LOCK)
    with connected(own, lock, port=own.ports.locks, client_id=LOCK, clean=False) as back:
        assert back.next() == (DOWN, b"waiting")


def test_after_kill_it_starts_again_on_its_ports(own: Broker) -> None:
    before = own.ports
    own.kill()
    assert not own.child.running
    own.start()
    assert own.ports == before
    with connected(own, own.certificates.for_lock(LOCK), port=own.ports.locks, client_id=LOCK):
        pass


def modes_of_files(folder: Path) -> dict[Path, int]:
    """Every file below a folder and its rights. nats-server clears away what a session left whenever it likes: what is gone is passed over."""
    found = {}
    for parent, _, names in os.walk(folder):
        for path in (Path(parent) / name for name in names):
            with suppress(FileNotFoundError):
                found[path] = stat.S_IMODE(path.stat().st_mode)
    return found


def test_its_files_are_private_and_hold_no_authoritys_key(own: Broker) -> None:
    # A program and a list of refused serial numbers are anybody's to read.
    public = {"nats-server", "locks.crl"}
    modes = modes_of_files(own.child._launch.log_path.parent)
    assert [path for path, mode in modes.items() if path.name not in public and mode & 0o077] == []
    names = {path.name for path in modes}
    assert "server.key" in names
    assert not {name for name in names if name.endswith("ca.key")}


@pytest.mark.skipif(os.geteuid() != 0, reason="root only: a normal user's broker is his own")
def test_it_does_not_run_as_root(own: Broker) -> None:
    status = Path(f"/proc/{own.child.pid}/status").read_text()
    uids = re.search(r"^Uid:\s+(.*)$", status, re.MULTILINE)
    assert uids is not None
    assert "0" not in uids.group(1).split()


def test_only_the_fall_back_has_something_to_say(own: Broker) -> None:
    if own.kind is BrokerKind.MOSQUITTO:
        assert own.notice is None
    else:
        assert "apt-get install" in str(own.notice)


def test_a_port_that_is_taken_is_named(certificates: Certificates, broker: Broker) -> None:
    with temporary_state("anmen-test-broker-") as state:
        second = Broker(state.broker, certificates, ports=broker.ports, kind=BrokerKind.MOSQUITTO)
        with pytest.raises(MachineError, match=r"Port \d+ .* is taken"):
            second.start()


def test_the_shipped_configuration_is_changed_in_places_only() -> None:
    shipped = CONFIGURATION_PATH.read_text()
    ours = localised(shipped, folder=Path("/f"), store=Path("/f/s"), ports=BrokerPorts(1, 2))
    changed = {
        (before.split()[0], after)
        for before, after in zip(shipped.splitlines(), ours.splitlines(), strict=True)
        if before != after
    }
    assert changed == {
        ("acl_file", "acl_file /f/mosquitto.acl"),
        ("listener", "listener 1 127.0.0.1"),
        ("listener", "listener 2 127.0.0.1"),
        ("cafile", "cafile /f/locks-ca.pem"),
        ("cafile", "cafile /f/services-ca.pem"),
        ("crlfile", "crlfile /f/revoked/locks.crl"),
        ("certfile", "certfile /f/server.pem"),
        ("keyfile", "keyfile /f/server.key"),
        ("persistence_location", "persistence_location /f/s/"),
        ("pid_file", "# The process is watched by the one that started it."),
        ("log_dest", "log_dest stdout"),
    }


def test_the_largest_frame_passes_and_little_more() -> None:
    limit = re.search(r"^max_packet_size (\d+)$", CONFIGURATION_PATH.read_text(), re.MULTILINE)
    assert limit is not None
    assert MAX_FRAME_BYTES + 100 < int(limit.group(1)) < 2 * MAX_FRAME_BYTES


def test_the_shipped_rules_know_no_account_of_the_tests() -> None:
    assert set(read_access_list(RULES_PATH.read_text()).of_accounts) == {"anmen-ingest", "anmen-revocations"}


def test_rules_are_read_as_they_are_written() -> None:
    accounts = {"anmen-x": (Rule(Verb.READ, "a/#"), Rule(Verb.READWRITE, "b"))}
    assert read_access_list(account_lines(accounts)).of_accounts == accounts
    for unknown in ("topic read a", "user", "pattern deny x", "topic deny x", "password y"):
        with pytest.raises(ValueError, match=r"access rules|not a valid Verb"):
            read_access_list(unknown)


def test_filters_become_subjects() -> None:
    assert subjects("anmen/1/+/x/up") == ["anmen.1.*.x.up"]
    assert subjects("anmen/1/#") == ["anmen.1.>", "anmen.1"]
