"""The command `anmen revocations`: have the broker refuse the locks that the service has shut out, by itself and at once.

It is the one process that has the locks' authority's key, so it signs the certificates that locks ask for, too.
"""

import logging
import shlex
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anmen.errors import MachineError

if TYPE_CHECKING:
    from anmen.certificates import Certificates
    from anmen.revocation_list import RevocationList

_RELOAD_WITHIN_S = 60
log = logging.getLogger(__name__)


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
    certificates = Certificates(authority, given=True)
    kept = RevocationList(listing, certificates)
    kept.ensure()
    if not empty:
        _keep(kept, certificates, reload)


class TellingBroker:
    """Writes the list, and has the broker read it until it says that it has: also after a start, since nobody knows what it read last."""

    def __init__(self, kept: "RevocationList", reload: Sequence[str]) -> None:
        self._kept = kept
        self._reload = reload
        self._told = False
        self._unknown: frozenset[str] = frozenset()

    def tell(self, locks: frozenset[str]) -> bool:
        """Have the broker refuse these locks; whether the list was another one. OSError where it cannot be written.

        A reload that fails is tried at the next look.
        """
        unknown = frozenset(self._kept.unknown(locks))
        for lock in sorted(unknown - self._unknown):
            log.warning(
                "%s is shut out, but the authority's book has no certificate of it: the broker still lets it in.", lock
            )
        self._unknown = unknown
        listed_anew = self._kept.update(locks)
        if listed_anew or not self._told:
            self._told = self._reloaded()
        return listed_anew

    def _reloaded(self) -> bool:
        try:
            # The operator's own command.
            ended = subprocess.run(self._reload, check=False, timeout=_RELOAD_WITHIN_S).returncode
        except (OSError, subprocess.TimeoutExpired) as fault:
            log.warning("the broker could not be told to read its list (%s); trying again", type(fault).__name__)
            return False
        if ended:
            log.warning("the broker could not be told to read its list (exit status %d); trying again", ended)
        return ended == 0


def _keep(kept: "RevocationList", certificates: "Certificates", reload: str) -> None:
    from anmen.renewing import signing
    from anmen.shutting_out import ShuttingOut, throw_off
    from anmen.workers import broker_address, database_of
    from service.edges.request_log import configure_logs
    from service.settings import Settings

    configure_logs()
    settings = Settings()
    address = broker_address(settings)

    telling = TellingBroker(kept, shlex.split(reload))
    shutting = ShuttingOut(
        database_of(settings), tell_broker=telling.tell, throw_off=lambda lock: throw_off(address, lock)
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: shutting.listening.stop())
    with signing(database_of(settings), certificates):
        shutting.listening.run()
