"""A lock of a fleet on its door: households, power, the way to the broker, and everything that goes wrong with them."""

from heapq import heappop, heappush

from device_sim.fleet.dice import Dice, seed_of
from device_sim.fleet.hazards import Hazards, Late, PowerGone
from device_sim.fleet.household import Household
from device_sim.fleet.line import Line, Stage
from device_sim.fleet.small_lock import SmallLock
from device_sim.fleet.world import World
from firmware_protocol.lock_session import LockIdentity
from firmware_protocol.mqtt import Published
from firmware_protocol.topics import Direction, frame_topic, holder_topic, shard_of

FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 60.0
_MOST_DOUBLINGS = 8
# Without power for so long; a clone stays and is away for so long.
_DARK_S = 2.0
_CLONE_STAYS_S, _CLONE_AWAY_S = 5.0, 25.0
_OVERTAKEN_S = 0.3
_JUMP_MS = 600_000
_NEVER = float("inf")


class HungLock:
    """One place of the fleet. The loop calls `drive` when `next_at` has come, and `heard` with what the line brought."""

    __slots__ = (
        "_dark_until",
        "_hazards",
        "_home",
        "_in_slot",
        "_retry",
        "_tries",
        "connect_at",
        "line",
        "lock",
        "queued",
    )

    def __init__(self, place: int, identity: LockIdentity, world: World, *, clone: bool = False) -> None:
        dice = Dice(seed_of(world.seed, place, int(clone)))
        self.lock = SmallLock(place, identity, world, dice, clone=clone)
        self.line: Line | None = None
        self.connect_at = _NEVER
        self.queued = False
        self._retry = dice
        self._tries = 0
        self._in_slot = False
        self._dark_until = 0.0
        self._home = Household(dice.number(), world.simulated_s(0))
        faults = world.faults
        self._hazards = Hazards(Dice(dice.number())) if clone or faults != type(faults)() else None
        if self._hazards is not None:
            self._hazards.power_at = self._after(0.0, faults.power)
            self._hazards.jump_at = self._after(0.0, faults.jump)
            self._hazards.rot_at = self._after(0.0, faults.rot)
            self._hazards.visit_at = _CLONE_AWAY_S * (0.5 + dice.share()) if clone else _NEVER

    @property
    def wants_line(self) -> bool:
        """Whether it is this lock's turn to connect."""
        return self.line is None and self.connect_at != _NEVER

    def power_on(self, now: float) -> None:
        """Begin a boot; it connects when its slot has passed."""
        self._dark_until = _NEVER
        self.lock.power_on(now)
        self._await_slot(now)

    def power_off(self, now: float, back_at: float | None = None) -> None:
        """No goodbye; the power comes back by itself, at this time or after a while."""
        self.hang_up()
        self.lock.power_off()
        self.connect_at = _NEVER
        self._dark_until = back_at if back_at is not None else now + _DARK_S * (0.5 + self._retry.share())
        if self._hazards is not None:
            self._hazards.late.clear()

    def next_at(self, now: float) -> float:
        """When `drive` has something to do."""
        world = self.lock.world
        deadline = self.lock.deadline()
        dates = [
            self._dark_until,
            _NEVER if world.quiet else world.due_at(self._home.next.at_s),
            _NEVER if self.line or self.queued else self.connect_at,
        ]
        if deadline is not None and self.lock.linked:
            dates.append(deadline)
        if self._hazards is not None:
            dates.append(self._hazards.next_at(calm=world.quiet))
        return max(now, min(dates))

    def drive(self, now: float) -> None:
        """Do what time brings, and hand what is to be said to the line."""
        if now >= self._dark_until:
            self.power_on(now)
        self._live(now)
        if self._hazards is not None:
            self._suffer(self._hazards, now)
        if self._in_slot and self.lock.alarmed:
            self.connect_at, self._in_slot = now, False
        if self.lock.linked:
            self.lock.expire(now)
            self.say(now)

    def say(self, now: float) -> None:
        """What the lock has to say goes onto the wire."""
        side = self.lock.side
        if side is not None and self.lock.linked:
            for frame in side.to_send(now):
                self._onto_wire(frame, now, up=True)

    def open_line(self, line: Line) -> None:
        """Connect over this line, with the will of the next birth."""
        side, identity = self.lock.side, self.lock.identity
        self.connect_at, self._in_slot = _NEVER, False
        if side is None:
            line.close()
            return
        topics = frame_topic(identity.lock, Direction.DOWN), holder_topic(shard_of(identity.lock))
        line.ask(identity.lock, (frame_topic(identity.lock, Direction.UP), side.connecting()), topics)
        self.line = line

    def heard(self, published: list[Published], now: float) -> None:
        """What the line brought."""
        if self.line is not None and self.line.stage is Stage.OPEN and not self.lock.linked:
            self._tries = 0
            self.lock.came_up(now)
        for one in published:
            if one.topic.endswith("/holder"):
                if self.lock.side is not None and self.lock.linked:
                    self.lock.side.announced(now)
            else:
                self._onto_wire(one.payload, now, up=False)
        self.say(now)

    def lose_line(self, now: float) -> None:
        """The line broke; try again, after the slot and by chance."""
        was_linked = self.lock.linked
        self.hang_up()
        slot_s = self._slot_s() if was_linked else 0.0
        longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0**self._tries)
        self._tries = min(self._tries + 1, _MOST_DOUBLINGS)
        self.connect_at, self._in_slot = now + slot_s + longest * (0.5 + self._retry.share() / 2), slot_s > 0

    def hang_up(self, *, goodbye: bool = False) -> None:
        """Close the line, if there is one."""
        if self.line is not None:
            self.line.close(goodbye=goodbye)
            self.line = None
        self.lock.went_down()

    def _await_slot(self, now: float) -> None:
        if self.lock.clone:
            return
        slot_s = self._slot_s()
        self.connect_at, self._in_slot = now + slot_s, slot_s > 0

    def _slot_s(self) -> float:
        """Whoever holds an alarm that nobody has yet waits for no turn."""
        return self.lock.slot_s if self.lock.world.slots and not self.lock.alarmed else 0.0

    def _live(self, now: float) -> None:
        world = self.lock.world
        if world.quiet:
            return
        while world.due_at(self._home.next.at_s) <= now:
            self.lock.act(self._home.next.act, now)
            self._home.go_on()

    def _suffer(self, hazards: Hazards, now: float) -> None:
        faults, figures, calm = self.lock.world.faults, self.lock.world.figures, self.lock.world.quiet
        if now >= hazards.power_at and not calm:
            hazards.power_at = self._after(now, faults.power)
            if self.lock.side is not None:
                figures.power_cuts += 1
                self.power_off(now)
        if now >= hazards.jump_at and not calm:
            hazards.jump_at = self._after(now, faults.jump)
            figures.clock_jumps += 1
            self.lock.clock.jump(hazards.dice.below(2 * _JUMP_MS) - _JUMP_MS)
        if now >= hazards.rot_at and not calm:
            hazards.rot_at = self._after(now, faults.rot)
            self.lock.wear_out(hazards.dice.below(1 << 32), now)
        if now >= hazards.visit_at and not calm:
            self._visit(hazards, now)
        while hazards.late and hazards.late[0].at <= now:
            late = heappop(hazards.late)
            self._deliver(late.frame, now, up=late.up)

    def _visit(self, hazards: Hazards, now: float) -> None:
        """A clone comes with the same name and throws the lock out, and goes away again."""
        if self.line is None and self.connect_at == _NEVER:
            self.connect_at, hazards.visit_at = now, now + _CLONE_STAYS_S
        else:
            self.hang_up()
            self.connect_at, hazards.visit_at = _NEVER, now + _CLONE_AWAY_S

    def _onto_wire(self, frame: bytes, now: float, *, up: bool) -> None:
        hazards, faults, figures = self._hazards, self.lock.world.faults, self.lock.world.figures
        if hazards is None or self.lock.world.quiet:
            self._deliver(frame, now, up=up)
            return
        if hazards.dice.happens(faults.loss):
            figures.frames_lost += 1
            return
        twice = hazards.dice.happens(faults.duplicate)
        figures.frames_doubled += twice
        for _ in range(1 + twice):
            wait_s = faults.delay * hazards.dice.share() if faults.delay else 0.0
            wait_s += _OVERTAKEN_S * hazards.dice.share() if hazards.dice.happens(faults.reorder) else 0.0
            if wait_s:
                figures.frames_delayed += 1
                hazards.numbered += 1
                heappush(hazards.late, Late(now + wait_s, hazards.numbered, up, frame))
            else:
                self._deliver(frame, now, up=up)

    def _deliver(self, frame: bytes, now: float, *, up: bool) -> None:
        figures = self.lock.world.figures
        if up and self.line is not None and self.line.stage is Stage.OPEN:
            figures.frames_up += 1
            self.line.publish(frame_topic(self.lock.identity.lock, Direction.UP), frame)
        elif not up and self.lock.linked:
            figures.frames_down += 1
            try:
                self.lock.receive(frame, now)
            except PowerGone:
                self.power_off(now)

    def _after(self, now: float, a_minute: float) -> float:
        if not a_minute or self._hazards is None:
            return _NEVER
        return now + 60 / a_minute * (0.5 + self._hazards.dice.share())
