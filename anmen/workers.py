"""The long-running processes, composed from Settings: one place that says what each of them needs, and what is missing."""

import gc
import signal
from collections.abc import Callable
from pathlib import Path

from anmen.errors import MachineError
from anmen.ingest_lanes import Lanes
from service.edges.keyring import read_keyring
from service.edges.mqtt_link import BrokerAddress
from service.edges.request_log import configure_logs
from service.edges.transaction import connect
from service.ingest import Ingest, IngestParts
from service.recording import Committed
from service.settings import Settings

# A batch makes tens of thousands of objects and drops them all again, none of them in a cycle: with Python's own
# thresholds the search for garbage takes a quarter of the process and finds nothing.
_GARBAGE_THRESHOLDS = (100_000, 50, 100)


def run_ingest(settings: Settings, *, ready: Callable[[], None], reached: Callable[[str], None]) -> None:
    """Listen to locks until SIGTERM or SIGINT; `ready` is called once shards are held."""
    configure_logs()
    lanes = compose_ingest(settings, reached=reached)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: lanes.stop())
    lanes.run(ready)


def compose_ingest(
    settings: Settings, *, reached: Callable[[str], None], committed: Committed = lambda *_: None
) -> Lanes:
    """The ingest process's loops over their real parts; sets this process's garbage thresholds."""
    parts = IngestParts(
        engine=connect(database_of(settings), pool_size=settings.ingest_lanes),
        keyring=read_keyring(settings.keys_file),
        broker=broker_address(settings),
        batch_limit=settings.batch_limit,
        batch_wait_s=settings.batch_wait_s,
        lease_s=settings.lease_s,
        committed=committed,
    )
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    return Lanes([Ingest(parts, reached) for _ in range(settings.ingest_lanes)])


def broker_address(settings: Settings) -> BrokerAddress:
    """Where the broker is and who we are to it; says which variables are missing."""
    files: dict[str, Path | None] = {
        "ANMEN_BROKER_CA": settings.broker_ca,
        "ANMEN_BROKER_CERTIFICATE": settings.broker_certificate,
        "ANMEN_BROKER_KEY": settings.broker_key,
    }
    missing = [name for name, path in files.items() if path is None or not path.is_file()]
    if missing or settings.broker_ca is None or settings.broker_certificate is None or settings.broker_key is None:
        raise MachineError(f"These must name readable PEM files: {', '.join(missing)}.")
    return BrokerAddress(
        settings.broker_host,
        settings.broker_port,
        settings.broker_ca,
        settings.broker_certificate,
        settings.broker_key,
    )


def database_of(settings: Settings) -> str:
    """The database's address; says what to set where there is none."""
    if not settings.database_url:
        raise MachineError(
            "ANMEN_DATABASE_URL is not set. Example: postgresql+psycopg://anmen_serve:<password>@db.example/anmen"
        )
    return settings.database_url
