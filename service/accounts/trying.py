"""Passwords that are tried: from where, how often they were wrong, and which browsers have signed in before.

Whoever tries is known by a keyed digest of the address or of the browser's mark; neither is kept.
"""

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from service.accounts import records
from service.accounts.rules import FAILURE_WINDOW, Source, wait_after_failures
from service.edges.keyring import Keyring
from service.errors import TooMany

_MARK_BYTES = 16


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: the peer's address, and the mark that its browser was given when it signed in."""

    address: str = ""
    mark: str = ""


def source_of(keyring: Keyring, login_index: bytes, origin: Origin) -> Source:
    """By whom this login is tried: a browser that has signed in with it before, or somebody at an address."""
    nonce, _, proof = origin.mark.partition(".")
    if proof.isascii() and hmac.compare_digest(proof, _proof(keyring, login_index, nonce)):
        return Source(keyring.blind_index("known browser", nonce), known=True)
    return Source(keyring.blind_index("address", _network(origin.address)), known=False)


def new_mark(keyring: Keyring, login_index: bytes) -> str:
    """A mark for a browser that has just signed in with this login; it proves that and nothing else."""
    nonce = secrets.token_hex(_MARK_BYTES)
    return f"{nonce}.{_proof(keyring, login_index, nonce)}"


def too_many(session: Session, login_index: bytes, source: Source, now: datetime) -> TooMany | None:
    """Why this source may not try this login now; otherwise nobody else from there can until this transaction ends."""
    if not records.claim_try(session, login_index, source):
        return TooMany("Somebody is signing in with this login at this moment; try again.", retry_after_s=1)
    wait = wait_after_failures(records.failures_since(session, login_index, now - FAILURE_WINDOW), source, now)
    if wait > timedelta(0):
        return TooMany(
            "Too many wrong attempts with this login; please wait.", retry_after_s=int(wait.total_seconds()) + 1
        )
    return None


def _proof(keyring: Keyring, login_index: bytes, nonce: str) -> str:
    return keyring.blind_index("browser mark", f"{login_index.hex()}.{nonce}").hex()


def _network(address: str) -> str:
    """The address, of IPv6 the network that one household has."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return (
        str(known) if known.version == 4 else str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))
    )
