"""One long silence of the service, observed once and used by several checks: how a lock repeats what nobody answers.

What takes time and no answer is looked at in the same minutes (meanwhile.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from anmen.conformance.counterpart import SILENT
from anmen.conformance.meanwhile import Meanwhile
from anmen.conformance.registry import Profile
from anmen.conformance.stand import Stand, within_tolerance
from anmen.conformance.verdict import Failed
from firmware_protocol.messages import Birth, Events, Heartbeat

# Births and probes alike: 5 s, doubled to 300 s.
WAITS_S = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0)
IN_CORE = 3
# A lock that keeps every wait so well shows with the first 300 s that they do not go on to 320; others take a second one.
PRECISE, PRECISE_S = 0.015, 0.5


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
    """Restart the lock and answer nothing: 40 s in the core profile, 10 to 16 minutes in the full one. Observed once a run."""
    waits = WAITS_S if stand.profile is Profile.FULL else WAITS_S[:IN_CORE]
    return stand.once("deafness", lambda: _observe(stand, waits))


def judge_waits(heard: Sequence[float], wanted: Sequence[float], what: str) -> None:
    """The waits must be those, in order and enough of them; Failed names the first that is not."""
    for number, (wait, right) in enumerate(zip(heard, wanted, strict=False)):
        if not within_tolerance(wait, right):
            raise Failed(expected=f"wait {number + 1} between {what} of {right:g} s", seen=f"{wait:.1f} s")
    if not is_enough(heard, wanted):
        raise Failed(
            expected=f"waits of {', '.join(f'{one:g}' for one in wanted)} s between {what}",
            seen=f"{', '.join(f'{one:.1f}' for one in heard) or 'none'}",
        )


def is_enough(heard: Sequence[float], wanted: Sequence[float]) -> bool:
    """Whether these waits show the whole row: all of them, or all but a second longest one where the first was kept exactly."""
    if len(heard) >= len(wanted):
        return True
    is_capped = len(heard) == len(wanted) - 1 and wanted[-1] == wanted[-2]
    exact = all(
        abs(wait - right) <= max(PRECISE_S, PRECISE * right) for wait, right in zip(heard, wanted, strict=False)
    )
    return is_capped and exact


def _observe(stand: Stand, waits: tuple[float, ...]) -> Deafness:
    meanwhile = Meanwhile(stand)
    meanwhile.prepare()
    if stand.service.birth is None:
        stand.restart()
    birth_number = stand.birth.birth_number
    since = stand.mark()
    stand.restart(manners=SILENT)
    began, born = stand.line.now(), stand.transcript.said[-1].at

    def enough() -> bool:
        births, probes = _births(stand, since, birth_number), _probes(stand, since, born)
        return is_enough(_waits(births), waits) and is_enough(_waits([at for at, _ in probes]), waits[1:])

    stand.until(enough, sum(waits) * 1.1 + 4.0 - (stand.line.now() - began))
    lasted_s = stand.line.now() - began
    said = stand.transcript.said[since:]
    after_power = [one for one in said if one.header is not None and one.header.session == stand.service.session]
    probes = _probes(stand, since, born)
    observed = Deafness(
        birth_was_first=bool(after_power) and isinstance(after_power[0].message, Birth),
        first_words=stand.told(since),
        birth_waits=_waits(_births(stand, since, birth_number)),
        probe_sizes=tuple(len(message.events) for _, message in probes),
        probe_firsts=tuple(message.events[0].sequence for _, message in probes),
        probe_waits=_waits([at for at, _ in probes]),
        waits_expected=waits,
        lasted_s=lasted_s,
        heartbeats=sum(isinstance(one.message, Heartbeat) for one in after_power),
    )
    meanwhile.finish()
    return observed


def _births(stand: Stand, since: int, before: int) -> list[float]:
    return [one.at for one, birth in stand.transcript.of(Birth, since) if birth.birth_number != before]


def _probes(stand: Stand, since: int, born: float) -> list[tuple[float, Events]]:
    """What is sent at the birth by itself is no probe, nor is what happens meanwhile."""
    groups = [(one.at, message) for one, message in stand.transcript.of(Events, since)]
    return [(at, message) for at, message in groups if at >= born + 3.0 and not message.live]


def _waits(times: Sequence[float]) -> tuple[float, ...]:
    return tuple(later - earlier for earlier, later in pairwise(times))
