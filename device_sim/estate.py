"""Many simulated locks in one process: those of a folder of provisioned identities, with the control socket and the page."""

import fcntl
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device_sim import requests
from device_sim.control import ControlSocket
from device_sim.errors import BadProvision, SimulatorError
from device_sim.hardware import Hardware
from device_sim.lock_runner import LockRunner
from device_sim.page.server import Page
from device_sim.provision import read_provisions
from device_sim.report import Json


@dataclass(frozen=True, slots=True)
class Estate:
    """The running locks. `page_address` is None where no page was asked for."""

    runners: Mapping[str, LockRunner]
    page_address: str | None = None

    def answer(self, request: Any) -> Json:
        """Ask something of a lock in this process; requests as on the control socket."""
        return requests.answer(self.runners, request)


@contextmanager
def running_estate(folder: Path, socket_path: Path, *, http_port: int | None, hardware: Hardware) -> Iterator[Estate]:
    """The locks of the folder, powered on, until the block ends. Each has its flash beside its identity.

    `http_port` 0 takes any free port, None serves no page. SimulatorError says what cannot be used.
    """
    runners: dict[str, LockRunner] = {}
    estate = Estate(runners)
    with ExitStack() as stack:
        stack.enter_context(_claimed(folder))
        for provision in read_provisions(folder):
            runner = LockRunner(provision, folder / provision.lock, hardware)
            runner.start()
            stack.callback(runner.stop)
            runners[provision.lock] = runner
        control = ControlSocket(socket_path, estate.answer)
        control.start()
        stack.callback(control.stop)
        if http_port is not None:
            page = Page(http_port, estate.answer)
            page.start()
            stack.callback(page.stop)
            estate = Estate(runners, page.address)
        yield estate


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Keep the folder for ourselves: two processes on one flash would ruin it. A kill gives it free."""
    if not folder.is_dir():
        raise BadProvision(f"{folder} is no folder of provisioned locks")
    with (folder / "in-use").open("w") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SimulatorError(f"a simulator is already running the locks of {folder}") from None
        yield


def run_estate(
    folder: Path,
    socket_path: Path,
    *,
    http_port: int | None,
    hardware: Hardware,
    ready: Callable[[Estate], None] = lambda _: None,
) -> None:
    """Run the locks until SIGINT or SIGTERM; `ready` is told when they answer. For the main thread only."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with running_estate(folder, socket_path, http_port=http_port, hardware=hardware) as estate:
        ready(estate)
        stop.wait()
