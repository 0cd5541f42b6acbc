"""Writing numbered events into flash, and saving room there when it is nearly full.

Somebody who tries PINs for nights at a lock that is offline must not push the entries of a week out of its flash. So
while the flash is nearly full, a refusal (or the alarm it causes) like one that was recorded since is only counted, and
the counts go into the log as one event each when there is room again.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from device_sim.flash.chip import Flash, RepeatKey
from device_sim.timekeeping import Timekeeper
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType, Field

# Kinds that are counted at a time; further ones are recorded singly.
MOST_KINDS = 64


class Recorder:
    """Gives events their numbers and puts them into flash; what is safe there is told on through `tell`."""

    def __init__(self, flash: Flash, time: Timekeeper, tell: Callable[[Event, float], None]) -> None:
        self._flash = flash
        self._time = time
        self._tell = tell
        self._told_once: set[RepeatKey] = set()

    def record(self, kind: EventType, fields: Mapping[Field, Any], now: float) -> Event:
        """The event, in flash when this returns; before it, where that was the price, a tombstone."""
        events = self._flash.log.append(kind, fields, self._time.stamp(now))
        for event in events:
            self._tell(event, now)
        return events[-1]

    def begin_sector(self, now: float) -> None:
        """What comes next stands in a sector of its own."""
        for event in self._flash.log.begin_anew(self._time.stamp(now)):
            self._tell(event, now)

    def record_start(self, now: float, fields: Mapping[Field, Any] = MappingProxyType({})) -> None:
        """The first events of a boot: what was found damaged, what was only counted before it, and that it started."""
        self.settle(now)
        self.record(EventType.STARTED, fields, now)

    def record_repeatable(self, kind: EventType, fields: Mapping[Field, Any], now: float) -> Event | None:
        """Something that anybody outside can cause as often as they like: an event of its own, or only counted (None)."""
        if not self._flash.log.nearly_full:
            return self.record(kind, fields, now)
        key = (int(kind), int(fields[Field.CODE]), int(fields[Field.SOURCE]), fields.get(Field.CREDENTIAL_ID, 0))
        if key in self._told_once:
            counts = dict(self._flash.remembered.uncounted)
            self._flash.remember(uncounted=tuple({**counts, key: counts.get(key, 0) + 1}.items()))
            return None
        if len(self._told_once) < MOST_KINDS:
            self._told_once.add(key)
        return self.record(kind, fields, now)

    def settle(self, now: float) -> None:
        """Say what flash has lost; record what was only counted, once there is room again."""
        for event in self._flash.log.declare_damage(self._time.stamp(now)):
            self._tell(event, now)
        if self._flash.log.nearly_full:
            return
        self._told_once.clear()
        for (kind, code, source, credential), count in self._flash.remembered.uncounted:
            named = {Field.CREDENTIAL_ID: credential} if credential else {}
            fields = {Field.CODE: code, Field.SOURCE: source, **named, Field.COUNT: count}
            self.record(EventType(kind), fields, now)
        # A power cut before this line counts them twice; the other order could lose them.
        self._flash.remember(uncounted=())
