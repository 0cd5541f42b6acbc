"""Simulated locks in a process that can die, hung on doors that the service knows; and what their flash says happened."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from anmen.database_roles import DatabaseRole
from device_sim.audit import read_log
from device_sim.control import ask
from device_sim.errors import NoSimulator
from device_sim.failpoints import Failpoint
from device_sim.provision import write_provision
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import Field
from service.access import actions as access
from service.access.rules import Materials, Terms
from service.edges import clock
from service.edges.transaction import SYSTEM, transaction
from service.premises.rules import UnitId
from tests import given
from tests.crash.forked import ForkedCommand
from tests.crash.rig import Account, Rig
from tests.lock_at_broker import provision_of
from tests.wire_link import eventually
from tests.wire_lock import hung_lock

_PIN = "748201"
_PATIENCE_S = 30.0
LIST_POINTS = (Failpoint.LIST_SLOT_WRITTEN, Failpoint.LIST_SWITCHED)


@dataclass
class Estate:
    """The locks of one folder; their process is there between `start` and its death."""

    rig: Rig
    folder: Path
    socket: Path
    units: dict[LockId, UnitId]
    child: ForkedCommand | None = None

    @property
    def locks(self) -> list[LockId]:
        return list(self.units)

    def start(self, failpoint: str = "") -> None:
        """Start the locks' process; it dies at the failpoint, if there is one."""
        words = ["sim", "estate", str(self.folder), "--socket", str(self.socket), "--engine", "none", "--keep-account"]
        self.child = ForkedCommand(
            words,
            log_path=self.rig.state.logs / "locks.log",
            environment={"ANMEN_FAILPOINT": failpoint} if failpoint else {},
        )

    @property
    def dead(self) -> bool:
        return self.child is None or not self.child.running

    def die_busily(self, point: Failpoint, nth: int, dice: random.Random) -> None:
        """Start, and go on with life until the process has died at its failpoint."""
        self.start(f"{point.value}@{nth}")
        ends = time.monotonic() + _PATIENCE_S
        change_at = time.monotonic() + (0.0 if point in LIST_POINTS else 1.0)
        while not self.dead:
            assert time.monotonic() < ends, f"{point} was never reached"
            self.try_door(dice.choice(self.locks), dice)
            if time.monotonic() > change_at:
                self.change_list(dice.choice(self.locks))
                change_at += 1.5
        assert self.child is not None
        assert self.child.was_killed

    def settle(self) -> None:
        """Start again, wait until all is stored, stop; the register then says what flash says."""
        self.start()
        eventually(self.settled, within_s=_PATIENCE_S)
        assert self.child is not None
        self.child.stop()
        assert self.rig.register_of(set(self.locks)) == self.own_account()

    def try_door(self, lock: LockId, dice: random.Random) -> None:
        """Somebody comes, goes, or mistypes; nobody minds if the lock dies under their hand."""
        deed = dice.choice(({"do": "pin", "digits": _PIN}, {"do": "handle"}, {"do": "card", "number": "nobody's"}))
        try:
            ask(self.socket, {"lock": lock, **deed}, timeout_s=5)
        except NoSimulator:
            time.sleep(0.01)

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

    def own_account(self) -> Account:
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
        """Every lock has been told that everything is stored, and that nothing more is to come to its list."""
        try:
            states = [ask(self.socket, {"lock": lock, "do": "state"})["state"] for lock in self.locks]
        except NoSimulator:
            return False
        return all(
            state["list"]["confirmed"] and state["log"]["stored_up_to"] == state["log"]["next_sequence"] - 1
            for state in states
        )


def estate_of(rig: Rig, name: str, locks: int = 2) -> Estate:
    """So many locks on doors of their own, each with a tenant, in a folder of that name."""
    folder = rig.state.path / name
    estate = Estate(rig, folder, rig.state.path / f"{name}.sock", {})
    now = clock.now()
    with transaction(rig.engine(DatabaseRole.SERVE), SYSTEM) as session:
        for _ in range(locks):
            home = given.home(session, keyring=rig.keyring, now=now)
            made = hung_lock(session, home.unit_id, rig.keyring, now, since=now - timedelta(days=900))
            write_provision(folder, provision_of(made.identity, rig.broker))
            estate.units[made.id] = home.unit_id
    for lock in estate.locks:
        estate.change_list(lock)
    return estate


Kills = Callable[[Failpoint], None]


def storm(estate: Estate, kills: int, dice: random.Random, killed: Kills) -> None:
    """So many deaths one upon the other, at points and moments the dice choose."""
    for _ in range(kills):
        point = dice.choice(list(Failpoint))
        estate.die_busily(point, dice.randint(1, 2 if point in LIST_POINTS else 5), dice)
        killed(point)
