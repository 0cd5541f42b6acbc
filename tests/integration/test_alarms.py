"""Alarms of locks, from the event to whoever must see to it: once each, to the right people, and with who saw to it."""

import httpx
import pytest
from sqlalchemy import text

from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import AlarmCode, EventType, Field, Operation, OverrideKind
from service.accounts.actions import scope_of
from service.accounts.rules import Actor, Role
from service.alarms import actions as alarms
from service.alarms.actions import AlarmView
from service.alarms.rules import AlarmId, AlarmKind, AlarmState, Step, place_of, read_place, written_place
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import BadInput, Conflict, NotFound
from tests import given
from tests.fixtures_service import sign_in
from tests.integration.test_listening import Service, born, door, service
from tests.wire_lock import HungDoor

__all__ = ["door", "service"]

CODES = (AlarmCode.FORCED_USER, AlarmCode.DOOR_FORCED_OPEN, AlarmCode.FRONT_ESCUTCHEON_REMOVED)


def staff(service: Service, door: HungDoor, role: Role, *, elsewhere: bool = False) -> Actor:
    areas = (door.home.areas.other_grid if elsewhere else door.home.areas.grid,)
    with transaction(service.database.serve, SYSTEM) as session:
        account = given.account(session, role=role, keyring=service.keyring, now=service.now, areas=areas)
    return Actor(account_id=account, role=role, areas=areas)


def raise_all(service: Service, door: HungDoor) -> None:
    born(service, door)
    door.lock.record(EventType.ALARM_RAISED, {Field.CODE: AlarmCode.FORCED_USER, Field.CREDENTIAL_ID: 2})
    for code in CODES[1:]:
        door.lock.record(EventType.ALARM_RAISED, {Field.CODE: code})
    door.lock.record(EventType.ALARM_RAISED, {Field.CODE: AlarmCode.BATTERY_LOW})
    door.lock.record(EventType.OVERRIDE_USED, {Field.OVERRIDE: OverrideKind.FIRE, Field.OPERATION: Operation.UNLOCK})
    service.hear(door.lock, door.lock.frames())


def seen_by(service: Service, actor: Actor) -> tuple[AlarmView, ...]:
    with transaction(service.database.serve, scope_of(actor)) as session:
        found = alarms.alarms_in_scope(session, keyring=service.keyring, now=service.now).alarms
        count = alarms.count_in_scope(session)
        assert count.open == sum(one.alarm.state is AlarmState.OPEN for one in found)
        return found


def step(service: Service, actor: Actor, alarm_id: AlarmId, what: Step) -> None:
    with transaction(service.database.serve, scope_of(actor)) as session:
        alarms.take_step(session, actor, alarm_id, what, now=service.now)


def test_the_police_of_the_area_see_all_grid_staff_all_but_calls_for_help_and_nobody_else_any(
    service: Service, door: HungDoor
) -> None:
    raise_all(service, door)
    everything = set(AlarmKind)
    landlord = Actor(account_id=door.home.landlord_id, role=Role.LANDLORD)
    tenant = Actor(account_id=door.home.landlord_id, role=Role.TENANT, person_id=door.person_id)
    for actor, kinds in (
        (staff(service, door, Role.OFFICER), everything),
        (staff(service, door, Role.GRID_WORKER), everything - {AlarmKind.DURESS}),
        (staff(service, door, Role.OFFICER, elsewhere=True), set()),
        (landlord, set()),
        (tenant, set()),
    ):
        assert {one.alarm.kind for one in seen_by(service, actor)} == kinds
    officer = staff(service, door, Role.OFFICER)
    assert {one.alarm.unit_id for one in seen_by(service, officer)} == {door.home.unit_id}
    assert service.rows("SELECT count(*) FROM entry WHERE type = 0") == [(4,)]


def test_an_alarm_that_comes_twice_is_one_and_a_second_one_is_counted_until_somebody_sees_to_it(
    service: Service, door: HungDoor
) -> None:
    born(service, door)
    officer = staff(service, door, Role.OFFICER)

    def call() -> None:
        door.lock.record(EventType.ALARM_RAISED, {Field.CODE: AlarmCode.FORCED_USER, Field.CREDENTIAL_ID: 2})
        frames = door.lock.frames()
        for _ in range(2):
            service.hear(door.lock, frames)

    call()
    call()
    [view] = seen_by(service, officer)
    assert (view.alarm.times, view.alarm.state, view.attended_by) == (2, AlarmState.OPEN, "")
    step(service, officer, view.alarm.id, Step.ATTEND)
    call()
    new, old = seen_by(service, officer)
    assert (new.alarm.times, new.alarm.state) == (1, AlarmState.OPEN)
    assert (old.alarm.state, old.attended_by) == (AlarmState.ATTENDED, "王秀英")


