"""A rig of its own for killing: database, broker and `anmen ingest` as processes that can die and come back."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, make_url, text

from anmen.broker import Broker
from anmen.broker_files import BrokerPorts
from anmen.certificates import Certificates
from anmen.database_roles import DATABASE, DatabaseRole, draw_passwords, provision_roles
from anmen.free_ports import PortBook
from anmen.postgres import PostgresCluster
from anmen.state import StateFolder
from service.edges import clock, migrate
from service.edges.keyring import Keyring, read_keyring, write_new_keys
from service.edges.transaction import SYSTEM, connect, transaction
from tests.crash.forked import ForkedCommand
from tests.wire_link import WireLink, eventually
from tests.wire_lock import hung_door

# Lock, sequence, type, the lock's time, credential: one for each event.
Account = list[tuple[str, int, int, int, int | None]]


@dataclass
class Rig:
    """Everything that a killing test may kill."""

    state: StateFolder
    cluster: PostgresCluster
    broker: Broker
    urls: dict[DatabaseRole, str]
    keys_file: Path
    ingest: ForkedCommand | None = None
    links: list[WireLink] = field(default_factory=list)
    engines: dict[DatabaseRole, Engine] = field(default_factory=dict)
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    @property
    def keyring(self) -> Keyring:
        return read_keyring(self.keys_file)

    def engine(self, role: DatabaseRole) -> Engine:
        with self.one_at_a_time:
            if role not in self.engines:
                self.engines[role] = connect(self.urls[role], pool_size=3)
            return self.engines[role]

    def start_ingest(self, **environment: str) -> None:
        """The one ingest process of a test that kills one at a time; returns once it holds shards."""
        ready = self.state.path / "ingest.ready"
        ready.unlink(missing_ok=True)
        self.ingest = self.another_ingest(ready, **environment)
        self.ingest.await_file(ready, within_s=30)

    def another_ingest(self, ready: Path, **environment: str) -> ForkedCommand:
        """An ingest process; its log stands in the state folder."""
        pair = self.broker.certificates.for_service()
        return ForkedCommand(
            ["ingest", "--ready-file", str(ready)],
            log_path=self.state.logs / "ingest.log",
            environment={
                "ANMEN_DATABASE_URL": self.urls[DatabaseRole.INGEST],
                "ANMEN_KEYS_FILE": str(self.keys_file),
                "ANMEN_BROKER_HOST": self.broker.host,
                "ANMEN_BROKER_PORT": str(self.broker.ports.services),
                "ANMEN_BROKER_CA": str(self.broker.authority),
                "ANMEN_BROKER_CERTIFICATE": str(pair.certificate),
                "ANMEN_BROKER_KEY": str(pair.key),
                "ANMEN_LEASE_S": "0.3",
                **environment,
            },
        )

    def ingest_stop(self) -> None:
        """Stop the ingest process in order."""
        if self.ingest is not None and self.ingest.running:
            self.ingest.stop()

    def hang_locks(self, count: int) -> None:
        """Locks on rooms of their own, connected, each with one tenant's card (1) and PIN (2)."""
        now = clock.now()
        keyring = self.keyring
        with transaction(self.engine(DatabaseRole.SERVE), SYSTEM) as session:
            for _ in range(count):
                self.links.append(WireLink(hung_door(session, keyring, now).lock, self.broker))
        for link in self.links:
            link.start()

    def live_while(self, going: Callable[[], bool], dice: random.Random) -> None:
        """People come and go at every lock, a hundred a second, as long as it is `going`."""
        while going():
            link = dice.choice(self.links)
            link.do(lambda lock: lock.open_with(dice.choice((1, 2))) if dice.random() < 0.6 else lock.leave())
            time.sleep(dice.random() * 0.02)

    def register(self) -> Account:
        """What the register holds, in the locks' own order."""
        with transaction(self.engine(DatabaseRole.INGEST), SYSTEM) as session:
            rows = session.execute(
                text("SELECT lock_id, sequence, type, device_ms, credential_id FROM entry ORDER BY lock_id, sequence")
            )
            return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    def register_of(self, locks: Set[str]) -> Account:
        """What it holds of some locks."""
        return [entry for entry in self.register() if entry[0] in locks]

    def own_record(self) -> Account:
        """What the locks themselves know to have happened."""
        return sorted(
            (link.lock.id, event.sequence, event.type, event.occurred_at_ms, event.fields.get(2))
            for link in self.links
            for event in link.lock.log.events
        )

    def all_stored(self) -> bool:
        """Every lock has been told that everything is stored."""
        return all(link.lock.log.stored_up_to == link.lock.log.next_sequence - 1 for link in self.links)

    def presence_is_right(self) -> bool:
        """Counts equal a recount of presence, from the room up to the county."""
        with transaction(self.engine(DatabaseRole.INGEST), SYSTEM) as session:
            wrong = session.execute(
                text(
                    "SELECT count(*) FROM unit_occupancy o WHERE o.present <>"
                    " (SELECT count(*) FROM presence p WHERE p.unit_id = o.unit_id AND p.state = 'in')"
                )
            ).scalar_one()
            totals = session.execute(
                text(
                    "SELECT (SELECT sum(present) FROM unit_occupancy) = (SELECT sum(present) FROM building_occupancy)"
                    " AND (SELECT sum(present) FROM unit_occupancy) = (SELECT sum(o.present) FROM area_occupancy o"
                    " JOIN area a ON a.id = o.area_id WHERE a.level = 'county')"
                )
            ).scalar_one()
        return wrong == 0 and bool(totals)


@contextmanager
def rigged(state: StateFolder, ports: PortBook) -> Iterator[Rig]:
    """A rig, and nothing left of it afterwards."""
    # Without fsync: what is killed here are processes, and the page cache survives them.
    cluster = PostgresCluster(state.postgres, settings={"fsync": "off"})
    cluster.start()
    passwords = draw_passwords()
    provision_roles(cluster.admin_dsn, passwords)
    urls = {
        role: make_url(cluster.dsn(role, passwords[role], DATABASE))
        .set(drivername="postgresql+psycopg")
        .render_as_string(hide_password=False)
        for role in DatabaseRole
    }
    migrate.upgrade(urls[DatabaseRole.MIGRATE])
    keys_file = state.secrets / "keys.json"
    write_new_keys(keys_file)
    broker = Broker(
        state.broker, Certificates(state.certificates), ports=BrokerPorts(ports.claim("a"), ports.claim("b"))
    )
    broker.start()
    rig = Rig(state, cluster, broker, urls, keys_file)
    try:
        yield rig
    finally:
        for link in rig.links:
            link.stop()
        if rig.ingest is not None and rig.ingest.running:
            rig.ingest.kill()
        for engine in rig.engines.values():
            engine.dispose()
        broker.stop()
        cluster.stop()


def in_background(work: threading.Thread) -> threading.Thread:
    """Start and return it."""
    work.start()
    return work


def agree(rig: Rig, within_s: float) -> None:
    """The register equals the locks' own record, event for event, exactly once."""
    eventually(rig.all_stored, within_s=within_s)
    assert rig.register() == rig.own_record()
    assert rig.presence_is_right()
