"""One long silence of the service, observed once and used by several checks: how a lock repeats what nobody answers."""

from dataclasses import dataclass
from itertools import pairwise

from anmen.conformance.counterpart import SILENT
from anmen.conformance.registry import Profile
from anmen.conformance.stand import Stand
from firmware_protocol.messages import Birth, Events, Heartbeat

# Births and probes alike: 5 s, doubled to 300 s.
WAITS_S = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0)
IN_CORE = 3


@dataclass(frozen=True, slots=True)
class Deafness:
    """What a lock said to a service that never answered."""

    birth_was_first: bool
    first_words: str
    birth_waits: tuple[float, ...]
    probe_sizes: tuple[int, ...]
    probe_firsts: tuple[int, ...]
    probe_waits: tuple[float, ...]
    waits_expected: tuple[float, ...]
    lasted_s: float
    heartbeats: int


def deafness(stand: Stand) -> Deafness:
    """Restart the lock and answer nothing: 40 s in the core profile, 16 minutes in the full one. Observed once a run."""
    waits = WAITS_S if stand.profile is Profile.FULL else WAITS_S[:IN_CORE]
    return stand.once("deafness", lambda: _observe(stand, waits))


def _observe(stand: Stand, waits: tuple[float, ...]) -> Deafness:
    if stand.service.birth is None:
        stand.restart()
    birth_number = stand.birth.birth_number
    since = stand.mark()
    stand.restart(manners=SILENT)
    lasted_s = sum(waits) * 1.1 + 4.0
    stand.listen(lasted_s)
    said = stand.transcript.said[since:]
    births = [one.at for one in said if isinstance(one.message, Birth) and one.message.birth_number != birth_number]
    after_power = [one for one in said if one.header is not None and one.header.session == stand.service.session]
    groups = [
        (one.at, one.message) for one in said if isinstance(one.message, Events) and births and one.at >= births[0]
    ]
    # What is sent at the birth by itself is no probe.
    probes = [(at, message) for at, message in groups if at >= births[0] + 3.0]
    return Deafness(
        birth_was_first=bool(after_power) and isinstance(after_power[0].message, Birth),
        first_words=stand.told(since),
        birth_waits=tuple(later - earlier for earlier, later in pairwise(births)),
        probe_sizes=tuple(len(message.events) for _, message in probes),
        probe_firsts=tuple(message.events[0].sequence for _, message in probes),
        probe_waits=tuple(later - earlier for earlier, later in pairwise(at for at, _ in probes)),
        waits_expected=waits,
        lasted_s=lasted_s,
        heartbeats=sum(isinstance(one.message, Heartbeat) for one in after_power),
    )
