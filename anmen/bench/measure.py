"""One run: rounds of both pipelines in turn, then the delay from publishing to the commit, then the recount."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import cast

import psycopg

from anmen.bench.consumer import Commit
from anmen.bench.disk_probe import DiskProbe, probe_disk
from anmen.bench.load import Pipeline
from anmen.bench.parts import Parts, Say, running_parts
from anmen.bench.publisher import Played, Prepare, Publish, Published
from anmen.bench.recount import Finding, check_ours, check_yardstick
from anmen.bench.scale import LATENCY_SHARE, Scale


@dataclass(frozen=True, slots=True)
class Round:
    """Events a second of one pipeline, and CPU microseconds an event of each process that took part."""

    pipeline: Pipeline
    events_per_s: float
    cpu_us: dict[str, float]


@dataclass(frozen=True, slots=True)
class Delay:
    """Milliseconds from publishing to the commit, at a load in events a second."""

    rate: int
    events: int
    p50_ms: float
    p99_ms: float


@dataclass(slots=True)
class Results:
    """All that a run has found."""

    scale: Scale
    probes: list[DiskProbe] = field(default_factory=list)
    loads_average: list[float] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    delays: list[Delay] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def rates(self, pipeline: Pipeline) -> list[float]:
        """Events a second, by round."""
        return [one.events_per_s for one in self.rounds if one.pipeline is pipeline]

    def ratios(self) -> list[float]:
        """Ours to the yardstick's, by round."""
        pairs = zip(self.rates(Pipeline.OURS), self.rates(Pipeline.YARDSTICK), strict=True)
        return [ours / yardstick for ours, yardstick in pairs]


def measure_ingest(scale: Scale, *, profile: Path | None = None, say: Say) -> Results:
    """Do it; MachineError where a part does not start or falls silent."""
    results = Results(scale)
    with running_parts(scale, profile=profile, say=say) as parts:
        _warm_up(parts, scale, say)
        for number in range(scale.rounds):
            say(f"round {number + 1} of {scale.rounds}")
            results.probes.append(probe_disk(parts.folder / "postgres"))
            results.loads_average.append(os.getloadavg()[0])
            results.rounds += [_round(parts, pipeline, scale.events) for pipeline in Pipeline]
        half = int(median(results.rates(Pipeline.OURS)) * LATENCY_SHARE)
        for rate in (half, scale.latency_rate):
            say(f"{scale.seconds:.0f} s at {rate} events a second")
            results.delays.append(_delay(parts, rate, scale.seconds))
        say("recount")
        results.findings = _recount(parts)
    return results


def _warm_up(parts: Parts, scale: Scale, say: Say) -> None:
    say("warming up")
    for pipeline in Pipeline:
        _prepare(parts, pipeline, scale.locks)
        _run(parts, pipeline, scale.locks, rate=0)


def _round(parts: Parts, pipeline: Pipeline, events: int) -> Round:
    _prepare(parts, pipeline, events)
    before = parts.cpu.read()
    published, commits = _run(parts, pipeline, events, rate=0)
    cpu_us = {
        name: (after - before[name]) / events * 1e6
        for name, after in parts.cpu.read().items()
        if name != _other(pipeline)
    }
    return Round(pipeline, events / (commits[-1].at - published.sent_at[0]), cpu_us)


def _prepare(parts: Parts, pipeline: Pipeline, events: int) -> None:
    parts.publisher.line.send(Prepare(pipeline, events))
    parts.publisher.line.recv()


def _run(parts: Parts, pipeline: Pipeline, events: int, *, rate: int) -> tuple[Published, list[Commit]]:
    parts.publisher.line.send(Publish(rate))
    commits = parts.consumers[pipeline].await_commits(events)
    return cast(Published, parts.publisher.line.recv()), commits


def _other(pipeline: Pipeline) -> str:
    return Pipeline.YARDSTICK if pipeline is Pipeline.OURS else Pipeline.OURS


def _delay(parts: Parts, rate: int, seconds: float) -> Delay:
    events = max(1, int(rate * seconds))
    _prepare(parts, Pipeline.OURS, events)
    published, commits = _run(parts, Pipeline.OURS, events, rate=rate)
    committed_at = {one.recorded_us: one.at for one in commits}
    recorded = _recorded(parts.admin_dsn, since_us=min(committed_at))
    names = parts.lock_names
    delays = sorted(
        committed_at[recorded[names[place], sequence]] - sent_at
        for place, sequence, sent_at in zip(published.locks, published.sequences, published.sent_at, strict=True)
    )
    return Delay(rate, len(delays), _percentile_ms(delays, 0.50), _percentile_ms(delays, 0.99))


def _recorded(admin_dsn: str, *, since_us: int) -> dict[tuple[str, int], int]:
    """(lock, sequence) -> when it was recorded, which tells its batch."""
    with psycopg.connect(admin_dsn) as connection:
        rows = connection.execute(
            "SELECT lock_id, sequence, CAST(extract(epoch FROM recorded_at) * 1000000 AS bigint) FROM entry"
            " WHERE recorded_at >= to_timestamp(%s)",
            [since_us / 1_000_000],
        )
        return {(lock, sequence): recorded_us for lock, sequence, recorded_us in rows}


def _percentile_ms(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def _recount(parts: Parts) -> list[Finding]:
    played = {}
    for pipeline in Pipeline:
        parts.publisher.line.send(pipeline)
        played[pipeline] = cast(Played, parts.publisher.line.recv())
    with psycopg.connect(parts.admin_dsn) as connection:
        found = check_ours(connection, played[Pipeline.OURS])
        return [*found, check_yardstick(connection, played[Pipeline.YARDSTICK])]
