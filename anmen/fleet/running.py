"""Runs a fleet from the command line: enough descriptors, live figures, an end in order."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from anmen.bench.cpu import CpuMeter
from anmen.errors import MachineError
from device_sim.fleet.faults import Faults
from device_sim.fleet.figures import Figures
from device_sim.fleet.roll import read_roll
from device_sim.fleet.running import Fleet, FleetPlan, running_fleet

# Beside the locks' sockets: epoll, files, the standard streams.
_OTHER_DESCRIPTORS = 64
_HEALING_S = 5.0


@dataclass(frozen=True, slots=True)
class Running:
    """For how long (0: until Ctrl-C), how long to wait at the end for what is not stored yet, and whether to show figures."""

    seconds: float = 0.0
    settle_s: float = 30.0
    shown: bool = True


def run_fleet(folder: Path, plan: FleetPlan, running: Running, cpu: CpuMeter | None = None) -> dict[str, Any]:
    """Run the folder's fleet; what it has done, with times in seconds. MachineError where there are too few descriptors."""
    roll = read_roll(folder)
    make_room(plan.locks + int(plan.locks * plan.faults.clone) + 1)
    before = _cpu(cpu)
    began = time.monotonic()
    with running_fleet(roll, plan) as fleet:
        watch = _Watch(fleet, began)
        with Live(console=Console(stderr=True, quiet=not running.shown), auto_refresh=False) as live:
            _until(fleet, lambda now: watch.tell(live) and not 0 < running.seconds <= now)
            fleet.calm_down()
            begins = fleet.loop.now
            # Healed links say births, and the service answers with lists; without faults there is nothing to wait for.
            at_least = _HEALING_S if plan.faults != Faults() else 0.0
            _until(
                fleet,
                lambda now: (
                    watch.tell(live)
                    and now < begins + running.settle_s
                    and (now < begins + at_least or not fleet.settled())
                ),
            )
        return {
            **watch.as_json(),
            "cpu_s": {name: round(after - before[name], 1) for name, after in _cpu(cpu).items()},
            "all_stored": fleet.all_stored(),
        }


def _cpu(others: CpuMeter | None) -> dict[str, float]:
    return {"fleet": time.process_time(), **(others.read() if others else {})}


def make_room(sockets: int) -> None:
    """Let this process open so many connections; MachineError says what to do where the system does not."""
    needed = sockets + _OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise MachineError(
            f"{sockets} locks need {needed} open files, and this system allows {hard} a process (ulimit -Hn).\n"
            f"Ask for at most {hard - _OTHER_DESCRIPTORS} locks, or raise the limit in /etc/security/limits.conf."
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _until(fleet: Fleet, goes_on: Callable[[float], bool]) -> None:
    """Turn until it ends by itself, or somebody presses Ctrl-C."""
    try:
        fleet.loop.run(goes_on)
    except KeyboardInterrupt:
        return


class _Watch:
    """What is shown, and the moments worth keeping."""

    def __init__(self, fleet: Fleet, began: float) -> None:
        self._fleet = fleet
        self._began = began
        self._all_connected_s: float | None = None
        self._all_proven_s: float | None = None
        self._last = (0.0, 0)
        self._stored_per_s = 0.0
        self._resident_bytes = 0

    def tell(self, live: Live) -> bool:
        """Show the figures of now."""
        figures, now = self._fleet.figures(), self._fleet.loop.now
        at, stored = self._last
        if now - at >= 1:
            self._stored_per_s, self._last = (figures.stored - stored) / (now - at), (now, figures.stored)
        since = round(time.monotonic() - self._began, 1)
        if self._all_connected_s is None and figures.connected >= figures.locks:
            self._all_connected_s = since
        if self._all_proven_s is None and figures.proven >= figures.locks:
            self._all_proven_s = since
        self._resident_bytes = _resident_bytes()
        live.update(self._table(figures, now), refresh=True)
        return True

    def as_json(self) -> dict[str, Any]:
        """The figures and the moments."""
        return {
            **self._fleet.figures().as_json(),
            "seconds": round(self._fleet.loop.now, 1),
            "all_connected_s": self._all_connected_s,
            "all_proven_s": self._all_proven_s,
            "resident_bytes_a_lock": self._resident_bytes // max(1, self._fleet.figures().locks),
        }

    def _table(self, figures: Figures, now: float) -> Table:
        p50, p99 = figures.delays.percentile_ms(0.5), figures.delays.percentile_ms(0.99)
        table = Table(box=None, pad_edge=False, show_header=False)
        mishaps = f"{figures.power_cuts:,} power cuts, {figures.clock_jumps:,} clocks jumped, {figures.lists_cut_short:,} lists cut"
        rows = (
            ("fleet", f"{now:.0f} s, {figures.locks:,} locks"),
            (
                "connected",
                f"{figures.connected:,}, proven {figures.proven:,}; tries that failed {figures.connects_failed:,}",
            ),
            (
                "events",
                f"{figures.recorded:,} recorded, {figures.stored:,} stored ({self._stored_per_s:,.0f} a second)",
            ),
            ("frames", f"{figures.frames_up:,} up, {figures.frames_down:,} down, {figures.refused_frames:,} refused"),
            ("door to receipt", f"p50 {p50:,.1f} ms, p99 {p99:,.1f} ms"),
            (
                "mishaps",
                f"{mishaps}, {figures.frames_lost:,} frames lost, {figures.declared_lost:,} events declared lost",
            ),
            ("last problem", figures.last_problem or "none"),
        )
        for row in rows:
            table.add_row(*row)
        return table


def _resident_bytes() -> int:
    """What this process occupies, TLS and sockets' buffers of its own among it (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
