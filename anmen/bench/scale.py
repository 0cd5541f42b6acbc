"""How large a run is."""

from dataclasses import dataclass

# The share of the measured load at which the time from publishing to the commit is taken, and the load every machine is asked for.
LATENCY_SHARE = 0.5
LATENCY_RATE = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """`events` are published flat out in each of the `rounds`; a measurement of delay lasts `seconds`."""

    lanes: int = 1
    locks: int = 2000
    events: int = 60_000
    rounds: int = 3
    seconds: float = 5.0
    latency_rate: int = LATENCY_RATE
