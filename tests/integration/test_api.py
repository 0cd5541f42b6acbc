"""The JSON API of accounts, places and one's own record; health; and the description of it all."""

from datetime import datetime

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from service.accounts.rules import FAILURES_ALLOWED, Role, csrf_token
from service.accounts.signed_in import SESSION_COOKIE, Csrf, Visiting, Visitor, checked_form
from service.app import create_app
from service.edges.keyring import Keyring
from service.edges.requests import Parts
from service.edges.transaction import SYSTEM, connect, transaction
from service.settings import Settings
from tests import given
from tests.fixtures_database import Database
from tests.fixtures_service import Clock, served, sign_in


@pytest.fixture
def home(database: Database, keyring: Keyring, now: datetime) -> given.Home:
    with transaction(database.serve, SYSTEM) as session:
        home = given.home(session, keyring=keyring, now=now)
        given.account(
            session, role=Role.GRID_WORKER, login="grid", areas=[home.areas.community], keyring=keyring, now=now
        )
        given.account(session, login="landlord", keyring=keyring, now=now)
        person = given.person(session, keyring=keyring, now=now, of=given.document(5))
        given.account(session, role=Role.TENANT, login="tenant", person_id=person, keyring=keyring, now=now)
    return home


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    """The real application with a page that has a form, as the portals have them."""

    @app.get("/pages/test")
    def page(visitor: Visitor, csrf: Csrf) -> dict[str, str | None]:
        return {"role": visitor.role if visitor else None, "csrf": csrf}

    @app.post("/pages/test", dependencies=[checked_form])
    def form(visitor: Visiting) -> dict[str, int]:
        return {"account_id": visitor.account_id}

    return app


@pytest.mark.usefixtures("home")
def test_signing_in_and_out(client: httpx.Client) -> None:
    headers = sign_in(client, "landlord", given.PASSWORD)
    assert client.get("/api/v1/me", headers=headers).json()["role"] == "landlord"
    assert client.delete("/api/v1/sessions/current", headers=headers).status_code == 204
    assert client.get("/api/v1/me", headers=headers).status_code == 401


@pytest.mark.usefixtures("home")
def test_a_session_ends_by_itself(client: httpx.Client, clock: Clock, parts: Parts) -> None:
    headers = sign_in(client, "landlord", given.PASSWORD)
    clock.forward(seconds=parts.settings.sign_in_lifetime_s - 1)
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    clock.forward(seconds=1)
    assert client.get("/api/v1/me", headers=headers).json()["code"] == "token"


@pytest.mark.usefixtures("home")
def test_wrong_passwords_are_remembered_though_each_was_refused(client: httpx.Client, database: Database) -> None:
    wrong = {"login": "landlord", "password": "wrong"}
    answers = [client.post("/api/v1/sessions", json=wrong) for _ in range(FAILURES_ALLOWED + 1)]
    assert [answer.status_code for answer in answers] == [401] * FAILURES_ALLOWED + [429]
    assert int(answers[-1].headers["retry-after"]) == 15 * 60 + 1
    with database.serve.connect() as connection:
        refused = connection.execute(text("SELECT count(*) FROM audit_entry WHERE act = 'accounts:session:refused'"))
        assert refused.scalar_one() == FAILURES_ALLOWED


@pytest.mark.usefixtures("home")
def test_the_api_takes_no_cookie(client: httpx.Client) -> None:
    token = sign_in(client, "landlord", given.PASSWORD)["Authorization"].split()[1]
    client.cookies.set(SESSION_COOKIE, token)
    assert client.get("/api/v1/me").status_code == 401


@pytest.mark.usefixtures("home")
def test_a_form_carries_a_token_that_another_site_cannot_know(client: httpx.Client) -> None:
    token = sign_in(client, "landlord", given.PASSWORD)["Authorization"].split()[1]
    assert client.get("/pages/test").json() == {"role": None, "csrf": csrf_token("")}
    client.cookies.set(SESSION_COOKIE, token)
    csrf = client.get("/pages/test").json()["csrf"]
    assert token not in csrf
    assert client.post("/pages/test", data={"csrf": csrf}).status_code == 200
    for forged in ({}, {"csrf": ""}, {"csrf": csrf_token("")}, {"csrf": csrf[:-1] + "x"}):
        assert client.post("/pages/test", data=forged).status_code == 403


