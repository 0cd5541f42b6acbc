"""The machine of a demo: database, migrations, keys, broker. What every process of it needs is in its environment."""

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, make_url

from anmen.broker import Broker
from anmen.broker_files import BrokerPorts
from anmen.certificates import Certificates
from anmen.child_process import Child
from anmen.database_roles import DATABASE, DatabaseRole, provision_roles, role_passwords
from anmen.free_ports import PortBook
from anmen.postgres import PostgresCluster
from anmen.state import StateFolder, write_private
from anmen.supervisor import Supervisor
from service.edges import migrate
from service.edges.keyring import Keyring, read_keyring, write_new_keys
from service.edges.transaction import connect

# The ports a person would expect; occupied ones are stepped around.
WEB_PORT, DOORS_PORT, LOCKS_PORT, SERVICES_PORT = 8000, 8100, 8883, 8884

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Machine:
    """What runs, and how to reach it."""

    state: StateFolder
    supervisor: Supervisor
    cluster: PostgresCluster
    broker: Broker
    urls: Mapping[DatabaseRole, str]
    keys_file: Path
    ports: PortBook

    @property
    def keyring(self) -> Keyring:
        """Both root keys."""
        return read_keyring(self.keys_file)

    def engine(self, role: DatabaseRole) -> Engine:
        """An engine of that role."""
        return connect(self.urls[role], pool_size=2)

    def environment(self, role: DatabaseRole, **more: str) -> dict[str, str]:
        """The environment of one of our processes: what it needs and no more; a stranger's ANMEN_ variables stay outside."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANMEN_")}
        service = self.broker.certificates.for_service()
        return {
            **inherited,
            "ANMEN_DATABASE_URL": self.urls[role],
            "ANMEN_KEYS_FILE": str(self.keys_file),
            "ANMEN_BROKER_HOST": self.broker.host,
            "ANMEN_BROKER_PORT": str(self.broker.ports.services),
            "ANMEN_BROKER_CA": str(self.broker.authority),
            "ANMEN_BROKER_CERTIFICATE": str(service.certificate),
            "ANMEN_BROKER_KEY": str(service.key),
            **more,
        }

    def start_ingest(self, name: str = "ingest", **more: str) -> Child:
        """Start one `anmen ingest` and wait until it holds shards."""
        ready = self.state.path / f"{name}.ready"
        ready.unlink(missing_ok=True)
        return self.supervisor.start(
            name,
            [*ANMEN, "ingest", "--ready-file", str(ready)],
            environment=self.environment(DatabaseRole.INGEST, **more),
            ready=ready.exists,
        )


# The same interpreter, so that a checkout needs nothing on PATH.
ANMEN = (sys.executable, "-m", "anmen")


@contextmanager
def running_machine(state: StateFolder, *, any_ports: bool, step: Step) -> Iterator[Machine]:
    """Start database and broker, migrate, draw keys; all of it stops with the block."""
    ports = PortBook(None if any_ports else state.ports)
    with Supervisor(state.logs) as supervisor:
        step("PostgreSQL")
        cluster = PostgresCluster(state.postgres)
        cluster.start()
        supervisor.adopt(cluster.child, stop=cluster.stop)
        passwords = role_passwords(state)
        provision_roles(cluster.admin_dsn, passwords)
        urls = {role: _url(cluster.dsn(role, passwords[role], DATABASE)) for role in DatabaseRole}
        step("migrations")
        migrate.upgrade(urls[DatabaseRole.MIGRATE])
        keys_file = state.secrets / "keys.json"
        if not keys_file.exists():
            write_new_keys(keys_file)
        step("broker")
        claim = [ports.claim(name, 0 if any_ports else port) for name, port in _BROKER_PORTS]
        broker = Broker(state.broker, Certificates(state.certificates), ports=BrokerPorts(*claim))
        broker.start()
        supervisor.adopt(broker.child, stop=broker.stop)
        machine = Machine(state, supervisor, cluster, broker, urls, keys_file, ports)
        _write_operators_environment(machine)
        yield machine


def _write_operators_environment(machine: Machine) -> None:
    """What `anmen certificate` and `anmen firmware` need, for a shell to read."""
    serve = machine.environment(DatabaseRole.SERVE)
    wanted = [f"export {name}={shlex.quote(serve[name])}" for name in ("ANMEN_DATABASE_URL", "ANMEN_KEYS_FILE")]
    write_private(machine.state.operators_environment, "\n".join([*wanted, ""]).encode())


_BROKER_PORTS = (("locks", LOCKS_PORT), ("services", SERVICES_PORT))


def _url(dsn: str) -> str:
    return make_url(dsn).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


class Progress:
    """Says what is being done and how long it took, one line a step."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._doing: tuple[str, float] | None = None

    def step(self, what: str) -> None:
        """The step before is done; this one begins."""
        self.done()
        self._doing = (what, time.monotonic())

    def done(self) -> None:
        """The last step is done."""
        if self._doing is not None:
            what, since = self._doing
            self._say(f"{what:<32}{time.monotonic() - since:6.1f} s")
            self._doing = None
