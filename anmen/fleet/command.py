"""The commands `anmen sim fleet`, `anmen sim audit` and `anmen bench fleet`."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

_FOLDER = typer.Argument(help="The fleet's folder: its locks, what they recorded, how they stood at the end.")
_LOCKS = typer.Option(help="How many locks.", min=1)
_SEED = typer.Option(help="What people do and what goes wrong follows from it.")
_SPEED = typer.Option(help="How much faster people live than the clock goes.", min=0.001)
_FAULTS = typer.Option(help="What goes wrong, as in loss=0.01,delay=0.2 (docs/simulator.md).")
_JSON = typer.Option("--json", help="No live figures; one JSON object at the end.")


def fleet(
    folder: Annotated[Path, _FOLDER] = Path(".anmen/fleet"),
    *,
    locks: Annotated[int, _LOCKS] = 100,
    seed: Annotated[int, _SEED] = 1,
    speed: Annotated[float, _SPEED] = 60.0,
    faults: Annotated[str, _FAULTS] = "",
    seconds: Annotated[float, typer.Option(help="End after so long; 0 runs until Ctrl-C.", min=0)] = 0.0,
    provision: Annotated[bool, typer.Option("--provision", help="First make them known to the running demo.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Thousands of locks in one process, with households behind their doors. Ctrl-C ends it in order, twice at once."""
    from anmen.fleet.machine import provision_in_demo
    from anmen.fleet.running import Running, make_room, run_fleet
    from device_sim.fleet.faults import parse_faults
    from device_sim.fleet.running import FleetPlan

    plan = FleetPlan(locks, seed, speed, parse_faults(faults))
    make_room(locks)
    if provision:
        provision_in_demo(_demo_state(), folder, locks, _say(quietly=as_json))
    _tell(run_fleet(folder, plan, Running(seconds, shown=not as_json)), as_json=as_json)


def measured(
    *,
    locks: Annotated[int, _LOCKS] = 1000,
    seed: Annotated[int, _SEED] = 1,
    speed: Annotated[float, _SPEED] = 600.0,
    faults: Annotated[str, _FAULTS] = "",
    seconds: Annotated[float, typer.Option(help="How long, from when they get power.", min=1)] = 60.0,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """A fleet with a database, a broker and an ingest process of its own; measured, audited at the end, and gone."""
    from anmen.fleet.audit import audit_fleet
    from anmen.fleet.machine import machine_alone
    from anmen.fleet.running import Running, make_room, run_fleet
    from device_sim.fleet.faults import parse_faults
    from device_sim.fleet.roll import read_roll
    from device_sim.fleet.running import FleetPlan

    plan = FleetPlan(locks, seed, speed, parse_faults(faults))
    make_room(locks)
    with tempfile.TemporaryDirectory(prefix="anmen-roll-") as own:
        folder = Path(own)
        with machine_alone(folder, locks, _say(quietly=as_json)) as (cpu, dsn):
            done = run_fleet(folder, plan, Running(seconds, shown=not as_json), cpu)
            account = audit_fleet(read_roll(folder), dsn)
    _tell({**done, "audit": account.as_json()}, as_json=as_json)
    sys.exit(0 if account.agrees else 1)


def audit(
    folder: Annotated[Path, _FOLDER] = Path(".anmen/fleet"),
    *,
    dsn: Annotated[str, typer.Option(help="Connection string of a database that is not the demo's.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare the service's account with what a fleet really recorded; fails on any difference."""
    from anmen.fleet.audit import audit_fleet
    from anmen.fleet.machine import demo_dsn
    from device_sim.fleet.roll import read_roll

    account = audit_fleet(read_roll(folder), dsn or demo_dsn(_demo_state()))
    _tell(account.as_json(), as_json=as_json)
    sys.exit(0 if account.agrees else 1)


def _demo_state() -> Path:
    from anmen.state import default_state_path

    return default_state_path(Path())


def _say(*, quietly: bool) -> Any:
    console = Console(stderr=True, quiet=quietly)
    return lambda what: console.print(f"[dim]{what} …[/]", highlight=False)


def _tell(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        typer.echo(f"{name:<24}{json.dumps(value, ensure_ascii=False)}")
