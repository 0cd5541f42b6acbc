"""The demo's certificates: named as the access rules expect, private, renewed in time."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from anmen.certificates import Authority, Certificates

LOCK = "L-ABCDEFGHJK23"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def load(path: Path) -> x509.Certificate:
    """A certificate from its file."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def at(folder: Path, now: datetime) -> Certificates:
    """The certificates of a folder as they are asked for at some time."""
    return Certificates(folder, now=lambda: now)


def test_the_common_name_is_the_lock_id(tmp_path: Path) -> None:
    certificate = load(at(tmp_path, NOW).for_lock(LOCK).certificate)
    assert certificate.subject.rfc4514_string() == f"CN={LOCK}"
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc


@pytest.mark.parametrize(
    "name", ["anmen-ingest", "L-+", "L-AAAAAAAAAAAA/up", "L-aaaaaaaaaaaa", "", "../L-AAAAAAAAAAAA"]
)
def test_nothing_but_a_lock_id_becomes_a_lock(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a lock id"):
        at(tmp_path, NOW).for_lock(name)


@pytest.mark.parametrize("name", [LOCK, "anmen-+", "anmen-#", "root", "anmen-../x"])
def test_nothing_but_an_account_becomes_a_service(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="service account"):
        at(tmp_path, NOW).for_service(name)


def test_locks_and_services_have_different_authorities(tmp_path: Path) -> None:
    certificates = at(tmp_path, NOW)
    lock, worker = load(certificates.for_lock(LOCK).certificate), load(certificates.for_service().certificate)
    locks, services = load(certificates.authority(Authority.LOCKS)), load(certificates.authority(Authority.SERVICES))
    lock.verify_directly_issued_by(locks)
    worker.verify_directly_issued_by(services)
    with pytest.raises(ValueError, match="Issuer"):
        lock.verify_directly_issued_by(services)


def test_the_server_is_for_this_machine_and_is_no_client(tmp_path: Path) -> None:
    extensions = load(at(tmp_path, NOW).server().certificate).extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_files_are_private(tmp_path: Path) -> None:
    at(tmp_path, NOW).for_lock(LOCK)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_they_are_reused_and_renewed_before_they_end(tmp_path: Path) -> None:
    first = load(at(tmp_path, NOW).for_lock(LOCK).certificate).serial_number
    later = {days: at(tmp_path, NOW + timedelta(days=days)) for days in (300, 370)}
    assert load(later[300].for_lock(LOCK).certificate).serial_number == first
    assert load(later[370].for_lock(LOCK).certificate).serial_number != first


@pytest.mark.parametrize("spoilt", [f"locks/{LOCK}.key", f"locks/{LOCK}.pem", "locks-ca.pem"])
def test_a_spoilt_file_is_made_again(tmp_path: Path, spoilt: str) -> None:
    first = load(at(tmp_path, NOW).for_lock(LOCK).certificate).serial_number
    (tmp_path / spoilt).write_bytes(b"-----BEGIN")
    pair = at(tmp_path, NOW).for_lock(LOCK)
    assert load(pair.certificate).serial_number != first
    load(pair.certificate).verify_directly_issued_by(load(at(tmp_path, NOW).authority(Authority.LOCKS)))
