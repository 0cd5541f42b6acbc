"""Every route there is, asked by nobody, and by everybody of another village with this village's ids."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from tests.fixtures_database import Database
from tests.fixtures_service import Clock
from tests.hostile.two_villages import PUBLIC, Village, ask, routes_of, village

_TABLES = [
    *("building", "unit", "invitation", "registration", "tenancy", "access_grant", "access_list", "credential"),
    *("stay", "person", "consent_act", "enrolment", "identity_proof", "account", "alarm"),
]
_REFUSALS = {303, 401, 403, 404, 405, 410}


@pytest.fixture
def here(database: Database, keyring: Keyring, clock: Clock) -> Village:
    return village(database, keyring, clock(), "甲甲甲")


@pytest.fixture
def there(database: Database, keyring: Keyring, clock: Clock) -> Village:
    return village(database, keyring, clock(), "乙乙乙")


def state(database: Database) -> Any:
    with transaction(database.serve, SYSTEM) as session:
        return [session.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2")).all() for name in _TABLES]  # noqa: S608  # our own names


def leaks(answer: httpx.Response, about: Village) -> list[str]:
    return [secret for secret in about.secrets if secret in answer.text or secret in str(answer.headers)]


def test_nobody_gets_anything_without_authority(
    app: FastAPI, client: httpx.Client, here: Village, database: Database
) -> None:
    before, asked = state(database), 0
    for method, path in routes_of(app):
        answer = ask(client, method, here.path(path))
        assert answer.status_code < 500, (method, path)
        assert leaks(answer, here) == [], (method, path)
        if f"{method} {path}" not in PUBLIC:
            asked += 1
            assert answer.status_code in _REFUSALS, (method, path, answer.status_code)
            assert answer.status_code != 303 or answer.headers["location"].startswith("/sign-in"), (method, path)
        if path.startswith("/api/") and answer.is_error:
            assert answer.headers["content-type"] == "application/problem+json", (method, path)
    assert asked > 50
    assert state(database) == before


def test_nobody_reaches_into_another_village(
    app: FastAPI, client: httpx.Client, here: Village, there: Village, database: Database
) -> None:
    before = state(database)
    asked = [(method, path, role) for method, path in routes_of(app) if "_id}" in path for role in there.tokens]
    for method, path, role in asked:
        token = there.tokens[role]
        answer = ask(client, method, here.path(path), token)
        assert answer.status_code < 500, (method, path)
        assert leaks(answer, here) == [], (role, method, path)
        assert answer.status_code in {*_REFUSALS, 422}, (role, method, path, answer.status_code)
    assert state(database) == before


def test_what_one_sees_of_ones_own_holds_nothing_of_another_village(
    app: FastAPI, client: httpx.Client, here: Village, there: Village
) -> None:
    """And staff see no name without an inquiry."""
    seen = 0
    for method, path in routes_of(app):
        for role in there.tokens if method == "GET" and not path.startswith("/live/") else ():
            answer = ask(client, method, there.path(path), there.tokens[role])
            assert answer.status_code < 500, (method, path)
            assert leaks(answer, here) == [], (role, path)
            if role in {"officer", "grid_worker"}:
                assert there.secrets[1] not in answer.text
                assert "乙乙乙住客" not in answer.text, path
            seen += answer.status_code == 200
    assert seen > 30


def test_the_live_feed_stays_in_ones_own_area(client: httpx.Client, here: Village, there: Village) -> None:
    for query in (f"area={here.ids['area_id']}", f"building={here.ids['building_id']}", "area=0", "building=-1", ""):
        for role in ("officer", "grid_worker"):
            assert ask(client, "GET", f"/live/occupancy?{query}", there.tokens[role]).status_code in {403, 404, 422}
    for other in ("landlord", "tenant"):
        assert ask(client, "GET", "/live/alarms", here.tokens[other]).status_code == 403
        assert ask(client, "GET", f"/live/occupancy?area={here.ids['area_id']}", here.tokens[other]).status_code == 403


def test_an_inquiry_outside_the_area_is_refused_and_recorded(
    client: httpx.Client, here: Village, there: Village, database: Database
) -> None:
    kinds: list[dict[str, Any]] = [
        {"kind": "unit", "unit_id": here.ids["unit_id"]},
        {"kind": "building", "building_id": here.ids["building_id"]},
        {"kind": "person_by_document", "document_type": "resident_id", "document_number": here.secrets[1]},
        {"kind": "person_by_name", "name": "甲甲甲住客"},
    ]
    description = client.get("/api/v1/openapi.json").json()["components"]["schemas"]["NewInquiry"]["properties"]
    schemas = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    purpose, basis = (schemas[description[name]["$ref"].rpartition("/")[2]]["enum"][0] for name in ("purpose", "basis"))
    for asked in kinds:
        body = {**asked, "purpose": purpose, "basis": basis, "reference": "2026-1"}
        headers = {"Authorization": f"Bearer {there.tokens['officer']}"}
        answer = client.post("/api/v1/inquiries", json=body, headers=headers)
        assert answer.status_code in {201, 403, 404}, answer.text
        assert answer.status_code != 201 or answer.json()["occupants"] == []
        assert leaks(answer, here) == []
    with transaction(database.serve, SYSTEM) as session:
        assert session.execute(text("SELECT count(*) FROM inquiry")).scalar_one() == len(kinds)
        assert (
            session.execute(text("SELECT coalesce(sum(cardinality(fields)), 0) FROM inquiry_subject")).scalar_one() == 0
        )
