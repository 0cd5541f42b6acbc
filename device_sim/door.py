"""Bolt, leaf, inside handle and battery. Pure: every step takes uptime in seconds and gives the door after it.

The inside handle is mechanics: it draws the bolt back from wherever it is, with no battery and no list asked. Nothing in
this file can refuse it, which is why the table below has a line for it in every state.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from firmware_protocol.vocabulary import AlarmCode, DoorState

MOTOR_S = 0.4
STUCK_AFTER_S = 2.0
RELOCK_AFTER_S = 5.0
AJAR_AFTER_S = 60.0
# What one movement costs: some 10,000 openings a set of batteries.
MOVEMENT_PERCENT = 0.005
LOW_PERCENT = 20.0
MOTOR_NEEDS_PERCENT = 3.0


class Bolt(StrEnum):
    """Where the bolt is. On its way is a state of its own: a door is open only when the bolt has arrived."""

    LOCKED = "locked"
    UNLOCKING = "unlocking"
    UNLOCKED = "unlocked"
    LOCKING = "locking"
    JAMMED = "jammed"


class Push(StrEnum):
    """What moves the bolt, or fails to."""

    MOTOR_BACK = "motor_back"
    MOTOR_OUT = "motor_out"
    ARRIVED = "arrived"
    STUCK = "stuck"
    HANDLE = "handle"


# What is not in the table leaves the bolt where it is.
BOLT_TRANSITIONS = {
    (Bolt.LOCKED, Push.MOTOR_BACK): Bolt.UNLOCKING,
    (Bolt.LOCKING, Push.MOTOR_BACK): Bolt.UNLOCKING,
    (Bolt.JAMMED, Push.MOTOR_BACK): Bolt.UNLOCKING,
    (Bolt.UNLOCKED, Push.MOTOR_OUT): Bolt.LOCKING,
    (Bolt.UNLOCKING, Push.ARRIVED): Bolt.UNLOCKED,
    (Bolt.LOCKING, Push.ARRIVED): Bolt.LOCKED,
    (Bolt.UNLOCKING, Push.STUCK): Bolt.JAMMED,
    (Bolt.LOCKING, Push.STUCK): Bolt.JAMMED,
    (Bolt.LOCKED, Push.HANDLE): Bolt.UNLOCKED,
    (Bolt.UNLOCKING, Push.HANDLE): Bolt.UNLOCKED,
    (Bolt.UNLOCKED, Push.HANDLE): Bolt.UNLOCKED,
    (Bolt.LOCKING, Push.HANDLE): Bolt.UNLOCKED,
    (Bolt.JAMMED, Push.HANDLE): Bolt.UNLOCKED,
}


@dataclass(frozen=True, slots=True)
class LeafMoved:
    """The leaf has come to this state."""

    state: DoorState


@dataclass(frozen=True, slots=True)
class AlarmDue:
    """Something a person should hear of."""

    code: AlarmCode


DoorHappening = LeafMoved | AlarmDue


@dataclass(frozen=True, slots=True)
class Door:
    """One door. `obstructed`: something keeps the bolt from moving; times are uptime."""

    bolt: Bolt = Bolt.LOCKED
    leaf: DoorState = DoorState.CLOSED
    obstructed: bool = False
    battery_percent: float = 100.0
    motor_until: float | None = None
    relock_at: float | None = None
    ajar_at: float | None = None
    # Power at the outside contacts; it moves the bolt whatever the battery has.
    emergency_power: bool = False
    # A passage, or a fire: the bolt stays back.
    held_open: bool = False
    relock_s: float = RELOCK_AFTER_S
    ajar_s: float = AJAR_AFTER_S
    stay_s: float | None = None

    @property
    def can_drive(self) -> bool:
        """Whether the battery still moves the bolt."""
        return self.emergency_power or self.battery_percent >= MOTOR_NEEDS_PERCENT

    def powered_outside(self, *, connected: bool) -> "DoorStep":
        """Somebody holds a battery to the outside contacts, or takes it away."""
        return DoorStep(replace(self, emergency_power=connected))

    def hold_open(self, now: float, *, held: bool) -> "DoorStep":
        """Keep the bolt back from now on, or let the door lock itself again."""
        after = replace(self, held_open=held)
        if not held:
            return DoorStep(after._relocking(now))
        return after._driven(Push.MOTOR_BACK, now) if self.can_drive else DoorStep(after)

    def lift_plate(self) -> "DoorStep":
        """Pry the plate off outside, or open the case."""
        return DoorStep(self, (AlarmDue(AlarmCode.FRONT_ESCUTCHEON_REMOVED),))

    @property
    def is_at_rest(self) -> bool:
        """Whether the door is shut and locked and nothing moves: nobody notices if the electronics are away for a moment."""
        return self.bolt is Bolt.LOCKED and self.leaf is DoorState.CLOSED and self.motor_until is None

    def unlock(self, now: float) -> "DoorStep":
        """Drive the bolt back; it has arrived only after `expire` says so."""
        if self.bolt is Bolt.UNLOCKED:
            return DoorStep(self._relocking(now))
        return self._driven(Push.MOTOR_BACK, now)

    def unlock_for(self, seconds: float, now: float) -> "DoorStep":
        """Drive the bolt back and keep it there so long; what somebody else's opening has begun is not cut short."""
        staying = replace(self, stay_s=seconds)
        if self.bolt is Bolt.UNLOCKED:
            return DoorStep(staying._relocking(now))
        return staying._driven(Push.MOTOR_BACK, now)

    def turn_handle(self, now: float) -> "DoorStep":
        """The inside handle, and the mechanical key: the bolt is back, always and at once."""
        freed = replace(self, bolt=BOLT_TRANSITIONS[self.bolt, Push.HANDLE], motor_until=None)
        return DoorStep(freed._relocking(now))

    def open_leaf(self, now: float) -> "DoorStep":
        """Pull the door: it opens if the bolt is back."""
        if self.leaf is not DoorState.CLOSED or self.bolt is not Bolt.UNLOCKED:
            return DoorStep(self)
        opened = replace(self, leaf=DoorState.OPEN, relock_at=None, ajar_at=now + self.ajar_s)
        return DoorStep(opened, (LeafMoved(DoorState.OPEN),))

    def force_leaf(self) -> "DoorStep":
        """Break the door open."""
        forced = replace(self, leaf=DoorState.FORCED_OPEN, relock_at=None, ajar_at=None)
        return DoorStep(forced, (LeafMoved(DoorState.FORCED_OPEN), AlarmDue(AlarmCode.DOOR_FORCED_OPEN)))

    def close_leaf(self, now: float) -> "DoorStep":
        """Shut the door."""
        if self.leaf is DoorState.CLOSED:
            return DoorStep(self)
        closed = replace(self, leaf=DoorState.CLOSED, ajar_at=None)
        return DoorStep(closed._relocking(now), (LeafMoved(DoorState.CLOSED),))

    def drained(self, percent: float) -> "DoorStep":
        """The battery has lost so much; emergency power spares it."""
        if self.emergency_power:
            return DoorStep(self)
        after = replace(self, battery_percent=max(0.0, self.battery_percent - percent))
        is_news = after.battery_percent <= LOW_PERCENT < self.battery_percent
        return DoorStep(after, (AlarmDue(AlarmCode.BATTERY_LOW),) if is_news else ())

    def powered_up(self, now: float) -> "Door":
        """The door as a fresh boot finds it: the mechanics stayed, the timers are new."""
        still = replace(self, motor_until=None, relock_at=None, ajar_at=None, held_open=False)
        if still.bolt in (Bolt.UNLOCKING, Bolt.LOCKING):
            still = replace(still, motor_until=now + still._motor_s)
        if still.leaf is DoorState.OPEN:
            return replace(still, ajar_at=now + self.ajar_s)
        return still._relocking(now)

    def deadline(self) -> float | None:
        """When expire has something to do, or None."""
        return min((at for at in (self.motor_until, self.relock_at, self.ajar_at) if at is not None), default=None)

    def expire(self, now: float) -> "DoorStep":
        """Do what is due: the bolt arrives or sticks, the door locks itself, or has stood open too long."""
        if self.motor_until is not None and now >= self.motor_until:
            return self._arrived(now)
        if self.relock_at is not None and now >= self.relock_at:
            if self.can_drive:
                return self._driven(Push.MOTOR_OUT, now)
            return DoorStep(replace(self, relock_at=None))
        if self.ajar_at is not None and now >= self.ajar_at:
            ajar = replace(self, leaf=DoorState.AJAR, ajar_at=None)
            return DoorStep(ajar, (LeafMoved(DoorState.AJAR), AlarmDue(AlarmCode.DOOR_AJAR)))
        return DoorStep(self)

    @property
    def _motor_s(self) -> float:
        return STUCK_AFTER_S if self.obstructed else MOTOR_S

    def _driven(self, push: Push, now: float) -> "DoorStep":
        bolt = BOLT_TRANSITIONS.get((self.bolt, push), self.bolt)
        if bolt is self.bolt:
            return DoorStep(replace(self, relock_at=None))
        moving = replace(self, bolt=bolt, motor_until=now + self._motor_s, relock_at=None)
        return moving.drained(MOVEMENT_PERCENT)

    def _arrived(self, now: float) -> "DoorStep":
        push = Push.STUCK if self.obstructed else Push.ARRIVED
        stopped = replace(self, bolt=BOLT_TRANSITIONS.get((self.bolt, push), self.bolt), motor_until=None)
        jammed = stopped.bolt is Bolt.JAMMED
        return DoorStep(stopped._relocking(now), (AlarmDue(AlarmCode.LOCK_JAMMED),) if jammed else ())

    def _relocking(self, now: float) -> "Door":
        """Lock by itself in a while, if the bolt is back and the leaf shut."""
        waits = self.bolt is Bolt.UNLOCKED and self.leaf is DoorState.CLOSED and not self.held_open
        stay_s = self.relock_s if self.stay_s is None else self.stay_s
        relock_at = max(now + stay_s, self.relock_at or 0.0)
        return replace(self, relock_at=relock_at if waits else None, stay_s=None)


@dataclass(frozen=True, slots=True)
class DoorStep:
    """The door after a step, and what is to be recorded of it."""

    door: Door
    happened: tuple[DoorHappening, ...] = ()
