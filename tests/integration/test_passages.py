"""A door of the whole house: every tenant opens it, it stands unlocked at set hours, and nobody is named or counted for that."""

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from firmware_protocol.decisions import Moment, stands_open
from firmware_protocol.schedules import WeeklySchedule
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import ClockQuality, CredentialType, EventType, Field, OperatingMode
from service.access import actions as access
from service.access.passages import Days, passage_hours
from service.access.rules import Materials
from service.accounts.actions import scope_of
from service.accounts.rules import Actor, Role
from service.custody.records import claims as custody
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import BadInput, Conflict, NotFound
from service.premises import actions as premises
from service.premises.rules import UnitId
from service.tenancy import actions as tenancy
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living
from tests.integration.test_listening import Service, service
from tests.integration.test_visits import ABLE, entries, says
from tests.pages.test_http import sign_in, token_on
from tests.wire_lock import WireLock, hung_lock

__all__ = ["service"]

CAN_PASS = '{"schedules": true, "one_time": true, "passage": true}'
HOURS = passage_hours(Days.WORKDAYS, "07:00", "19:00")
# Monday, 2 March 2026, 06:59 and 07:00 in Shanghai.
MONDAY_7 = 1_772_406_000
CARD, PIN, PASSAGE = CredentialType.RFID, CredentialType.PIN, CredentialType.PASSAGE


@pytest.fixture
def place(database: Database, keyring: Keyring, now: object) -> Living:
    return living.living(database.serve, keyring, now)  # type: ignore[arg-type]  # the fixture's instant


def front_door(place: Living) -> tuple[UnitId, LockId]:
    """A front door of the house with a lock on it."""
    with transaction(place.database, SYSTEM) as session:
        door = premises.add_shared_door(session, building_id=place.home.building_id, name="大门")
        lock = living.hang_lock(session, door, place.keyring, place.now)
    says(place, CAN_PASS)
    return door, lock


def set_hours(place: Living, door: UnitId, hours: WeeklySchedule = HOURS) -> None:
    with transaction(place.database, scope_of(place.landlord)) as session:
        access.set_passage(session, place.landlord, door, hours, keyring=place.keyring, now=place.now)


def kinds(place: Living, lock: LockId) -> list[CredentialType]:
    return [one.type for one in entries(place, lock)]


def test_a_tenant_opens_the_front_door_as_the_own_and_no_longer(place: Living) -> None:
    door, lock = front_door(place)
    begun = living.tenant(place)
    assert kinds(place, lock) == kinds(place, place.locks[0]) == [CARD, PIN]
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        access.replace_pin(session, begun.grant_id, keyring=place.keyring, now=place.now)
        access.make_emergency_pin(session, begun.grant_id, keyring=place.keyring, now=place.now)
    for one in (lock, place.locks[0]):
        assert [(entry.type, entry.duress) for entry in entries(place, one)] == [
            (CARD, False),
            (PIN, False),
            (PIN, True),
        ]
    with transaction(place.database, SYSTEM) as session:
        units = session.execute(text("SELECT DISTINCT lock_id, unit_id FROM credential ORDER BY 2")).all()
        assert {tuple(row) for row in units} == {(place.locks[0], place.unit_id), (lock, door)}
        access.revoke(session, [begun.grant_id], now=place.now)
    assert kinds(place, lock) == kinds(place, place.locks[0]) == []


def test_the_hours_are_an_entry_that_opens_the_door_then_and_only_then(place: Living) -> None:
    door, lock = front_door(place)
    begun = living.tenant(place)
    for _ in range(2):
        set_hours(place, door)
    assert kinds(place, lock) == [CARD, PIN, PASSAGE]
    assert PASSAGE not in kinds(place, place.locks[0])
    held = entries(place, lock)
    for second, is_open in ((-1, False), (0, True), (12 * 3600 - 1, True), (12 * 3600, False), (5 * 86_400, False)):
        at = MONDAY_7 + 7 * 86_400 + second
        assert stands_open(held, Moment(at, ClockQuality.SYNCED, at)) == is_open
    assert held[-1].schedules == (WeeklySchedule(0b011_1110, 420, 1140),)
    with transaction(place.database, scope_of(place.landlord)) as session:
        access.end_passage(session, place.landlord, door, now=place.now)
        assert access.passages_of(session, door, place.now) == ()
    assert kinds(place, lock) == [CARD, PIN]
    with transaction(place.database, SYSTEM) as session:
        access.revoke(session, [begun.grant_id], now=place.now)


def test_the_door_of_a_room_never_stands_unlocked(place: Living) -> None:
    """Neither by the action, nor for another's, nor in the database."""
    door, _ = front_door(place)
    with pytest.raises(Conflict, match="room"):
        set_hours(place, place.unit_id)
    other = Actor(account_id=living.officer(place).account_id, role=Role.LANDLORD)
    with pytest.raises(NotFound), transaction(place.database, scope_of(other)) as session:
        access.set_passage(session, other, door, HOURS, keyring=place.keyring, now=place.now)
    set_hours(place, door)
    with pytest.raises(IntegrityError), transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE access_grant SET unit_id = :room WHERE passage"), {"room": place.unit_id})


