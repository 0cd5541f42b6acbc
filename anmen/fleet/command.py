"""The commands `anmen sim fleet` and `anmen sim audit`."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

_FOLDER = typer.Argument(help="The fleet's folder: its locks, what they recorded, how they stood at the end.")
_STATE = typer.Option(help="State folder of the running demo.")


def fleet(
    folder: Annotated[Path, _FOLDER] = Path(".anmen/fleet"),
    *,
    locks: Annotated[int, typer.Option(help="How many locks.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="What people do and what goes wrong follows from it.")] = 1,
    speed: Annotated[float, typer.Option(help="How much faster people live than the clock goes.", min=0.001)] = 60.0,
    faults: Annotated[str, typer.Option(help="What goes wrong, as in loss=0.01,delay=0.2 (docs/simulator.md).")] = "",
    seconds: Annotated[float, typer.Option(help="End after so long; 0 runs until Ctrl-C.")] = 0.0,
    settle: Annotated[float, typer.Option(help="Wait at most so long at the end for what is not stored yet.")] = 30.0,
    provision: Annotated[bool, typer.Option("--provision", help="First make them known to the running demo.")] = False,
    alone: Annotated[
        bool, typer.Option("--alone", help="With a database, broker and ingest of its own; audited at the end.")
    ] = False,
    state: Annotated[Path, _STATE] = Path(".anmen"),
    as_json: Annotated[bool, typer.Option("--json", help="No live figures; one JSON object at the end.")] = False,
) -> None:
    """Thousands of locks in one process, with households behind their doors. Ctrl-C ends it in order, twice at once."""
    from anmen.fleet.machine import provision_in_demo
    from anmen.fleet.running import Running, make_room, run_fleet
    from device_sim.fleet.faults import parse_faults
    from device_sim.fleet.running import FleetPlan

    plan = FleetPlan(locks, seed, speed, parse_faults(faults))
    running = Running(seconds, settle, shown=not as_json)
    make_room(locks)
    if alone:
        done = _alone(plan, running, quietly=as_json)
        _tell(done, as_json=as_json)
        sys.exit(0 if done["audit"]["agrees"] else 1)
    if provision:
        provision_in_demo(state, folder, locks, _say(quietly=as_json))
    _tell(run_fleet(folder, plan, running), as_json=as_json)


def audit(
    folder: Annotated[Path, _FOLDER] = Path(".anmen/fleet"),
    *,
    state: Annotated[Path, _STATE] = Path(".anmen"),
    dsn: Annotated[str, typer.Option(help="Connection string of a database that is not the demo's.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare the service's account with what a fleet really recorded; fails on any difference."""
    from anmen.fleet.audit import audit_fleet
    from anmen.fleet.machine import demo_dsn
    from device_sim.fleet.roll import read_roll

    account = audit_fleet(read_roll(folder), dsn or demo_dsn(state))
    _tell(account.as_json(), as_json=as_json)
    sys.exit(0 if account.agrees else 1)


def _alone(plan: Any, running: Any, *, quietly: bool) -> dict[str, Any]:
    from anmen.fleet.audit import audit_fleet
    from anmen.fleet.machine import machine_alone
    from anmen.fleet.running import run_fleet
    from device_sim.fleet.roll import read_roll

    with tempfile.TemporaryDirectory(prefix="anmen-roll-") as own:
        folder = Path(own)
        with machine_alone(folder, plan.locks, _say(quietly=quietly)) as (_, dsn):
            done = run_fleet(folder, plan, running)
            return {**done, "audit": audit_fleet(read_roll(folder), dsn).as_json()}


def _say(*, quietly: bool) -> Any:
    console = Console(stderr=True, quiet=quietly)
    return lambda what: console.print(f"[dim]{what} …[/]", highlight=False)


def _tell(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        typer.echo(f"{name:<24}{json.dumps(value, ensure_ascii=False)}")
