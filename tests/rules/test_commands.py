"""Who may order what of a lock: every role, kind and room."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.commands import CommandKind, capability
from firmware_protocol.topics import LockId
from firmware_protocol.transitions import LinkState
from service.accounts.rules import AccountId, Role
from service.commands.rules import (
    BY_TENANT,
    LIFE_S,
    NOTICED,
    ONLY_TENANT,
    ONLY_VACANT,
    Emergency,
    Order,
    Place,
    check_arguments,
    check_may_order,
    check_pace,
    needs_emergency,
    read_reason,
)
from service.errors import AnmenError, BadInput, Conflict, NotAllowed
from service.premises.rules import UnitId

KINDS = sorted(LIFE_S)
ALL = {"commands": capability(frozenset(CommandKind))}
PLACE = Place(
    lock_id=LockId("L-0123456789AB"),
    unit_id=UnitId(1),
    landlord_id=AccountId(1),
    shard=0,
    link=LinkState.LIVE,
    capabilities=ALL,
    lived_behind=False,
    occupied=False,
    own=False,
)
PLACES = st.builds(
    replace,
    st.just(PLACE),
    lived_behind=st.booleans(),
    occupied=st.booleans(),
    own=st.booleans(),
    link=st.sampled_from(LinkState),
    capabilities=st.sampled_from([{}, ALL, {"commands": True}]),
)
ORDERS = st.builds(
    Order,
    st.sampled_from(KINDS),
    emergency=st.sampled_from([None, *Emergency]),
    reason=st.sampled_from(["", "fire!", "smoke comes out of the room"]),
)


def allowed(role: Role, place: Place, order: Order) -> bool:
    try:
        check_may_order(role, place, order)
    except AnmenError:
        return False
    return True


@given(PLACES, ORDERS)
def test_no_landlord_opens_a_let_room_without_an_emergency_and_its_reason(place: Place, order: Order) -> None:
    let = replace(place, occupied=True)
    if order.kind is CommandKind.UNLOCK_DOOR and allowed(Role.LANDLORD, let, order):
        assert order.emergency is not None
        assert read_reason(order.reason)


@given(PLACES, ORDERS)
def test_a_tenant_opens_and_finds_the_own_door_and_nothing_else(place: Place, order: Order) -> None:
    if allowed(Role.TENANT, place, order):
        assert place.own
        assert order.kind in BY_TENANT


@given(PLACES, ORDERS, st.sampled_from([Role.GRID_WORKER, Role.OFFICER]))
def test_nobody_else_orders_anything(place: Place, order: Order, role: Role) -> None:
    assert not allowed(role, place, order)


@given(PLACES, ORDERS, st.sampled_from(Role))
def test_nothing_is_erased_while_somebody_lives_there(place: Place, order: Order, role: Role) -> None:
    if order.kind in ONLY_VACANT and allowed(role, place, order):
        assert not place.lived_behind


@pytest.mark.parametrize("kind", [one for one in KINDS if one not in ONLY_TENANT])
def test_a_vacant_rooms_landlord_may_order_anything(kind: CommandKind) -> None:
    check_may_order(Role.LANDLORD, PLACE, Order(kind))
    assert not needs_emergency(Role.LANDLORD, PLACE, kind)


def test_a_face_is_the_tenants_own_to_start_and_of_the_services_engine_only() -> None:
    order = Order(CommandKind.START_ENROLMENT, 300, engine=1, model=b"abcd")
    seeing = {**PLACE.capabilities, "face_engine": 1, "face_model": b"abcd".hex()}
    place = replace(PLACE, own=True, capabilities=seeing)
    check_may_order(Role.TENANT, place, order)
    with pytest.raises(NotAllowed):
        check_may_order(Role.LANDLORD, place, order)
    for wrong in ({"face_engine": 2}, {"face_model": "00"}, {"face_engine": 0, "face_model": ""}):
        with pytest.raises(Conflict):
            check_may_order(Role.TENANT, replace(place, capabilities={**seeing, **wrong}), order)
    with pytest.raises(Conflict):
        check_may_order(Role.TENANT, replace(place, link=LinkState.STALE), order)


def test_what_a_lock_cannot_do_or_hear_is_said_so() -> None:
    with pytest.raises(Conflict):
        check_may_order(Role.LANDLORD, replace(PLACE, capabilities={}), Order(CommandKind.IDENTIFY))
    with pytest.raises(Conflict):
        check_may_order(Role.LANDLORD, replace(PLACE, link=LinkState.STALE), Order(CommandKind.UNLOCK_DOOR))
    check_may_order(Role.LANDLORD, replace(PLACE, link=LinkState.STALE), Order(CommandKind.SET_PARAMETERS))
    with pytest.raises(NotAllowed):
        check_may_order(Role.OFFICER, PLACE, Order(CommandKind.UNLOCK_DOOR))


@pytest.mark.parametrize(
    "order",
    [
        Order(CommandKind.UNLOCK_DOOR, seconds=0),
        Order(CommandKind.UNLOCK_DOOR, seconds=61),
        Order(CommandKind.IDENTIFY, seconds=61),
        Order(CommandKind.SET_PARAMETERS, relock_s=1),
        Order(CommandKind.SET_PARAMETERS, ajar_s=3601),
    ],
)
def test_times_outside_what_locks_take(order: Order) -> None:
    with pytest.raises(BadInput):
        check_arguments(order, occupied=False)


@pytest.mark.parametrize(
    ("relock_s", "ajar_s", "fair"),
    [(5, 30, True), (30, 600, True), (4, 60, False), (31, 60, False), (5, 29, False), (5, 601, False)],
)
def test_where_somebody_lives_the_doors_times_stay_fair(relock_s: int, ajar_s: int, fair: bool) -> None:
    order = Order(CommandKind.SET_PARAMETERS, relock_s=relock_s, ajar_s=ajar_s)
    check_arguments(order, occupied=False)
    with nullcontext() if fair else pytest.raises(BadInput):
        check_arguments(order, occupied=True)


@given(PLACES, st.sampled_from(Role), st.sampled_from(KINDS), st.none() | st.integers(0, 120))
def test_a_landlord_disturbs_a_let_room_once_an_hour(
    place: Place, role: Role, kind: CommandKind, minutes: int | None
) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    latest = None if minutes is None else now - timedelta(minutes=minutes)
    again = minutes is not None and minutes < 60
    disturbs = place.occupied and role is Role.LANDLORD and kind in NOTICED
    with pytest.raises(Conflict) if disturbs and again else nullcontext():
        check_pace(role, place, kind, latest=latest, now=now)


@pytest.mark.parametrize("text", ["", "fire", "x   y   z", "x" * 301, "smoke\u202e comes out of it"])
def test_reasons_that_say_nothing(text: str) -> None:
    with pytest.raises(BadInput):
        read_reason(text)
