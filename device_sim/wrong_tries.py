"""The wrong tries that the flash remembers, so that a power cut lets nobody begin to guess anew.

Each refusal is in the event log before the next try; nothing else is written, and the flash wears no faster. Where the
clock cannot say how long ago a try was (it stopped, or it was not set then), it counts as of this moment.
"""

from collections.abc import Iterator

from device_sim.flash.chip import Flash
from device_sim.flash.event_log import Stamp
from device_sim.presentation import WRONG_TRIES
from firmware_protocol.lockout import LOCKED_OUT_S, WITHIN_S, Lockout
from firmware_protocol.lockout import WRONG_TRIES as MOST_TRIES
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import AlarmCode, ClockQuality, EventType, Field

# Whoever keeps a lock busy with faces that are none must not push the tries out of sight: many more than five minutes hold.
LOOK_BACK = 512


def remembered(flash: Flash, stamp: Stamp, now: float) -> Lockout:
    """The lock-out as it stands at a boot; `stamp` is the boot's own, `now` its uptime."""
    if any(
        kind == EventType.ACCESS_REFUSED and code in WRONG_TRIES for (kind, code, *_), _ in flash.remembered.uncounted
    ):
        # These were only counted, so nobody knows when they were.
        return Lockout((), now + LOCKED_OUT_S)
    tries: list[float] = []
    for event, age_s in _recent(flash, stamp):
        if event.type == EventType.ALARM_RAISED and event.get(Field.CODE) == AlarmCode.WRONG_CODE_ENTRY_LIMIT:
            return Lockout(tuple(reversed(tries)), now + LOCKED_OUT_S - age_s)
        if event.type == EventType.ACCESS_REFUSED and event.get(Field.CODE) in WRONG_TRIES:
            tries += [now - age_s] * int(event.get(Field.COUNT) or 1)
    return Lockout(tuple(reversed(tries[:MOST_TRIES])))


def _recent(flash: Flash, stamp: Stamp) -> Iterator[tuple[Event, float]]:
    """Events of the last minutes, the latest first, and how many seconds ago they were."""
    newest = flash.log.next_sequence
    for event in reversed(flash.log.read(max(1, newest - LOOK_BACK), LOOK_BACK)):
        dated = ClockQuality.UNSET not in (event.clock_quality, stamp.clock_quality)
        age_s = max(0.0, (stamp.at_ms - event.occurred_at_ms) / 1000) if dated else 0.0
        if age_s >= WITHIN_S:
            return
        yield event, age_s
