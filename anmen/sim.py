"""The command `anmen sim`: simulated locks, and standing before one."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anmen import failpoints
from anmen.fleet import command as fleets
from device_sim.errors import BadRequest

if TYPE_CHECKING:
    from device_sim.terminal.texts import Language

app = typer.Typer(help="Simulated locks: run them, and stand before their doors.", no_args_is_help=True)
app.command()(fleets.fleet)
app.command()(fleets.audit)


_SOCKET_HELP = "Control socket of the running simulator; the demo's where none is named."


def _demo_socket() -> Path:
    from anmen.state import default_state_path

    return default_state_path(Path()) / "doors.sock"


@app.callback()
def sim() -> None:
    """Simulated locks: run them, and stand before their doors."""


@app.command()
def estate(
    folder: Annotated[
        Path, typer.Argument(help="Folder of provisioned locks (L-….json); their flash lies beside them.")
    ],
    socket: Annotated[Path, typer.Option(help="Control socket to serve.")],
    port: Annotated[int | None, typer.Option(help="Serve the page with the doors on this port of 127.0.0.1.")] = None,
    engine: Annotated[
        Literal["sface", "face_recognition", "none"], typer.Option(help="Which engine the cameras use.")
    ] = "sface",
    *,
    keep_account: Annotated[
        bool,
        typer.Option(
            "--keep-account", help="Keep events readable after their flash was freed, to check the service's account."
        ),
    ] = False,
) -> None:
    """Run every lock of a folder in this process until Ctrl-C."""
    from device_sim.estate import run_estate
    from device_sim.hardware import Hardware
    from face_engine import EngineName, load_engine

    eyes = None if engine == "none" else load_engine(EngineName(engine))
    hardware = Hardware(engine=eyes, reached=failpoints.from_environment(os.environ), keep_account=keep_account)
    run_estate(folder, socket, http_port=port, hardware=hardware)


@app.command()
def door(
    lock: Annotated[str, typer.Argument(help="Lock id (L-…), as the demo prints it.")],
    socket: Annotated[Path | None, typer.Option(help=_SOCKET_HELP)] = None,
    *,
    face: Annotated[Path | None, typer.Option(help="Hold this photograph before the camera.")] = None,
    card: Annotated[str | None, typer.Option(help="Hold a card with this document number to the reader.")] = None,
    pin: Annotated[str | None, typer.Option(help="Type this PIN.")] = None,
    handle: Annotated[bool, typer.Option("--handle", help="Leave by the inside handle.")] = False,
    do: Annotated[str | None, typer.Option(help="Anything else it can do, such as cut_network or state.")] = None,
) -> None:
    """Stand before one simulated door. Without an option it shows the lock."""
    from device_sim.control import ask

    doors = socket or _demo_socket()
    deeds: list[dict[str, object]] = []
    if face is not None:
        deeds.append({"do": "face", "image": str(face.absolute())})
    if card is not None:
        deeds.append({"do": "card", "number": card})
    if pin is not None:
        deeds.append({"do": "pin", "digits": pin})
    if handle:
        deeds.append({"do": "handle"})
    if do is not None:
        deeds.append({"do": do})
    for deed in deeds or [{"do": "state"}]:
        answer = ask(doors, {"lock": lock, **deed})
        if "error" in answer:
            raise BadRequest(answer["error"])
        words = answer.get("words") or {}
        typer.echo(f"{words['en']}  {words['zh']}" if words else json.dumps(answer, ensure_ascii=False, indent=2))


@app.command()
def lock(
    lock: Annotated[str | None, typer.Argument(help="Lock id (L-…), as the demo prints it.")] = None,
    socket: Annotated[Path | None, typer.Option(help=_SOCKET_HELP)] = None,
    language: Annotated[Literal["zh", "en"], typer.Option(help="Language of the view.")] = "en",
    *,
    factory: Annotated[
        bool,
        typer.Option("--factory", help="Take a new lock out of its box, beside the running demo, and run it here."),
    ] = False,
) -> None:
    """One lock, live in the terminal: door, bolt, battery, list, flash, link; keys to stand before it and to make trouble.

    The lock runs elsewhere (the demo, or `anmen sim estate`); any number of views may look at it. One from the factory
    runs as long as this view, and its keys and flash stay in the demo's folder, under boxed/.
    """
    from device_sim.control import ask
    from device_sim.terminal.app import LockView
    from device_sim.terminal.texts import Language

    if factory:
        _run_boxed(Language(language))
        return
    if lock is None:
        raise BadRequest("Name a lock (L-…), or ask for a new one: anmen sim lock --factory")

    # A wrong id or a simulator that is not there is said plainly, before the screen is taken.
    doors = socket or _demo_socket()
    answer = ask(doors, {"lock": lock, "do": "state"})
    if "error" in answer:
        raise BadRequest(answer["error"])
    LockView(lambda request: ask(doors, {"lock": lock, **request}), Language(language)).run()


def _run_boxed(language: "Language") -> None:
    """What stands under the cover goes to the terminal before and after the view, and nowhere else."""
    from anmen.boxed import running_boxed_lock, sticker
    from anmen.state import StateFolder, default_state_path
    from device_sim.terminal.app import LockView

    state = StateFolder(default_state_path(Path(__file__).parents[1]).resolve())
    with running_boxed_lock(state) as (boxed, estate):
        typer.echo(sticker(boxed))
        LockView(lambda request: estate.answer({"lock": boxed.lock, **request}), language).run()
        typer.echo(sticker(boxed))
        typer.echo(f"Run it again: anmen sim estate {state.path / 'boxed' / boxed.lock} --socket door.sock")
