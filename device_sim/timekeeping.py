"""What the lock knows of time over boots: its clock, when it last heard the service, how long it ran without a clock.

These are written down seldom, so after a power cut the lock may believe that it heard the service a little earlier than
it did, and that it ran a little longer without a clock. Both errors shorten what it honours, never lengthen it.
"""

from math import inf

from device_sim.clock import NOTABLE_MS, clock_at_start
from device_sim.flash.chip import Flash
from device_sim.flash.event_log import Stamp
from firmware_protocol.decisions import Moment
from firmware_protocol.vocabulary import ClockQuality

WRITTEN_DOWN_EVERY_S = 600
# The answer is also what offline leases count from, so it is asked for far more often than clocks drift.
ASK_EVERY_S = 900.0
# Nobody answered, or too late to be believed: ask again after the first of these, doubled up to the second (ANM-TIM-003).
ASK_AGAIN_S = (5.0, 300.0)


class Timekeeper:
    """Time as one boot of a lock knows it; `chip_ms` is what the clock chip showed at its start (None: it had stopped)."""

    def __init__(self, flash: Flash, chip_ms: int | None, now: float) -> None:
        self._flash = flash
        kept = flash.remembered
        self.clock = clock_at_start(chip_ms, kept.clock_floor_ms, now)
        self._last_contact_s = kept.last_contact_s
        self._unset_before_s = kept.unset_uptime_s
        self._started_at = now
        self._written_at = now
        self._ask_at = now
        self._ask_wait = ASK_AGAIN_S[0]
        self._unanswered = False
        self.confirmed = False
        if self.clock.quality is ClockQuality.UNSET:
            self._flash.remember(unset_uptime_s=self._unset_s(now) + WRITTEN_DOWN_EVERY_S)

    def stamp(self, now: float) -> Stamp:
        """The stamp of an event that happens now."""
        return Stamp(self._flash.remembered.boot_number, self.clock.now_ms(now), self.clock.quality)

    def moment(self, now: float, *, spent: frozenset[int] = frozenset(), private: bool = False) -> Moment:
        """What decisions are made by: time as it is known here, and what the rest of the lock knows."""
        clock = self.clock
        floor_s = clock.floor_ms // 1000
        return Moment(
            clock.now_s(now), clock.quality, self._last_contact_s, self._unset_s(now), spent, private, floor_s
        )

    def is_question_due(self, now: float) -> bool:
        """Whether to ask the service for the time; who asks is taken to have done it."""
        if now < self._ask_at:
            return False
        self._ask_at, self._unanswered = now + self._ask_wait, True
        self._ask_wait = min(self._ask_wait * 2, ASK_AGAIN_S[1])
        return True

    def deadline(self) -> float | None:
        """When to ask again at the latest; None while no question waits for its answer."""
        return self._ask_at if self._unanswered else None

    def ask_soon(self, now: float) -> None:
        """Something has changed that the service's next answer will confirm."""
        self._ask_at, self._ask_wait, self._unanswered = now, ASK_AGAIN_S[0], False

    def list_changed(self, now: float) -> None:
        """Another list is held: whether it is the latest is for the service to say."""
        self.confirmed = False
        self.ask_soon(now)

    def disconnected(self) -> None:
        """Nobody is there to be asked; who comes up again asks at once."""
        self._ask_at, self._unanswered = inf, False

    def told(self, unix_ms: int, now: float) -> bool:
        """Set the clock by the service; whether that is worth an event."""
        before, self.clock = self.clock, self.clock.told(unix_ms, now)
        self._ask_at, self._ask_wait, self._unanswered = now + ASK_EVERY_S, ASK_AGAIN_S[0], False
        self._flash.remember(clock_floor_ms=self.clock.floor_ms, unset_uptime_s=0)
        unset = before.quality is ClockQuality.UNSET
        return unset or abs(before.now_ms(now) - self.clock.now_ms(now)) >= NOTABLE_MS

    def contacted(self, now: float) -> None:
        """The service has confirmed what we hold: offline leases count from now."""
        self.confirmed = True
        self._last_contact_s = self.clock.now_s(now)
        if self._last_contact_s - self._flash.remembered.last_contact_s >= WRITTEN_DOWN_EVERY_S:
            self._flash.remember(last_contact_s=self._last_contact_s)

    def keep(self, now: float) -> None:
        """Let the clock age, and write down from time to time how long it has been unset."""
        self.clock = self.clock.aged(now)
        if self.clock.quality is ClockQuality.UNSET and now - self._written_at >= WRITTEN_DOWN_EVERY_S:
            self._written_at = now
            self._flash.remember(unset_uptime_s=self._unset_s(now) + WRITTEN_DOWN_EVERY_S)

    def _unset_s(self, now: float) -> int:
        unset = self.clock.quality is ClockQuality.UNSET
        return self._unset_before_s + int(now - self._started_at) if unset else 0
