"""What an earlier run left behind after kill -9: found by the folder it works in, which no stranger shares."""

import os
import signal
import time
from pathlib import Path

_PATIENCE_S = 10.0


def processes_in(folder: Path) -> list[int]:
    """Processes whose working folder is this one, also when it has been deleted under them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = str((entry / "cwd").readlink())
            except OSError:
                continue
            if where.removesuffix(" (deleted)") == str(folder):
                found.append(int(entry.name))
    return found


def end_leftovers(folder: Path, ask: signal.Signals) -> None:
    """Ask the oldest process in that folder to end, wait for all of them, and kill what is left after a while."""
    give_up_at = time.monotonic() + _PATIENCE_S
    while left := processes_in(folder):
        if time.monotonic() > give_up_at:
            _signal(left, signal.SIGKILL)
        else:
            _signal([min(left, key=_started)], ask)
        time.sleep(0.05)


def _started(pid: int) -> int:
    """Clock ticks since boot at which a process started; a gone one counts as the youngest."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 1 << 62


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
