"""A fleet over real TLS against the real service: everything it recorded is in the register once, and an audit would notice if not."""

import psycopg
import pytest

from anmen.errors import MachineError
from anmen.fleet.running import make_room
from device_sim.errors import BadProvision, BadRequest
from device_sim.fleet.faults import Faults, parse_faults
from device_sim.fleet.roll import read_roll, refuse_occupied
from device_sim.fleet.running import Fleet, FleetPlan, running_fleet
from tests.fleet.rig import FleetRig, turn_for, turn_until

ALL_FAULTS = "loss=0.05,delay=0.1,duplicate=0.05,reorder=0.1,power=15,half_list=0.3,drift=200,jump=3,old=0.3,clone=0.1,full=0.3,rot=10"


def went_wrong(fleet: Fleet) -> int:
    """How often at least each of these has happened."""
    figures = fleet.figures()
    return min(figures.power_cuts, figures.frames_lost, figures.frames_doubled)


def without_triggers(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The register is append-only; only its owner with triggers off can do this."""
    connection.execute("SET session_replication_role = replica")


@pytest.mark.timeout(60)
def test_the_service_has_what_the_fleet_recorded_and_an_audit_notices_a_missing_row(fleet_rig: FleetRig) -> None:
    fleet_rig.provision(20)
    with fleet_rig.running(20, speed=3000) as fleet:
        turn_until(fleet, lambda: fleet.figures().proven == 20 and fleet.world.figures.recorded > 120, 30)
        fleet.calm_down()
        turn_until(fleet, fleet.settled, 15)
    account = fleet_rig.audit()
    assert account.agrees, account.examples
    assert (account.matched, account.pending, account.lists) == (account.events, 0, 20)

    with psycopg.connect(fleet_rig.dsn) as connection:
        without_triggers(connection)
        names = [one.lock for one in fleet_rig.roll.identities]
        [(lock, sequence)] = connection.execute(
            "DELETE FROM entry WHERE lock_id = %s AND sequence = 2 RETURNING lock_id, sequence", [names[0]]
        ).fetchall()
    missing = fleet_rig.audit()
    assert dict(missing.differences) == {"missing": 1}
    assert f"{lock} epoch" in missing.examples[0]
    assert f"number {sequence}" in missing.examples[0]

    with psycopg.connect(fleet_rig.dsn) as connection:
        without_triggers(connection)
        connection.execute("UPDATE entry SET device_ms = device_ms + 1 WHERE lock_id = %s AND sequence = 3", [names[0]])
        connection.execute("UPDATE access_list SET held_digest = sha256('') WHERE lock_id = %s", [names[1]])
    assert dict(fleet_rig.audit().differences) == {"missing": 1, "changed": 1, "list": 1}


@pytest.mark.timeout(90)
def test_whatever_goes_wrong_everything_is_there_once_when_the_links_heal(fleet_rig: FleetRig) -> None:
    fleet_rig.provision(20)
    with fleet_rig.running(20, faults=parse_faults(ALL_FAULTS)) as fleet:
        turn_for(fleet, 5)
        # On a slow machine fewer frames come by in that while.
        turn_until(fleet, lambda: went_wrong(fleet) > 5, 30)
        fleet.calm_down()
        turn_for(fleet, 2)
        turn_until(fleet, fleet.settled, 30)
        turn_for(fleet, 1)
    account = fleet_rig.audit()
    assert account.agrees, account.examples
    assert account.pending == 0


@pytest.mark.timeout(60)
def test_a_second_run_goes_on_with_new_logs_and_is_audited_with_the_first(fleet_rig: FleetRig) -> None:
    fleet_rig.provision(5)
    for run in range(2):
        with fleet_rig.running(5) as fleet:
            turn_until(fleet, lambda: fleet.figures().proven == 5, 20)
            fleet.calm_down()
            turn_until(fleet, fleet.settled, 15)
            if run == 1:
                # What this one holds may not be known to the service, nor the other way round: that is no difference.
                fleet.loop.leave(0)
    account = fleet_rig.audit()
    assert account.agrees, account.examples
    assert (account.lists, account.lists_pending) == (4, 1)
    assert account.matched >= 20


def test_what_cannot_be_asked_for_is_said_in_words(fleet_rig: FleetRig, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadProvision, match="--provision"):
        read_roll(fleet_rig.folder)
    fleet_rig.provision(1)
    with pytest.raises(BadRequest, match="has 1 locks"), running_fleet(fleet_rig.roll, FleetPlan(2)):
        pass
    with pytest.raises(BadProvision, match="without --provision"):
        refuse_occupied(fleet_rig.folder)
    with fleet_rig.running(1), pytest.raises(BadRequest, match="Another fleet"), fleet_rig.running(1):
        pass
    monkeypatch.setattr("resource.getrlimit", lambda _: (1000, 1000))
    with pytest.raises(MachineError, match="at most 936 locks"):
        make_room(5000)


@pytest.mark.parametrize("text", ["lost=1", "loss=much", "loss=1.5", "delay=-1", "delay=nan", "power=inf"])
def test_faults_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_faults(text)


def test_faults_are_read() -> None:
    assert parse_faults("") == Faults()
    assert parse_faults("loss=0.5, delay=2") == Faults(loss=0.5, delay=2.0)
