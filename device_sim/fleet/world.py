"""What all locks of a fleet share: its truth, its figures, its faults, time and entropy."""

from collections.abc import Callable
from dataclasses import dataclass, field

from device_sim.fleet.faults import Faults
from device_sim.fleet.figures import Figures
from device_sim.fleet.truth import Truth


@dataclass(slots=True)
class World:
    """`run` is above all runs before. `unix_ms` is what a right clock shows at an uptime; `draw` gives random bytes."""

    run: int
    truth: Truth
    unix_ms: Callable[[float], int]
    draw: Callable[[int], bytes]
    seed: int = 1
    speed: float = 1.0
    faults: Faults = field(default_factory=Faults)
    figures: Figures = field(default_factory=Figures)
    day_begins_s: float = 6 * 3600.0
    quiet: bool = False
    """Nobody comes or goes any more, and nothing goes wrong: what is on its way may arrive."""
    slots: bool = True
    """Whether locks heed the reconnect slots they were given."""

    def simulated_s(self, now: float) -> float:
        """The households' time: it runs `speed` times as fast as the locks', from early on the first day."""
        return self.day_begins_s + now * self.speed

    def due_at(self, simulated_s: float) -> float:
        """When that is, in uptime."""
        return (simulated_s - self.day_begins_s) / self.speed
