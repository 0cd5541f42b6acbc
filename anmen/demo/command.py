"""The command `anmen demo`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer


def demo(
    *,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Play the main job by itself on free ports, then stop.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --smoke: one JSON object instead of a table.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the last demo and start anew.")] = False,
    photographs: Annotated[
        Path | None, typer.Option(help="A folder with a subfolder of photographs for each person.")
    ] = None,
    engine: Annotated[
        Literal["sface", "face_recognition"], typer.Option(help="Which engine compares faces.")
    ] = "sface",
) -> None:
    """Everything on this machine: database, broker, service, and a village of 24 rooms with a simulated lock each.

    Runs until Ctrl-C and keeps what happened in .anmen; the next start goes on from there.
    """
    if as_json and not smoke:
        raise typer.BadParameter("it goes with --smoke: ./run demo --smoke --json", param_hint="--json")
    # What it is made of takes seconds to load, which nobody who asks for --help should wait for.
    from anmen.demo import telling
    from anmen.demo.running import Choices
    from face_engine import EngineName

    choices = Choices(photographs, EngineName(engine), any_ports=smoke)
    if not smoke:
        telling.run(choices, fresh=fresh)
    elif not telling.smoke(choices, as_json=as_json):
        sys.exit(1)
