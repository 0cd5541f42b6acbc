"""The command `anmen firmware`: sign as the maker, add and roll out as the operator.

Operators are whoever can run this command with the serving role's ANMEN_DATABASE_URL; there is no page for it, because
nobody who signs in to the pages (landlord, tenant, grid worker, officer) decides what locks run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from anmen.errors import MachineError

app = typer.Typer(help="Lock firmware: sign it, add it, roll it out in stages.", no_args_is_help=True)

SIMULATED = "Anmen simulated lock 1"
Image = Annotated[Path, typer.Argument(help="The image file.", exists=True, dir_okay=False)]


@app.command()
def key(
    path: Annotated[
        Path, typer.Argument(help="Where to write the private key (PEM); the public one goes beside it as .pub.")
    ],
) -> None:
    """Draw a maker's signing key. Keep it offline: whoever has it decides what every lock of this maker runs."""
    from anmen.maker_key import draw_maker_key, public_pem
    from anmen.state import write_private

    if path.exists():
        raise MachineError(f"{path} exists already; a maker's key is never overwritten.")
    drawn = draw_maker_key()
    write_private(path, drawn)
    path.with_name(path.name + ".pub").write_bytes(public_pem(drawn))
    typer.echo(f"{path} is the private key, {path.name}.pub the public one.")


@app.command()
def image(
    path: Annotated[Path, typer.Argument(help="Where to write the image.")],
    version: Annotated[str, typer.Option(help="What it calls itself.")],
    behaviour: Annotated[str, typer.Option(help="good, hangs, mute or crashes.")] = "good",
    size: Annotated[int, typer.Option(help="Bytes.")] = 65_536,
) -> None:
    """Write an image for simulated locks, good or broken, to try a roll-out with."""
    from device_sim.firmware_image import Behaviour, FirmwareImage, write_image

    if behaviour not in list(Behaviour):
        raise MachineError(f"--behaviour must be one of: {', '.join(Behaviour)}.")
    path.write_bytes(write_image(FirmwareImage(version, Behaviour(behaviour), 0.05), size))
    typer.echo(f"{path}: {path.stat().st_size:,} bytes.")


@app.command()
def sign(
    file: Image,
    sequence: Annotated[int, typer.Option(min=1, help="Rises with every image for this hardware.")],
    version: Annotated[str, typer.Option(help="For people.")],
    *,
    key: Annotated[Path, typer.Option(help="The maker's private key (PEM).")],
    vendor: Annotated[str, typer.Option(help="The maker's domain.")],
    hardware: Annotated[str, typer.Option(help="The hardware's name.")] = SIMULATED,
    needs: Annotated[int, typer.Option(help="Lowest sequence that may be running.")] = 0,
) -> None:
    """Sign an image: writes FILE.manifest beside it."""
    from anmen.maker_key import private_scalar, read_key
    from firmware_protocol.manifest import ManifestRefused, decode_manifest, describe, encode_manifest, vendor_id
    from firmware_protocol.manifest import sign as seal

    made = describe(
        file.read_bytes(), sequence=sequence, version=version, vendor=vendor_id(vendor), hardware=hardware, needs=needs
    )
    try:
        decode_manifest(encode_manifest(made))
    except ManifestRefused as refused:
        raise MachineError(
            "No lock would read this: 1 to 64 bytes of version, and 1 byte to 16 MiB of image."
        ) from refused
    target = file.with_name(file.name + ".manifest")
    target.write_bytes(seal(made, private_scalar(read_key(key))))
    typer.echo(f"{target}: {version}, sequence {sequence}, {made.size:,} bytes, SHA-256 {made.digest.hex()}.")


@app.command()
def add(
    file: Image,
    manifest: Annotated[Path, typer.Option(help="The signed manifest.", exists=True, dir_okay=False)],
    maker: Annotated[Path, typer.Option(help="The maker's public key (PEM).")],
) -> None:
    """Take a release into stock. Nothing is offered to any lock yet."""
    from anmen.maker_key import public_point, read_key
    from service.edges import clock
    from service.firmware.actions import add_release

    with _operating() as session:
        release, said = add_release(
            session,
            file.read_bytes(),
            manifest.read_bytes(),
            vendor_key=public_point(read_key(maker)),
            now=clock.now(),
        )
    typer.echo(
        f"Release {release}: {said.version}, sequence {said.sequence}. `anmen firmware start {said.version}` rolls it out."
    )


