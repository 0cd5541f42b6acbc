"""A lock written from the documents alone, the broker over TLS, the ingest process, PostgreSQL: all of them real."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from anmen.broker import Broker
from service.access import actions as access
from service.access.rules import GrantId, Materials, Terms
from service.edges import clock
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from tests import given
from tests.c_reference.c_lock import CLock, build_lock, provision_text
from tests.fixtures_database import Database
from tests.journeys.test_lock_to_register import Running
from tests.wire_link import eventually
from tests.wire_lock import hung_lock

PIN = "748201"
OPENED, REFUSED = 2, 3
# A process under two sanitizers on a busy machine: what takes it a tenth of a second alone may take it some.
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who may open the door, and with what."""

    grant_id: GrantId
    document_number: str


@pytest.fixture(scope="session")
def lock_program(built: Path) -> Path:
    return build_lock(built)


@pytest.fixture
def lock(database: Database, broker: Broker, keyring: Keyring, lock_program: Path, tmp_path: Path) -> Iterator[CLock]:
    """A C lock that hangs on a room's door; no power yet."""
    with transaction(database.serve, SYSTEM) as session:
        now = clock.now()
        home = given.home(session, keyring=keyring, now=now)
        identity = hung_lock(session, home.unit_id, keyring, now, since=now - timedelta(days=1)).identity
    provision = tmp_path / "provision"
    provision.write_text(provision_text(identity, broker))
    lock = CLock(lock_program, provision, tmp_path / "flash")
    lock.start()
    yield lock
    lock.quit()


@pytest.fixture
def tenant(database: Database, keyring: Keyring, lock: CLock) -> Tenant:
    with transaction(database.serve, SYSTEM) as session:
        return grant(session, keyring, clock.now())


def grant(session: Session, keyring: Keyring, now: datetime) -> Tenant:
    """Somebody moves into the only room there is."""
    document = given.document()
    person_id = given.person(session, keyring=keyring, now=now, of=document)
    unit_id = session.execute(text("SELECT id FROM unit")).scalar_one()
    terms = Terms(
        unit_id=unit_id,
        person_id=person_id,
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=30),
        offline_lease_s=86400,
    )
    materials = Materials(document_number=document.number, pin=PIN)
    return Tenant(access.grant(session, terms, materials=materials, keyring=keyring, now=now), document.number)


def value(database: Database, statement: str) -> Any:
    with transaction(database.ingest, SYSTEM) as session:
        return session.execute(text(statement)).scalar()


def register(database: Database) -> list[tuple[int, int]]:
    """Every entry's sequence and type, in order."""
    with transaction(database.ingest, SYSTEM) as session:
        rows = session.execute(text("SELECT sequence, type FROM entry ORDER BY sequence")).all()
    return [(row[0], row[1]) for row in rows]


def is_ready(lock: CLock) -> bool:
    """Welcomed, with a list and a contact."""
    state = lock.state()
    return bool(state["welcomed"] and state["entries"] == 2 and state["contact"])


def everything_is_stored(lock: CLock) -> bool:
    state = lock.state()
    return state["stored"] == state["next"] - 1


def test_it_is_born_proven_given_its_list_and_opens(
    database: Database, broker: Broker, keyring: Keyring, lock: CLock, tenant: Tenant
) -> None:
    with Running(database, broker, keyring):
        eventually(lambda: value(database, "SELECT link = 'live' FROM lock"), PATIENCE_S)
        eventually(lambda: is_ready(lock), PATIENCE_S)
        eventually(lambda: value(database, "SELECT bool_and(on_lock_at IS NOT NULL) FROM credential"), PATIENCE_S)
        assert lock.do(f"card {tenant.document_number}") == "opened"
        eventually(lambda: value(database, "SELECT present FROM unit_occupancy") == 1, PATIENCE_S)
        assert lock.do(f"pin {PIN}") == "opened"
        assert lock.do("pin 111111") == "refused"
        assert lock.do("card 11010519491231002X") == "refused"
        assert lock.do("handle") == "opened"
        eventually(lambda: everything_is_stored(lock), PATIENCE_S)
        kinds = [kind for _, kind in register(database)]
        assert kinds.count(OPENED) == 3
        assert kinds.count(REFUSED) == 2
        assert lock.state()["refused"] == 0


def test_its_events_stand_once_in_the_register_though_it_is_killed(
    database: Database, broker: Broker, keyring: Keyring, lock: CLock, tenant: Tenant
) -> None:
    with Running(database, broker, keyring):
        eventually(lambda: is_ready(lock), PATIENCE_S)
        opened = 0
        for _ in range(4):
            for _ in range(5):
                assert lock.do(f"card {tenant.document_number}") == "opened"
                opened += 1
            lock.kill()
            lock.start()
        eventually(lambda: is_ready(lock), PATIENCE_S)
        eventually(lambda: everything_is_stored(lock), PATIENCE_S)
        rows = register(database)
    assert [sequence for sequence, _ in rows] == list(range(1, len(rows) + 1))
    assert [kind for _, kind in rows].count(OPENED) == opened
    assert lock.state()["boot"] == 5


def test_the_door_does_not_wait_for_a_service_that_is_away(
    database: Database, broker: Broker, keyring: Keyring, lock: CLock, tenant: Tenant
) -> None:
    with Running(database, broker, keyring):
        eventually(lambda: is_ready(lock), PATIENCE_S)
    began = time.monotonic()
    for _ in range(40):
        assert lock.do(f"card {tenant.document_number}") == "opened"
    assert time.monotonic() - began < 5.0
    with Running(database, broker, keyring):
        eventually(lambda: everything_is_stored(lock), PATIENCE_S)
        rows = register(database)
    assert [sequence for sequence, _ in rows] == list(range(1, len(rows) + 1))
    assert [kind for _, kind in rows].count(OPENED) == 40


def test_a_revoked_tenant_stands_outside(
    database: Database, broker: Broker, keyring: Keyring, lock: CLock, tenant: Tenant
) -> None:
    with Running(database, broker, keyring):
        eventually(lambda: is_ready(lock), PATIENCE_S)
        with transaction(database.serve, SYSTEM) as session:
            access.revoke(session, [tenant.grant_id], now=clock.now())
        eventually(lambda: value(database, "SELECT bool_and(off_lock_at IS NOT NULL) FROM credential"), PATIENCE_S)
        assert lock.do(f"card {tenant.document_number}") == "refused"
