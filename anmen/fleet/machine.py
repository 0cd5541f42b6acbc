"""Where a fleet finds its service: the demo that runs in the state folder, or a machine of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from anmen.bench.cpu import CpuMeter
from anmen.certificates import Authority, Certificates
from anmen.database_roles import DATABASE, DatabaseRole, role_passwords
from anmen.demo.machine import Machine, running_machine
from anmen.errors import MachineError
from anmen.fleet.town import Registry, certified, settle_town
from anmen.free_ports import PortBook
from anmen.mosquitto_files import find_mosquitto
from anmen.postgres import PostgresCluster
from anmen.state import StateFolder, temporary_state
from device_sim.fleet.roll import Broker, refuse_occupied, write_roll
from service.edges import clock
from service.edges.keyring import read_keyring
from service.edges.transaction import connect

Say = Callable[[str], None]


def demo_dsn(state: Path) -> str:
    """The superuser's connection string to the running demo's database; MachineError where none runs."""
    try:
        return PostgresCluster(StateFolder(state.resolve()).postgres).create_database(DATABASE)
    except (psycopg.Error, OSError) as away:
        raise MachineError(
            f"No demo runs in {state}. Start one (./run demo), or take one for this run only: anmen bench fleet."
        ) from away


def provision_in_demo(state: Path, folder: Path, number: int, say: Say) -> None:
    """Make so many locks known to the running demo, and write their folder. MachineError where it cannot be done."""
    _check_broker()
    refuse_occupied(folder)
    admin_dsn = demo_dsn(state)
    parts = StateFolder(state.resolve())
    cluster = PostgresCluster(parts.postgres)
    plain = make_url(cluster.dsn(DatabaseRole.SERVE, role_passwords(parts)[DatabaseRole.SERVE], DATABASE))
    url = plain.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    registry = Registry(admin_dsn, connect(url, pool_size=1), read_keyring(parts.secrets / "keys.json"))
    certificates = Certificates(parts.certificates)
    broker = Broker("127.0.0.1", PortBook(parts.ports).remembered("locks"), _authority(certificates))
    provision(registry, certificates, broker, folder=folder, number=number, say=say)


@contextmanager
def machine_alone(folder: Path, number: int, say: Say) -> Iterator[tuple[CpuMeter, str]]:
    """A database, a broker and an ingest process for this run only, with the fleet's locks known; what they use, and the superuser's DSN."""
    _check_broker()
    with temporary_state("anmen-fleet-") as state, running_machine(state, any_ports=True, step=say) as machine:
        dsn = machine.cluster.create_database(DATABASE)
        settle(machine, folder, number, say)
        say("ingest")
        ingest = machine.start_ingest()
        pids = {"broker": machine.broker.child.pid, "PostgreSQL": machine.cluster.child.pid, "ingest": ingest.pid}
        yield CpuMeter(pids, "PostgreSQL"), dsn


def settle(machine: Machine, folder: Path, number: int, say: Say) -> None:
    """Make so many locks known to a machine of our own, and write their folder."""
    dsn = machine.cluster.create_database(DATABASE)
    registry = Registry(dsn, machine.engine(DatabaseRole.SERVE), machine.keyring)
    certificates = machine.broker.certificates
    broker = Broker(machine.broker.host, machine.broker.ports.locks, _authority(certificates))
    provision(registry, certificates, broker, folder=folder, number=number, say=say)


def provision(
    registry: Registry, certificates: Certificates, broker: Broker, *, folder: Path, number: int, say: Say
) -> None:
    """Make so many locks known to a service, and write their folder."""
    say(f"{number:,} locks")
    identities = settle_town(registry, number, clock.now())
    say(f"{number:,} certificates")
    write_roll(folder, broker, certified(identities, certificates))
    registry.serve.dispose()


def _check_broker() -> None:
    if find_mosquitto() is None:
        raise MachineError(
            "A fleet needs Mosquitto; nats-server would have to be told of each lock. See docs/operations.md."
        )


def _authority(certificates: Certificates) -> str:
    return certificates.authority(Authority.SERVICES).read_text(encoding="utf-8")