def test_a_page_sends_whoever_is_not_signed_in_to_sign_in(client: httpx.Client) -> None:
    answer = client.post("/pages/test", data={"csrf": csrf_token("")})
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/sign-in")


def test_a_landlord_adds_a_building_and_its_rooms(client: httpx.Client, home: given.Home) -> None:
    headers = sign_in(client, "landlord", given.PASSWORD)
    made = client.post(
        "/api/v1/buildings", json={"area_id": home.areas.grid, "address": " 柳溪路 1号 "}, headers=headers
    )
    assert made.json()["address"] == "柳溪路 1号"
    rooms = f"/api/v1/buildings/{made.json()['id']}/units"
    assert client.post(rooms, json={"number": "201", "capacity": 3}, headers=headers).status_code == 201
    assert client.post(rooms, json={"number": "201"}, headers=headers).json()["code"] == "number_taken"
    assert [unit["number"] for unit in client.get("/api/v1/units", headers=headers).json()] == ["201"]


def test_nobody_adds_a_room_to_anothers_building(client: httpx.Client, home: given.Home) -> None:
    headers = sign_in(client, "landlord", given.PASSWORD)
    answer = client.post(f"/api/v1/buildings/{home.building_id}/units", json={"number": "1"}, headers=headers)
    assert answer.status_code == 404
    assert client.get(f"/api/v1/units/{home.unit_id}", headers=headers).status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "x"])
@pytest.mark.usefixtures("home")
def test_ids_that_cannot_be_are_refused(client: httpx.Client, number: str) -> None:
    headers = sign_in(client, "landlord", given.PASSWORD)
    assert client.get(f"/api/v1/units/{number}", headers=headers).status_code in {404, 422}


def test_staff_see_the_areas_they_work_in(client: httpx.Client, home: given.Home) -> None:
    headers = sign_in(client, "grid", given.PASSWORD)
    shown = {area["id"] for area in client.get("/api/v1/areas", headers=headers).json()}
    assert shown == {home.areas.community, home.areas.grid, home.areas.other_grid}
    assert client.get(f"/api/v1/units/{home.unit_id}", headers=headers).json()["id"] == home.unit_id
    assert client.get("/api/v1/units", headers=headers).json()["code"] == "role"


@pytest.mark.usefixtures("home")
def test_a_tenant_reads_his_own_record(client: httpx.Client) -> None:
    headers = sign_in(client, "tenant", given.PASSWORD)
    record = client.get("/api/v1/me/record", headers=headers).json()
    number = given.document(5).number
    assert record["document_masked"] == number[:3] + "*" * 11 + number[-4:]
    assert number not in str(record)
    assert record["birth_date"] == "1990-01-01"


def test_the_probes(client: httpx.Client) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").json() == {"ready": True}


def test_a_service_without_its_schema_or_database_is_not_ready(database: Database, parts: Parts) -> None:
    with database.migrate.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        with served(create_app(parts=parts)) as address:
            assert "anmen migrate" in httpx.get(f"{address}/readyz").json()["reason"]
    finally:
        with database.migrate.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    nowhere = connect("postgresql+psycopg://anmen_serve:x@127.0.0.1:1/anmen")
    gone = Parts(settings=Settings(), database=nowhere, keyring=parts.keyring, faces=parts.faces, clock=parts.clock)
    with served(create_app(parts=gone)) as address:
        assert httpx.get(f"{address}/healthz").status_code == 200
        assert httpx.get(f"{address}/readyz").status_code == 503
        answer = httpx.post(f"{address}/api/v1/sessions", json={"login": "ab", "password": "x"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_every_operation_documents_its_errors_as_problems(client: httpx.Client) -> None:
    description = client.get("/api/v1/openapi.json").json()
    operations = [
        operation
        for path, methods in description["paths"].items()
        if path.startswith("/api/")
        for operation in methods.values()
    ]
    assert operations
    for operation in operations:
        errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert {"413", "422", "500"} <= errors.keys()
        assert all(list(answer["content"]) == ["application/problem+json"] for answer in errors.values())
        assert operation["summary"]
        assert operation["description"]
    assert {"title", "status", "detail", "code"} <= description["components"]["schemas"]["Problem"]["properties"].keys()
    assert "HTTPValidationError" not in str(description)
