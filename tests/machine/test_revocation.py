"""A lock that is shut out is refused by the broker, and thrown off its line; the list of it does not end unnoticed."""

import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from anmen.broker import Broker, BrokerKind
from anmen.broker_files import BrokerPorts
from anmen.certificates import Certificates
from anmen.demo.refusing import ACCOUNT
from anmen.errors import MachineError
from anmen.free_ports import PortBook
from anmen.issued_book import IssuedBook
from anmen.revocation_list import LIFE, NAME, RENEWED_AFTER, RevocationList
from anmen.revocations import revocations
from anmen.shutting_out import throw_off
from anmen.state import temporary_state
from firmware_protocol import mqtt
from service.edges.mqtt_link import BrokerAddress
from tests.machine.mqtt_client import connected

STOLEN, OTHER = "L-AAAAAAAAAAAA", "L-BBBBBBBBBBBB"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def comes_in(broker: Broker, lock_id: str) -> bool:
    """Whether the broker lets this lock in."""
    pair = broker.certificates.for_lock(lock_id)
    context = ssl.create_default_context(cafile=str(broker.authority))
    context.load_cert_chain(pair.certificate, pair.key)
    try:
        with (
            socket.create_connection((broker.host, broker.ports.locks), timeout=10) as line,
            context.wrap_socket(line, server_hostname=broker.host) as tls,
        ):
            tls.sendall(mqtt.connect(lock_id, keep_alive_s=10))
            return tls.recv(4) == b"\x20\x02\x00\x00"
    except OSError:
        return False


def eventually_refused(broker: Broker, lock_id: str) -> bool:
    ends = time.monotonic() + 15
    while comes_in(broker, lock_id):
        if time.monotonic() > ends:
            return False
    return True


@contextmanager
def own_broker(certificates: Certificates, ports: PortBook, kind: BrokerKind) -> Iterator[Broker]:
    with temporary_state("anmen-test-crl-") as state:
        name = f"crl-{kind}"
        choice = BrokerPorts(ports.claim(f"{name}-locks"), ports.claim(f"{name}-services"))
        broker = Broker(state.broker, certificates, ports=choice, kind=kind)
        broker.admit([STOLEN, OTHER])
        broker.start()
        yield broker
        broker.stop()


@pytest.mark.parametrize("kind", list(BrokerKind))
def test_a_lock_that_is_shut_out_is_refused_and_thrown_off_and_no_other_is(
    certificates: Certificates, ports: PortBook, kind: BrokerKind
) -> None:
    with own_broker(certificates, ports, kind) as broker:
        locks = {one: certificates.for_lock(one) for one in (STOLEN, OTHER)}
        with (
            connected(broker, locks[STOLEN], port=broker.ports.locks, client_id=STOLEN) as stolen,
            connected(broker, locks[OTHER], port=broker.ports.locks, client_id=OTHER) as other,
        ):
            broker.shut_out(frozenset({STOLEN}))
            time.sleep(0.3)
            if kind is BrokerKind.MOSQUITTO:
                assert not stolen.thrown_out.is_set(), "it tears no line by itself; then throwing off were needless"
                ours = certificates.for_service(ACCOUNT)
                address = BrokerAddress(
                    broker.host, broker.ports.services, broker.authority, ours.certificate, ours.key
                )
                throw_off(address, STOLEN)
            assert stolen.thrown_out.wait(15)
            assert not other.thrown_out.is_set()
        assert eventually_refused(broker, STOLEN)
        assert comes_in(broker, OTHER)
        broker.shut_out(frozenset())
        ends = time.monotonic() + 15
        while not comes_in(broker, STOLEN):
            assert time.monotonic() < ends, "what is shut out no more comes in again"


def test_who_throws_off_hears_and_says_nothing(broker: Broker, certificates: Certificates) -> None:
    ours = certificates.for_service(ACCOUNT)
    with connected(broker, ours, port=broker.ports.services, client_id=STOLEN) as line:
        line.subscribe("anmen/1/+/+/up", f"anmen/1/0/{STOLEN}/down", "anmen/1/+/holder")
        with connected(broker, certificates.for_lock(OTHER), port=broker.ports.locks, client_id=OTHER) as lock:
            lock.publish(f"anmen/1/0/{OTHER}/up")
        assert line.received.empty()


