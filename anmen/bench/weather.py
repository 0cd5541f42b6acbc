"""What a storm is made of, and what one has shown."""

from dataclasses import dataclass, field
from enum import StrEnum


class Scene(StrEnum):
    """What comes back at once."""

    POWER = "power"
    POWER_NO_SLOTS = "power-no-slots"
    BROKER = "broker"
    BROKER_NO_SLOTS = "broker-no-slots"
    INGEST = "ingest"

    @property
    def slots(self) -> bool:
        """Whether locks heed the turns they were given."""
        return self not in (Scene.POWER_NO_SLOTS, Scene.BROKER_NO_SLOTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """`cut` of the `locks` lose their power, each with `stored` events that nobody has; `calm_s` before each scene."""

    locks: int = 3000
    cut: int = 3000
    stored: int = 20
    calm_s: float = 10.0
    patience_s: float = 600.0
    scenes: tuple[Scene, ...] = tuple(Scene)


@dataclass(frozen=True, slots=True)
class Delays:
    """Milliseconds from a door of a lock that was not cut to the commit of what happened there."""

    events: int = 0
    p50: float = 0.0
    p99: float = 0.0
    most: float = 0.0


@dataclass(slots=True)
class Sight:
    """Samples of a fleet while it comes back; seconds from when it could."""

    at: list[float] = field(default_factory=list)
    births: list[int] = field(default_factory=list)
    welcomed: list[int] = field(default_factory=list)

    def peak_births_per_s(self) -> int:
        """The most in any one second."""
        most, first = 0, 0
        for last, at in enumerate(self.at):
            while at - self.at[first] > 1.0:
                first += 1
            most = max(most, self.births[last] - self.births[first])
        return most

    def reached(self, locks: int) -> float:
        """When so many had been welcomed."""
        return next(at for at, many in zip(self.at, self.welcomed, strict=True) if many >= locks)


@dataclass(slots=True)
class Storm:
    """What one scene has shown; seconds from when everything could come back."""

    scene: Scene
    half_back_s: float = 0.0
    all_back_s: float = 0.0
    all_stored_s: float = 0.0
    peak_births_per_s: int = 0
    failed_connects: int = 0
    most_waiting: int = 0
    calm: Delays = field(default_factory=Delays)
    meanwhile: Delays = field(default_factory=Delays)
    cpu_s: dict[str, float] = field(default_factory=dict)
    load_average: float = 0.0
