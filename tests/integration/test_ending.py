"""A landlord's word that a tenancy is over: what it needs, what it does meanwhile, and what speaks against it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.commands import CommandKind
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import EventType, Operation, OperationSource
from service import jobs
from service.accounts.actions import scope_of
from service.accounts.rules import Actor, Role
from service.commands import actions as commands
from service.commands.rules import Order
from service.custody import actions as custody
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.entry import records as entries
from service.entry.rules import NewEntry
from service.errors import AnmenError, BadInput, Conflict
from service.tenancy import actions as tenancy
from service.tenancy.rules import EndedBy, EndReason, Notice, TenancyBegun, TenancyEnded
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living

DAY = timedelta(days=1)


@pytest.fixture
def place(database: Database, keyring: Keyring, now: datetime) -> Living:
    made = living.living(database.serve, keyring, now)
    with transaction(database.serve, SYSTEM) as session:
        session.execute(text("UPDATE lock SET link = 'live', capabilities = '{\"commands\": 510}'"))
    return made


@pytest.fixture
def begun(place: Living) -> TenancyBegun:
    return living.tenant(place)


def state(place: Living, begun: TenancyBegun, reason: EndReason | None, *, after: timedelta = timedelta()) -> object:
    with transaction(place.database, scope_of(place.landlord)) as session:
        return tenancy.end(session, place.landlord, begun.tenancy_id, reason=reason, now=place.now + after)


def due(place: Living, after: timedelta) -> None:
    """What the serving process does once a minute."""
    with transaction(place.database, SYSTEM) as session:
        jobs.end_noticed_tenancies(session, place.now + after)


def seen(place: Living, begun: TenancyBegun) -> tuple[EndedBy | None, Notice | None]:
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        view = tenancy.get_tenancy(session, own, begun.tenancy_id, keyring=place.keyring)
    return view.ended_by, view.notice


def refusals(place: Living, after: timedelta) -> list[str]:
    """What the landlord is told who opens, wipes, erases and moves the room's lock at that time."""
    lock, now, said = place.locks[0], place.now + after, []
    with transaction(place.database, SYSTEM) as session:
        there = given.unit(session, building_id=place.home.building_id)

    def order(kind: CommandKind) -> Callable[[Session], object]:
        return lambda session: commands.give_order(
            session, place.landlord, lock, Order(kind), keyring=place.keyring, now=now
        )

    def move(session: Session) -> None:
        custody.move(session, place.landlord, lock, place.unit_id, there, keyring=place.keyring, now=now)

    kinds = (CommandKind.UNLOCK_DOOR, CommandKind.FACTORY_WIPE, CommandKind.ERASE_BIOMETRIC)
    for act in (*(order(kind) for kind in kinds), move):
        try:
            with transaction(place.database, scope_of(place.landlord)) as session:
                act(session)
                session.rollback()
                said.append("")
        except AnmenError as refused:
            said.append(refused.code)
    return said


LET = ["emergency", "command_occupied", "command_occupied", "lock_occupied"]


@pytest.mark.parametrize("reason", EndReason)
def test_the_landlords_word_alone_opens_and_wipes_nothing(
    place: Living, begun: TenancyBegun, reason: EndReason
) -> None:
    with pytest.raises(BadInput) as wrong:
        state(place, begun, None)
    assert wrong.value.code == "end_without_reason"
    assert isinstance(state(place, begun, reason), Notice)
    assert refusals(place, timedelta(hours=23)) == LET
    due(place, timedelta(hours=23))
    ended_by, notice = seen(place, begun)
    assert (ended_by, notice is not None and notice.reason) == (None, reason)


def test_who_has_moved_out_and_says_nothing_is_gone_after_a_day(place: Living, begun: TenancyBegun) -> None:
    state(place, begun, EndReason.MOVED_OUT)
    due(place, DAY)
    assert seen(place, begun)[0] is EndedBy.LANDLORD
    assert refusals(place, DAY) == [""] * 4


def test_what_was_agreed_needs_the_tenants_own_word(place: Living, begun: TenancyBegun) -> None:
    state(place, begun, EndReason.AGREED)
    due(place, timedelta(days=60))
    assert seen(place, begun)[0] is None
    living.moved_out(place, begun, now=place.now + timedelta(hours=1))
    assert seen(place, begun)[0] is EndedBy.TENANT
    with pytest.raises(Conflict):
        state(place, begun, EndReason.MOVED_OUT, after=timedelta(hours=2))


def test_a_tenant_who_contradicts_stays(place: Living, begun: TenancyBegun) -> None:
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session, pytest.raises(Conflict):
        tenancy.stay(session, own, begun.tenancy_id, now=place.now)
    state(place, begun, EndReason.MOVED_OUT)
    with transaction(place.database, scope_of(own)) as session:
        tenancy.stay(session, own, begun.tenancy_id, now=place.now)
    due(place, DAY)
    assert seen(place, begun)[0] is None
    with pytest.raises(Conflict) as again:
        state(place, begun, EndReason.MOVED_OUT, after=DAY)
    assert again.value.code == "end_contradicted"
    assert refusals(place, DAY) == LET


