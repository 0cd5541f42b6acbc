"""The real parts of a run, all its own: PostgreSQL with fsync, the broker with TLS, the town, three processes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from anmen.access_rules import Rule, Verb
from anmen.bench import ours, publisher, yardstick
from anmen.bench.consumer import Consumer, Spawned
from anmen.bench.cpu import CpuMeter
from anmen.bench.load import YARDSTICK_TOPICS, Pipeline
from anmen.bench.scale import Scale
from anmen.bench.town import Engines, TownLock, build_town
from anmen.bench.yardstick import YardstickPlan
from anmen.broker import Broker
from anmen.broker_files import BrokerPorts
from anmen.certificates import INGEST_NAME, Certificates
from anmen.database_roles import DATABASE, DatabaseRole, provision_roles, role_passwords
from anmen.free_ports import PortBook
from anmen.postgres import PostgresCluster
from anmen.state import StateFolder, temporary_state
from firmware_protocol.topics import LockId
from service.edges import clock, migrate
from service.edges.keyring import read_keyring, write_new_keys
from service.edges.mqtt_link import BrokerAddress
from service.edges.transaction import connect
from service.settings import Settings

Say = Callable[[str], None]
_LOAD, _YARDSTICK = "anmen-load", "anmen-yardstick"
_ACCOUNTS = {
    _LOAD: (Rule(Verb.WRITE, "anmen/1/+/+/up"), Rule(Verb.WRITE, f"{YARDSTICK_TOPICS}/#")),
    _YARDSTICK: (Rule(Verb.READ, f"{YARDSTICK_TOPICS}/#"),),
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs, and how it is spoken to."""

    folder: Path
    admin_dsn: str
    lock_names: tuple[LockId, ...]
    publisher: Spawned
    consumers: dict[Pipeline, Consumer]
    cpu: CpuMeter


@dataclass(frozen=True, slots=True)
class _Machine:
    state: StateFolder
    cluster: PostgresCluster
    broker: Broker

    def url(self, role: DatabaseRole) -> str:
        """SQLAlchemy URL of the role."""
        plain = make_url(self.cluster.dsn(role, role_passwords(self.state)[role], DATABASE))
        return plain.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)

    def address(self, account: str) -> BrokerAddress:
        """The broker, as that account sees it."""
        pair = self.broker.certificates.for_service(account)
        broker = self.broker
        return BrokerAddress(broker.host, broker.ports.services, broker.authority, pair.certificate, pair.key)

    def ingest_settings(self, lanes: int) -> Settings:
        """What `anmen ingest` would find in its environment."""
        broker = self.address(INGEST_NAME)
        return Settings(
            database_url=self.url(DatabaseRole.INGEST),
            keys_file=self.state.secrets / "keys.json",
            broker_host=broker.host,
            broker_port=broker.port,
            broker_ca=broker.ca,
            broker_certificate=broker.certificate,
            broker_key=broker.key,
            ingest_lanes=lanes,
        )


@dataclass(frozen=True, slots=True)
class _Watched:
    """The ingest process that is measured: what it would find in its environment, and where to leave a profile of it."""

    settings: Settings
    profile: Path | None


@contextmanager
def running_parts(scale: Scale, *, profile: Path | None, say: Say) -> Iterator[Parts]:
    """Everything started and warm to the touch; all of it is gone afterwards."""
    with ExitStack() as stack:
        machine = _start_machine(stack, say)
        say("the town")
        town, admin_dsn = _build(machine, scale.locks)
        say("publisher, ingest and yardstick")
        watched = _Watched(machine.ingest_settings(scale.lanes), profile)
        yield _start_processes(stack, machine, town, admin_dsn, watched)


def _start_machine(stack: ExitStack, say: Say) -> _Machine:
    say("PostgreSQL and the broker")
    state = stack.enter_context(temporary_state("anmen-bench-"))
    cluster = PostgresCluster(state.postgres)
    cluster.start()
    stack.callback(cluster.stop)
    ports = PortBook()
    certificates = Certificates(state.certificates)
    listeners = BrokerPorts(ports.claim("locks"), ports.claim("services"))
    broker = Broker(state.broker, certificates, ports=listeners, accounts=_ACCOUNTS)
    broker.start()
    stack.callback(broker.stop)
    write_new_keys(state.secrets / "keys.json")
    return _Machine(state, cluster, broker)


def _build(machine: _Machine, locks: int) -> tuple[tuple[TownLock, ...], str]:
    provision_roles(machine.cluster.admin_dsn, role_passwords(machine.state))
    migrate.upgrade(machine.url(DatabaseRole.MIGRATE))
    # As nobody's role: the database is there already, and only its connection string is wanted.
    admin_dsn = machine.cluster.create_database(DATABASE)
    with psycopg.connect(admin_dsn) as connection:
        connection.execute(yardstick.TABLES.encode())
    serve, ingest = connect(machine.url(DatabaseRole.SERVE)), connect(machine.url(DatabaseRole.INGEST))
    keyring = read_keyring(machine.state.secrets / "keys.json")
    town = build_town(Engines(admin_dsn, serve, ingest), locks_wanted=locks, keyring=keyring, now=clock.now())
    serve.dispose()
    ingest.dispose()
    return town, admin_dsn


def _start_processes(
    stack: ExitStack, machine: _Machine, town: tuple[TownLock, ...], admin_dsn: str, watched: _Watched
) -> Parts:
    yardstick_plan = YardstickPlan(admin_dsn, machine.address(_YARDSTICK))
    consumers = {
        Pipeline.OURS: Consumer("The ingest process", ours.run, watched.settings, watched.profile),
        Pipeline.YARDSTICK: Consumer("The yardstick", yardstick.run, yardstick_plan),
    }
    publishing = Spawned("The publisher", publisher.run, machine.address(_LOAD), town)
    for process in (*consumers.values(), publishing):
        stack.callback(process.stop)
    for consumer in consumers.values():
        consumer.await_ready()
    publishing.wait(60)
    publishing.line.recv()
    pids = {
        "publisher": publishing.pid,
        "broker": machine.broker.child.pid,
        "PostgreSQL": machine.cluster.child.pid,
        **{str(name): consumer.pid for name, consumer in consumers.items()},
    }
    lock_names = tuple(lock.identity.lock for lock in town)
    return Parts(machine.state.path, admin_dsn, lock_names, publishing, consumers, CpuMeter(pids, "PostgreSQL"))
