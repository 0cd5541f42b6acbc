"""What a landlord and a tenant are told of rooms, leases, locks and ways in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from firmware_protocol.topics import LockId, draw_lock_id
from firmware_protocol.transitions import LinkState
from firmware_protocol.vocabulary import CredentialType
from service.access.rules import CredentialDelivery, DeliveryState, GrantId, LockDelivery
from service.accounts.rules import AccountId, AreaId
from service.locks.rules import BatteryState, LockView
from service.people.rules import PersonId
from service.portals.leases import days_of, lease_state, lock_shown, unconfirmed
from service.portals.my_things import keys_shown
from service.portals.rooms import room_shown, room_state
from service.portals.translation import words_for
from service.portals.wording import LeaseState, RoomState
from service.premises.rules import BuildingId, UnitId, UnitView
from service.tenancy.actions import InvitationView, RoomView, TenancyView
from service.tenancy.rules import EndedBy, Invitation, InvitationId, InvitationState, Span, TenancyId

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
LEASE = Span(datetime(2026, 2, 28, 16, tzinfo=UTC), datetime(2027, 2, 28, 16, tzinfo=UTC))
LOCK = draw_lock_id(b"testlock")
ENGLISH = words_for("en")
UNIT = UnitView(
    id=UnitId(7),
    number="201",
    capacity=2,
    building_id=BuildingId(1),
    address="柳溪路3号",
    area_id=AreaId(1),
    landlord_id=AccountId(1),
)


def _delivery(*states: DeliveryState, held_until: datetime | None = None) -> LockDelivery:
    kinds = (CredentialType.RFID, CredentialType.PIN, CredentialType.FACE)
    credentials = tuple(
        CredentialDelivery(type=kind, state=state, held_until=held_until)
        for kind, state in zip(kinds, states, strict=False)
    )
    return LockDelivery(
        lock_id=LOCK, state=states[0], held_until=held_until, last_contact_at=None, credentials=credentials
    )


def _tenancy(
    *deliveries: LockDelivery, ended_at: datetime | None = None, span: Span = LEASE, name: str = "王小丽"
) -> TenancyView:
    return TenancyView(
        tenancy_id=TenancyId(1),
        grant_id=GrantId(1),
        unit=UNIT,
        person_id=PersonId(1),
        name=name,
        phone="+8613800138000",
        span=span,
        ended_at=ended_at,
        ended_by=EndedBy.LANDLORD if ended_at else None,
        notice=None,
        with_face=False,
        deliveries=deliveries,
    )


def _room(
    *tenancies: TenancyView, ended: TenancyView | None = None, offers: tuple[InvitationState, ...] = ()
) -> RoomView:
    made = tuple(InvitationView(invitation=_invitation(), state=state) for state in offers)
    return RoomView(
        unit=UNIT, tenancies=tenancies, waiting=(), invitations=made, ended=() if ended is None else (ended,)
    )


def _invitation() -> Invitation:
    return Invitation(
        id=InvitationId(1),
        unit_id=UNIT.id,
        area_id=UNIT.area_id,
        landlord_id=UNIT.landlord_id,
        span=LEASE,
        created_at=NOW,
        expires_at=NOW + timedelta(days=7),
        opened_at=None,
        form_expires_at=None,
        withdrawn_at=None,
        registered=False,
    )


def _lock(link: LinkState, *, percent: int | None = 84, seen: datetime | None = NOW) -> LockView:
    battery = BatteryState.LOW if percent is not None and percent <= 20 else BatteryState.GOOD
    return LockView(LOCK, link, seen, battery, percent, None, None)


ON, PENDING, REMOVING, REMOVED = (
    DeliveryState.ON_LOCK,
    DeliveryState.PENDING,
    DeliveryState.REMOVING,
    DeliveryState.REMOVED,
)


@pytest.mark.parametrize(
    ("view", "state"),
    [
        (_tenancy(_delivery(ON)), LeaseState.RUNNING),
        (_tenancy(_delivery(ON), _delivery(PENDING)), LeaseState.ARRIVING),
        (_tenancy(), LeaseState.ARRIVING),
        (_tenancy(_delivery(ON), span=Span(NOW + timedelta(1), NOW + timedelta(9))), LeaseState.UPCOMING),
        (_tenancy(_delivery(REMOVED), _delivery(REMOVING), ended_at=NOW), LeaseState.LEAVING),
        (_tenancy(_delivery(REMOVED), ended_at=NOW), LeaseState.ENDED),
    ],
)
def test_running_and_ended_are_said_only_after_every_lock_has_said_so(view: TenancyView, state: LeaseState) -> None:
    assert lease_state(view, NOW) is state


@pytest.mark.parametrize(
    ("room", "state"),
    [
        (_room(), RoomState.VACANT),
        (_room(offers=(InvitationState.EXPIRED,)), RoomState.VACANT),
        (_room(offers=(InvitationState.OPENED,)), RoomState.INVITED),
        (_room(_tenancy(_delivery(ON))), RoomState.LET),
        (_room(ended=_tenancy(_delivery(REMOVING), ended_at=NOW)), RoomState.ENDING),
        (_room(ended=_tenancy(_delivery(REMOVED), ended_at=NOW)), RoomState.VACANT),
    ],
)
def test_the_state_of_a_room(room: RoomView, state: RoomState) -> None:
    assert room_state(room) is state


def test_a_full_room_takes_no_more_invitations() -> None:
    assert room_shown(_room(_tenancy(), offers=(InvitationState.EXPIRED,)), [], NOW).may_invite
    assert not room_shown(_room(_tenancy(), offers=(InvitationState.WAITING,)), [], NOW).may_invite
    assert not room_shown(_room(_tenancy(), _tenancy(name="李强")), [], NOW).may_invite


def test_the_days_of_a_lease_are_those_of_the_place_both_included() -> None:
    assert [day.isoformat() for day in days_of(LEASE)] == ["2026-03-01", "2027-02-28"]


def test_who_has_not_confirmed_is_named_and_until_when_it_may_open() -> None:
    until = NOW + timedelta(days=20)
    known = {LockId(LOCK): lock_shown(_lock(LinkState.STALE), ENGLISH)}
    (sentence,) = unconfirmed([_delivery(REMOVING, held_until=until)], known, ENGLISH)
    assert LOCK in sentence
    assert ENGLISH.long_moment(until) in sentence
    assert "no contact since 2 Mar, 09:30" in sentence
    assert unconfirmed([_delivery(ON), _delivery(REMOVED)], known, ENGLISH) == []


@pytest.mark.parametrize(
    ("link", "seen", "said"),
    [
        (LinkState.LIVE, NOW, "online"),
        (LinkState.UNPROVEN, NOW, "no contact since"),
        (LinkState.UNBORN, None, "never heard of yet"),
    ],
)
def test_a_lock_is_online_only_when_it_is_proven(link: LinkState, seen: datetime | None, said: str) -> None:
    shown = lock_shown(_lock(link, percent=None, seen=seen), ENGLISH)
    assert shown.contact.startswith(said)
    assert shown.live is (link is LinkState.LIVE)
    assert not shown.battery_low


def test_a_way_in_that_is_gone_is_not_listed_beside_its_successor() -> None:
    old, new = _delivery(ON, REMOVED, ON), _delivery(ON, PENDING, ON)
    shown = [(key.type, key.state) for key in keys_shown(_tenancy(old, new), ENGLISH)]
    assert shown == [(CredentialType.RFID, ON), (CredentialType.PIN, PENDING), (CredentialType.FACE, ON)]
    assert [key.state for key in keys_shown(_tenancy(_delivery(REMOVED)), ENGLISH)] == [REMOVED]


def test_where_there_are_several_locks_each_way_in_names_its_own() -> None:
    room, front = _delivery(ON, ON), replace(_delivery(ON), lock_id=LockId("L-0123456789AB"))
    assert [key.about for key in keys_shown(_tenancy(room, front), ENGLISH)] == [f"{LOCK}, {front.lock_id}", LOCK]
    assert [key.about for key in keys_shown(_tenancy(room), ENGLISH)] == ["", ""]
