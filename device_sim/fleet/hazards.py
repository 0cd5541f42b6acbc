"""What is going to go wrong with one lock of a fleet, and when."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from device_sim.fleet.dice import Dice

_NEVER = float("inf")


class Late(NamedTuple):
    """A frame that the wire keeps back."""

    at: float
    number: int
    up: bool
    frame: bytes


@dataclass(slots=True)
class Hazards:
    """When the next mishaps of a lock are due, and which of its frames are late; only where faults are asked for."""

    dice: Dice
    power_at: float = _NEVER
    jump_at: float = _NEVER
    rot_at: float = _NEVER
    visit_at: float = _NEVER
    numbered: int = 0
    late: list[Late] = field(default_factory=list)

    def next_at(self, *, calm: bool) -> float:
        """The earliest of them; while it is calm only frames are still late."""
        late_at = self.late[0].at if self.late else _NEVER
        return late_at if calm else min(late_at, self.power_at, self.jump_at, self.rot_at, self.visit_at)


class Mishap(IntEnum):
    """When the power goes away during a list change."""

    BEFORE_SWITCH = 1
    AFTER_SWITCH = 2


class PowerGone(Exception):
    """The lock has no power any more."""
