"""A report of the lock on the house's door: more than half of the rooms must say so, one that says no keeps it, nobody else is heard."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from firmware_protocol.topics import LockId
from service.accounts.actions import scope_of
from service.accounts.rules import Actor
from service.custody import household, leaving
from service.custody.rules import HouseReport, ReportId, ReportKind, Tally
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import Conflict, NotFound
from service.premises import actions as premises
from service.premises.rules import UnitId
from tests import given
from tests import given_living as living
from tests.commanded import Commanded, commanded
from tests.fixtures_database import Database
from tests.given_living import Living

LATER = timedelta(hours=1)


@drawn(st.integers(1, 60), st.integers(0, 60), st.integers(0, 60))
def test_more_than_half_shut_it_out_and_one_that_says_no_keeps_it(rooms: int, agreeing: int, against: int) -> None:
    tally = Tally(rooms, agreeing, against)
    assert tally.shuts_out is (not against and 2 * agreeing > rooms)
    assert Tally(rooms, rooms, 0).shuts_out


@dataclass(frozen=True, slots=True)
class House:
    """A house of rooms that are lived in, and a reported lock on its front door."""

    place: Living
    door: UnitId
    rooms: tuple[Living, ...]
    tenants: tuple[Actor, ...]
    front: Commanded
    report: ReportId

    @property
    def later(self) -> datetime:
        return self.place.now + LATER

    def says(self, at: int, *, agrees: bool, tenant: Actor | None = None) -> bool:
        actor = tenant or self.tenants[at]
        with transaction(self.place.database, scope_of(actor)) as session:
            unit = self.rooms[at].unit_id
            return household.answer(session, actor, unit, self.report, agrees=agrees, now=self.later)

    def seen_by(self, at: int, actor: Actor | None = None) -> tuple[HouseReport, ...]:
        who = actor or self.tenants[at]
        with transaction(self.place.database, scope_of(who)) as session:
            unit = self.rooms[at].unit_id
            return household.house_reports(session, who, unit, keyring=self.place.keyring, now=self.later)

    def hangs(self) -> bool:
        with transaction(self.place.database, SYSTEM) as session:
            return self.front.id in premises.locks_of_unit(session, self.door, self.later)


@pytest.fixture
def house(database: Database, keyring: Keyring, now: datetime) -> Callable[[int], House]:
    def build(count: int) -> House:
        place = living.living(database.serve, keyring, now, locks=0)
        with transaction(place.database, SYSTEM) as session:
            building = place.home.building_id
            units = [place.unit_id]
            units += [premises.add_unit(session, building_id=building, number=f"30{n}") for n in range(1, count)]
            premises.add_unit(session, building_id=building, number="vacant")
            door = premises.add_shared_door(session, building_id=building, name="大门")
        rooms = tuple(replace(place, home=replace(place.home, unit_id=unit)) for unit in units)
        front = commanded(database, replace(place, home=replace(place.home, unit_id=door)))
        tenants = tuple(living.tenant_actor(room, living.tenant(room).person_id) for room in rooms)
        return House(place, door, rooms, tenants, front, _report(place, door, front.id))

    return build


def _report(place: Living, door: UnitId, lock: LockId) -> ReportId:
    with transaction(place.database, scope_of(place.landlord)) as session:
        at, keyring = place.now + timedelta(minutes=1), place.keyring
        kind, reason = ReportKind.STOLEN, "昨夜大门的锁被人撬走了"
        assert not leaving.report(session, place.landlord, door, lock, kind, reason=reason, keyring=keyring, now=at)
        [found] = leaving.open_reports(session, unit_id=door, keyring=keyring)
        assert found.shared
        return found.id


def test_the_lock_is_shut_out_when_more_than_half_of_the_rooms_say_so(house: Callable[[int], House]) -> None:
    here = house(3)
    assert not here.says(0, agrees=True)
    assert not here.says(0, agrees=True), "one room has one voice"
    [seen] = here.seen_by(1)
    assert (seen.tally, seen.said, seen.may_agree) == (Tally(3, 1, 0), None, True)
    assert here.hangs()
    assert here.says(1, agrees=True)
    assert not here.hangs()
    assert here.seen_by(2) == ()
    front = here.front
    assert front.rows("SELECT confirmed_by IS NOT NULL, settled_at IS NOT NULL FROM lock_report") == [(True, True)]
    assert front.rows("SELECT revoked_as FROM lock WHERE revoked_at IS NOT NULL") == [("stolen",)]
    front.memory.forget([front.id])
    front.pass_time(60)
    assert ("revoked_lock",) in front.rows("SELECT reason FROM frame_refusal")


def test_one_who_says_that_it_is_there_keeps_it_until_the_word_is_changed(house: Callable[[int], House]) -> None:
    here = house(3)
    assert not here.says(2, agrees=False)
    assert not here.says(0, agrees=True)
    assert not here.says(1, agrees=True)
    assert here.seen_by(0)[0].tally == Tally(3, 2, 1)
    assert here.hangs()
    assert here.says(2, agrees=True)
    assert not here.hangs()


def test_whom_the_landlord_lets_in_after_the_report_cannot_say_that_it_is_true(house: Callable[[int], House]) -> None:
    here = house(2)
    # The lease may begin on any day before; what counts is when it was confirmed.
    room = replace(here.rooms[1], now=here.later)
    friend = living.tenant_actor(room, living.tenant(room).person_id)
    with pytest.raises(Conflict, match="moved in after"):
        here.says(1, agrees=True, tenant=friend)
    assert not here.seen_by(1, friend)[0].may_agree
    assert not here.says(0, agrees=True)
    assert here.hangs()


def test_one_to_whom_the_landlord_has_let_many_rooms_is_one_voice(house: Callable[[int], House]) -> None:
    here = house(2)
    place, document = here.place, given.document()
    with transaction(place.database, SYSTEM) as session:
        building = place.home.building_id
        units = [premises.add_unit(session, building_id=building, number=f"40{n}") for n in range(3)]
    rooms = [replace(place, home=replace(place.home, unit_id=unit)) for unit in units]
    begun = [living.tenant(room, living.form(document, phone="13912345678")) for room in rooms]
    [friend] = {one.person_id for one in begun}
    actor = living.tenant_actor(rooms[0], friend)
    assert not replace(here, rooms=tuple(rooms)).says(0, agrees=True, tenant=actor)
    assert here.seen_by(0)[0].tally == Tally(3, 1, 0)
    assert here.hangs()


def test_nobody_who_does_not_live_in_the_house_is_heard(house: Callable[[int], House]) -> None:
    here, other = house(1), house(1)
    strangers = (other.tenants[0], here.place.landlord)
    for actor in strangers:
        assert here.seen_by(0, actor) == ()
        with pytest.raises(NotFound):
            here.says(0, agrees=True, tenant=actor)
    with pytest.raises(NotFound):
        replace(here, rooms=other.rooms).says(0, agrees=True, tenant=other.tenants[0])
    assert here.hangs()
    assert here.says(0, agrees=True), "alone in the house, as behind a room's own door"


def test_a_report_made_again_is_heard_anew_and_what_was_said_is_nobody_elses_to_read(
    house: Callable[[int], House],
) -> None:
    here = house(2)
    here.says(0, agrees=True)
    words = "SELECT count(*) FROM lock_report_word"
    assert here.front.rows(words) == [(1,)]
    with transaction(here.place.database, scope_of(here.place.landlord)) as session:
        assert session.connection().exec_driver_sql(words).scalar_one() == 0
        leaving.withdraw_report(session, here.place.landlord, here.door, here.front.id, now=here.later)
    again = replace(here, report=_report(here.place, here.door, here.front.id))
    assert again.seen_by(0)[0].tally == Tally(2, 0, 0)
