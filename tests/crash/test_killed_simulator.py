"""Kill -9 the simulated locks at each named point of their side; the register equals what their flash says happened."""

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from anmen.child_process import Child, Launch
from anmen.database_roles import DatabaseRole
from anmen.demo.machine import ANMEN
from anmen.free_ports import PortBook
from anmen.state import temporary_state
from device_sim.audit import read_log
from device_sim.control import ask
from device_sim.errors import NoSimulator
from device_sim.failpoints import Failpoint
from device_sim.provision import Provision, write_provision
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import Field
from service.access import actions as access
from service.access.rules import Materials, Terms
from service.edges import clock
from service.edges.transaction import SYSTEM, transaction
from service.premises import actions as premises
from service.premises.rules import UnitId
from tests import given
from tests.crash.rig import Rig, rigged
from tests.wire_link import eventually
from tests.wire_lock import provisioned

FULL = os.environ.get("ANMEN_TEST_FULL") == "1"
ROUNDS = 25 if FULL else 1
_PIN = "748201"


@dataclass
class Estate:
    """Two simulated locks in a process that can die."""

    rig: Rig
    folder: Path
    socket: Path
    locks: list[LockId]
    units: dict[LockId, UnitId]
    child: Child | None = None

    def start(self, failpoint: str = "") -> None:
        """Start the locks' process; it dies at the failpoint, if there is one."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANMEN_")}
        self.child = Child(
            Launch(
                name="locks",
                argv=[
                    *ANMEN,
                    "sim",
                    "estate",
                    str(self.folder),
                    "--socket",
                    str(self.socket),
                    "--engine",
                    "none",
                    "--keep-account",
                ],
                log_path=self.rig.state.logs / "locks.log",
                environment={**environment, **({"ANMEN_FAILPOINT": failpoint} if failpoint else {})},
            )
        )

    @property
    def dead(self) -> bool:
        return self.child is None or not self.child.running

    def try_door(self, lock: LockId, dice: random.Random) -> None:
        """Somebody comes, goes, or mistypes; nobody minds if the lock dies under their hand."""
        deed = dice.choice(({"do": "pin", "digits": _PIN}, {"do": "handle"}, {"do": "card", "number": "nobody's"}))
        try:
            ask(self.socket, {"lock": lock, **deed}, timeout_s=5)
        except NoSimulator:
            time.sleep(0.1)

    def change_list(self, lock: LockId) -> None:
        """Another tenant for the room, so that a new list goes to the lock."""
        now = clock.now()
        with transaction(self.rig.engine(DatabaseRole.SERVE), SYSTEM) as session:
            document = given.document()
            person = given.person(session, keyring=self.rig.keyring, now=now, of=document)
            terms = Terms(
                unit_id=self.units[lock],
                person_id=person,
                starts_at=now,
                ends_at=now + timedelta(days=30),
                offline_lease_s=30 * 86400,
            )
            materials = Materials(document_number=document.number, pin=_PIN)
            access.grant(session, terms, materials=materials, keyring=self.rig.keyring, now=now)

    def own_account(self) -> list[tuple[str, int, int, int, int | None]]:
        """What the locks' flash says, in the form of Rig.register."""
        return sorted(
            (
                lock,
                one.event.sequence,
                one.event.type,
                one.event.occurred_at_ms,
                one.event.fields.get(Field.CREDENTIAL_ID),
            )
            for lock in self.locks
            for one in read_log(self.folder / lock)
        )

    def settled(self) -> bool:
        """Every lock has been told that everything is stored."""
        try:
            states = [ask(self.socket, {"lock": lock, "do": "state"})["state"] for lock in self.locks]
        except NoSimulator:
            return False
        return all(state["log"]["stored_up_to"] == state["log"]["next_sequence"] - 1 for state in states)


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with temporary_state("anmen-simkill-") as state, rigged(state, PortBook()) as rig:
        rig.start_ingest()
        folder = state.path / "locks"
        estate = Estate(rig, folder, state.path / "doors.sock", [], {})
        now = clock.now()
        with transaction(rig.engine(DatabaseRole.SERVE), SYSTEM) as session:
            for _ in range(2):
                home = given.home(session, keyring=rig.keyring, now=now)
                made = provisioned(session, rig.keyring, now)
                premises.hang_lock(session, unit_id=home.unit_id, lock_id=made.id, now=now - timedelta(days=900))
                certificate = rig.broker.certificates.for_lock(made.id)
                identity = made.identity
                write_provision(
                    folder,
                    Provision(
                        lock=made.id,
                        private_key=identity.private_key,
                        service_public_key=identity.service_public_key,
                        certificate=certificate.certificate.absolute(),
                        certificate_key=certificate.key.absolute(),
                        authority=rig.broker.authority.absolute(),
                        broker_host=rig.broker.host,
                        broker_port=rig.broker.ports.locks,
                    ),
                )
                estate.locks.append(made.id)
                estate.units[made.id] = home.unit_id
        for lock in estate.locks:
            estate.change_list(lock)
        yield estate
        if estate.child is not None and estate.child.running:
            estate.child.kill()


@pytest.mark.timeout(90 * ROUNDS)
@pytest.mark.parametrize("point", list(Failpoint), ids=lambda point: point.value)
def test_what_flash_says_is_what_the_register_says(estate: Estate, point: Failpoint) -> None:
    for round_number in range(ROUNDS):
        dice = random.Random(f"{point} {round_number}")
        estate.start(f"{point.value}@{2 + round_number % 5}")
        die_busily(estate, dice)
        estate.start()
        eventually(estate.settled, within_s=30)
        assert estate.child is not None
        estate.child.stop()
        assert estate.rig.register() == estate.own_account()
        assert estate.rig.presence_is_right()


def die_busily(estate: Estate, dice: random.Random) -> None:
    """Go on with life until the process has died at its failpoint."""
    ends = time.monotonic() + 30
    change_at = time.monotonic() + 1.0
    while not estate.dead:
        assert time.monotonic() < ends, "the failpoint was never reached"
        estate.try_door(dice.choice(estate.locks), dice)
        if time.monotonic() > change_at:
            estate.change_list(dice.choice(estate.locks))
            change_at += 1.5
        time.sleep(0.05)
