"""Everything comes back at once: the power of all locks, with and without turns; the broker; the ingest process."""

import os
import time
from collections.abc import Callable

import psycopg

from anmen.bench.storm_parts import Parts
from anmen.bench.weather import Delays, Scene, Sight, Storm, Weather
from anmen.bench.witnesses import EVENT
from anmen.errors import MachineError
from device_sim.fleet.running import Fleet
from firmware_protocol.vocabulary import DoorState, EventType, Field
from service.edges import clock

_MOVED: dict[int, object] = {Field.CODE: DoorState.CLOSED}
# Wills, and whatever else was on its way, are done with after so long; what a witness said last is stored.
_RESTS_S = 2.0
# From the cut until the power is there again.
_DARK_S = 0.5
_LOOKS_EVERY_S = 0.1
# An ingest process tells of a commit after it; one that is killed in between does not.
_TELLS_WITHIN_S = 5.0
_NEVER = float("inf")


def play(parts: Parts, fleet: Fleet, weather: Weather, scene: Scene) -> Storm:
    """One scene, from calm to calm. MachineError where not everything comes back in time."""
    storm = Storm(scene, load_average=os.getloadavg()[0])
    fleet.world.slots = scene.slots
    calm_at = _unix_s()
    turn_for(parts, fleet, weather.calm_s)
    calm_until = _unix_s()
    failed_before = fleet.world.figures.connects_failed
    begins = _unleash(parts, fleet, weather, scene)
    began_at, began_monotonic, cpu_before = _unix_s(), time.monotonic(), parts.cpu()
    sight = _watch(parts, fleet, weather, begins)
    over_at = _unix_s()
    storm.half_back_s, storm.all_back_s = sight.reached(weather.locks // 2), sight.reached(weather.locks)
    storm.all_stored_s = sight.at[-1]
    storm.peak_births_per_s = sight.peak_births_per_s()
    storm.failed_connects = fleet.world.figures.connects_failed - failed_before
    storm.most_waiting = parts.ingest.most_waiting(began_monotonic)
    storm.cpu_s = {name: round(spent - cpu_before[name], 1) for name, spent in parts.cpu().items()}
    turn_for(parts, fleet, _RESTS_S)
    storm.calm = _delays(parts, calm_at, calm_until)
    storm.meanwhile = _delays(parts, began_at, over_at)
    return storm


def turn_until(parts: Parts, fleet: Fleet, holds: Callable[[], bool], within_s: float) -> None:
    """Let the fleet live until something holds; MachineError after the time."""
    ends = fleet.loop.now + within_s
    held = False

    def goes_on(now: float) -> bool:
        nonlocal held
        parts.ingest.listen()
        held = holds()
        return not held and now < ends

    fleet.loop.run(goes_on, every_s=_LOOKS_EVERY_S)
    if not held:
        raise MachineError(f"Not everything was back within {within_s:.0f} s: {fleet.figures().as_json()}")


def turn_for(parts: Parts, fleet: Fleet, seconds: float) -> None:
    """Let the fleet live for a while."""
    ends = fleet.loop.now + seconds
    turn_until(parts, fleet, lambda: fleet.loop.now >= ends, _NEVER)


def _unleash(parts: Parts, fleet: Fleet, weather: Weather, scene: Scene) -> float:
    """Take something away, let things happen meanwhile, and bring it back; from which uptime on it is there."""
    match scene:
        case Scene.POWER | Scene.POWER_NO_SLOTS:
            # First the network goes, so that there is something to tell; then the power.
            for place in range(weather.cut):
                fleet.loop.leave(place)
            turn_for(parts, fleet, _RESTS_S)
            _happen(fleet, weather)
            begins = fleet.loop.now + _DARK_S
            fleet.loop.cut_power(range(weather.cut), begins)
            return begins
        case Scene.BROKER | Scene.BROKER_NO_SLOTS:
            parts.broker.kill()
            turn_until(parts, fleet, lambda: not any(hung.lock.linked for hung in fleet.locks), 30)
            _happen(fleet, weather)
            parts.broker.start()
        case Scene.INGEST:
            parts.ingest.die()
            _happen(fleet, weather)
            parts.ingest.begin_again()
    return fleet.loop.now


def _happen(fleet: Fleet, weather: Weather) -> None:
    for place in range(weather.cut):
        for _ in range(weather.stored):
            fleet.loop.locks[place].lock.record(EventType.DOOR_MOVED, _MOVED, fleet.loop.now)


def _watch(parts: Parts, fleet: Fleet, weather: Weather, begins: float) -> Sight:
    sight = Sight()

    def all_there() -> bool:
        sight.at.append(fleet.loop.now - begins)
        sight.births.append(fleet.world.figures.births)
        sight.welcomed.append(sum(hung.lock.welcomed for hung in fleet.locks))
        return sight.at[-1] > 0 and sight.welcomed[-1] == weather.locks and fleet.all_stored()

    turn_until(parts, fleet, all_there, weather.patience_s)
    return sight


def _unix_s() -> float:
    return clock.now().timestamp()


def _delays(parts: Parts, since: float, until: float) -> Delays:
    """Of what happened at the witnesses in that time (Unix seconds), door to commit: one clock on both sides."""
    with psycopg.connect(parts.dsn) as connection:
        rows = connection.execute(
            "SELECT device_ms, CAST(extract(epoch FROM recorded_at) * 1000000 AS bigint) FROM entry"
            " WHERE lock_id = ANY(%s) AND type = %s AND device_ms BETWEEN %s AND %s",
            [parts.witnesses, int(EVENT), since * 1000, until * 1000],
        ).fetchall()
    committed_at = parts.ingest.heard_of({recorded_us for _, recorded_us in rows}, _TELLS_WITHIN_S)
    unix_s = _unix_s() - time.monotonic()
    known = [(at_ms, committed_at[recorded_us]) for at_ms, recorded_us in rows if recorded_us in committed_at]
    ordered = sorted((at + unix_s) * 1000 - at_ms for at_ms, at in known)
    if not ordered:
        return Delays()
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99)]
    return Delays(len(ordered), round(at[0], 1), round(at[1], 1), round(ordered[-1], 1))
