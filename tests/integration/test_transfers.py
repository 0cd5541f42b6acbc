"""A house changes hands: whoever lives there stays with every way in, and what the seller could do there ends at that instant."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.commands import CommandKind
from firmware_protocol.schedules import WeeklySchedule
from service.access import actions as access
from service.accounts.actions import scope_of
from service.accounts.rules import Actor, Role
from service.commands import actions as commands
from service.commands.rules import Order
from service.custody import actions as custody
from service.custody import leaving
from service.custody.rules import ReportKind
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, Scope, transaction
from service.errors import AnmenError, BadInput, Conflict, NotFound, TooMany
from service.people import actions as people
from service.people.rules import PersonField
from service.premises import actions as premises
from service.retention.rules import KEEPINGS, Kind
from service.tenancy import actions as tenancy
from service.tenancy.rules import EndReason
from service.transfers import actions as transfers
from service.transfers.rules import LIFE, MOST_TRIES, Holdings, TransferId, TransferState, in_groups
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living

CAN_DO = '{"schedules": true, "one_time": true, "passage": true, "commands": 510}'
_LISTS = text("SELECT lock_id, version, digest FROM access_list ORDER BY lock_id")


@pytest.fixture
def place(database: Database, keyring: Keyring, now: datetime) -> Living:
    return living.living(database.serve, keyring, now)


@pytest.fixture
def buyer(place: Living) -> Actor:
    return another(place)


def another(place: Living) -> Actor:
    """One more landlord."""
    with transaction(place.database, SYSTEM) as session:
        account = given.account(session, keyring=place.keyring, now=place.now)
    return Actor(account_id=account, role=Role.LANDLORD)


def offered(place: Living, *, by: Actor | None = None, now: datetime | None = None) -> str:
    seller = by or place.landlord
    with transaction(place.database, scope_of(seller)) as session:
        offer = transfers.offer(session, seller, place.home.building_id, keyring=place.keyring, now=now or place.now)
    return in_groups(offer.code)


def opened(place: Living, buyer: Actor, code: str, *, now: datetime | None = None) -> TransferId | BadInput | TooMany:
    with transaction(place.database, scope_of(buyer)) as session:
        return transfers.open_transfer(session, buyer, code, keyring=place.keyring, now=now or place.now)


def shown(place: Living, who: Actor, transfer: TransferId, now: datetime | None = None) -> Holdings | None:
    with transaction(place.database, scope_of(who)) as session:
        view = transfers.get_transfer(session, who, transfer, keyring=place.keyring, now=now or place.now)
        return view.comes


def accept(place: Living, buyer: Actor, transfer: TransferId, seen: Holdings, now: datetime | None = None) -> None:
    with transaction(place.database, scope_of(buyer)) as session:
        transfers.accept(session, buyer, transfer, seen=seen, now=now or place.now)


def sold(place: Living, buyer: Actor, *, by: Actor | None = None) -> None:
    """From the code to the acceptance."""
    transfer = opened(place, buyer, offered(place, by=by))
    assert isinstance(transfer, int)
    comes = shown(place, buyer, transfer)
    assert comes is not None
    accept(place, buyer, transfer, comes)


def refused(place: Living, who: Actor, act: Callable[[Session], object]) -> str:
    """The code of the error."""
    with pytest.raises(AnmenError) as error, transaction(place.database, scope_of(who)) as session:
        act(session)
    return error.value.code


def counted(place: Living, scope: Scope, what: str) -> int:
    with transaction(place.database, scope) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())  # noqa: S608  # our own words


def lists(place: Living) -> list[tuple[object, ...]]:
    with transaction(place.database, SYSTEM) as session:
        return [tuple(row) for row in session.execute(_LISTS)]


def test_a_sale_does_not_break_the_lease(place: Living, buyer: Actor) -> None:
    begun = living.tenant(place)
    before = lists(place)
    sold(place, buyer)
    assert lists(place) == before
    with transaction(place.database, scope_of(buyer)) as session:
        (room,) = tenancy.rooms_of_landlord(session, buyer, keyring=place.keyring, now=place.now)
    assert [one.tenancy_id for one in room.tenancies] == [begun.tenancy_id]
    assert room.tenancies[0].span.ends_at == begun.ends_at
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        told = transfers.new_landlords(session, own, keyring=place.keyring)
        assert access.replace_pin(session, begun.grant_id, keyring=place.keyring, now=place.now)
    assert told[begun.tenancy_id].since == place.now


def test_nobodys_name_is_seen_before_it_is_accepted(place: Living, buyer: Actor) -> None:
    begun = living.tenant(place)
    transfer = opened(place, buyer, offered(place))
    assert isinstance(transfer, int)
    assert shown(place, buyer, transfer) == Holdings(rooms=1, locks=1, let=1)
    for table in ("unit", "tenancy", "person", "access_grant", "registration"):
        assert counted(place, scope_of(buyer), table) == 0, table

    def read(session: Session) -> object:
        return tenancy.get_tenancy(session, buyer, begun.tenancy_id, keyring=place.keyring)

    assert refused(place, buyer, read) == "tenancy"


def test_the_seller_sees_and_does_nothing_there_any_more(place: Living, buyer: Actor, now: datetime) -> None:
    gone = living.tenant(place)
    living.moved_out(place, gone)
    with transaction(place.database, SYSTEM) as session:
        session.execute(
            text("UPDATE credential SET off_lock_at = :now WHERE removed_version IS NOT NULL"), {"now": now}
        )
    begun, seller, keyring = living.tenant(place), place.landlord, place.keyring
    [lock] = place.locks
    sold(place, buyer)
    for table in ("unit", "unit_occupancy", "tenancy", "person", "access_grant", "credential", "registration"):
        assert counted(place, scope_of(seller), table) == 0, table
    # What was over before is the seller's past, not the buyer's.
    assert counted(place, scope_of(buyer), "tenancy") == 1
    assert counted(place, scope_of(buyer), "person") == 1
    acts: dict[str, Callable[[Session], object]] = {
        "unit": lambda s: leaving.release(s, seller, place.unit_id, lock, now=now),
        "tenancy": lambda s: tenancy.end(s, seller, begun.tenancy_id, reason=EndReason.AGREED, now=now),
        "lock": lambda s: commands.give_order(
            s, seller, lock, Order(CommandKind.IDENTIFY, seconds=5), keyring=keyring, now=now
        ),
        "building": lambda s: transfers.offer(s, seller, place.home.building_id, keyring=keyring, now=now),
    }
    assert {name: refused(place, seller, act) for name, act in acts.items()} == {name: name for name in acts}


def test_the_police_read_who_was_landlord_when(place: Living, buyer: Actor, now: datetime) -> None:
    sold(place, buyer)
    sold(place, place.landlord, by=buyer)
    for officer, expected in (
        (living.officer(place), [None, now, now]),
        (living.officer(place, [place.home.areas.other_grid]), [None]),
    ):
        with transaction(place.database, scope_of(officer)) as session:
            owners = transfers.owners_of(session, place.home.building_id, keyring=place.keyring)
        assert [one.since for one in owners] == expected
    assert KEEPINGS[Kind.BUILDING_TRANSFER].least >= 1095


def test_what_waits_goes_on_with_the_buyer_and_what_was_only_said_ends(
    place: Living, buyer: Actor, now: datetime
) -> None:
    begun = living.tenant(place)
    with transaction(place.database, scope_of(place.landlord)) as session:
        tenancy.end(session, place.landlord, begun.tenancy_id, reason=EndReason.MOVED_OUT, now=now)
        leaving.report(
            session,
            place.landlord,
            place.unit_id,
            place.locks[0],
            ReportKind.BROKEN,
            reason="锁舌卡住了，有时候关不上门",
            keyring=place.keyring,
            now=now,
        )
    waiting = living.registered(place)
    sold(place, buyer)
    with transaction(place.database, scope_of(buyer)) as session:
        (room,) = tenancy.rooms_of_landlord(session, buyer, keyring=place.keyring, now=now)
        assert [one.registration_id for one in room.waiting] == [waiting.registration_id]
        assert len(leaving.open_reports(session, unit_id=place.unit_id, keyring=place.keyring)) == 1
    with transaction(place.database, SYSTEM) as session:
        assert tenancy.end_noticed(session, now=now + timedelta(days=30)) is None
    # The buyer may say the same in their own name.
    with transaction(place.database, scope_of(buyer)) as session:
        assert tenancy.end(session, buyer, begun.tenancy_id, reason=EndReason.MOVED_OUT, now=now)
    with transaction(place.database, scope_of(buyer)) as session:
        begun = tenancy.confirm(
            session, buyer, waiting.registration_id, saw_document=True, lease_s=86400, keyring=place.keyring, now=now
        )
        cards = people.person_cards(session, [begun.person_id], (PersonField.NAME,), place.keyring)
    assert cards[begun.person_id][PersonField.NAME] == "李小明"


def test_a_link_of_the_seller_lets_nobody_register(place: Living, buyer: Actor) -> None:
    token = living.invited(place)
    sold(place, buyer)
    with pytest.raises(AnmenError), transaction(place.database, SYSTEM) as session:
        tenancy.register_tenant(session, token, living.form(), None, keyring=place.keyring, now=place.now)


def test_hours_of_the_front_door_and_orders_on_their_way_end(place: Living, buyer: Actor, now: datetime) -> None:
    with transaction(place.database, SYSTEM) as session:
        door = premises.add_shared_door(session, building_id=place.home.building_id, name="大门")
        front = living.hang_lock(session, door, place.keyring, now)
        session.execute(text("UPDATE lock SET capabilities = CAST(:said AS jsonb)"), {"said": CAN_DO})
    hours = WeeklySchedule(days=31, from_minute=480, to_minute=1080)
    with transaction(place.database, scope_of(place.landlord)) as session:
        access.set_passage(session, place.landlord, door, hours, keyring=place.keyring, now=now)
        order = Order(CommandKind.IDENTIFY, seconds=5)
        commands.give_order(session, place.landlord, front, order, keyring=place.keyring, now=now)
    sold(place, buyer)
    with transaction(place.database, SYSTEM) as session:
        assert access.passages_of(session, door, now) == ()
        assert session.execute(text("SELECT count(*) FROM lock_command WHERE called_off_at IS NULL")).scalar_one() == 0
    with transaction(place.database, scope_of(buyer)) as session:
        access.set_passage(session, buyer, door, hours, keyring=place.keyring, now=now)


def test_a_code_counts_once_for_a_day_and_for_somebody_else(place: Living, buyer: Actor, now: datetime) -> None:
    first = offered(place)
    assert (
        refused(
            place,
            place.landlord,
            lambda s: transfers.open_transfer(s, place.landlord, first, keyring=place.keyring, now=now),
        )
        == "own_code"
    )
    second = offered(place)
    assert isinstance(opened(place, buyer, first), BadInput)
    assert isinstance(opened(place, buyer, second, now=now + LIFE), BadInput)
    assert isinstance(opened(place, buyer, second.lower().replace("-", " ")), int)
    assert isinstance(opened(place, another(place), second), BadInput)
    with transaction(place.database, SYSTEM) as session:
        kept = session.execute(text("SELECT code_hash FROM building_transfer")).scalars().all()
    assert kept == [None, None]


def test_wrong_codes_are_bounded_and_right_ones_wait_too(place: Living, buyer: Actor, now: datetime) -> None:
    code = offered(place)
    for _ in range(MOST_TRIES):
        assert isinstance(opened(place, buyer, "0000-0000-0000"), BadInput)
    assert isinstance(opened(place, buyer, code), TooMany)
    assert isinstance(opened(place, another(place), code), int)
    assert counted(place, SYSTEM, "transfer_try") == MOST_TRIES
    assert isinstance(opened(place, buyer, "0", now=now + timedelta(days=1)), BadInput)
    assert counted(place, SYSTEM, "transfer_try") == 1


@pytest.mark.parametrize("who", ["seller", "buyer"])
def test_either_calls_it_off(place: Living, buyer: Actor, who: str, now: datetime) -> None:
    transfer = opened(place, buyer, offered(place))
    assert isinstance(transfer, int)
    either = place.landlord if who == "seller" else buyer
    assert refused(place, another(place), lambda s: transfers.call_off(s, either, transfer, now=now)) == "transfer"
    assert (
        refused(
            place,
            place.landlord,
            lambda s: transfers.offer(s, place.landlord, place.home.building_id, keyring=place.keyring, now=now),
        )
        == "transfer_opened"
    )
    with transaction(place.database, scope_of(either)) as session:
        transfers.call_off(session, either, transfer, now=now)
    with pytest.raises(Conflict, match="over"):
        accept(place, buyer, transfer, Holdings(1, 1, 0))
    with transaction(place.database, scope_of(place.landlord)) as session:
        assert premises.get_unit(session, place.unit_id).landlord_id == place.landlord.account_id
        (one,) = transfers.transfers_of(session, place.landlord, keyring=place.keyring, now=now)
    assert one.state is TransferState.CALLED_OFF


def test_what_was_shown_is_what_comes(place: Living, buyer: Actor, now: datetime) -> None:
    transfer = opened(place, buyer, offered(place))
    assert isinstance(transfer, int)
    with pytest.raises(Conflict, match="changed"):
        accept(place, buyer, transfer, Holdings(1, 2, 0))
    with pytest.raises(NotFound):
        accept(place, another(place), transfer, Holdings(1, 1, 0))
    with pytest.raises(Conflict, match="over"):
        accept(place, buyer, transfer, Holdings(1, 1, 0), now + LIFE)
    accept(place, buyer, transfer, Holdings(1, 1, 0))
    with pytest.raises(Conflict, match="over"):
        accept(place, buyer, transfer, Holdings(1, 1, 0))


def test_a_lock_that_is_being_hung_is_finished_first(place: Living, buyer: Actor, now: datetime) -> None:
    with transaction(place.database, scope_of(place.landlord)) as session:
        typed = custody.Typed("L-0123456789AB", "0123-4567-89AB-CDEF-GHJK")
        custody.begin_claim(session, place.landlord, place.unit_id, typed, keyring=place.keyring, now=now)
    transfer = opened(place, buyer, offered(place))
    assert isinstance(transfer, int)
    with pytest.raises(Conflict, match="hung"):
        accept(place, buyer, transfer, Holdings(1, 1, 0))
    later = now + timedelta(minutes=5)
    accept(place, buyer, transfer, Holdings(1, 1, 0), later)


def test_a_sale_to_a_friend_lets_nobody_disturb_whoever_lives_there_more_often(
    place: Living, buyer: Actor, now: datetime
) -> None:
    living.tenant(place)
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE lock SET link = 'live', capabilities = CAST(:said AS jsonb)"), {"said": CAN_DO})
    order = Order(CommandKind.IDENTIFY, seconds=5)
    with transaction(place.database, scope_of(place.landlord)) as session:
        commands.give_order(session, place.landlord, place.locks[0], order, keyring=place.keyring, now=now)
    sold(place, buyer)

    def again(session: Session) -> object:
        return commands.give_order(session, buyer, place.locks[0], order, keyring=place.keyring, now=now)

    assert refused(place, buyer, again) == "command_pace"
