"""What a broker is started with, whichever it is: its ports, its folder, and copies of the certificates it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from anmen.access_rules import Rule
from anmen.certificates import Authority, Certificates
from anmen.state import write_private
from anmen.unprivileged import Account, give

HOST = "127.0.0.1"
SERVER_CERTIFICATE, SERVER_KEY = "server.pem", "server.key"
LOCKS_AUTHORITY, SERVICES_AUTHORITY, BOTH_AUTHORITIES = "locks-ca.pem", "services-ca.pem", "both-ca.pem"


@dataclass(frozen=True, slots=True)
class BrokerPorts:
    """Where the locks connect and where the ingest workers do; one port for both at a broker with one listener."""

    locks: int
    services: int


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """What to write a broker's files from. `accounts` are additional ones, for tests and benches only."""

    folder: Path
    ports: BrokerPorts
    account: Account | None
    accounts: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)


def write_for(plan: BrokerPlan, name: str, content: bytes) -> Path:
    """Put a file where the broker's account, and nobody else, can read it."""
    path = plan.folder / name
    write_private(path, content)
    give(path, plan.account)
    return path


def make_store(plan: BrokerPlan, name: str) -> Path:
    """A folder that the broker itself may write to."""
    store = plan.folder / name
    store.mkdir(exist_ok=True, mode=0o700)
    give(store, plan.account)
    return store


def copy_certificates(plan: BrokerPlan, certificates: Certificates) -> None:
    """Give the broker what it needs and no more: no authority's key comes near it."""
    server = certificates.server()
    locks = certificates.authority(Authority.LOCKS).read_bytes()
    services = certificates.authority(Authority.SERVICES).read_bytes()
    write_for(plan, SERVER_CERTIFICATE, server.certificate.read_bytes())
    write_for(plan, SERVER_KEY, server.key.read_bytes())
    write_for(plan, LOCKS_AUTHORITY, locks)
    write_for(plan, SERVICES_AUTHORITY, services)
    write_for(plan, BOTH_AUTHORITIES, services + locks)
