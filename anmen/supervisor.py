"""Starts what belongs together, watches it, and stops all of it in reverse order, whatever ends the run.

A child that dies is not started again: on one machine, in a demo, a crash is something to see, not to hide.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from anmen.child_process import Child, Launch
from anmen.errors import ChildDied, MachineError

_SignalHandler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class _Member:
    child: Child
    stop: Callable[[], None]


class Supervisor:
    """A context: inside it things are started; leaving it, also by Ctrl-C or SIGTERM, stops them in reverse order.

    Use it in the main thread. SIGTERM and a closed terminal arrive as KeyboardInterrupt, like Ctrl-C.
    """

    def __init__(self, log_folder: Path, *, announce: Callable[[str], None] = print) -> None:
        self._log_folder = log_folder
        self._announce = announce
        self._members: list[_Member] = []
        self._before: dict[signal.Signals, _SignalHandler] = {}

    def __enter__(self) -> "Supervisor":
        for number in _STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
                self._before[number] = signal.signal(number, _interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)
        try:
            self.stop()
        finally:
            for number, before in self._before.items():
                signal.signal(number, before)

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        ready: Callable[[], bool] = lambda: True,
        timeout_s: float = 60.0,
    ) -> Child:
        """Start one of our own programs and wait until `ready()`; raises with the end of its log when it fails.

        Its log is <log folder>/<name>.log. It is watched from here on, and given 15 s to stop at the end.
        """
        child = Child(Launch(name=name, argv=argv, environment=environment, log_path=self._log_folder / f"{name}.log"))
        self.adopt(child, stop=lambda: child.stop(timeout_s=15.0))
        child.await_ready(ready, timeout_s=timeout_s)
        return child

    def adopt(self, child: Child, *, stop: Callable[[], None]) -> None:
        """Watch something that was started elsewhere (the database, the broker), and stop it in its turn."""
        self._members.append(_Member(child, stop))

    def check(self) -> None:
        """Raise ChildDied, with the end of its log, if anything has stopped by itself."""
        for member in self._members:
            if not member.child.running:
                raise ChildDied(member.child.obituary())

    def wait(self) -> None:
        """Watch until somebody asks for the end (returns), or something stops by itself (raises ChildDied)."""
        try:
            while True:
                self.check()
                time.sleep(0.2)
        except KeyboardInterrupt:
            return

    def stop(self) -> None:
        """Stop everything, last started first. One that will not stop does not keep the others."""
        failures: list[str] = []
        while self._members:
            member = self._members.pop()
            try:
                member.stop()
            except (MachineError, OSError, subprocess.SubprocessError) as error:
                failures.append(f"{member.child.name}: {error}")
        for failure in failures:
            self._announce(f"Could not be stopped in order: {failure}")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
