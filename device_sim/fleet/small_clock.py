"""A lock's clock: it goes wrong by drifting and by jumping, and is set by what the service says."""

from device_sim.fleet.world import World
from firmware_protocol.vocabulary import ClockQuality


class SmallClock:
    """`drift` is a share; the clock outlives power cuts."""

    __slots__ = ("_ahead_ms", "_drift", "_world", "quality")

    def __init__(self, world: World, drift: float) -> None:
        self._world, self._drift = world, drift
        self._ahead_ms = 0
        self.quality = ClockQuality.KEPT

    def shows_ms(self, now: float) -> int:
        """Unix milliseconds."""
        return self._world.unix_ms(now) + self._ahead_ms + round(now * 1000 * self._drift)

    def jump(self, by_ms: int) -> None:
        """It goes wrong; the lock does not know."""
        self._ahead_ms += by_ms

    def set_to(self, now_ms: int, now: float) -> int:
        """The service says the time; by how many milliseconds it was off."""
        off_ms = now_ms - self.shows_ms(now)
        self._ahead_ms += off_ms
        self.quality = ClockQuality.SYNCED
        return off_ms
