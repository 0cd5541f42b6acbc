"""Privacy and passage: what the lock does for everybody or for nobody, whoever stands before it.

Privacy is the wish of somebody inside. It is never written into flash and ends with the first sign that the person has
left, because a room that nobody is in must not keep its tenant out. Passage follows from the list alone.
"""

from device_sim.held_list import HeldList
from device_sim.recording import Recorder
from device_sim.timekeeping import Timekeeper
from firmware_protocol.decisions import Moment, stands_open
from firmware_protocol.vocabulary import CredentialType, EventType, Field, OperatingMode, OperationSource

PRIVATE_AT_MOST_S = 12 * 3600.0
# Schedules are whole minutes; a door that unlocks this much later than its hour is on time.
LOOK_EVERY_S = 10.0


class Modes:
    """The mode of one boot of a lock; `now` is uptime in seconds."""

    def __init__(self, held: HeldList, time: Timekeeper, recorder: Recorder) -> None:
        self._held = held
        self._time = time
        self._recorder = recorder
        self._private_until: float | None = None
        self._look_at: float | None = None
        self.mode = OperatingMode.NORMAL

    @property
    def private(self) -> bool:
        """Whether somebody inside wants nobody in."""
        return self._private_until is not None

    def press_button(self, now: float) -> None:
        """The button inside: privacy on, or off again."""
        self._private_until = None if self.private else now + PRIVATE_AT_MOST_S
        self._settle(OperationSource.BUTTON, now)

    def somebody_left(self, now: float) -> None:
        """The handle was used or the door stands open: whoever wanted privacy may be gone."""
        self._private_until = None
        self._settle(OperationSource.MANUAL, now)

    def expire(self, now: float) -> None:
        """Do what time brings: privacy that lasted too long, the hours of a passage."""
        if self._private_until is not None and now >= self._private_until:
            self._private_until = None
            self._settle(OperationSource.AUTO, now)
        self._settle(OperationSource.SCHEDULE, now)

        passage = any(one.type is CredentialType.PASSAGE for one in self._held.holding.entries)
        self._look_at = now + LOOK_EVERY_S if passage else None

    def deadline(self) -> float | None:
        """When to look again, or None."""
        return min((at for at in (self._private_until, self._look_at) if at is not None), default=None)

    def moment(self, now: float) -> Moment:
        """What decisions are made by."""
        return self._time.moment(now, spent=self._held.spent, private=self.private)

    def _settle(self, cause: OperationSource, now: float) -> None:
        mode = self._mode(now)
        if mode is not self.mode:
            self.mode = mode
            self._recorder.record(EventType.MODE_CHANGED, {Field.SOURCE: cause, Field.MODE: mode}, now)

    def _mode(self, now: float) -> OperatingMode:
        if self.private:
            return OperatingMode.PRIVACY
        open_to_all = stands_open(self._held.holding.entries, self.moment(now))
        return OperatingMode.PASSAGE if open_to_all else OperatingMode.NORMAL
