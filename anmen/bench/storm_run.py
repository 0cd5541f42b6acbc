"""The command `anmen bench storm`: all scenes one after another, the audit, and a table."""

import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from anmen.bench.disk_probe import probe_disk
from anmen.bench.storm import play, turn_until
from anmen.bench.storm_parts import Parts, running_parts
from anmen.bench.weather import Delays, Storm, Weather
from anmen.fleet.audit import Account, audit_fleet
from anmen.fleet.running import make_room
from device_sim.fleet.roll import read_roll
from device_sim.fleet.running import FleetPlan, running_fleet

Say = Callable[[str], None]


def run_storm(weather: Weather, say: Say) -> dict[str, Any]:
    """Everything that was found, as one object; MachineError where a part does not start or does not come back."""
    make_room(weather.locks)
    with running_parts(weather.locks, say) as parts:
        probe = probe_disk(parts.machine.state.path / "postgres")
        first_s, storms, settled = _play_all(parts, weather, say)
        say("audit")
        accounts = [audit_fleet(read_roll(folder), parts.dsn) for folder in (parts.folder, parts.witness_folder)]
    return {
        "cores": os.cpu_count(),
        "disk_probe_ms": round(probe.median_ms, 3),
        "weather": asdict(weather),
        "first_all_back_s": round(first_s, 1),
        "storms": [asdict(one) for one in storms],
        "audit": {
            "events": sum(one.events for one in accounts),
            "lists": sum(one.lists for one in accounts),
            "agrees": settled and all(_agrees(one) for one in accounts),
            "examples": [text for one in accounts for text in one.examples],
        },
    }


def _play_all(parts: Parts, weather: Weather, say: Say) -> tuple[float, list[Storm], bool]:
    with running_fleet(read_roll(parts.folder), FleetPlan(weather.locks)) as fleet:
        fleet.world.quiet = True
        say(f"{weather.locks:,} locks connect for the first time")
        turn_until(parts, fleet, lambda: _all_welcomed(fleet), weather.patience_s)
        first_s = fleet.loop.now
        turn_until(parts, fleet, fleet.settled, weather.patience_s)
        # Nobody holds them apart any more but their turns.
        fleet.loop.opening_at_a_time = weather.locks
        storms = []
        for scene in weather.scenes:
            say(f"storm: {scene}")
            storms.append(play(parts, fleet, weather, scene))
        settled = parts.hear_witnesses()
    return first_s, storms, settled


def _all_welcomed(fleet: Any) -> bool:
    return all(hung.lock.welcomed for hung in fleet.locks)


def _agrees(account: Account) -> bool:
    return account.agrees and account.pending == 0


def print_storm(found: dict[str, Any], console: Console) -> None:
    """The same for people."""
    weather, audit = found["weather"], found["audit"]
    console.print(
        f"{weather['locks']:,} locks, {weather['cut']:,} of them cut off with {weather['stored']} stored events each;"
        f" {found['cores']} cores, fdatasync {found['disk_probe_ms']} ms; first connects {found['first_all_back_s']} s",
        highlight=False,
    )
    table = Table("", *(one["scene"] for one in found["storms"]))
    for name, read in _ROWS.items():
        table.add_row(name, *(read(one) for one in found["storms"]))
    console.print(table)
    words = "every event there once, every list equal" if audit["agrees"] else "[bold red]NOT EQUAL[/]"
    console.print(f"audit: {audit['events']:,} events, {audit['lists']:,} lists: {words}", highlight=False)
    for example in audit["examples"]:
        console.print(example, highlight=False)


def _delays(found: dict[str, Any]) -> str:
    one = Delays(**found)
    return f"{one.p50:,.0f} / {one.p99:,.0f} / {one.most:,.0f}"


_ROWS: dict[str, Callable[[dict[str, Any]], str]] = {
    "half of the locks back, s": lambda one: f"{one['half_back_s']:.1f}",
    "all back and proven, s": lambda one: f"{one['all_back_s']:.1f}",
    "everything stored, s": lambda one: f"{one['all_stored_s']:.1f}",
    "births in the busiest second": lambda one: str(one["peak_births_per_s"]),
    "connects that failed": lambda one: str(one["failed_connects"]),
    "most frames waiting at ingest": lambda one: f"{one['most_waiting']:,}",
    "others' live events before, ms p50 / p99 / most": lambda one: _delays(one["calm"]),
    "others' live events meanwhile": lambda one: _delays(one["meanwhile"]),
    "their p99 meanwhile, in times of that before": lambda one: (
        f"{one['meanwhile']['p99'] / max(1, one['calm']['p99']):.1f}"
    ),
    "CPU s": lambda one: ", ".join(f"{name} {spent}" for name, spent in one["cpu_s"].items()),
    "load average before": lambda one: f"{one['load_average']:.1f}",
}
