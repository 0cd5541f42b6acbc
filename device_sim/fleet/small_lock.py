"""One lock of a fleet: the real LockSide, a list, a log in memory. No camera, no bolt, no flash; what people do is given."""

from device_sim.fleet.at_the_door import events_of
from device_sim.fleet.diary import Diary, Stamp
from device_sim.fleet.dice import Dice
from device_sim.fleet.hazards import Mishap, PowerGone
from device_sim.fleet.household import Act
from device_sim.fleet.small_clock import SmallClock
from device_sim.fleet.world import World
from firmware_protocol.access_list import AccessList, ListChange
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.keys import private_key
from firmware_protocol.lock_side import (
    Boot,
    ClockOffered,
    Happening,
    ListComplete,
    LockIdentity,
    LockSide,
    StoredUpTo,
    Welcomed,
)
from firmware_protocol.messages import Event
from firmware_protocol.standing import Standing
from firmware_protocol.vocabulary import ClockQuality, EventType, Field

HARDWARE, FIRMWARE, OLD_FIRMWARE = "Anmen fleet lock 1", "0.1.0", "0.0.9"
_CAPABILITIES: dict[str, object] = {"list_entries": 200}
_ASK_TIME_EVERY_S, _ASK_TIME_AGAIN_S = 900.0, 10.0
_NOTABLE_MS = 2000


