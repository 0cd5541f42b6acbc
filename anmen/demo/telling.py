"""What `anmen demo` says: progress, addresses and sign-ins; or the smoke run's table."""

import json
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from anmen.demo.machine import Progress
from anmen.demo.running import Choices, Demo, Tenant, running_demo, sample_tenant
from anmen.demo.smoke import Step, play
from anmen.photographs import CHECKOUT
from anmen.state import claimed_state, default_state_path, temporary_state

_ROLES = (("landlord", "landlord"), ("grid_worker", "grid worker"), ("officer", "officer"))
# Words of progress go to standard error, so that --json leaves nothing but its object on standard output.
_words = Console(stderr=True, highlight=False)
_paper = Console(highlight=False, soft_wrap=True)


def smoke(choices: Choices, *, as_json: bool) -> bool:
    """Play the main job once, on free ports and with nothing kept; whether all of it worked."""
    began = time.monotonic()
    with temporary_state("anmen-smoke-") as state, running_demo(state, choices, _progress()) as running:
        steps = play(running)
    _report(steps, time.monotonic() - began, as_json=as_json)
    return all(step.ok for step in steps)


def run(choices: Choices, *, fresh: bool) -> None:
    """The demo, until somebody ends it."""
    began = time.monotonic()
    progress = _progress()
    with (
        claimed_state(default_state_path(CHECKOUT), fresh=fresh) as state,
        running_demo(state, choices, progress) as running,
    ):
        progress.step("a tenant moves in")
        tenant = sample_tenant(running)
        progress.done()
        _tell(running, tenant, time.monotonic() - began)
        running.machine.supervisor.wait()
    _words.print("Stopped. ./run demo goes on from here; ./run demo --fresh begins anew.")


def _progress() -> Progress:
    return Progress(lambda line: _words.print(f"  {line}"))


def _tell(running: Demo, tenant: Tenant, seconds: float) -> None:
    if running.machine.broker.notice:
        _paper.print(f"[yellow]{running.machine.broker.notice}[/]\n")
    _paper.print(f"\n[bold]Anmen 安门[/] runs ({seconds:.0f} s). Ctrl-C stops all of it.\n")
    _paper.print(f"  pages      {running.web}")
    _paper.print(f"  doors      {running.doors}   (stand before a lock: face, card, PIN, handle)")
    _paper.print(
        f"  operator   . {_from_here(running.machine.state.operators_environment)}   (then: ./run certificate, ./run firmware)"
    )
    _paper.print(f"  state      {running.machine.state.path}   (logs in logs/)\n")
    table = Table("who", "signs in as", "password", "and", box=None, pad_edge=False, padding=(0, 3, 0, 2))
    for role, words in _ROLES:
        login = running.village.logins[role]
        table.add_row(words, login.login, login.password)
    table.add_row("tenant", tenant.login.login, tenant.login.password, f"room {tenant.room.number}, PIN {tenant.pin}")
    _paper.print(table)
    _paper.print(f"\n  the tenant's lock   {tenant.room.lock_id}")
    _paper.print(f"  the tenant's card   {tenant.document_number}   (an invented number)")
    _paper.print(f"  the tenant's face   {tenant.face}")
    _paper.print(f"  a stranger's face   {running.people.stranger.at_door}")
    if running.people.credits:
        _paper.print(f"  photographs         {running.people.source}; credits in {running.people.credits}")


def _from_here(path: Path) -> Path:
    """As somebody types it who stands in the checkout."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _report(steps: list[Step], seconds: float, *, as_json: bool) -> None:
    passed = all(step.ok for step in steps)
    if as_json:
        print(json.dumps({"passed": passed, "seconds": round(seconds, 3), "steps": [asdict(step) for step in steps]}))
        return
    table = Table("", "step", "seconds", "what happened", box=None, pad_edge=False, padding=(0, 2))
    for step in steps:
        table.add_row("[green]✓[/]" if step.ok else "[red]✗[/]", step.name, f"{step.seconds:.2f}", step.said)
    _paper.print(table)
    words = "[green]The main job works[/]" if passed else "[red]The main job failed[/]"
    _paper.print(f"\n{words}, {len(steps)} steps, {seconds:.0f} s in all.")
