"""The lock's clock: a battery-backed chip that may have stopped, set by the service, never set back below its floor.

While it is unset, times are uptime. The floor is the latest time the service has told; a chip that shows less has
stopped in between, and is not believed.
"""

from dataclasses import dataclass, replace

from firmware_protocol.vocabulary import ClockQuality

# After this long without the service's word a clock is merely kept: crystals drift by seconds a week.
SYNCED_FOR_S = 24 * 3600.0
# A correction that is worth an event of its own.
NOTABLE_MS = 2000


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """`offset_ms` is Unix time minus uptime, 0 while the clock is unset; `synced_at` is uptime."""

    quality: ClockQuality = ClockQuality.UNSET
    offset_ms: int = 0
    floor_ms: int = 0
    synced_at: float = 0.0

    def now_ms(self, now: float) -> int:
        """Unix time in milliseconds; uptime where the clock is unset."""
        return max(0, round(now * 1000) + self.offset_ms)

    def now_s(self, now: float) -> int:
        """The same in whole seconds."""
        return self.now_ms(now) // 1000

    def told(self, unix_ms: int, now: float) -> "DeviceClock":
        """The clock after the service has told the time."""
        believed = max(unix_ms, self.floor_ms)
        return DeviceClock(ClockQuality.SYNCED, believed - round(now * 1000), believed, now)

    def aged(self, now: float) -> "DeviceClock":
        """The clock with the quality it deserves now."""
        stale = self.quality is ClockQuality.SYNCED and now - self.synced_at >= SYNCED_FOR_S
        return replace(self, quality=ClockQuality.KEPT) if stale else self

    def drifted(self, by_ms: int) -> "DeviceClock":
        """The clock after it went wrong by so much; it does not know."""
        return replace(self, offset_ms=self.offset_ms + by_ms)


def clock_at_start(chip_ms: int | None, floor_ms: int, now: float) -> DeviceClock:
    """The clock of a boot, from what its chip shows (None: it has stopped)."""
    if chip_ms is None or chip_ms < floor_ms:
        return DeviceClock(floor_ms=floor_ms)
    return DeviceClock(ClockQuality.KEPT, chip_ms - round(now * 1000), floor_ms)
