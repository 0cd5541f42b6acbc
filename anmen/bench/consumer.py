"""A pipeline under measurement, in a process of its own: it says when it has committed how many events."""

import multiprocessing
import signal
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from anmen.errors import MachineError

READY = b"ready"
_COMMIT = struct.Struct("<dIq")
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Commit:
    """`at` (time.monotonic) a transaction with this many new events was committed; `recorded_us` is the time they carry."""

    at: float
    events: int
    recorded_us: int


def microseconds(instant: datetime) -> int:
    """Unix time."""
    return round(instant.timestamp() * 1_000_000)


class Reporter:
    """The consumer's end of the line."""

    def __init__(self, control: "Connection[Any, Any]") -> None:
        self._control = control
        self._lock = threading.Lock()

    def ready(self) -> None:
        """Everything is subscribed."""
        self._control.send_bytes(READY)

    def committed(self, recorded_at: datetime, events: int) -> None:
        """A transaction has just been committed; from any thread."""
        if events:
            said = _COMMIT.pack(time.monotonic(), events, microseconds(recorded_at))
            with self._lock:
                self._control.send_bytes(said)

    def stop_on_close(self, stop: Callable[[], None]) -> None:
        """As the function below."""
        stop_when_closed(self._control, stop)


def stop_when_closed(control: "Connection[Any, Any]", stop: Callable[[], None]) -> None:
    """Call `stop` from another thread once the other end has closed; Ctrl-C is left to it."""

    def await_close() -> None:
        try:
            control.recv_bytes()
        except (EOFError, OSError):
            stop()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=await_close, daemon=True).start()


class Spawned:
    """A process that ends with us; `run` is called there with its end of the line, then `arguments`."""

    def __init__(self, name: str, run: Callable[..., None], *arguments: object) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self._name = name
        self._process = context.Process(target=run, args=(theirs, *arguments), name=name, daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    def wait(self, timeout_s: float) -> None:
        """Until there is something to receive; MachineError where nothing comes, or the process has ended."""
        give_up_at = time.monotonic() + timeout_s
        while not self.line.poll(0.2):
            if not self._process.is_alive():
                raise MachineError(f"{self._name} ended by itself (exit status {self._process.exitcode}).")
            if time.monotonic() > give_up_at:
                raise MachineError(f"{self._name} said nothing for {timeout_s:.0f} s.")

    def kill(self) -> None:
        """SIGKILL; what it has sent can still be received."""
        self._process.kill()
        self._process.join()

    def stop(self) -> None:
        """Close the line, upon which it ends."""
        self.line.close()
        self._process.join(_STOP_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()


class Consumer(Spawned):
    """A spawned process that speaks as a Reporter does."""

    def await_ready(self) -> None:
        """Until it listens."""
        self.wait(_START_TIMEOUT_S)
        if self.line.recv_bytes() != READY:
            raise MachineError("A commit before anything was published: the run is not clean.")

    def await_commits(self, events: int, *, silence_s: float = 20.0) -> list[Commit]:
        """The commits until this many events are stored; MachineError where they stop coming."""
        commits: list[Commit] = []
        missing = events
        while missing > 0:
            try:
                self.wait(silence_s)
            except MachineError as silent:
                raise MachineError(f"{silent} {missing} of {events} published events are not committed.") from silent
            commits.append(Commit(*_COMMIT.unpack(self.line.recv_bytes())))
            missing -= commits[-1].events
        return commits
