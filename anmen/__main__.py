"""The command `anmen`: every process of a deployment, and the tools around them."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from anmen import failpoints
from anmen.accounts import app as account
from anmen.bench.command import app as bench
from anmen.conformance.command import app as conformance
from anmen.demo.command import demo
from anmen.errors import MachineError, said_of
from anmen.firmware import app as firmware
from anmen.revocations import revocations
from anmen.sim import app as sim
from service.settings import Settings

app = typer.Typer(
    name="anmen",
    help="Anmen (安门): access control for rental housing. Configuration comes from the environment (ANMEN_…); see docs/operations.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(revocations)
app.add_typer(bench, name="bench")
app.add_typer(sim, name="sim")
app.add_typer(account, name="account")
app.add_typer(firmware, name="firmware")
app.add_typer(conformance, name="conformance")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Answer people: the pages and the JSON API. Run any number of them.

    Needs ANMEN_DATABASE_URL (role anmen_serve), ANMEN_KEYS_FILE and ANMEN_PUBLIC_URL.
    """
    from anmen.serving import run_serve

    run_serve(Settings(), host=host, port=port)


@app.command()
def ingest(
    ready_file: Annotated[Path | None, typer.Option(help="Write this file once shards are held.")] = None,
) -> None:
    """Listen to locks and keep the register. Run any number of them; they share the 64 shards.

    Needs ANMEN_DATABASE_URL (role anmen_ingest), ANMEN_KEYS_FILE (the root "locks" is enough) and ANMEN_BROKER_….
    """
    from anmen.workers import run_ingest

    def ready() -> None:
        if ready_file is not None:
            ready_file.write_text("ready\n", encoding="utf-8")

    run_ingest(Settings(), ready=ready, reached=failpoints.from_environment())


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help='Revision to go to; "base" removes every table.')] = "head",
) -> None:
    """Bring the database to the schema of this version.

    Needs ANMEN_DATABASE_URL of the role that owns the database (anmen_migrate).
    """
    from service.edges import migrate as migrations

    url = Settings().database_url
    if not url:
        raise MachineError(
            "ANMEN_DATABASE_URL is not set. Example: postgresql+psycopg://anmen_migrate:<password>@db/anmen"
        )
    if revision == "base":
        migrations.downgrade(url, revision)
    else:
        migrations.upgrade(url, revision)
    typer.echo(f"The database is at {revision}.")


@app.command()
def certificate(
    lock: Annotated[str, typer.Argument(help="Lock id (L-…).")],
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Day in Beijing's time, such as 2026-11-22.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of words.")] = False,
) -> None:
    """Say whether everything of a lock's day is in the register, and whether the lock vouches for it.

    Needs ANMEN_DATABASE_URL (role anmen_serve) and ANMEN_KEYS_FILE. Ends with 1 unless the day is complete.
    """
    from anmen import certificate as certificates
    from anmen.workers import database_of
    from firmware_protocol.topics import lock_id
    from service.completeness.rules import Verdict

    try:
        known = lock_id(lock)
    except ValueError:
        raise MachineError(f"{lock} is no lock id: it is L- and 12 letters or digits, as on its label.") from None
    database_of(settings := Settings())
    issued = certificates.issue(settings, known, day.date())
    words = certificates.in_words(issued)
    typer.echo(json.dumps(certificates.as_json(issued), indent=2) if as_json else words)
    if issued.verdict is not Verdict.COMPLETE:
        sys.exit(1)


def main() -> None:
    """Run the command; what the person can do something about is said in a sentence, not in a traceback."""
    try:
        app()
    except Exception as problem:
        sentence = said_of(problem)
        if sentence is None:
            raise
        # What it names may hold square brackets, which are no markup.
        Console(stderr=True).print(Text.assemble(("anmen: ", "bold red"), sentence))
        sys.exit(1)


if __name__ == "__main__":
    main()
