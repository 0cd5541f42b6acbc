"""The command `anmen revocations`: have the broker refuse the locks that the service has shut out, by itself and at once.

It is the one process that has the locks' authority's key, so it signs the certificates that locks ask for, too.
"""

import shlex
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anmen.errors import MachineError

if TYPE_CHECKING:
    from anmen.certificates import Certificates
    from anmen.revocation_list import RevocationList


def revocations(
    authority: Annotated[Path, typer.Option(help="Folder of the locks' authority: locks-ca.pem, its key, issued.txt.")],
    listing: Annotated[
        Path, typer.Option("--list", help="The revocation list that the broker reads (crlfile).")
    ] = Path("/etc/mosquitto/anmen/revoked/locks.crl"),
    reload: Annotated[
        str, typer.Option(help="Command that makes the broker read it again.")
    ] = "systemctl reload mosquitto",
    *,
    empty: Annotated[
        bool,
        typer.Option("--empty", help="Only write an empty list where there is none, for the broker's first start."),
    ] = False,
) -> None:
    """Keep the broker's revocation list, until Ctrl-C: written anew within a second of a lock being shut out. Renew certificates.

    Needs ANMEN_DATABASE_URL (role anmen_revoke) and ANMEN_BROKER_… with a certificate named anmen-revocations. Runs on the
    broker's machine, as an account of its own: it is the only one that has the authority's key.
    """
    from anmen.certificates import Certificates
    from anmen.revocation_list import RevocationList

    if not (authority / "locks-ca.key").is_file():
        raise MachineError(f"{authority} has no locks-ca.key: the list must be signed by the locks' authority.")
    certificates = Certificates(authority)
    kept = RevocationList(listing, certificates)
    kept.ensure()
    if not empty:
        _keep(kept, certificates, reload)


def _keep(kept: "RevocationList", certificates: "Certificates", reload: str) -> None:
    from anmen.renewing import signing
    from anmen.shutting_out import ShuttingOut, throw_off
    from anmen.workers import broker_address, database_of
    from service.edges.request_log import configure_logs
    from service.settings import Settings

    configure_logs()
    settings = Settings()
    address = broker_address(settings)

    def tell_broker(locks: frozenset[str]) -> None:
        for lock in kept.unknown(locks):
            typer.echo(
                f"{lock} is shut out, but the authority's book has no certificate of it: the broker still lets it in."
            )
        if kept.update(locks):
            subprocess.run(shlex.split(reload), check=False)  # the operator's own command

    shutting = ShuttingOut(
        database_of(settings), tell_broker=tell_broker, throw_off=lambda lock: throw_off(address, lock)
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: shutting.stop())
    with signing(database_of(settings), certificates):
        shutting.run()
