"""One lock comes back with a week of events: they are stored in order at the capped rate, and nobody else waits for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
import pytest

from device_sim.fleet.running import Fleet
from firmware_protocol.vocabulary import AlarmCode, DoorState, EventType, Field, OperationSource
from service.edges import clock
from service.locks.rules import FASTEST_BACKFILL_PER_S
from tests.figures import FigureBook
from tests.fleet.rig import FleetRig, turn_until

OTHERS = 11
MOVED: dict[int, object] = {Field.CODE: DoorState.OPEN}
DURESS: dict[int, object] = {Field.SOURCE: OperationSource.KEYPAD, Field.CODE: AlarmCode.FORCED_USER}
# Every so often something happens at one of the other doors.
PACE_S = 0.04


@dataclass
class Scene:
    """Lock 0 comes back late; the others live."""

    fleet: Fleet
    connection: psycopg.Connection[tuple[object, ...]]
    turned: int = 0

    def live(self) -> None:
        self.turned += 1
        self.fleet.loop.record(1 + self.turned % OTHERS, EventType.DOOR_MOVED, MOVED)

    def live_for(self, seconds: float) -> None:
        self.live_until(lambda: False, seconds, must=False)

    def live_until(self, holds: Callable[[], object], within_s: float, *, must: bool = True) -> None:
        loop = self.fleet.loop
        ends = loop.now + within_s

        def goes_on(now: float) -> bool:
            self.live()
            return now < ends and not holds()

        loop.run(goes_on, every_s=PACE_S)
        assert not must or holds(), self.fleet.figures().as_json()

    @property
    def stored(self) -> int:
        return self.fleet.loop.locks[0].lock.log.stored_up_to

    def is_committed(self, sequence: int) -> bool:
        lock = self.fleet.loop.locks[0].lock
        found = self.connection.execute(
            "SELECT 1 FROM entry WHERE lock_id = %s AND log_epoch = %s AND sequence = %s",
            [lock.identity.lock, lock.log.epoch, sequence],
        )
        return found.fetchone() is not None

    def delays_ms(self, since: float, until: float) -> list[float]:
        """From the other doors to the batch that stored it, of what happened in that time (one clock on both sides)."""
        names = [hung.lock.identity.lock for hung in self.fleet.loop.locks[1:]]
        rows = self.connection.execute(
            "SELECT extract(epoch FROM recorded_at) * 1000 - device_ms FROM entry WHERE lock_id = ANY(%s) AND live"
            " AND device_ms BETWEEN %s AND %s ORDER BY 1",
            [names, since * 1000, until * 1000],
        )
        return [float(str(delay)) for (delay,) in rows]


def unix_s() -> float:
    return clock.now().timestamp()


def percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass
class Found:
    """What a run has shown; milliseconds and seconds."""

    before: list[float]
    during: list[float]
    offline_alarm_s: float
    live_alarm_s: float
    left_behind: int
    lasted_s: float


def play(fleet_rig: FleetRig, stored: int, *, calm_s: float) -> Found:
    fleet_rig.provision(1 + OTHERS)
    connection = psycopg.connect(fleet_rig.dsn, autocommit=True)
    with connection, fleet_rig.running(1 + OTHERS) as fleet:
        fleet.world.quiet = True
        scene = Scene(fleet, connection)
        loop, heavy = fleet.loop, fleet.loop.locks[0]
        loop.leave(0)
        for _ in range(stored - 1):
            heavy.lock.record(EventType.DOOR_MOVED, MOVED, loop.now)
        while_away = heavy.lock.record(EventType.ALARM_RAISED, DURESS, loop.now)
        turn_until(fleet, lambda: fleet.figures().proven == OTHERS, 30)
        calm_at = unix_s()
        scene.live_for(calm_s)
        calm_until = unix_s()

        loop.come_back(0)
        scene.live_until(lambda: heavy.lock.linked, 20)
        linked_at = unix_s()
        scene.live_until(lambda: scene.is_committed(while_away.sequence), 20)
        offline_alarm_s = unix_s() - linked_at
        assert scene.stored < stored / 2

        scene.live_until(lambda: scene.stored >= stored / 4, stored / 50)
        raised_at = unix_s()
        alarm = loop.record(0, EventType.ALARM_RAISED, DURESS)
        scene.live_until(lambda: scene.is_committed(alarm.sequence), 20)
        live_alarm_s = unix_s() - raised_at
        left_behind = alarm.sequence - scene.stored

        scene.live_until(lambda: scene.stored >= alarm.sequence, stored / 50)
        done_at = unix_s()
        turn_until(fleet, fleet.settled, 20)
        found = Found(
            scene.delays_ms(calm_at, calm_until),
            scene.delays_ms(linked_at, done_at),
            offline_alarm_s,
            live_alarm_s,
            left_behind,
            done_at - linked_at,
        )
        check_order(connection, heavy.lock.identity.lock)
    account = fleet_rig.audit()
    assert account.agrees, account.examples
    assert account.pending == 0
    return found


def check_order(connection: psycopg.Connection[tuple[object, ...]], lock: str) -> None:
    """What was stored late was stored in the order in which it happened; only alarms went before."""
    [(backwards,)] = connection.execute(
        "SELECT count(*) FROM (SELECT recorded_at < lag(recorded_at) OVER (ORDER BY sequence) AS earlier FROM entry"
        " WHERE lock_id = %s AND NOT live AND type <> 0) AS pairs WHERE earlier",
        [lock],
    ).fetchall()
    assert backwards == 0


@pytest.mark.daily
@pytest.mark.timeout(90)
def test_a_long_back_fill_delays_nobody_and_alarms_overtake_it(fleet_rig: FleetRig) -> None:
    found = play(fleet_rig, 2000, calm_s=1.0)
    assert found.lasted_s > 0.8 * 2000 / FASTEST_BACKFILL_PER_S
    assert found.left_behind > 500
    assert found.live_alarm_s < 5
    assert found.offline_alarm_s < 5
    assert percentile(found.during, 0.5) < 2 * percentile(found.before, 0.5) + 500


def note(figures: FigureBook, found: Found) -> None:
    with figures.noting("50,000 stored events of one lock come back") as noted:
        noted["s for all of them"] = round(found.lasted_s)
        noted["ms to commit a duress alarm raised meanwhile"] = round(found.live_alarm_s * 1000)
        noted["ms to commit one raised while away, from the link"] = round(found.offline_alarm_s * 1000)
        for when, delays in (("before", found.before), ("meanwhile", found.during)):
            noted[f"ms p50 of other doors {when}"] = round(percentile(delays, 0.5), 1)
            noted[f"ms p99 of other doors {when}"] = round(percentile(delays, 0.99), 1)


@pytest.mark.full(seconds=220)
@pytest.mark.alone
@pytest.mark.timeout(1200)
def test_fifty_thousand(fleet_rig: FleetRig, figures: FigureBook) -> None:
    found = play(fleet_rig, 50_000, calm_s=20)
    note(figures, found)
    assert found.lasted_s > 0.8 * 50_000 / FASTEST_BACKFILL_PER_S
    assert found.left_behind > 20_000
    assert found.live_alarm_s < 1
    assert found.offline_alarm_s < 1
    assert percentile(found.during, 0.5) < 2 * percentile(found.before, 0.5) + 50
    assert percentile(found.during, 0.99) < 2 * percentile(found.before, 0.99) + 250
