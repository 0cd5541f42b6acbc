"""Locks that nobody cuts off, in a process of their own: something happens at their doors all the time."""

import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from device_sim.fleet.roll import read_roll
from device_sim.fleet.running import Fleet, FleetPlan, running_fleet
from firmware_protocol.vocabulary import DoorState, EventType, Field

# Each of the doors' events is one of these, and nothing else at these locks is.
EVENT = EventType.DOOR_MOVED
_MOVED: dict[int, object] = {Field.CODE: DoorState.OPEN}
_PER_S = 25.0
_PROVEN_WITHIN_S, _SETTLED_WITHIN_S = 30.0, 60.0


def run(control: "Connection[Any, Any]", folder: Path) -> None:
    """Live until the other end says anything; then say whether everything was stored."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    roll = read_roll(folder)
    locks = len(roll.identities)
    with running_fleet(roll, FleetPlan(locks)) as fleet:
        fleet.world.quiet = True
        _turn(fleet, _PROVEN_WITHIN_S, lambda: fleet.figures().proven == locks)
        control.send(fleet.figures().proven)
        turned = 0

        def live(_now: float) -> bool:
            nonlocal turned
            turned += 1
            fleet.loop.record(turned % locks, EVENT, _MOVED)
            return not control.poll()

        fleet.loop.run(live, every_s=1 / _PER_S)
        _turn(fleet, _SETTLED_WITHIN_S, fleet.settled)
        control.send(fleet.settled())


def _turn(fleet: Fleet, within_s: float, holds: Any) -> None:
    ends = fleet.loop.now + within_s
    fleet.loop.run(lambda now: now < ends and not holds(), every_s=0.1)
