"""A visitor's PIN: for a day, perhaps once, on the tenant's own door; gone with the tenancy; and nobody is named for it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from firmware_protocol.access_list import ListEntry, decode_entry
from firmware_protocol.schedules import ALL_DAYS, WeeklySchedule
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.access import actions as access
from service.access.actions import open_entry
from service.access.rules import GrantId, Materials, Terms
from service.accounts.actions import scope_of
from service.accounts.rules import Actor, Role
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import Conflict, NotFound
from service.presence import actions as presence
from service.tenancy.rules import TenancyBegun
from service.visits import actions as visits
from service.visits.rules import MOST_VISITS, Wanted
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living
from tests.integration.test_listening import Service, born, door, service
from tests.wire_lock import HungDoor

__all__ = ["door", "service"]

ABLE = '{"schedules": true, "one_time": true}'


@pytest.fixture
def place(database: Database, keyring: Keyring, now: object) -> Living:
    return living.living(database.serve, keyring, now, locks=2)  # type: ignore[arg-type]  # the fixture's instant


@pytest.fixture
def begun(place: Living) -> TenancyBegun:
    says(place, ABLE)
    return living.tenant(place)


def says(place: Living, capabilities: str) -> None:
    """As if every lock had been born with these capabilities."""
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE lock SET capabilities = CAST(:said AS jsonb)"), {"said": capabilities})


def entries(place: Living, lock: LockId) -> list[ListEntry]:
    statement = text(
        "SELECT credential_id, entry_sealed FROM credential WHERE lock_id = :lock AND removed_version IS NULL ORDER BY 1"
    )
    with transaction(place.database, SYSTEM) as session:
        rows: Sequence[tuple[int, bytes]] = [tuple(row) for row in session.execute(statement, {"lock": lock})]
    return [decode_entry(open_entry(place.keyring, lock, number, sealed)) for number, sealed in rows]


def invite(place: Living, begun: TenancyBegun, *, one_time: bool = True) -> GrantId:
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        visit, pin = visits.invite(
            session, begun.grant_id, Wanted(one_time=one_time), keyring=place.keyring, now=place.now
        )
    assert len(pin) == 6
    return visit


@pytest.mark.parametrize("one_time", [True, False])
def test_a_visitor_gets_a_pin_for_a_day_on_every_lock(place: Living, begun: TenancyBegun, one_time: bool) -> None:
    invite(place, begun, one_time=one_time)
    for lock in place.locks:
        last = entries(place, lock)[-1]
        assert (last.type, last.visitor, last.one_time) == (CredentialType.PIN, True, one_time)
        assert last.ends_at - last.starts_at <= 86_400
        assert last.offline_lease_s == 86_400


def test_a_lock_that_does_not_know_one_time_gets_none(place: Living, begun: TenancyBegun) -> None:
    """Such a lock would skip what it does not know and open any number of times."""
    says(place, '{"schedules": true}')
    with pytest.raises(Conflict, match="newer firmware"):
        invite(place, begun)
    assert all(not one.visitor for one in entries(place, place.locks[0]))
    invite(place, begun, one_time=False)


@pytest.mark.parametrize(("capabilities", "goes"), [(ABLE, True), ('{"one_time": true}', False), ("{}", False)])
def test_a_schedule_goes_only_to_locks_that_keep_it(
    place: Living, begun: TenancyBegun, capabilities: str, goes: bool
) -> None:
    says(place, capabilities)
    hours = (WeeklySchedule(ALL_DAYS, 480, 1080),)
    with transaction(place.database, SYSTEM) as session:
        own = access.get_standing(session, begun.grant_id, place.now).terms
    terms = Terms(
        unit_id=own.unit_id,
        person_id=own.person_id,
        starts_at=own.starts_at,
        ends_at=own.ends_at,
        offline_lease_s=own.offline_lease_s,
        schedules=hours,
    )

    def grant() -> GrantId:
        with transaction(place.database, SYSTEM) as session:
            return access.grant(session, terms, materials=Materials(pin="748291"), keyring=place.keyring, now=place.now)

    if not goes:
        with pytest.raises(Conflict, match="newer firmware"):
            grant()
        return
    granted = grant()
    assert entries(place, place.locks[0])[-1].schedules == hours
    with transaction(place.database, SYSTEM) as session:
        access.replace_pin(session, granted, keyring=place.keyring, now=place.now)
    assert entries(place, place.locks[0])[-1].schedules == hours


def test_visits_end_with_the_tenancy(place: Living, begun: TenancyBegun) -> None:
    invite(place, begun)
    living.moved_out(place, begun)
    assert entries(place, place.locks[0]) == []


def test_visits_end_after_their_day(place: Living, begun: TenancyBegun) -> None:
    invite(place, begun)
    for hours, left in ((23, 3), (25, 2)):
        with transaction(place.database, SYSTEM) as session:
            visits.end_over(session, now=place.now + timedelta(hours=hours))
        assert len(entries(place, place.locks[0])) == left


def test_there_are_not_many_visitors_at_a_time_and_none_invites_another(place: Living, begun: TenancyBegun) -> None:
    visit = invite(place, begun)
    own = living.tenant_actor(place, begun.person_id)
    with pytest.raises(Conflict, match="cannot invite"), transaction(place.database, scope_of(own)) as session:
        visits.invite(session, visit, Wanted(one_time=True), keyring=place.keyring, now=place.now)
    for _ in range(MOST_VISITS - 1):
        invite(place, begun)
    with pytest.raises(Conflict, match="enough"):
        invite(place, begun)


def test_nobody_invites_to_anothers_room(place: Living, begun: TenancyBegun) -> None:
    other = living.tenant_actor(place, living.tenant(place).person_id)
    with pytest.raises(NotFound), transaction(place.database, scope_of(other)) as session:
        visits.invite(session, begun.grant_id, Wanted(one_time=True), keyring=place.keyring, now=place.now)


def test_a_visitors_entry_is_nobodys_and_moves_nobody(service: Service, door: HungDoor) -> None:
    door.lock.capabilities = {"one_time": True}
    born(service, door)
    with transaction(service.database.serve, SYSTEM) as session:
        visits.invite(session, door.grant_id, Wanted(one_time=True), keyring=service.keyring, now=service.now)
    service.converse(door.lock, door.lock.connect())
    door.lock.open_with(3)
    service.hear(door.lock, door.lock.frames())
    assert service.rows("SELECT person_id, credential_id FROM entry WHERE type = 2") == [(None, 3)]
    assert service.rows("SELECT count(*) FROM presence WHERE state = 'in'") == [(0,)]
    door.lock.open_with(1)
    service.hear(door.lock, door.lock.frames())
    assert service.rows("SELECT count(*) FROM presence WHERE state = 'in'") == [(1,)]


def test_a_pin_that_was_used_shows_it_and_goes_off_the_list(service: Service, door: HungDoor) -> None:
    """From the lock's own event; a PIN for the day stays, however often it opens."""
    door.lock.capabilities = {"one_time": True}
    born(service, door)
    own = Actor(account_id=door.home.landlord_id, role=Role.TENANT, person_id=door.person_id)
    with transaction(service.database.serve, SYSTEM) as session:
        for once in (True, False):
            visits.invite(session, door.grant_id, Wanted(one_time=once), keyring=service.keyring, now=service.now)
    service.converse(door.lock, door.lock.connect())
    for number in (3, 4, 4):
        door.lock.open_with(number)
    service.hear(door.lock, door.lock.frames())

    def seen() -> list[tuple[bool, bool, str]]:
        with transaction(service.database.serve, scope_of(own)) as session:
            given = visits.visits_of(session, door.person_id, service.now)
        return [(one.one_time, one.used_at is not None, one.state.value) for one in given]

    assert seen() == [(True, True, "on_lock"), (False, False, "on_lock")]
    with transaction(service.database.serve, SYSTEM) as session:
        visits.end_over(session, now=service.now)
    assert seen() == [(True, True, "removing"), (False, False, "on_lock")]
    service.converse(door.lock, door.lock.connect())
    assert sorted(door.lock.held.entries) == [1, 2, 4]
    assert seen() == [(True, True, "removed"), (False, False, "on_lock")]
    with transaction(service.database.serve, SYSTEM) as session:
        visits.end_over(session, now=service.now)
    assert service.rows("SELECT version FROM access_list") == [(4,)]


def test_a_room_says_that_a_visitor_came_and_nobody_is_counted(service: Service, door: HungDoor) -> None:
    born(service, door)
    with transaction(service.database.serve, SYSTEM) as session:
        visits.invite(session, door.grant_id, Wanted(), keyring=service.keyring, now=service.now)
    service.converse(door.lock, door.lock.connect())
    state = "SELECT present, residents, unsure, visited_at IS NOT NULL FROM unit_occupancy"
    before = service.rows("SELECT sum(position) FROM feed_position")
    door.lock.open_with(3)
    service.hear(door.lock, door.lock.frames())
    assert service.rows(state) == [(0, 0, False, True)]
    assert service.rows("SELECT sum(position) FROM feed_position") != before
    door.lock.leave()
    service.hear(door.lock, door.lock.frames())
    assert service.rows(state) == [(0, 0, False, False)]
    door.lock.open_with(3)
    service.hear(door.lock, door.lock.frames())
    for hours, visited in ((23, True), (25, False)):
        with transaction(service.database.serve, SYSTEM) as session:
            presence.forget_visitors(session, now=datetime.fromtimestamp(1_772_000_000, UTC) + timedelta(hours=hours))
        assert service.rows(state) == [(0, 0, False, visited)]
