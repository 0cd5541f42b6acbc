"""What a fleet has done so far, and how long it took from the door to the receipt."""

from array import array
from dataclasses import asdict, dataclass, field
from math import ceil, log
from typing import Any

# Buckets from a tenth of a millisecond, each a twentieth wider than the one before.
_FIRST_MS, _WIDER = 0.1, 1.05
_BUCKETS = 360


@dataclass(slots=True)
class Delays:
    """Delays in buckets: a percentile is at most five percent too high."""

    counts: "array[int]" = field(default_factory=lambda: array("Q", bytes(8 * _BUCKETS)))

    def note(self, seconds: float) -> None:
        """One more."""
        bucket = ceil(log(max(seconds * 1000, _FIRST_MS) / _FIRST_MS) / log(_WIDER))
        self.counts[min(bucket, _BUCKETS - 1)] += 1

    def percentile_ms(self, share: float) -> float:
        """So many of the delays were no longer than this; 0 where there are none."""
        left = share * sum(self.counts)
        for bucket, count in enumerate(self.counts):
            left -= count
            if left <= 0 and count:
                return round(_FIRST_MS * _WIDER**bucket, 2)
        return 0.0


@dataclass(slots=True)
class Figures:
    """Counts of one run. `connected` and `proven` are of now, the others of all so far; a repeated birth is none."""

    locks: int = 0
    connected: int = 0
    proven: int = 0
    connects: int = 0
    connects_failed: int = 0
    births: int = 0
    recorded: int = 0
    stored: int = 0
    refused_frames: int = 0
    frames_up: int = 0
    frames_down: int = 0
    frames_lost: int = 0
    frames_doubled: int = 0
    frames_delayed: int = 0
    power_cuts: int = 0
    clock_jumps: int = 0
    lists_applied: int = 0
    lists_cut_short: int = 0
    declared_lost: int = 0
    last_problem: str = ""
    delays: Delays = field(default_factory=Delays)

    def as_json(self) -> dict[str, Any]:
        """Everything, with the two percentiles in milliseconds."""
        counted = {name: value for name, value in asdict(self).items() if name != "delays"}
        p50, p99 = self.delays.percentile_ms(0.5), self.delays.percentile_ms(0.99)
        return {**counted, "door_to_receipt_ms": {"p50": p50, "p99": p99}}
