"""CPU time of the processes that take part, read from /proc: the figure that holds while neighbours are busy."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class CpuMeter:
    """Process ids by the name they are shown under. The children of `with_children` count with it."""

    pids: Mapping[str, int]
    with_children: str

    def read(self) -> dict[str, float]:
        """CPU seconds so far, user and system, by name."""
        seconds = {name: _seconds(pid) for name, pid in self.pids.items()}
        seconds[self.with_children] += sum(_seconds(child) for child in _children(self.pids[self.with_children]))
        return seconds


def _seconds(pid: int) -> float:
    try:
        # After the name in brackets: state is field 3, utime and stime are 14 and 15 (proc(5)).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
