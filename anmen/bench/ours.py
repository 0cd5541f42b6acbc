"""The product's own ingest process, with nothing changed: its loop, composed as `anmen ingest` composes it."""

import cProfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from anmen.bench.consumer import Reporter
from service.edges.keyring import read_keyring
from service.edges.mqtt_link import BrokerAddress
from service.edges.transaction import connect
from service.ingest import Ingest, IngestParts, Tally
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class OursPlan:
    """What the process needs. `profile`: where to leave a cProfile of the loop, which slows it."""

    database_url: str
    keys_file: Path
    broker: BrokerAddress
    profile: Path | None = None


def run(control: "Connection[Any, Any]", plan: OursPlan) -> None:
    """Ingest until the other end closes."""
    reporter = Reporter(control)
    settings = Settings()
    watch = _Watch(reporter)
    ingest = Ingest(
        IngestParts(
            engine=connect(plan.database_url, pool_size=2),
            keyring=read_keyring(plan.keys_file),
            broker=plan.broker,
            batch_limit=settings.batch_limit,
            batch_wait_s=settings.batch_wait_s,
            lease_s=settings.lease_s,
        ),
        watch.reached,
    )
    watch.tally = ingest.tally
    reporter.stop_on_close(ingest.stop)
    with _profiled(plan.profile):
        ingest.run(reporter.ready)


class _Watch:
    """Tells the other end of each commit. The tally moves after the commit, so its news waits for the batch's end."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.tally = Tally()
        self._committed_at = 0.0
        self._told = 0

    def reached(self, point: str) -> None:
        """A point of the event path."""
        if point == "inbox.committed":
            self._committed_at = time.monotonic()
        elif point == "inbox.before_acknowledge" and self.tally.stored > self._told:
            self._reporter.committed(self._committed_at, self.tally.stored - self._told)
            self._told = self.tally.stored


@contextmanager
def _profiled(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        profile.dump_stats(path)
