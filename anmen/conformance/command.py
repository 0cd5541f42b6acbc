"""The command `anmen conformance`."""

from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

# One option for run and try.
_SEED: ContextVar[str] = ContextVar("seed", default="")


class _RunsByDefault(TyperGroup):
    """`anmen conformance --lock …` is `anmen conformance run --lock …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the name of the command where there is none, and the seed of a bad day, which may stand anywhere, before it."""
        seed = next(([one, *args[at + 1 : at + 2]] for at, one in enumerate(args) if one == "--faults"), [])
        if len(seed) == 1:
            return super().parse_args(ctx, seed)
        at = args.index("--faults") if seed else len(args)
        rest = [*args[:at], *args[at + len(seed) :]]
        is_run = bool(rest) and rest[0].startswith("-") and rest[0] != "--help"
        return super().parse_args(ctx, [*seed, *(["run"] if is_run else []), *rest])


app = typer.Typer(
    cls=_RunsByDefault,
    no_args_is_help=True,
    help="""Does this lock do what docs/protocol/ says? Plays the service against one lock, sentence by sentence.

    anmen conformance --lock L-… is short for anmen conformance run --lock L-….
    To see the kit at work without a lock: anmen conformance try.

    Each sentence that binds a lock gets a line: PASSED; FAILED, with what was expected and what was seen; NOT APPLICABLE,
    where the lock does not say that it has the feature; NOT TRIED, where nobody could do what it takes; DECLARED, where nobody
    outside can observe it.
    """,
)

_Profile = Annotated[
    str,
    typer.Option(
        help="core: frames, keys, session, events, access list; takes somebody who can restart the lock, and six minutes. "
        "full: also clock, door, full flash and the long waits; an hour.",
    ),
]
_Sign = Annotated[
    Path | None,
    typer.Option(help="PEM file of the P-256 key that signs the report (make one: anmen conformance key FILE)."),
]
_Report = Annotated[
    list[Path] | None,
    typer.Option(
        help="Write the signed report to this file, JSON or a page by its ending (.json, .html). May be given twice."
    ),
]
_Only = Annotated[
    list[str] | None, typer.Option(help="Only this sentence (ANM-…); may be given more than once. For a second look.")
]
_Wipe = Annotated[
    bool, typer.Option("--wipe", help="Also wipe the lock to factory state, at the very end: it forgets list and log.")
]


@app.callback()
def conformance(
    *,
    faults: Annotated[
        str,
        typer.Option(
            metavar="SEED",
            help="With run and try, a bad day: frames come twice, late, again behind later ones; answers are lost, "
            "connections torn, as this seed (any word) has it. A lock that conforms stands it all.",
        ),
    ] = "",
) -> None:
    """What holds for every run."""
    _SEED.set(faults)


@app.command()
def run(
    *,
    lock: Annotated[str, typer.Option(help="Lock id (L-…), as on its label.")],
    stand: Annotated[
        Path,
        typer.Option(help="JSON file: broker, certificates, keys, images (docs/protocol/conformance.md)."),
    ] = Path("stand.json"),
    operator: Annotated[
        str,
        typer.Option(
            help="Who does what has to be done at the lock: prompt asks you at this terminal, simulator:SOCKET[,PHOTO] a running "
            "simulator, command:PROGRAM runs a program with off, on, cut, card N and others (docs/protocol/conformance.md)."
        ),
    ] = "prompt",
    profile: _Profile = "core",
    sign_key: _Sign = None,
    report: _Report = None,
    only: _Only = None,
    wipe: _Wipe = False,
) -> None:
    """Try one lock on a broker. The exit status is 0 when the lock conforms: nothing it MUST do failed or stayed untried.

    Use a lock that is in no service: the kit stores its events, replaces its access list, installs its maker's test images (full
    profile), wipes it if you say --wipe, and sets its clock up to three minutes ahead. Restart it afterwards.
    """
    from anmen.conformance.command_parts import Wish, conduct
    from anmen.conformance.stand_file import stand_with

    wish = Wish(profile, sign_key, tuple(report or ()), frozenset(only or ()), _SEED.get())
    with stand_with(stand, lock, operator) as prepared:
        prepared.may_wipe = wipe
        conforms = conduct(prepared, wish, Console())
    raise typer.Exit(0 if conforms else 1)


@app.command("try")
def try_it(
    *,
    profile: _Profile = "core",
    sign_key: _Sign = None,
    report: _Report = None,
    only: _Only = None,
    photo: Annotated[
        Path | None, typer.Option(help="Photograph of one face for the camera; without it a drawn face is shown.")
    ] = None,
) -> None:
    """Run the kit against a simulated lock on a broker of its own, in a temporary folder."""
    from anmen.conformance.command_parts import Wish, conduct
    from anmen.conformance.try_out import simulated_stand

    wish = Wish(profile, sign_key, tuple(report or ()), frozenset(only or ()), _SEED.get())
    with simulated_stand(photo) as stand:
        conforms = conduct(stand, wish, Console())
    raise typer.Exit(0 if conforms else 1)


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(help="A report, JSON or HTML.")],
    key: Annotated[
        Path | None, typer.Option(help="PEM file of the key you expect (public, or the private one).")
    ] = None,
) -> None:
    """Check that a report is as it was signed, and say by whom."""
    from anmen.conformance.command_parts import verified

    typer.echo(verified(report, key))


@app.command("key")
def make_signing_key(path: Annotated[Path, typer.Argument(help="Where to write it; must not be there yet.")]) -> None:
    """Make a key that signs reports."""
    from anmen.conformance.signing import make_key, read_public_key

    make_key(path)
    typer.echo(f"{path} holds a new key; reports signed with it name {read_public_key(path).hex()[:32]}…")


@app.command()
def images(
    folder: Annotated[Path | None, typer.Argument(help="Where to write them; without it they are only listed.")] = None,
    *,
    maker_key: Annotated[Path | None, typer.Option(help="The maker's private key (PEM).")] = None,
    good: Annotated[Path | None, typer.Option(help="An image that works; without it, one for simulated locks.")] = None,
    hangs: Annotated[
        Path | None, typer.Option(help="An image that hangs; without it, one for simulated locks.")
    ] = None,
    running: Annotated[int, typer.Option(min=1, help="The sequence that the lock runs (capability firmware).")] = 1,
    vendor: Annotated[str, typer.Option(help="The maker's domain.")] = "",
    hardware: Annotated[str, typer.Option(help="The hardware's name.")] = "",
) -> None:
    """What a maker has to sign so that firmware.md can be checked: the list, or the files themselves."""
    from anmen.conformance.image_list import Making, list_images, write_images

    if folder is None:
        list_images(Console())
        return
    made = write_images(folder, Making(maker_key, good, hangs, running, vendor, hardware))
    typer.echo(f"{folder} holds {made} signed manifests. Name it in the stand file, as images.")


@app.command()
def sentences() -> None:
    """List every sentence that binds a lock, and how this kit holds it."""
    from anmen.conformance.command_parts import list_sentences

    list_sentences(Console())
