"""Which events go out when: live ones at once, stored ones behind them at a bounded rate, lost ones again.

Correctness rests on the service's "stored up to n" alone. Whatever was sent and not stored goes again: at a new
connect, when a holder announces itself, when the service names a gap, and after silence by one probe with back-off
from 5 seconds to 5 minutes, so that ten thousand locks behind a dead service stay quiet.
"""

from collections.abc import Sequence
from typing import Protocol

from firmware_protocol.live_groups import together
from firmware_protocol.messages import Event, Events
from firmware_protocol.vocabulary import EventType

WINDOW = 32
GROUP = 8
PROBE_S = (5.0, 300.0)
BACKFILL_PER_S = 50
# A gap is often only a frame on its way; what was sent this recently is not sent again because somebody asks.
PATIENCE_S = 2.0
# So many of the latest alarms go before everything else that is not stored.
URGENT = 8


class EventLog(Protocol):
    """The lock's flash log, as far as the protocol needs it."""

    @property
    def epoch(self) -> int:
        """Number drawn when the log was created."""

    @property
    def next_sequence(self) -> int:
        """The number the next event will get."""

    @property
    def oldest_sequence(self) -> int:
        """The lowest number still readable (next_sequence if none)."""

    @property
    def stored_up_to(self) -> int:
        """The last receipt of the service that reached the log."""

    def read(self, first: int, limit: int) -> Sequence[Event]:
        """Up to `limit` events in order, the first with a number of at least `first`."""

    def alarms(self, first: int, limit: int) -> Sequence[Event]:
        """The latest alarms with numbers of at least `first`, up to `limit`, in order; found without reading the rest."""


