"""A fleet beside the real parts: PostgreSQL, Mosquitto and an ingest process of the crash tests' rig."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anmen.certificates import Authority
from anmen.database_roles import DATABASE, DatabaseRole
from anmen.fleet.audit import Account, audit_fleet
from anmen.fleet.machine import provision
from anmen.fleet.town import Registry
from device_sim.fleet.faults import Faults
from device_sim.fleet.roll import Broker, Roll, read_roll
from device_sim.fleet.running import Fleet, FleetPlan, running_fleet
from service.edges.transaction import connect
from tests.crash.rig import Rig


@dataclass(frozen=True)
class FleetRig:
    """The parts, and the fleet's folder."""

    rig: Rig
    folder: Path

    @property
    def roll(self) -> Roll:
        return read_roll(self.folder)

    @property
    def dsn(self) -> str:
        return self.rig.cluster.create_database(DATABASE)

    def provision(self, number: int) -> None:
        rig = self.rig
        registry = Registry(self.dsn, connect(rig.urls[DatabaseRole.SERVE], pool_size=1), rig.keyring)
        certificates = rig.broker.certificates
        authority = certificates.authority(Authority.SERVICES).read_text()
        broker = Broker(rig.broker.host, rig.broker.ports.locks, authority)
        provision(registry, certificates, broker, folder=self.folder, number=number, say=lambda _: None)

    @contextmanager
    def running(self, locks: int, *, speed: float = 600.0, faults: Faults | None = None) -> Iterator[Fleet]:
        with running_fleet(self.roll, FleetPlan(locks, 1, speed, faults or Faults())) as fleet:
            yield fleet

    def audit(self) -> Account:
        return audit_fleet(self.roll, self.dsn)


def turn_until(fleet: Fleet, holds: Callable[[], object], within_s: float) -> None:
    """Turn the fleet's loop until something holds; AssertionError after the time."""
    ends = fleet.loop.now + within_s
    fleet.loop.run(lambda now: now < ends and not holds(), every_s=0.05)
    assert holds(), f"not within {within_s} s: {fleet.figures().as_json()}"


def turn_for(fleet: Fleet, seconds: float) -> None:
    """Turn the fleet's loop for a while."""
    ends = fleet.loop.now + seconds
    fleet.loop.run(lambda now: now < ends, every_s=0.05)