class SmallLock:
    """One lock over its boots. `side` is None while it has no power."""

    __slots__ = (
        "_ask_at",
        "_diary",
        "_dice",
        "_digest",
        "_held",
        "_list_told",
        "_waiting",
        "boots",
        "clock",
        "clone",
        "identity",
        "linked",
        "log",
        "old",
        "place",
        "side",
        "slot_s",
        "welcomed",
        "world",
    )

    def __init__(self, place: int, identity: LockIdentity, world: World, dice: Dice, *, clone: bool = False) -> None:
        self.place, self.identity, self.world, self.clone = place, identity, world, clone
        self._diary = Diary(place, world, clone=clone, small=dice.happens(world.faults.full))
        self.log = self._diary.log
        self.side: LockSide | None = None
        self.boots = 0
        self.slot_s = 0.0
        self.linked = False
        self.welcomed = False
        self.old = dice.happens(world.faults.old)
        self._dice = dice
        self._held = AccessList()
        self._digest = self._held.digest
        self._list_told = 0
        self.clock = SmallClock(world, world.faults.drift * (2 * dice.share() - 1) / 1e6 if world.faults.drift else 0.0)
        self._ask_at = 0.0
        self._waiting: list[tuple[int, float]] = []

    @property
    def list_version(self) -> int:
        """The version held."""
        return self._held.version

    @property
    def list_digest(self) -> bytes:
        """Its digest."""
        return self._digest

    @property
    def alarmed(self) -> bool:
        """Whether there is an alarm that nobody has yet."""
        return bool(self.log.alarms(self.log.stored_up_to + 1, 1))

    def power_on(self, now: float) -> None:
        """A boot over the log and list that are there."""
        self.boots += 1
        # A run of the fleet counts as a million boots.
        boot = Boot(self.world.run * 1_000_000 + self.boots, private_key(self.world.draw(48)))
        self.side = LockSide(self.identity, boot, self.log)
        self.clock.quality = ClockQuality.KEPT
        self._ask_at = now
        self.record(EventType.STARTED, {}, now)
        if self._list_told != self._held.version:
            self._tell_list(now)

    def power_off(self) -> None:
        """No goodbye: receipts that were not written down are forgotten, and half a list with them."""
        self.side, self.linked, self.welcomed = None, False, False
        self._waiting.clear()
        self.log.forget_receipts()

    def came_up(self, now: float) -> None:
        """Connected and subscribed."""
        if self.side is not None:
            self.linked = True
            self.world.figures.births += 1
            self.side.connected(self.standing(now), now)
            self._ask_at = now

    def went_down(self) -> None:
        """Not connected any more."""
        self.linked = self.welcomed = False
        self._waiting.clear()
        if self.side is not None:
            self.side.disconnected()

    def receive(self, frame: bytes, now: float) -> None:
        """A frame came down; PowerGone where this is the moment at which the power goes."""
        if self.side is None:
            return
        try:
            happened = self.side.receive(frame, self.standing(now), now)
        except RemoteProtocolError as refused:
            self.world.figures.refused_frames += 1
            self.world.figures.last_problem = f"frame refused: {refused.reason.value}"
            return
        for one in happened:
            self._act_on(one, now)

    def expire(self, now: float) -> None:
        """Do what is due."""
        side = self.side
        if side is None:
            return
        due = side.deadline()
        if due is not None and due <= now:
            side.expire(self.standing(now), now)
        if side.proven and self.linked and now >= self._ask_at:
            self._ask_at = now + _ASK_TIME_AGAIN_S
            side.ask_time(self.world.draw(8), now)

    def deadline(self) -> float | None:
        """When to call `expire`."""
        if self.side is None:
            return None
        ask_at = self._ask_at if self.side.proven and self.linked else None
        return min((at for at in (self.side.deadline(), ask_at) if at is not None), default=None)

    def standing(self, now: float) -> Standing:
        """What it says of itself."""
        return Standing(
            self._held.version,
            self._digest,
            80,
            int(now),
            self.clock.shows_ms(now),
            self.clock.quality,
            HARDWARE,
            OLD_FIRMWARE if self.old else FIRMWARE,
            {} if self.old else _CAPABILITIES,
        )

    def record(self, kind: EventType, fields: dict[int, object], now: float) -> Event:
        """Something happens: into the log, into the truth, on its way."""
        return self._send(self._diary.record(kind, fields, self._stamp(now)), now)[-1]

    def wear_out(self, place: int, now: float) -> None:
        """One of the events that nobody has stored cannot be read any more, and the lock finds out."""
        if self.side is not None:
            self._send(self._diary.wear_out(place, self._stamp(now)), now)

    def _stamp(self, now: float) -> Stamp:
        return self.world.run * 1_000_000 + self.boots, self.clock.shows_ms(now), int(self.clock.quality)

    def _send(self, events: tuple[Event, ...], now: float) -> tuple[Event, ...]:
        for event in events:
            if self.side is not None:
                self.side.recorded(event, now)
                if self.linked:
                    self._waiting.append((event.sequence, now))
        return events

    def act(self, act: Act, now: float) -> None:
        """Somebody is at the door. Without power only the inside handle moves, unrecorded."""
        if self.side is not None:
            for kind, fields in events_of(act, self._held, self.clock.shows_ms(now) // 1000, self._dice):
                self.record(kind, fields, now)

    def _act_on(self, happened: Happening, now: float) -> None:
        match happened:
            case StoredUpTo(up_to):
                self._note_receipt(up_to, now)
            case ListComplete(change):
                self._change_list(change, now)
            case ClockOffered(now_ms):
                self._set_clock(now_ms, now)
            case Welcomed(slot_s):
                self.welcomed = True
                self.slot_s = 0.0 if self.old else slot_s

    def _note_receipt(self, up_to: int, now: float) -> None:
        figures = self.world.figures
        figures.stored += max(0, up_to - max(self.log.stored_up_to, self.log.oldest_sequence - 1))
        self.log.stored(up_to)
        while self._waiting and self._waiting[0][0] <= up_to:
            figures.delays.note(now - self._waiting.pop(0)[1])

    def _change_list(self, change: ListChange, now: float) -> None:
        if (change.to_version, change.digest) == (self._held.version, self._digest):
            return
        cut = not self.world.quiet and self._dice.happens(self.world.faults.half_list)
        mishap = Mishap(1 + self._dice.below(2)) if cut else None
        try:
            after = self._held.changed(change)
        except RemoteProtocolError as refused:
            if self.side is not None:
                self.side.refuse_list(self.standing(now), str(refused)[:200])
            return
        if mishap is not Mishap.BEFORE_SWITCH:
            self._held, self._digest = after, after.digest
            self.world.figures.lists_applied += 1
        if mishap is not None:
            self.world.figures.lists_cut_short += 1
            raise PowerGone
        self._tell_list(now)
        self._ask_at = now

    def _tell_list(self, now: float) -> None:
        fields: dict[int, object] = {Field.LIST_VERSION: self._held.version, Field.DIGEST: self._digest}
        self.record(EventType.ACCESS_LIST_APPLIED, fields, now)
        self._list_told = self._held.version

    def _set_clock(self, now_ms: int, now: float) -> None:
        off_ms = self.clock.set_to(now_ms, now)
        self._ask_at = now + _ASK_TIME_EVERY_S
        if abs(off_ms) >= _NOTABLE_MS:
            self.record(EventType.CLOCK_SET, {Field.UPTIME_MS: round(now * 1000)}, now)