class SendWindow:
    """Decides what to send; reads the log, never writes it."""

    __slots__ = (
        "_ahead",
        "_backfill_at",
        "_behind",
        "_gap",
        "_live",
        "_log",
        "_next",
        "_open",
        "_probe_at",
        "_probe_due",
        "_probe_wait",
        "_probing",
        "_rate",
        "_sent",
        "_stored",
        "_urgent",
    )

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._open = False
        self._stored = log.stored_up_to
        self._next = self._stored + 1
        self._sent: dict[int, float] = {}
        self._ahead: set[int] = set()
        self._behind: set[int] = set()
        self._live: list[Event] = []
        self._urgent = False
        self._gap: tuple[int, int] | None = None
        self._rate = BACKFILL_PER_S
        self._backfill_at = 0.0
        self._probe_wait = PROBE_S[0]
        self._probe_at: float | None = None
        self._probe_due = False
        self._probing = False

    def rewind(self, now: float) -> None:
        """Start again at the first event that is not stored."""
        self._open = True
        self._begin_again()
        self._live.clear()
        self._urgent = True
        self._probe_wait = PROBE_S[0]
        self._arm_probe(now)

    def pause(self) -> None:
        """Nothing goes out until the next rewind."""
        self._open = False
        self._probe_at = None

    def set_rate(self, events_per_s: int) -> None:
        """How fast stored events may follow; live ones are not held back."""
        self._rate = max(1, events_per_s)

    def add_live(self, event: Event, now: float) -> None:
        """A new event: sent at once, unless too many are already on their way."""
        if self._open and (self._has_room_ahead(now) or event.type == EventType.ALARM_RAISED):
            self._live.append(event)
            self._ahead.add(event.sequence)
            self._sent[event.sequence] = now
        if self._probe_at is None:
            self._arm_probe(now)

    def stored(self, up_to: int, now: float) -> None:
        """A receipt. After a probe it also says that what was sent before it and lies above is lost."""
        progress = up_to > self._stored
        self._stored = max(self._stored, up_to)
        self._next = max(self._next, self._stored + 1)
        self._forget_sent(0, self._stored)
        if self._probing:
            self._begin_again()
        if progress:
            self._probe_wait = PROBE_S[0]
        self._arm_probe(now)

    def missing(self, first: int, last: int, now: float) -> None:
        """The service names a gap: send it again, at the pace of stored events, unless it is surely still on its way.

        What has not been sent at all comes by itself, so a live event that overtakes a back-fill does not hurry it. A
        service restored from a backup names numbers below its own receipts; what flash still has of them goes again.
        """
        if last < self._log.oldest_sequence:
            # Flash gave all of it up, and the tombstone that says so lies behind what was sent: that has been heard, go on.
            self._behind.clear()
            self._ahead.clear()
            return
        first, last = max(first, self._log.oldest_sequence), min(last, self._next - 1)
        recent = [
            number
            for number in range(first, min(last, first + WINDOW) + 1)
            if now - self._sent.get(number, float("-inf")) < PATIENCE_S
        ]
        if not recent and first <= last:
            self._forget_sent(first, last)
            self._gap = (first, last)

    def take(self, now: float) -> list[Events]:
        """What to send now."""
        if not self._open:
            return []
        out = [Events(self._log.epoch, True, group) for group in together(self._live)]
        self._live.clear()
        if self._urgent:
            self._urgent = False
            # Where one frame holds all of it, alarms go in it: a frame more would say that there are any.
            one_frame = self._log.next_sequence - self._stored <= GROUP + 1
            alarms = () if one_frame else self._log.alarms(self._stored + 1, URGENT)
            out += self._groups([one for one in alarms if one.sequence not in self._sent], now)
        if self._probe_due:
            # Not "the event after the last stored one": flash may have lost that, and a later one tells of it.
            self._probe_due = False
            out += self._groups(self._log.read(self._stored + 1, 1), now)
        return out + self._backfill(now)

    def deadline(self) -> float | None:
        """When expire (or take) has something to do."""
        waiting = [self._probe_at] if self._probe_at is not None else []
        if self._open and self._to_fill() and len(self._behind) < WINDOW:
            waiting.append(self._backfill_at)
        return min(waiting, default=None)

    def expire(self, now: float) -> None:
        """Probe with the first event that is not stored, if the service has been silent for too long."""
        if self._probe_at is not None and now >= self._probe_at:
            self._probe_due = self._probing = True
            self._probe_wait = min(self._probe_wait * 2, PROBE_S[1])
            self._probe_at = now + self._probe_wait

    def _backfill(self, now: float) -> list[Events]:
        if now < self._backfill_at:
            return []
        chosen: list[Event] = []
        while self._to_fill() and len(chosen) < min(GROUP, WINDOW - len(self._behind)):
            event = self._next_of_gap() if self._gap else self._next_stored()
            if event is not None and event.sequence not in self._sent:
                chosen.append(event)
        if chosen:
            self._backfill_at = now + len(chosen) / self._rate
            self._behind.update(event.sequence for event in chosen)
        return self._groups(chosen, now)

    def _has_room_ahead(self, now: float) -> bool:
        """A live event above a long back-fill is covered by no receipt for an hour: after a while it counts as arrived."""
        if len(self._ahead) >= WINDOW:
            self._ahead = {number for number in self._ahead if now - self._sent[number] < PROBE_S[0]}
        return len(self._ahead) < WINDOW

    def _to_fill(self) -> bool:
        return self._gap is not None or self._next < self._log.next_sequence

    def _next_of_gap(self) -> Event | None:
        first, last = self._gap or (1, 0)
        event = next((one for one in self._log.read(first, 1) if one.sequence <= last), None)
        self._gap = (event.sequence + 1, last) if event is not None and event.sequence < last else None
        return event

    def _next_stored(self) -> Event | None:
        event = next(iter(self._log.read(self._next, 1)), None)
        self._next = event.sequence + 1 if event is not None else self._log.next_sequence
        return event

    def _groups(self, events: Sequence[Event], now: float) -> list[Events]:
        self._sent.update({event.sequence: now for event in events})
        return [Events(self._log.epoch, False, tuple(events[at : at + GROUP])) for at in range(0, len(events), GROUP)]

    def _forget_sent(self, first: int, last: int) -> None:
        for number in [number for number in self._sent if first <= number <= last]:
            del self._sent[number]
            self._ahead.discard(number)
            self._behind.discard(number)

    def _begin_again(self) -> None:
        self._forget_sent(0, self._log.next_sequence)
        self._gap = None
        self._next = self._stored + 1
        self._probe_due = self._probing = False

    def _arm_probe(self, now: float) -> None:
        outstanding = self._open and self._stored + 1 < self._log.next_sequence
        self._probe_at = now + self._probe_wait if outstanding else None
