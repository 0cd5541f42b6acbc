"""`anmen …` as a process of its own in milliseconds: forked from one that has everything imported, instead of a new interpreter.

What runs is the whole command, in a session of its own, with its own log and environment; it dies by SIGKILL like any other.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path

from anmen.__main__ import main
from service.edges import mqtt_link

_PR_SET_PDEATHSIG = 1
# Starting one looks after all the others, and only one may read how a process has ended.
_one_at_a_time = threading.Lock()
_PRELOADED = ["anmen.workers", "device_sim.estate", "device_sim.hardware", __name__]


class ForkedCommand:
    """One run of the command; the same words as `anmen.child_process.Child` where they mean the same."""

    def __init__(self, words: Sequence[str], *, environment: Mapping[str, str], log_path: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        log_path.parent.mkdir(parents=True, exist_ok=True)
        self._process = context.Process(target=_run, args=(list(words), dict(environment), log_path), daemon=True)
        with _one_at_a_time:
            self._process.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    @property
    def running(self) -> bool:
        """Whether it is still there."""
        return self._exit_status is None

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL has ended it."""
        return self._exit_status == -signal.SIGKILL

    @property
    def _exit_status(self) -> int | None:
        with _one_at_a_time:
            return self._process.exitcode

    def await_death(self, within_s: float) -> bool:
        """Whether it died in that time; returns the moment it has."""
        return bool(wait([self._process.sentinel], within_s)) and not self.running

    def await_file(self, ready: Path, within_s: float) -> None:
        """Return once it has written the file, or has died."""
        ends = time.monotonic() + within_s
        while self.running and not ready.exists():
            assert time.monotonic() < ends, f"{ready.name} was not there within {within_s} s"
            time.sleep(0.003)

    def stop(self) -> None:
        """Ask it to end, insist after ten seconds."""
        self._process.terminate()
        self.await_death(10)
        self.kill()

    def kill(self) -> None:
        """SIGKILL, if it is still there."""
        self._process.kill()
        assert self.await_death(10)


def _run(words: list[str], environment: dict[str, str], log_path: Path) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    for name in [name for name in os.environ if name.startswith("ANMEN_")]:
        del os.environ[name]
    os.environ.update(environment)
    # How long it waits before it calls the broker again, and nothing of what it does then.
    mqtt_link._RECONNECT_S = (0.05, 0.5)
    sys.argv = ["anmen", *words]
    main()