def test_who_saw_to_it_and_when_is_kept_and_on_the_record(service: Service, door: HungDoor) -> None:
    raise_all(service, door)
    first, second = (staff(service, door, Role.OFFICER) for _ in range(2))
    [call] = [one.alarm for one in seen_by(service, first) if one.alarm.kind is AlarmKind.DURESS]
    with pytest.raises(Conflict):
        step(service, first, call.id, Step.CLOSE)
    for actor, what in ((first, Step.ATTEND), (second, Step.ATTEND), (second, Step.CLOSE), (first, Step.CLOSE)):
        step(service, actor, call.id, what)
    [after] = [one.alarm for one in seen_by(service, first) if one.alarm.id == call.id]
    assert (after.attended_by, after.closed_by) == (first.account_id, second.account_id)
    assert after.attended_at == after.closed_at == service.now
    with transaction(service.database.serve, SYSTEM) as session:
        told = session.execute(
            text("SELECT account_id, act, subject_id, details FROM audit_entry WHERE act LIKE 'alarms%' ORDER BY id")
        ).all()
    assert [tuple(one) for one in told] == [
        (first.account_id, "alarms:alarm:attended", str(call.id), {"kind": "duress"}),
        (second.account_id, "alarms:alarm:closed", str(call.id), {"kind": "duress"}),
    ]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_nobody_sees_to_what_is_out_of_sight(service: Service, door: HungDoor, elsewhere: bool) -> None:
    raise_all(service, door)
    officer = staff(service, door, Role.OFFICER)
    [call] = [one.alarm for one in seen_by(service, officer) if one.alarm.kind is AlarmKind.DURESS]
    stranger = staff(service, door, Role.OFFICER if elsewhere else Role.GRID_WORKER, elsewhere=elsewhere)
    with pytest.raises(NotFound):
        step(service, stranger, call.id, Step.ATTEND)


def test_programs_of_the_police_see_to_alarms(
    service: Service, door: HungDoor, client: httpx.Client, keyring: Keyring
) -> None:
    raise_all(service, door)
    with transaction(service.database.serve, SYSTEM) as session:
        for login, role, areas in (
            ("po", Role.OFFICER, (door.home.areas.grid,)),
            ("la", Role.LANDLORD, ()),
        ):
            given.account(session, role=role, keyring=keyring, now=service.now, login=login, areas=areas)
    police, landlord = (sign_in(client, login, given.PASSWORD) for login in ("po", "la"))
    assert client.get("/api/v1/alarms", headers=landlord).status_code == 403
    [call] = [one for one in client.get("/api/v1/alarms", headers=police).json() if one["kind"] == "duress"]
    assert {"person_id", "name", "credential_id"} & call.keys() == set()
    assert client.post(f"/api/v1/alarms/{call['id']}/close", headers=police).status_code == 409
    assert client.post(f"/api/v1/alarms/{call['id']}/attend", headers=landlord).status_code == 403
    assert client.post(f"/api/v1/alarms/{call['id']}/attend", headers=police).status_code == 204
    states = {one["kind"]: one["state"] for one in client.get("/api/v1/alarms", headers=police).json()}
    assert states == {"duress": "attended", "forced_open": "open", "tamper": "open", "fire": "open"}
    assert LockId(call["lock_id"]) == door.lock.id


def test_pages_of_alarms_follow_each_other_and_leave_none_out(service: Service, door: HungDoor) -> None:
    raise_all(service, door)
    officer = staff(service, door, Role.OFFICER)
    whole = seen_by(service, officer)
    step(service, officer, whole[-1].alarm.id, Step.ATTEND)
    whole = seen_by(service, officer)
    met: list[AlarmView] = []
    place = None
    with transaction(service.database.serve, scope_of(officer)) as session:
        while True:
            page = alarms.alarms_in_scope(session, keyring=service.keyring, now=service.now, after=place, most=1)
            met += page.alarms
            if page.next is None:
                break
            place = read_place(written_place(page.next))
            assert place == page.next == place_of(met[-1].alarm)
    assert tuple(met) == whole
    assert len(whole) == 4
    assert whole[-1].alarm.state is AlarmState.ATTENDED


@pytest.mark.parametrize("written", ["", "x", "111", "2-1-1", "111-1-" + "9" * 19, "١١١-1-1", "111-1-1 "])
def test_what_is_no_place_is_said(written: str) -> None:
    with pytest.raises(BadInput, match="top"):
        read_place(written)
