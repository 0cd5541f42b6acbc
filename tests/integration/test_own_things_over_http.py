"""The JSON API of emergency PINs, of hours of house doors, and of faces taken at the door: as the pages, and no more than they."""

from datetime import datetime

import httpx
import psycopg
import pytest
from sqlalchemy import text

from face_engine import FaceEngine
from service.accounts.rules import Role
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.premises import actions as premises
from service.premises.rules import UnitId
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.fixtures_service import sign_in
from tests.given_living import Living

PHONE, OTHER_PHONE = "13977005588", "13977005599"
LANDLORD = "landlord-of-the-house"
_CAMERA = (
    "UPDATE lock SET capabilities = capabilities || jsonb_build_object('face_engine', CAST(:engine AS integer),"
    " 'face_model', CAST(:model AS text))"
)
_TAKEN = (
    "WITH asked AS (INSERT INTO lock_command (id, lock_id, unit_id, landlord_id, account_id, person_id, kind, issued_at, expires_at)"
    " SELECT decode(md5(p.id::text), 'hex'), d.lock_id, u.id, u.landlord_id, u.landlord_id, p.id, 7, now(), now() + interval '1 min'"
    " FROM person p, unit u JOIN door d ON d.unit_id = u.id WHERE u.id = %s RETURNING id, lock_id, person_id)"
    " INSERT INTO taken_face (command_id, lock_id, person_id, portrait, state, reason, arrived_at, decided_at)"
    " SELECT id, lock_id, person_id, true, 'refused', 'engine', now(), now() FROM asked"
)
CAN = '{"schedules": true, "passage": true, "commands": 510}'


@pytest.fixture
def place(database: Database, keyring: Keyring, now: datetime) -> Living:
    return living.living(database.serve, keyring, now)


def a_house(place: Living) -> tuple[UnitId, UnitId]:
    """A door of the house that its landlord signs in for, with a lock, and a room of the same house."""
    with transaction(place.database, SYSTEM) as session:
        owner = given.account(session, role=Role.LANDLORD, keyring=place.keyring, now=place.now, login=LANDLORD)
        building = given.building(session, area_id=place.home.areas.grid, landlord_id=owner)
        door = premises.add_shared_door(session, building_id=building, name="大门")
        room = given.unit(session, building_id=building)
        living.hang_lock(session, door, place.keyring, place.now)
        session.execute(text("UPDATE lock SET link = 'live', capabilities = CAST(:said AS jsonb)"), {"said": CAN})
    return door, room


def test_an_emergency_pin_wants_the_password_each_time_and_is_answered_once(
    client: httpx.Client, place: Living
) -> None:
    grant = living.tenant(place, living.form(phone=PHONE)).grant_id
    living.tenant(place, living.form(phone=OTHER_PHONE))
    tenant, other = (sign_in(client, phone, given.PASSWORD) for phone in (PHONE, OTHER_PHONE))
    path = f"/api/v1/grants/{grant}/emergency-pin"

    def ask(wanted: str, password: str = given.PASSWORD, headers: dict[str, str] = tenant) -> httpx.Response:
        return client.post(path, json={"wanted": wanted, "password": password}, headers=headers)

    assert ask("look").json() == {"state": "removed", "pin": None}
    refused = ask("make", password="another one")
    assert (refused.status_code, refused.json()["code"]) == (422, "wrong_password")
    assert ask("look").json()["state"] == "removed"
    made = ask("make").json()
    assert (made["state"], len(made["pin"])) == ("pending", 6)
    assert ask("look").json() == {"state": "pending", "pin": None}
    assert ask("look", headers=other).status_code == 404
    assert ask("remove", headers=other).status_code == 404
    assert ask("remove").json()["state"] in {"removing", "removed"}
    assert client.post(path, json={"wanted": "tell", "password": "x"}, headers=tenant).status_code == 422
    assert client.get(path, headers=tenant).status_code == 405


def test_hours_of_a_house_door_are_set_shown_and_ended_by_its_landlord_alone(
    client: httpx.Client, place: Living
) -> None:
    door, room = a_house(place)
    living.tenant(place, living.form(phone=PHONE))
    landlord, tenant = sign_in(client, LANDLORD, given.PASSWORD), sign_in(client, PHONE, given.PASSWORD)
    path = f"/api/v1/units/{door}/passage"
    hours = {"days": "workdays", "opens": "07:00", "closes": "19:00"}
    assert client.get(path, headers=landlord).json() == []
    [shown] = client.put(path, json=hours, headers=landlord).json()
    assert (shown | hours, shown["state"]) == (shown, "pending")
    later = hours | {"days": "every_day", "closes": "21:30"}
    assert [one["closes"] for one in client.put(path, json=later, headers=landlord).json()] == ["21:30"]
    turned = client.put(path, json=hours | {"closes": "06:00"}, headers=landlord)
    assert (turned.status_code, turned.json()["code"]) == (422, "passage_hours")
    assert client.put(path, json=hours, headers=tenant).status_code == 403
    assert client.put(f"/api/v1/units/{place.unit_id}/passage", json=hours, headers=landlord).status_code == 404
    never = client.put(f"/api/v1/units/{room}/passage", json=hours, headers=landlord)
    assert (never.status_code, never.json()["code"]) == (409, "room_door")
    assert client.delete(path, headers=landlord).status_code == 204
    assert client.get(path, headers=landlord).json() == []


def test_a_face_is_taken_at_ones_own_door_and_only_with_consent(
    client: httpx.Client, place: Living, database: Database, sface: FaceEngine
) -> None:
    a_house(place)
    with transaction(place.database, SYSTEM) as session:
        camera = {"engine": sface.engine_id, "model": sface.model_hash.hex()}
        session.execute(text(_CAMERA), camera)
    living.tenant(place, living.form(phone=PHONE))
    living.tenant(place, living.form(phone=OTHER_PHONE, face=True), living.prepared())
    without, agreed = (sign_in(client, phone, given.PASSWORD) for phone in (PHONE, OTHER_PHONE))
    path = f"/api/v1/locks/{place.locks[0]}/enrolments"
    refused = client.post(path, headers=without)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_face_consent")
    begun = client.post(path, headers=agreed)
    assert begun.status_code == 202, begun.text
    assert client.post("/api/v1/locks/L-000000000000/enrolments", headers=agreed).status_code == 404
    assert client.get("/api/v1/me/enrolments", headers=agreed).json() == []
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute(_TAKEN, [place.unit_id])
    [shown] = client.get("/api/v1/me/enrolments", headers=agreed).json()
    assert (shown["state"], shown["reason"], shown["portrait"]) == ("refused", "engine", True)
