"""A lock whose certificate ends in a month gets its next one: from its own request, through ingest, database and signer, to the broker."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography import x509

from anmen.broker import Broker
from anmen.certificates import Certificates
from anmen.database_roles import DatabaseRole
from anmen.renewing import signing
from anmen.state import StateFolder
from device_sim.certificate import split
from device_sim.hardware import Hardware
from device_sim.installation import Installation
from device_sim.lock_runner import LockRunner
from device_sim.provision import Provision
from service.edges import clock
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from tests.fixtures_database import Database, Roles
from tests.journeys.test_lock_to_register import Running, value
from tests.lock_at_broker import provision_of
from tests.wire_link import eventually
from tests.wire_lock import WireLock, hung_door

LEFT, LIFE = timedelta(days=30), timedelta(days=397)
UNTIL = "SELECT (capabilities ->> 'certificate_until')::bigint FROM lock"
T = TypeVar("T")


@pytest.fixture
def lock(database: Database, keyring: Keyring) -> WireLock:
    with transaction(database.serve, SYSTEM) as session:
        return hung_door(session, keyring, clock.now()).lock


@pytest.fixture
def revoke_url(database: Database, database_roles: Roles) -> str:
    return database_roles.url(DatabaseRole.REVOKE, database.name)


@pytest.fixture
def signer(revoke_url: str, broker: Broker) -> Iterator[None]:
    with signing(revoke_url, broker.certificates):
        yield


@pytest.fixture
def wrong_signer(revoke_url: str, tmp_path: Path) -> Iterator[None]:
    """Its authority is none that the broker trusts."""
    with signing(revoke_url, Certificates(tmp_path / "wrong")):
        yield


def issued(folder: Path, authority: Path, lock: WireLock, at: datetime) -> tuple[Path, Path]:
    """Certificate and key for the lock as PEM files, as the authority in that folder gave them out then."""
    (text,) = Certificates(authority, now=lambda: at).issue_for_locks([lock.id])
    behind = text.rindex("-----BEGIN")
    folder.mkdir()
    (folder / "lock.pem").write_text(text[:behind])
    (folder / "lock.key").write_text(text[behind:])
    return folder / "lock.pem", folder / "lock.key"


def with_files(provision: Provision, files: tuple[Path, Path]) -> Provision:
    return replace(provision, certificate=files[0], certificate_key=files[1])


def ask(runner: LockRunner, look: Callable[[Installation], T]) -> T:
    return runner.call(look)


def is_on_its_own(installed: Installation) -> bool:
    """Welcomed on a line that is held with a certificate from over the air."""
    kept = installed.lock.certificates.kept
    return installed.linked and installed.lock.proven and kept.chain != b"" and kept.coming == b""


@pytest.mark.usefixtures("signer")
def test_a_certificate_that_ends_in_a_month_is_replaced_by_the_lock_itself(
    lock: WireLock, broker: Broker, database: Database, keyring: Keyring, machine_state: StateFolder, tmp_path: Path
) -> None:
    now = clock.now()
    first = issued(tmp_path / "first", machine_state.certificates, lock, now - LIFE + LEFT)
    provision = with_files(provision_of(lock.identity, broker), first)
    runner = LockRunner(provision, tmp_path / "flash", Hardware())
    with Running(database, broker, keyring):
        runner.start()
        eventually(lambda: ask(runner, is_on_its_own), within_s=20)
        eventually(lambda: value(database, UNTIL) > (now + LIFE - timedelta(days=1)).timestamp(), within_s=10)
        chain = ask(runner, lambda installed: installed.lock.certificates.kept.chain)
        runner.stop()
        known = [one.serial for one in broker.certificates.issued.of([lock.id])[lock.id]]
        leaf = x509.load_der_x509_certificate(split(chain)[0])
        assert leaf.serial_number != x509.load_pem_x509_certificate(first[0].read_bytes()).serial_number
        assert leaf.serial_number in known
        # From here on its factory's files are worth nothing to this broker: what lets it in is the new one alone.
        foreign = issued(tmp_path / "foreign", tmp_path / "elsewhere", lock, now - timedelta(days=300))
        runner = LockRunner(with_files(provision, foreign), tmp_path / "flash", Hardware())
        runner.start()
        eventually(lambda: ask(runner, is_on_its_own), within_s=20)
        runner.stop()


def is_back(installed: Installation) -> bool:
    """Welcomed with what it had, after it had tried another."""
    kept = installed.lock.certificates.kept
    return installed.linked and installed.lock.proven and kept.resting and kept.chain == b""


@pytest.mark.usefixtures("wrong_signer")
def test_a_lock_whose_new_certificate_the_broker_refuses_is_back_with_the_old_one(
    lock: WireLock, broker: Broker, database: Database, keyring: Keyring, machine_state: StateFolder, tmp_path: Path
) -> None:
    now = clock.now()
    first = issued(tmp_path / "first", machine_state.certificates, lock, now - LIFE + LEFT)
    runner = LockRunner(with_files(provision_of(lock.identity, broker), first), tmp_path / "flash", Hardware())
    with Running(database, broker, keyring):
        runner.start()
        eventually(lambda: ask(runner, is_back), within_s=30)
        eventually(lambda: value(database, "SELECT link = 'live' FROM lock"))
        assert value(database, UNTIL) < (now + LEFT + timedelta(days=1)).timestamp()
        runner.stop()
