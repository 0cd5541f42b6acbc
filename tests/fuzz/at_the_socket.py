"""A simulated lock that answers control requests without threads, files or a network, for the fuzzer to ask."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from device_sim.certificate import HeldCertificate
from device_sim.door import Door
from device_sim.flash.chip import Flash
from device_sim.flash.event_log import Geometry
from device_sim.flash.memory import MemoryMedium
from device_sim.hardware import Hardware
from device_sim.installation import Installation
from device_sim.lock import Lock
from device_sim.lock_runner import LockRunner
from device_sim.provision import Provision
from device_sim.requests import answer
from device_sim.start import Start
from firmware_protocol.keys import public_key
from tests.fuzz.authentic import LOCK, LOCK_KEY, SERVICE_KEY

T = TypeVar("T")
NOWHERE = Path("/nonexistent")
# Names that open files and cameras of this machine: not the fuzzer's business.
_OUTSIDE = ("image", "webcam")


class Silence:
    """A link that leads nowhere."""

    def connect(self, will: bytes, certificate: HeldCertificate | None = None) -> None:
        """Nothing."""

    def publish(self, frame: bytes) -> None:
        """Nothing."""

    def drop(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class InMemory(Hardware):
    """Hardware whose flash is forgotten at each power-on."""

    __slots__ = ()

    def boot(self, provision: Provision, folder: Path, door: Door, *, clock_kept: bool = True) -> Lock:
        """A lock over new flash."""
        flash = Flash(MemoryMedium(), Geometry(4096, 8), draw=lambda size: b"k" * size)
        start = Start(0.0, 1_790_000_000_000 if clock_kept else None, door)
        return Lock(provision.identity, flash, start, engine=None, draw=lambda size: b"k" * size)


@dataclass
class Runner:
    """As LockRunner to whoever asks, in one thread."""

    provision: Provision
    installed: Installation
    engine: None = None

    def call(self, work: Callable[[Installation], T]) -> T:
        """Do it at once."""
        return work(self.installed)


def runner() -> Runner:
    """One lock with power."""
    provision = Provision(
        lock=LOCK,
        private_key=LOCK_KEY,
        service_public_key=public_key(SERVICE_KEY),
        certificate=NOWHERE,
        certificate_key=NOWHERE,
        authority=NOWHERE,
        broker_host="localhost",
        broker_port=1,
    )
    installed = Installation(provision, NOWHERE, hardware=InMemory(), link=Silence())
    installed.power_on()
    return Runner(provision, installed)


def ask(one: Runner, request: Any) -> None:
    """Ask, but for what would reach out of the simulator; the answer must be an object."""
    if isinstance(request, dict):
        request = {"lock": str(LOCK), **{key: value for key, value in request.items() if key not in _OUTSIDE}}
    assert isinstance(answer({str(LOCK): cast(LockRunner, one)}, request), dict)
