"""What a lock says of itself in births and heartbeats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from device_sim.doorway import Doorway
from device_sim.flash.images import Images
from device_sim.held_list import HeldList
from device_sim.timekeeping import Timekeeper
from device_sim.updating import HARDWARE
from firmware_protocol.standing import Standing


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """The parts that are told of; `capabilities` are asked for every time."""

    held: HeldList
    doorway: Doorway
    time: Timekeeper
    images: Images
    capabilities: Callable[[], Mapping[str, Any]]

    def standing(self, now: float) -> Standing:
        """As it is now."""
        clock = self.time.clock
        return Standing(
            self.held.version,
            self.held.digest,
            round(self.doorway.door.battery_percent),
            int(now),
            clock.now_ms(now),
            clock.quality,
            HARDWARE,
            self.images.image.version,
            self.capabilities(),
        )