@app.command()
def start(
    version: Annotated[str, typer.Argument(help="Which release.")],
    stages: Annotated[str, typer.Option(help="Shares of all locks in percent, rising to 100.")] = "5,25,100",
    success: Annotated[
        int, typer.Option(help="Percent of the locks begun that must have it before the next stage.")
    ] = 90,
    *,
    errors: Annotated[int, typer.Option(help="Stop when more than this percent came back or failed.")] = 10,
    at_once: Annotated[int, typer.Option(help="Locks that may download at once.")] = 50,
    soak: Annotated[int, typer.Option(help="Seconds an image must have run on trial.")] = 60,
) -> None:
    """Roll a release out to every lock of its hardware that runs something older."""
    from service.edges import clock
    from service.rollout.actions import start_rollout
    from service.rollout.rules import Plan

    try:
        shares = tuple(int(one) for one in stages.split(","))
    except ValueError:
        raise MachineError("--stages are whole percentages with commas, such as 5,25,100.") from None
    with _operating() as session:
        rollout, locks = start_rollout(session, version, Plan(shares, success, errors, at_once, soak), now=clock.now())
    typer.echo(f"Roll-out {rollout} of {version} begins with {shares[0]} % of {locks} locks.")


@app.command()
def pause() -> None:
    """Offer nothing more and hand out no chunks; what is on trial goes on."""
    _change("paused")


@app.command()
def resume() -> None:
    """Go on with a paused roll-out."""
    _change("running")


@app.command()
def abort() -> None:
    """End the roll-out; locks that have not switched drop what they fetched."""
    _change("aborted")


@app.command()
def status() -> None:
    """Releases, roll-outs, and how many locks are where."""
    from service.firmware.actions import releases
    from service.rollout.actions import progress

    with _operating() as session:
        stock, going = releases(session), progress(session)
    console = Console()
    if not stock:
        console.print("No release is in stock. Take one in: anmen firmware add --help")
        return
    shelf = Table("release", "sequence", "bytes", "added", title="In stock")
    for one in stock:
        shelf.add_row(one.version, str(one.sequence), f"{one.size:,}", f"{one.added_at:%Y-%m-%d %H:%M}")
    console.print(shelf)
    if not going:
        console.print("Nothing is being rolled out. Begin with: anmen firmware start --help")
        return
    table = Table("roll-out", "release", "state", "stage", "locks", title="Roll-outs")
    for each in going:
        plan, stage = each.rollout.plan, each.rollout.stage
        shown = f"{stage + 1} of {len(plan.stages)} ({plan.stages[stage]} %)"
        locks = ", ".join(f"{count} {state.value.replace('_', ' ')}" for state, count in sorted(each.states.items()))
        table.add_row(str(each.rollout.id), each.release.version, each.rollout.state.value, shown, locks)
    console.print(table)


def _change(state: str) -> None:
    from service.edges import clock
    from service.rollout.actions import change_state
    from service.rollout.rules import RolloutState

    with _operating() as session:
        rollout = change_state(session, RolloutState(state), now=clock.now())
    typer.echo(f"Roll-out {rollout} is {state}.")


@contextmanager
def _operating() -> Iterator[Session]:
    """One transaction of the serving role; MachineError where no database is named."""
    from service.edges.transaction import SYSTEM, connect, transaction
    from service.settings import Settings

    url = Settings().database_url
    if not url:
        raise MachineError("ANMEN_DATABASE_URL is not set; `anmen firmware` needs that of the role anmen_serve.")
    engine = connect(url, pool_size=1)
    try:
        with transaction(engine, SYSTEM) as session:
            yield session
    finally:
        engine.dispose()
