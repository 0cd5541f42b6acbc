"""The command `anmen conformance`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True)

_Profile = Annotated[
    str,
    typer.Option(
        help="core: frames, keys, session, events, access list; takes somebody who can restart the lock, and four minutes. "
        "full: also clock, door, full flash and the long waits; half an hour and more.",
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


@app.callback(invoke_without_command=True)
def conformance(
    context: typer.Context,
    *,
    lock: Annotated[str, typer.Option(help="Lock id (L-…), as on its label.")] = "",
    stand: Annotated[
        Path,
        typer.Option(
            help="JSON file: broker, certificates, and the service's half of the lock's keys (docs/protocol/conformance.md)."
        ),
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
) -> None:
    """Does this lock do what docs/protocol/ says? Plays the service against one lock, sentence by sentence.

    Each sentence that binds a lock gets a line: PASSED; FAILED, with what was expected and what was seen; NOT APPLICABLE,
    where the lock does not say that it has the feature; NOT TRIED, where nobody could do what it takes; DECLARED, where nobody
    outside can observe it. The exit status is 0 when the lock conforms: nothing it MUST do failed or stayed untried.

    Use a lock that is in no service: the kit stores its events, replaces its access list, and sets its clock up to three minutes
    ahead. Restart it afterwards. To see the kit at work without a lock: anmen conformance try.
    """
    if context.invoked_subcommand is not None:
        return
    from anmen.conformance.command_parts import Wish, conduct
    from anmen.conformance.stand_file import stand_with

    wish = Wish(profile, sign_key, tuple(report or ()), frozenset(only or ()))
    with stand_with(stand, lock, operator) as prepared:
        conforms = conduct(prepared, wish, Console())
    raise typer.Exit(0 if conforms else 1)


@app.command("try")
def try_it(*, profile: _Profile = "core", sign_key: _Sign = None, report: _Report = None, only: _Only = None) -> None:
    """Run the kit against a simulated lock on a broker of its own, in a temporary folder."""
    from anmen.conformance.command_parts import Wish, conduct
    from anmen.conformance.try_out import simulated_stand

    wish = Wish(profile, sign_key, tuple(report or ()), frozenset(only or ()))
    with simulated_stand() as stand:
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
def sentences() -> None:
    """List every sentence that binds a lock, and how this kit holds it."""
    from anmen.conformance.command_parts import list_sentences

    list_sentences(Console())
