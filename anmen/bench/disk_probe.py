"""How fast the disk is right now: a figure of commits means nothing without it, because disks have moods."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_WRITES = 60
_PAGE = bytes(8192)


@dataclass(frozen=True, slots=True)
class DiskProbe:
    """Milliseconds of one fdatasync of one page: median, fastest, slowest."""

    median_ms: float
    fastest_ms: float
    slowest_ms: float


def probe_disk(folder: Path) -> DiskProbe:
    """Write and sync one page 60 times in a file of that folder."""
    path = folder / "disk-probe"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        times_ms = [_write_one(descriptor) for _ in range(_WRITES)]
    finally:
        os.close(descriptor)
        path.unlink()
    return DiskProbe(median(times_ms), min(times_ms), max(times_ms))


def _write_one(descriptor: int) -> float:
    started = time.perf_counter()
    os.pwrite(descriptor, _PAGE, 0)
    os.fdatasync(descriptor)
    return (time.perf_counter() - started) * 1000
