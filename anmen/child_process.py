"""One child process that never outlives us.

The kernel is told to signal the child when its parent dies (PR_SET_PDEATHSIG), so that even kill -9 of Anmen leaves no
database or broker behind. Two traps: the kernel means the parent *thread*, so every child is born from one thread that
lives as long as the process; and a change of uid clears the wish, so it is made after it, which is where Python runs
`preexec_fn`.

Each child may open as many files as the system allows at most: one connection a lock is one file a lock.
"""

import ctypes
import io
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from anmen.errors import ChildDied, MachineError
from anmen.unprivileged import Account

_PR_SET_PDEATHSIG = 1
_LOG_KEPT_BYTES = 8_000_000
_libc = ctypes.CDLL(None, use_errno=True)
_birthplace = ThreadPoolExecutor(max_workers=1, thread_name_prefix="child-births")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start a child: what to run, as whom, and where its words go. No `environment` means ours."""

    name: str
    argv: Sequence[str]
    log_path: Path
    environment: Mapping[str, str] | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    folder: Path | None = None


class Child:
    """A started process, in a session of its own so that Ctrl-C at the terminal reaches only us."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._process = _birthplace.submit(_spawn, launch).result()

    @property
    def name(self) -> str:
        """The name it was started under."""
        return self._launch.name

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative is the signal that ended it."""
        return self._process.poll()

    @property
    def running(self) -> bool:
        """Whether it is still there."""
        return self.exit_status is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; silently nothing when it is already gone."""
        self._process.send_signal(number)

    def stop(self, *, timeout_s: float = 10.0) -> None:
        """Ask it to end by its own stop signal, insist with SIGKILL after `timeout_s`, and reap it."""
        self.signal(self._launch.stop_signal)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL it and what it has started in its session, as a crash would."""
        if self.running:
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        return log_tail(self._launch.log_path, lines)

    def await_ready(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Return once `ready()` says so; raise with the end of the log when the child dies, or is ended for being late."""
        give_up_at = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise ChildDied(self.obituary())
            if time.monotonic() > give_up_at:
                self.stop()
                raise MachineError(f"{self.name} was not ready after {timeout_s:.0f} s.{self._log_excerpt()}")
            time.sleep(0.02)

    def obituary(self) -> str:
        """What to tell a person when it has ended by itself."""
        status = self.exit_status
        how = f"exit status {status}" if status is None or status >= 0 else f"signal {signal.Signals(-status).name}"
        return f"{self.name} stopped by itself ({how}).{self._log_excerpt()}"

    def _log_excerpt(self) -> str:
        tail = self.log_tail()
        where = f" Its log: {self._launch.log_path}"
        return f"{where}\n{tail}" if tail else f"{where} (empty)"


def log_tail(path: Path, lines: int) -> str:
    """The last lines of a file, indented; empty when there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 200 * lines))
            kept = log.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return ""
    return "\n".join(f"    {line}" for line in kept)


def _spawn(launch: Launch) -> subprocess.Popen[bytes]:
    parent = os.getpid()
    open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def before_exec() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, launch.stop_signal)
        if os.getppid() != parent:
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))

    account = launch.account
    with _open_log(launch.log_path) as log:
        try:
            return subprocess.Popen(
                list(launch.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if launch.environment is None else dict(launch.environment),
                cwd=launch.folder or "/",
                start_new_session=True,
                preexec_fn=before_exec,  # noqa: PLW1509 - it only makes system calls and takes no lock
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        except OSError as error:
            raise MachineError(f"{launch.name} could not be started: {launch.argv[0]}: {error.strerror}") from error


def _open_log(path: Path) -> io.BufferedWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_KEPT_BYTES:
        path.rename(path.with_suffix(".1" + path.suffix))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")
