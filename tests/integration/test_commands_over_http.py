"""The JSON API of commands, as a program uses it."""

from datetime import datetime

import httpx
import pytest
from sqlalchemy import text

from service.accounts.rules import Role
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from tests import given
from tests import given_living as living
from tests.commanded import Commanded, commanded
from tests.fixtures_database import Database
from tests.fixtures_service import sign_in

LOGIN, PHONE = "landlord-of-an-api", "13977003344"
STATED = {"emergency": "gas", "reason": "整个楼道都是煤气味"}


@pytest.fixture
def door(database: Database, keyring: Keyring, now: datetime) -> Commanded:
    made = commanded(database, living.living(database.serve, keyring, now))
    living.tenant(made.place, living.form(phone=PHONE))
    with transaction(database.serve, SYSTEM) as session:
        owner = given.account(session, role=Role.LANDLORD, login=LOGIN, keyring=keyring, now=now)
        for table in ("building", "unit", "tenancy"):
            session.execute(text(f"UPDATE {table} SET landlord_id = :id"), {"id": owner})  # noqa: S608 - our own names
    return made


def test_an_order_and_what_became_of_it(client: httpx.Client, door: Commanded) -> None:
    tenant, path = sign_in(client, PHONE, given.PASSWORD), f"/api/v1/locks/{door.id}/commands"
    ordered = client.post(path, json={"kind": "unlock_door", "seconds": 5}, headers=tenant)
    assert ordered.status_code == 202, ordered.text
    assert (ordered.json()["state"], ordered.json()["by_tenant"]) == ("waiting", True)
    door.deliver()
    door.pass_time(1)
    seen = client.get(f"/api/v1/commands/{ordered.json()['id']}", headers=tenant).json()
    assert (seen["state"], seen["failure"], seen["wipe_proven"]) == ("done", None, False)
    landlord = sign_in(client, LOGIN, given.PASSWORD)
    assert client.get(f"/api/v1/commands/{ordered.json()['id']}", headers=landlord).status_code == 404
    assert client.get(path, headers=landlord).json() == []


def test_a_landlord_states_the_emergency(client: httpx.Client, door: Commanded) -> None:
    landlord, path = sign_in(client, LOGIN, given.PASSWORD), f"/api/v1/locks/{door.id}/commands"
    refused = client.post(path, json={"kind": "unlock_door"}, headers=landlord)
    assert (refused.status_code, refused.json()["code"]) == (422, "emergency")
    short = client.post(path, json={"kind": "unlock_door", **STATED, "reason": "gas"}, headers=landlord)
    assert (short.status_code, short.json()["code"]) == (422, "emergency_reason")
    assert client.post(path, json={"kind": "unlock_door", **STATED}, headers=landlord).status_code == 202
    assert client.post(path, json={"kind": "unlock_door", **STATED}, headers=landlord).status_code == 409
    assert client.post(path, json={"kind": "factory_wipe"}, headers=landlord).status_code == 409
    tenant = sign_in(client, PHONE, given.PASSWORD)
    (told,) = client.get(path, headers=tenant).json()
    assert (told["emergency"], told["reason"], told["by_tenant"]) == ("gas", STATED["reason"], False)


@pytest.mark.parametrize(
    "body", [{"kind": "lock_door"}, {"kind": 1}, {}, {"kind": "identify", "seconds": 0}, {"kind": "reboot", "x": 1}]
)
def test_what_cannot_be_ordered(client: httpx.Client, door: Commanded, body: dict[str, object]) -> None:
    landlord = sign_in(client, LOGIN, given.PASSWORD)
    assert client.post(f"/api/v1/locks/{door.id}/commands", json=body, headers=landlord).status_code == 422


def test_locks_and_commands_that_are_not_there(client: httpx.Client, door: Commanded) -> None:
    landlord = sign_in(client, LOGIN, given.PASSWORD)
    for path in ("/api/v1/locks/L-000000000000/commands", "/api/v1/commands/zz", f"/api/v1/commands/{'0' * 32}"):
        assert client.get(path, headers=landlord).status_code == 404
    assert client.get(f"/api/v1/locks/{door.id}/commands").status_code == 401