def test_a_list_that_has_ended_refuses_every_lock_until_it_is_written_anew(
    certificates: Certificates, ports: PortBook
) -> None:
    with own_broker(certificates, ports, BrokerKind.MOSQUITTO) as broker:
        path = broker._plan.folder / NAME
        long_ago = datetime.now(UTC) - LIFE - timedelta(days=1)  # noqa: TID251 - OpenSSL in the broker compares it with the real clock
        RevocationList(path, certificates, now=lambda: long_ago).update([STOLEN])
        broker.child.signal(signal.SIGHUP)
        assert eventually_refused(broker, OTHER)
        broker.shut_out(frozenset())
        ends = time.monotonic() + 15
        while not comes_in(broker, OTHER):
            assert time.monotonic() < ends


def test_the_list_is_written_anew_long_before_it_ends_and_only_when_something_is_new(tmp_path: Path) -> None:
    now = NOW
    certificates = Certificates(tmp_path, now=lambda: now)
    certificates.for_lock(STOLEN)
    listing = RevocationList(tmp_path / NAME, certificates, now=lambda: now)
    assert listing.update([STOLEN])
    assert not listing.update([STOLEN])
    now += RENEWED_AFTER - timedelta(seconds=1)
    assert not listing.update([STOLEN])
    now += timedelta(seconds=1)
    assert listing.update([STOLEN])
    found = x509.load_pem_x509_crl((tmp_path / NAME).read_bytes())
    assert found.next_update_utc is not None
    assert found.next_update_utc - now > timedelta(days=300)
    assert listing.update([]), "a lock that was found again is refused no longer"
    assert not list(x509.load_pem_x509_crl((tmp_path / NAME).read_bytes()))
    assert [path.name for path in (tmp_path / NAME).parent.iterdir()] == [Path(NAME).name], "no draft is left"


def test_every_certificate_of_a_lock_is_named_and_one_that_has_ended_is_not(tmp_path: Path) -> None:
    now = NOW
    certificates = Certificates(tmp_path, now=lambda: now)
    first = x509.load_pem_x509_certificate(certificates.for_lock(STOLEN).certificate.read_bytes())
    now += timedelta(days=380)
    second = x509.load_pem_x509_certificate(certificates.for_lock(STOLEN).certificate.read_bytes())
    [third] = [x509.load_pem_x509_certificate(one.encode()) for one in certificates.issue_for_locks([STOLEN])]
    listing = RevocationList(tmp_path / NAME, certificates, now=lambda: now)
    assert listing.serials([STOLEN]) == {one.serial_number for one in (first, second, third)}
    assert listing.unknown([STOLEN, OTHER]) == [OTHER]
    now += timedelta(days=20)
    assert listing.serials([STOLEN]) == {one.serial_number for one in (second, third)}


def test_another_authoritys_list_is_not_kept(tmp_path: Path) -> None:
    """A broker with a list of an authority that it does not trust refuses everybody, too."""
    RevocationList(tmp_path / NAME, Certificates(tmp_path / "other", now=lambda: NOW), now=lambda: NOW).update([])
    ours = Certificates(tmp_path / "ours", now=lambda: NOW)
    RevocationList(tmp_path / NAME, ours, now=lambda: NOW).ensure()
    assert ours.has_signed(x509.load_pem_x509_crl((tmp_path / NAME).read_bytes()))


def test_what_a_crash_left_of_a_line_of_the_book_is_passed_over(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path, now=lambda: NOW)
    certificates.for_lock(STOLEN)
    book = tmp_path / "issued.txt"
    book.write_text(book.read_text() + "L-AAAAAAAAAAAA 4f\nL-AAAA")
    assert len(IssuedBook(tmp_path).of([STOLEN])[STOLEN]) == 1


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"locks-ca\.key"):
        revocations(tmp_path)
    Certificates(tmp_path).for_lock(OTHER)
    revocations(tmp_path, tmp_path / "list" / "locks.crl", empty=True)
    assert (tmp_path / "list" / "locks.crl").stat().st_mode & 0o777 == 0o644
