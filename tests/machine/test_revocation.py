"""A stolen lock's certificate is shut out as docs/operations.md says: a revocation list, and SIGHUP."""

import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from anmen import mosquitto_files
from anmen.broker import Broker, BrokerKind
from anmen.broker_files import BrokerPorts
from anmen.certificates import Authority, Certificates
from anmen.free_ports import PortBook
from anmen.state import temporary_state
from tests.machine.mqtt_client import connected

STOLEN, OTHER = "L-AAAAAAAAAAAA", "L-BBBBBBBBBBBB"


def revocation_list(certificates: Certificates, *lock_ids: str) -> bytes:
    """A list signed by the locks' authority."""
    authority = certificates.authority(Authority.LOCKS)
    key = serialization.load_pem_private_key(authority.with_suffix(".key").read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    now = datetime.now(UTC)  # noqa: TID251 - OpenSSL in the broker compares it with the real clock
    listing = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_pem_x509_certificate(authority.read_bytes()).subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=1))
    )
    for lock_id in lock_ids:
        serial = x509.load_pem_x509_certificate(certificates.for_lock(lock_id).certificate.read_bytes()).serial_number
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        listing = listing.add_revoked_certificate(revoked)
    return listing.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def comes_in(broker: Broker, lock_id: str) -> bool:
    """Whether the broker lets this lock in."""
    try:
        with connected(broker, broker.certificates.for_lock(lock_id), port=broker.ports.locks, client_id=lock_id):
            return True
    except (ConnectionError, OSError):
        return False


def test_a_revoked_certificate_does_not_come_in(
    certificates: Certificates, ports: PortBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = mosquitto_files.CONFIGURATION_PATH.read_text()
    (tmp_path / "mosquitto.conf").write_text(shipped.replace("#crlfile", "crlfile"))
    monkeypatch.setattr(mosquitto_files, "CONFIGURATION_PATH", tmp_path / "mosquitto.conf")
    with temporary_state("anmen-test-crl-") as state:
        listing = state.broker / "locks.crl"
        listing.write_bytes(revocation_list(certificates))
        choice = BrokerPorts(ports.claim("crl-locks"), ports.claim("crl-services"))
        broker = Broker(state.broker, certificates, ports=choice, kind=BrokerKind.MOSQUITTO)
        broker.start()
        assert comes_in(broker, STOLEN)
        listing.write_bytes(revocation_list(certificates, STOLEN))
        broker.child.signal(signal.SIGHUP)
        time.sleep(0.3)
        assert not comes_in(broker, STOLEN)
        assert comes_in(broker, OTHER)
        broker.stop()
