"""What a run has found, for people (a table) and for programs (one JSON object)."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from anmen.bench.load import Pipeline
from anmen.bench.measure import Delay, Results

RATIO_WANTED = 0.5
DELAY_WANTED_MS = 50.0


def targets(results: Results) -> dict[str, bool]:
    """What the event path promises on any machine, and whether this run kept it."""
    at_rate = results.delays[-1]
    return {
        f"at least {RATIO_WANTED} of the yardstick": median(results.ratios()) >= RATIO_WANTED,
        f"p50 under {DELAY_WANTED_MS:.0f} ms at {at_rate.rate} events a second": at_rate.p50_ms < DELAY_WANTED_MS,
    }


def as_json(results: Results) -> dict[str, Any]:
    """One object; times in milliseconds, CPU in microseconds an event, rates in events a second."""
    probes = results.probes
    return {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "load_average": [round(one, 2) for one in results.loads_average],
        },
        "scale": asdict(results.scale),
        "disk_probe_ms": {
            "median": round(median(one.median_ms for one in probes), 3),
            "range": [round(min(one.fastest_ms for one in probes), 3), round(max(one.slowest_ms for one in probes), 3)],
        },
        "events_per_s": {pipeline.value: _spread(results.rates(pipeline)) for pipeline in Pipeline},
        "ratio": _spread(results.ratios(), digits=3),
        "delay_ms": [_delay(one) for one in results.delays],
        "cpu_us_per_event": {pipeline.value: cpu_us(results, pipeline) for pipeline in Pipeline},
        "checks": {one.what: one.holds for one in results.findings},
        "targets": targets(results),
    }


def print_table(results: Results, console: Console) -> None:
    """The same for people."""
    written = as_json(results)
    probe = written["disk_probe_ms"]
    console.print(
        f"Disk: fdatasync of one page {probe['median']} ms {probe['range']}; {written['machine']['cores']} cores,"
        f" load average {written['machine']['load_average']}; {results.scale.locks} locks, {results.scale.lanes} lane(s)"
    )
    console.print(_rates_table(results))
    console.print(_cpu_table(results))
    for one in results.delays:
        console.print(
            f"Published to committed at {one.rate} events/s: p50 {one.p50_ms:.1f} ms, p99 {one.p99_ms:.1f} ms ({one.events} events)"
        )
    for what, holds in {**written["checks"], **written["targets"]}.items():
        console.print(f"[{'green]yes' if holds else 'bold red]NO '}[/] {what}", highlight=False)


def _rates_table(results: Results) -> Table:
    table = Table("events a second", "median", *(f"round {n + 1}" for n in range(results.scale.rounds)))
    for pipeline in Pipeline:
        rates = results.rates(pipeline)
        table.add_row(pipeline.value, f"{median(rates):,.0f}", *(f"{one:,.0f}" for one in rates))
    ratios = results.ratios()
    table.add_row("ratio", f"{median(ratios):.2f}", *(f"{one:.2f}" for one in ratios))
    return table


def _cpu_table(results: Results) -> Table:
    names = ("consumer", "PostgreSQL", "broker", "publisher")
    table = Table("CPU us an event", *names)
    for pipeline in Pipeline:
        spent = cpu_us(results, pipeline)
        table.add_row(pipeline.value, *(f"{spent[name]:.0f}" for name in names))
    return table


def cpu_us(results: Results, pipeline: Pipeline) -> dict[str, float]:
    """CPU microseconds an event by process, median of the rounds; the pipeline's own process is called consumer."""
    rounds = [one.cpu_us for one in results.rounds if one.pipeline is pipeline]
    spent = {name: round(median(one[name] for one in rounds), 1) for name in rounds[0]}
    return {"consumer" if name == pipeline else name: value for name, value in spent.items()}


def _spread(values: Sequence[float], digits: int = 0) -> dict[str, Any]:
    rounded = [round(one, digits) for one in values]
    return {"median": round(median(values), digits), "range": [min(rounded), max(rounded)], "rounds": rounded}


def _delay(one: Delay) -> dict[str, Any]:
    return {"rate": one.rate, "events": one.events, "p50": round(one.p50_ms, 2), "p99": round(one.p99_ms, 2)}
