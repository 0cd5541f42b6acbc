"""The product's own ingest process, with nothing changed: its lanes, composed as `anmen ingest` composes them."""

import cProfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from anmen.bench.consumer import Reporter
from anmen.workers import compose_ingest
from service.ingest import Ingest
from service.settings import Settings


def run(control: "Connection[Any, Any]", settings: Settings, profile: Path | None) -> None:
    """Ingest until the other end closes. `profile`: where to leave a cProfile of one lane's loop, which slows it."""
    reporter = Reporter(control)
    if profile is not None:
        settings = settings.model_copy(update={"ingest_lanes": 1})
    lanes = compose_ingest(settings, reached=lambda _: None, committed=reporter.committed)
    reporter.stop_on_close(lanes.stop)
    if profile is None:
        lanes.run(reporter.ready)
    else:
        _run_profiled(lanes.loops[0], reporter, profile)


def _run_profiled(loop: Ingest, reporter: Reporter, path: Path) -> None:
    with cProfile.Profile() as profile:
        loop.run(reporter.ready)
    profile.dump_stats(path)
