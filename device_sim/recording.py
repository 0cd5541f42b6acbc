"""Writing numbered events into flash, and saving room there when it is nearly full.

Somebody who tries PINs all night at a lock that is offline must not push the entries of a week out of its flash. So
while the flash is nearly full, a refusal like one that was just recorded is only counted, and the count goes into the
log later as one event.
"""

from collections.abc import Mapping
from typing import Any

from device_sim.clock import DeviceClock
from device_sim.flash.chip import Flash
from device_sim.flash.event_log import Stamp
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType, Field

COUNTED_FOR_S = 3600.0
# Kinds of refusals counted at a time; further ones are recorded singly.
MOST_COUNTED = 16


class Recorder:
    """Gives events their numbers and puts them into flash; `clock` is set by the lock."""

    def __init__(self, flash: Flash, clock: DeviceClock) -> None:
        self._flash = flash
        self._counting_since: dict[tuple[int, int, int], float] = {}
        self.clock = clock

    def record(self, kind: EventType, fields: Mapping[Field, Any], now: float) -> tuple[Event, ...]:
        """The event is in flash when this returns; before it, where that was the price, a tombstone."""
        return self._flash.log.append(kind, fields, self._stamp(now))

    def record_start(self, now: float) -> tuple[Event, ...]:
        """The first events of a boot: what was found damaged, what was only counted before it, and that it started."""
        damage = self._flash.log.declare_damage(self._stamp(now))
        counted = self._record_counts(now)
        return (*damage, *counted, *self.record(EventType.STARTED, {}, now))

    def record_refusal(self, fields: Mapping[Field, Any], now: float) -> tuple[Event, ...]:
        """A refusal as an event of its own, or only counted: then nothing is returned."""
        if not self._flash.log.nearly_full:
            return self.record(EventType.ACCESS_REFUSED, fields, now)
        key = (fields[Field.CODE], fields[Field.SOURCE], fields.get(Field.CREDENTIAL_ID, 0))
        if now - self._counting_since.get(key, -COUNTED_FOR_S) < COUNTED_FOR_S:
            counts = dict(self._flash.remembered.uncounted)
            self._flash.remember(uncounted=tuple({**counts, key: counts.get(key, 0) + 1}.items()))
            return ()
        if len(self._counting_since) < MOST_COUNTED:
            self._counting_since[key] = now
        return self.record(EventType.ACCESS_REFUSED, fields, now)

    def settle(self, now: float) -> tuple[Event, ...]:
        """Record what was only counted, once there is room again or an hour has gone by."""
        room = not self._flash.log.nearly_full
        over = [key for key, since in self._counting_since.items() if room or now - since >= COUNTED_FOR_S]
        for key in over:
            del self._counting_since[key]
        return self._record_counts(now) if over else ()

    def _record_counts(self, now: float) -> tuple[Event, ...]:
        counts = self._flash.remembered.uncounted
        events: tuple[Event, ...] = ()
        for (code, source, credential), count in counts:
            fields = {Field.CODE: code, Field.SOURCE: source, Field.COUNT: count}
            named = {Field.CREDENTIAL_ID: credential} if credential else {}
            events += self.record(EventType.ACCESS_REFUSED, {**fields, **named}, now)
        # A power cut before this line counts them twice; the other order could lose them.
        self._flash.remember(uncounted=())
        return events

    def _stamp(self, now: float) -> Stamp:
        boot = self._flash.remembered.boot_number
        return Stamp(boot, self.clock.now_ms(now), self.clock.quality)