def test_a_lock_that_knows_no_passage_is_given_none(place: Living) -> None:
    door, lock = front_door(place)
    says(place, ABLE)
    with pytest.raises(Conflict, match="newer firmware"):
        set_hours(place, door)
    assert kinds(place, lock) == []


@pytest.mark.parametrize(("opens", "closes"), [("19:00", "07:00"), ("07:00", "07:00"), ("24:00", "25:00"), ("7", "")])
def test_hours_that_cannot_be_are_refused(opens: str, closes: str) -> None:
    with pytest.raises(BadInput):
        passage_hours(Days.EVERY_DAY, opens, closes)


def test_a_lock_hung_later_gets_what_the_house_has(place: Living) -> None:
    door, _ = front_door(place)
    living.tenant(place)
    set_hours(place, door)
    with transaction(place.database, SYSTEM) as session:
        later = living.hang_lock(session, door, place.keyring, place.now)
        session.execute(text("UPDATE lock SET capabilities = CAST(:said AS jsonb)"), {"said": CAN_PASS})
        grants = custody.running_grants(session, [door], place.now)
        access.equip(
            session,
            later,
            grants,
            unit_id=door,
            materials=lambda _: Materials(document_number="330100199001010016"),
            keyring=place.keyring,
        )
    assert kinds(place, later) == [CARD, PASSAGE]


def test_nobody_rents_a_door(place: Living) -> None:
    door, _ = front_door(place)
    with pytest.raises(Conflict, match="whole house"), transaction(place.database, scope_of(place.landlord)) as session:
        tenancy.invite(
            session,
            place.landlord,
            unit_id=door,
            starts_on=living.FIRST_DAY,
            ends_on=living.LAST_DAY,
            lifetime_s=86400,
            now=place.now,
        )
    with transaction(place.database, scope_of(place.landlord)) as session:
        assert [one.id for one in premises.units_of_landlord(session, place.landlord.account_id)] == [place.unit_id]


def test_what_happens_at_the_front_door_says_of_no_room_who_is_in(service: Service) -> None:
    place = living.living(service.database.serve, service.keyring, service.now)
    begun = living.tenant(place)
    with transaction(service.database.serve, SYSTEM) as session:
        door = premises.add_shared_door(session, building_id=place.home.building_id, name="大门")
        since = living.lease_starts_at()
        lock: WireLock = hung_lock(session, door, service.keyring, service.now, since=since)
        grants = custody.running_grants(session, [door], service.now)
        materials = Materials(document_number="330100199001010016")
        access.equip(session, lock.id, grants, unit_id=door, materials=lambda _: materials, keyring=service.keyring)
    before = service.rows("SELECT state, as_of FROM presence")
    service.converse(lock, lock.connect())
    at_ms = round(service.now.timestamp() * 1000)
    lock.open_with(1, at_ms=at_ms)
    lock.record(EventType.MODE_CHANGED, {Field.MODE: OperatingMode.PASSAGE, Field.SOURCE: 6}, at_ms=at_ms)
    service.hear(lock, lock.frames())
    told = "SELECT type, unit_id, person_id FROM entry WHERE type IN (2, 21) ORDER BY sequence"
    assert service.rows(told) == [(2, door, begun.person_id), (21, door, None)]
    assert service.rows("SELECT state, as_of FROM presence") == before
    assert service.rows("SELECT sum(present), bool_or(unsure) FROM unit_occupancy") == [(0, False)]


def test_a_landlord_sets_the_hours_on_a_page(
    database: Database, keyring: Keyring, client: httpx.Client, now: object
) -> None:
    place = living.living(database.serve, keyring, now)  # type: ignore[arg-type]  # the fixture's instant
    with transaction(database.serve, SYSTEM) as session:
        owner = given.account(session, login="landlord", keyring=keyring, now=place.now)
        for table in ("building", "unit"):
            session.execute(text(f"UPDATE {table} SET landlord_id = :id"), {"id": owner})  # noqa: S608 - our own names
    assert sign_in(client, "landlord").status_code == 303
    house = f"/houses/{place.home.building_id}"

    def send(path: str, **said: str) -> httpx.Response:
        return client.post(path, data={"csrf": token_on(client, house), **said})

    added = send(f"{house}/doors", name="大门")
    assert added.status_code == 303
    door = int(added.headers["location"].split("/")[2])
    with transaction(database.serve, SYSTEM) as session:
        lock = living.hang_lock(session, UnitId(door), keyring, place.now)
        session.execute(text("UPDATE lock SET capabilities = CAST(:said AS jsonb)"), {"said": CAN_PASS})
    assert client.get(f"/rooms/{door}").headers["location"] == house
    assert send(f"/houses/doors/{door}/hours", days="workdays", opens="19:00", closes="07:00").status_code == 422
    assert send(f"/houses/doors/{door}/hours", days="workdays", opens="07:00", closes="19:00").status_code == 303
    shown = client.get(house).text
    assert all(one in shown for one in ("大门", lock, "07:00–19:00", "周一至周五", "对所有人敞开"))
    assert (
        send(f"/houses/doors/{place.unit_id}/hours", days="workdays", opens="07:00", closes="19:00").status_code == 409
    )
    assert send(f"/houses/doors/{door}/locked").status_code == 303
    assert "07:00–19:00" not in client.get(house).text