def test_another_word_in_between_does_not_make_the_contradiction_unsaid(place: Living, begun: TenancyBegun) -> None:
    own = living.tenant_actor(place, begun.person_id)
    state(place, begun, EndReason.MOVED_OUT)
    with transaction(place.database, scope_of(own)) as session:
        tenancy.stay(session, own, begun.tenancy_id, now=place.now)
    for reason in (EndReason.AGREED, EndReason.MOVED_OUT):
        with pytest.raises(Conflict, match="three days"):
            state(place, begun, reason, after=timedelta(minutes=5))
    due(place, 2 * DAY)
    assert seen(place, begun)[0] is None


def test_the_landlord_takes_it_back(place: Living, begun: TenancyBegun) -> None:
    state(place, begun, EndReason.MOVED_OUT)
    with transaction(place.database, scope_of(place.landlord)) as session:
        tenancy.take_back_end(session, place.landlord, begun.tenancy_id, now=place.now)
    due(place, DAY)
    assert seen(place, begun)[0] is None


def opens(database: Database, lock: LockId, begun: TenancyBegun, at: datetime) -> None:
    """The tenant comes home with the own card."""
    with transaction(database.ingest, SYSTEM) as session:
        credential = session.execute(
            text(
                "SELECT credential_id AS id, version FROM credential JOIN access_list USING (lock_id) WHERE grant_id = :id LIMIT 1"
            ),
            {"id": begun.grant_id},
        ).one()
    entry = NewEntry(
        lock_id=lock,
        log_epoch=1,
        sequence=1,
        occurred_at=at,
        device_ms=0,
        clock_quality=2,
        boot_number=1,
        type=int(EventType.LOCK_OPERATED),
        live=True,
        operation=int(Operation.UNLOCK),
        source=int(OperationSource.RFID),
        credential_id=credential.id,
        list_version=credential.version,
        direction=None,
        code=None,
        score_band=None,
        liveness=None,
        fields=None,
    )
    with transaction(database.ingest, SYSTEM) as session:
        entries.append(session, [entry], at)


@pytest.mark.parametrize(("hour", "goes_on"), [(-1, False), (5, True)])
def test_who_comes_home_meanwhile_has_not_moved_out(
    database: Database, place: Living, begun: TenancyBegun, hour: int, goes_on: bool
) -> None:
    state(place, begun, EndReason.MOVED_OUT)
    opens(database, place.locks[0], begun, place.now + timedelta(hours=hour))
    due(place, DAY)
    ended_by, notice = seen(place, begun)
    assert (ended_by is None, notice is not None and not notice.stands) == (goes_on, goes_on)


def test_while_the_lock_is_cut_off_the_word_waits_but_not_for_ever(place: Living, begun: TenancyBegun) -> None:
    state(place, begun, EndReason.MOVED_OUT)
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE lock SET link = 'stale'"))
    due(place, timedelta(days=6))
    assert seen(place, begun)[0] is None
    due(place, timedelta(days=7))
    assert seen(place, begun)[0] is EndedBy.LANDLORD


def test_before_the_first_day_nobody_lives_there_yet(place: Living) -> None:
    begun = living.tenant(place, first=date(2026, 6, 1))
    assert isinstance(state(place, begun, EndReason.AGREED), TenancyEnded)


def test_those_who_look_after_the_area_see_rooms_and_no_names(place: Living, begun: TenancyBegun) -> None:
    state(place, begun, EndReason.MOVED_OUT)
    elsewhere = living.living(place.database, place.keyring, place.now)
    for role in (Role.GRID_WORKER, Role.OFFICER):
        for where, rooms in ((place, [place.unit_id]), (elsewhere, [])):
            staff: Actor = living.officer(where, role=role)
            with transaction(place.database, scope_of(staff)) as session:
                assert [one.unit_id for one in tenancy.notices_in_areas(session, staff)] == rooms


@pytest.mark.usefixtures("begun")
def test_a_house_that_changed_hands_is_let_as_before(place: Living) -> None:
    """Whoever owns the room now sees no tenancy of the former owner's; it runs all the same."""
    with transaction(place.database, SYSTEM) as session:
        buyer = given.account(session, keyring=place.keyring, now=place.now)
        for table in ("building", "unit"):
            session.execute(text(f"UPDATE {table} SET landlord_id = :id"), {"id": buyer})  # noqa: S608 - our own names
    bought = Living(
        place.database,
        place.keyring,
        place.now,
        place.home,
        place.locks,
        Actor(account_id=buyer, role=Role.LANDLORD),
    )
    assert refusals(bought, timedelta()) == LET
