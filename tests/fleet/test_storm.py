"""The power of all locks comes back in one moment, over real TLS and with the real service; thousands: `anmen bench storm`."""

import pytest

from device_sim.fleet.running import Fleet
from firmware_protocol.vocabulary import DoorState, EventType, Field
from service.locks.rules import reconnect_slot_ms
from tests.fleet.rig import FleetRig, turn_for, turn_until

# The locks take turns as those of a larger town do: above 200 there are any.
LOCKS, TOWN, STORED = 60, 400, 4
MOVED: dict[int, object] = {Field.CODE: DoorState.OPEN}


def lose_power(fleet: Fleet) -> float:
    """The network goes, things happen, the power goes; from which uptime on it is back."""
    for place in range(LOCKS):
        fleet.loop.leave(place)
    turn_for(fleet, 0.5)
    for hung in fleet.locks:
        for _ in range(STORED):
            hung.lock.record(EventType.DOOR_MOVED, MOVED, fleet.loop.now)
    back_at = fleet.loop.now + 0.2
    fleet.loop.cut_power(range(LOCKS), back_at)
    return back_at


@pytest.mark.timeout(120)
def test_all_come_back_in_their_turn_and_everything_is_there_once(fleet_rig: FleetRig) -> None:
    fleet_rig.provision(LOCKS)
    with fleet_rig.running(LOCKS) as fleet:
        fleet.world.quiet = True
        turn_until(fleet, lambda: all(hung.lock.welcomed for hung in fleet.locks) and fleet.settled(), 60)
        fleet.loop.opening_at_a_time = LOCKS
        for hung in fleet.locks:
            hung.lock.slot_s = reconnect_slot_ms(hung.lock.identity.lock, TOWN) / 1000
        latest = max(hung.lock.slot_s for hung in fleet.locks)
        births = fleet.world.figures.births
        back_at = lose_power(fleet)
        turn_until(fleet, lambda: fleet.world.figures.births - births >= LOCKS // 4, 30)
        turn_until(fleet, lambda: all(hung.lock.welcomed for hung in fleet.locks), 60)
        assert fleet.loop.now - back_at >= latest > 1.0
        assert fleet.world.figures.births == births + LOCKS
        turn_until(fleet, fleet.settled, 30)
    account = fleet_rig.audit()
    assert account.agrees, account.examples
    assert (account.pending, account.lists) == (0, LOCKS)
    assert account.matched > LOCKS * (STORED + 2)
