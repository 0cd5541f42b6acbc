"""A room is handed over: simulated lock, real broker, ingest process, PostgreSQL. The lock gets new keys, the next tenant's PIN opens."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from anmen.broker import Broker
from device_sim.estate import Estate, running_estate
from device_sim.hardware import Hardware
from device_sim.provision import write_provision
from firmware_protocol.topics import LockId
from service.access import actions as access
from service.access.rules import GrantId, Materials, Terms
from service.edges import clock
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errands import Paces
from service.ingest import Ingest, IngestParts
from service.people.rules import PersonId
from tests import given
from tests.fixtures_database import Database
from tests.journeys.test_lock_to_register import Running, ingest_address, value
from tests.lock_at_broker import await_confirmed, provision_of
from tests.wire_link import eventually
from tests.wire_lock import hung_lock

PINS = ("402816", "957130")


@dataclass
class Room:
    """A room whose lock runs in the simulator."""

    lock: LockId
    old_key: bytes
    home: given.Home
    person: PersonId
    database: Database
    keyring: Keyring
    estate: Estate
    folder: Path

    def let(self, pin: str) -> GrantId:
        now = clock.now()
        terms = Terms(
            unit_id=self.home.unit_id,
            person_id=self.person,
            starts_at=now - timedelta(hours=1),
            ends_at=now + timedelta(days=30),
            offline_lease_s=30 * 86400,
        )
        with transaction(self.database.serve, SYSTEM) as session:
            return access.grant(session, terms, materials=Materials(pin=pin), keyring=self.keyring, now=now)

    def ends(self, grant: GrantId) -> None:
        with transaction(self.database.serve, SYSTEM) as session:
            access.revoke(session, [grant], now=clock.now())

    def opens(self, pin: str) -> bool:
        await_confirmed(self.estate.answer, self.lock)
        answer = self.estate.answer({"lock": self.lock, "do": "pin", "digits": pin})
        return bool(answer.get("opened"))


@pytest.fixture
def room(tmp_path: Path, database: Database, broker: Broker, keyring: Keyring) -> Iterator[Room]:
    now = clock.now()
    with transaction(database.serve, SYSTEM) as session:
        home = given.home(session, keyring=keyring, now=now)
        made = hung_lock(session, home.unit_id, keyring, now - timedelta(days=1))
        person = given.person(session, keyring=keyring, now=now, of=given.document())
    lock, lock_key = made.id, made.identity.private_key
    write_provision(tmp_path / "locks", provision_of(made.identity, broker))
    with running_estate(tmp_path / "locks", tmp_path / "control", http_port=None, hardware=Hardware()) as running:
        yield Room(lock, lock_key, home, person, database, keyring, running, tmp_path / "locks")


def test_a_vacated_room_gets_new_keys_and_the_next_pin_opens(
    room: Room, database: Database, broker: Broker, keyring: Keyring
) -> None:
    parts = IngestParts(database.ingest, keyring, ingest_address(broker), lease_s=3.0, paces=Paces(keys_s=0.3))
    on_lock = "SELECT bool_and(on_lock_at IS NOT NULL) FROM credential WHERE removed_version IS NULL"
    with Running(database, broker, keyring, Ingest(parts)):
        eventually(lambda: value(database, "SELECT link = 'live' FROM lock"), within_s=20)
        first = room.let(PINS[0])
        eventually(lambda: value(database, on_lock), within_s=20)
        assert room.opens(PINS[0])
        assert value(database, "SELECT key_epoch FROM lock") == 1
        room.ends(first)
        eventually(lambda: value(database, "SELECT key_epoch = 2 AND link = 'live' FROM lock"), within_s=40)
        eventually(lambda: value(database, "SELECT count(*) = 1 FROM entry WHERE type = 23"), within_s=20)
        assert value(database, "SELECT count(*) FROM next_lock_key") == 0
        assert value(database, "SELECT count(*) FROM past_chain_key") == 1
        room.let(PINS[1])
        eventually(lambda: value(database, on_lock), within_s=20)
        assert room.opens(PINS[1])
        assert not room.opens(PINS[0])
        assert value(database, "SELECT count(*) FROM identity_doubt") == 0
    room.estate.answer({"lock": room.lock, "do": "cut_power"})
    flash = b"".join(path.read_bytes() for path in (room.folder / room.lock).rglob("*") if path.is_file())
    assert room.old_key not in flash
