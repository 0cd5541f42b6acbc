"""Crash on purpose: ANMEN_FAILPOINT=<point>[@n] kills this process with SIGKILL the n-th time it comes by the point.

With ANMEN_FAILPOINT_KILLS=<pid file> it is another process that dies there (the broker, the database), and this one
goes on. The file goes with its process; laid there anew, it costs the next one its life, n points later or when it is there.
For the crash tests only: unset, reaching a point costs one function call that returns.
"""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

Reached = Callable[[str], None]


def from_environment(environment: Mapping[str, str] = os.environ) -> Reached:
    """What to tell the names of points to; ValueError where the variable cannot be read."""
    chosen = environment.get("ANMEN_FAILPOINT")
    if not chosen:
        return _nothing
    point, _, nth = chosen.partition("@")
    victims = environment.get("ANMEN_FAILPOINT_KILLS")
    return _Killer(point, int(nth or "1"), Path(victims) if victims else None)


class _Killer:
    def __init__(self, point: str, nth: int, pid_file: Path | None) -> None:
        self._point = point
        self._nth = self._left = nth
        self._pid_file = pid_file

    def __call__(self, point: str) -> None:
        if point != self._point:
            return
        self._left -= 1
        if self._left > 0:
            return
        if self._pid_file is None:
            os.kill(os.getpid(), signal.SIGKILL)
        elif self._pid_file.exists():
            os.kill(int(self._pid_file.read_text()), signal.SIGKILL)
            # Once only: by the next time the number may be somebody else's.
            self._pid_file.unlink()
            self._left = self._nth


def _nothing(_point: str) -> None:
    return
