"""Simulated locks as they leave the factory: a number, a certificate for the broker, and a secret under the inside cover."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import segno

from anmen.broker_files import HOST
from anmen.certificates import Authority, Certificates
from anmen.errors import MachineError
from anmen.free_ports import PortBook
from anmen.state import StateFolder
from device_sim.estate import Estate, running_estate
from device_sim.hardware import Hardware
from device_sim.provision import Provision, write_provision
from device_sim.updating import Maker
from firmware_protocol.claim import ENTROPY_BYTES, code_of, draw_secret, in_groups
from firmware_protocol.topics import draw_lock_id


def box_lock(
    certificates: Certificates,
    broker_port: int,
    *,
    label: str = "",
    maker: Maker | None = None,
    draw: Callable[[int], bytes] = os.urandom,
) -> Provision:
    """A new lock for the broker of this machine; nobody has its secret but its own cover."""
    lock = draw_lock_id(draw(8))
    pair = certificates.for_lock(lock)
    return Provision(
        lock=lock,
        label=label,
        claim_secret=draw_secret(draw(ENTROPY_BYTES)),
        maker=maker,
        certificate=pair.certificate.absolute(),
        certificate_key=pair.key.absolute(),
        authority=certificates.authority(Authority.SERVICES).absolute(),
        broker_host=HOST,
        broker_port=broker_port,
    )


def sticker(boxed: Provision) -> str:
    """What stands under the cover, for a terminal: number, secret, and the code that holds both."""
    if boxed.claim_secret is None:
        raise MachineError(f"{boxed.lock} is not in its box any more.")
    drawn = StringIO()
    segno.make(code_of(boxed.lock, boxed.claim_secret), error="m").terminal(drawn, compact=True)
    lines = [f"  number   {boxed.lock}", f"  secret   {in_groups(boxed.claim_secret)}"]
    return "\n".join([drawn.getvalue().rstrip(), *lines, f"  code     {code_of(boxed.lock, boxed.claim_secret)}"])


@contextmanager
def running_boxed_lock(state: StateFolder) -> Iterator[tuple[Provision, Estate]]:
    """A new lock beside the demo that uses this folder, powered on; MachineError where there is no such broker."""
    if (state.broker / "nats.conf").exists() and not (state.broker / "mosquitto.conf").exists():
        raise MachineError(
            "This demo's broker (nats-server) lists its locks. Take one of the new locks on the page of the doors."
        )
    port = PortBook(state.ports).remembered("locks")
    boxed = box_lock(Certificates(state.certificates), port, label="A new lock 新锁")
    folder = state.path / "boxed" / boxed.lock
    write_provision(folder, boxed)
    with running_estate(folder, folder / "door.sock", http_port=None, hardware=Hardware()) as estate:
        yield boxed, estate


def on_the_shelf(folder: Path, certificates: Certificates, broker_port: int, *, maker: Maker, count: int) -> None:
    """Put new locks among the locks of a folder."""
    for number in range(1, count + 1):
        boxed = box_lock(certificates, broker_port, label=f"新锁 {number} · new lock {number}", maker=maker)
        write_provision(folder, boxed)
