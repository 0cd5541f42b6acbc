"""The product's own ingest process, with nothing changed: its loop, composed as `anmen ingest` composes it."""

import cProfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from anmen.bench.consumer import Reporter
from anmen.workers import compose_ingest
from service.ingest import Tally
from service.settings import Settings


def run(control: "Connection[Any, Any]", settings: Settings, profile: Path | None) -> None:
    """Ingest until the other end closes. `profile`: where to leave a cProfile of the loop, which slows it."""
    reporter = Reporter(control)
    watch = _Watch(reporter)
    ingest = compose_ingest(settings, reached=watch.reached)
    watch.tally = ingest.tally
    reporter.stop_on_close(ingest.stop)
    with _profiled(profile):
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
