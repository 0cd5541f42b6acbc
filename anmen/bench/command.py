"""The command `anmen bench`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from anmen.bench.weather import Scene, Weather
from anmen.fleet import command as fleets

app = typer.Typer(help="Measure Anmen on this machine, with real parts, beside a yardstick.", no_args_is_help=True)
app.command("fleet")(fleets.measured)


@app.callback()
def bench() -> None:
    """Measure Anmen on this machine, with real parts, beside a yardstick."""


@contextmanager
def _steps() -> Iterator[Callable[[str], None]]:
    """Says what is being done: in one line at a terminal, a line each elsewhere."""
    progress = Console(stderr=True)
    if not progress.is_terminal:
        yield lambda step: progress.print(step, highlight=False)
        return
    with progress.status("starting") as status:
        yield status.update


@app.command()
def ingest(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    locks: Annotated[int, typer.Option(min=4, help="How many simulated locks speak.")] = 2000,
    events: Annotated[int, typer.Option(min=100, help="Events a round, published flat out.")] = 60_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each pipeline, in turn.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each measurement of delay lasts.")] = 5.0,
    lanes: Annotated[int, typer.Option(min=1, help="Loops in the ingest process (ANMEN_INGEST_LANES).")] = 1,
    profile: Annotated[Path | None, typer.Option(help="Leave a cProfile of the ingest loop here; slows it.")] = None,
) -> None:
    """Sealed live events of many locks through broker, rules, commit, presence and counts; and a bare pipeline beside it.

    Starts a PostgreSQL (with fsync), a broker (with TLS), the ingest process, the yardstick and a publisher of its own in a
    temporary folder. Takes about a minute. Fails when an event is lost or counted twice, or a count is wrong.
    """
    # The parts take half a second to load, which nobody who asks for --help should wait for.
    from anmen.bench.measure import measure_ingest
    from anmen.bench.report import as_json as written
    from anmen.bench.report import print_table
    from anmen.bench.scale import Scale

    scale = Scale(lanes=lanes, locks=locks, events=events, rounds=rounds, seconds=seconds)
    with _steps() as say:
        results = measure_ingest(scale, profile=profile, say=say)
    if as_json:
        typer.echo(json.dumps(written(results), ensure_ascii=False, indent=1))
    else:
        print_table(results, Console())
    if not all(one.holds for one in results.findings):
        raise typer.Exit(1)


@app.command()
def storm(
    *,
    locks: Annotated[int, typer.Option(min=4, help="How many locks.")] = 3000,
    cut: Annotated[int, typer.Option(min=0, help="How many of them lose their power; 0 for all.")] = 0,
    stored: Annotated[int, typer.Option(min=0, help="Events that each of those holds when it comes back.")] = 20,
    calm: Annotated[float, typer.Option(min=1, help="Seconds of rest before each scene, measured as well.")] = 10.0,
    scenes: Annotated[
        str, typer.Option(help="Which, in which order: power, power-no-slots, broker, broker-no-slots, ingest.")
    ] = ",".join(Scene),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Power, broker or ingest process come back for thousands of locks in the same second; shows who waits for how long.

    Starts a PostgreSQL, a broker with TLS and an ingest process of its own. Twenty more locks are never cut off: what
    happens at their doors meanwhile shows what a storm costs everybody else. Fails when an event is lost or there twice.
    """
    from anmen.bench.storm_run import print_storm, run_storm

    try:
        wanted = tuple(Scene(name.strip()) for name in scenes.split(",") if name.strip())
    except ValueError as unknown:
        raise typer.BadParameter(f"{unknown}; there are {', '.join(Scene)}", param_hint="--scenes") from unknown
    weather = Weather(locks=locks, cut=min(cut, locks) or locks, stored=stored, calm_s=calm, scenes=wanted)
    with _steps() as say:
        found = run_storm(weather, say)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        print_storm(found, Console())
    if not found["audit"]["agrees"]:
        raise typer.Exit(1)
