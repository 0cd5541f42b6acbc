"""The JSON API of visitors' PINs, as a tenant's program uses it."""

from datetime import datetime

import httpx
import pytest

from service.edges.keyring import Keyring
from service.tenancy.rules import TenancyBegun
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.fixtures_service import sign_in

PHONE, OTHER_PHONE = "13977005566", "13977005577"


@pytest.fixture
def begun(database: Database, keyring: Keyring, now: datetime) -> TenancyBegun:
    place = living.living(database.serve, keyring, now)
    living.tenant(place, living.form(phone=OTHER_PHONE))
    return living.tenant(place, living.form(phone=PHONE))


def test_a_visitors_pin_is_answered_once_and_taken_back(client: httpx.Client, begun: TenancyBegun) -> None:
    tenant, other = (sign_in(client, phone, given.PASSWORD) for phone in (PHONE, OTHER_PHONE))
    path = f"/api/v1/grants/{begun.grant_id}/visits"
    made = client.post(path, json={"hours": 2}, headers=tenant)
    assert made.status_code == 201, made.text
    assert len(made.json()["pin"]) == 6
    visit = made.json()["visit"]
    span = datetime.fromisoformat(visit["ends_at"]) - datetime.fromisoformat(visit["starts_at"])
    assert (span.total_seconds(), visit["state"], visit["one_time"]) == (7200, "pending", False)
    assert client.get("/api/v1/visits", headers=tenant).json() == [visit]
    assert made.json()["pin"] not in client.get("/api/v1/visits", headers=tenant).text
    assert client.get("/api/v1/visits", headers=other).json() == []
    assert client.delete(f"/api/v1/visits/{visit['id']}", headers=other).status_code == 404
    assert client.post(path, json={}, headers=other).status_code == 404
    assert client.delete(f"/api/v1/visits/{begun.grant_id}", headers=tenant).status_code == 404
    assert client.delete(f"/api/v1/visits/{visit['id']}", headers=tenant).status_code == 204
    assert [one["state"] for one in client.get("/api/v1/visits", headers=tenant).json()] == ["removing"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"starts_at": "9999-12-31T23:00:00Z"}, "visit_too_far"),
        ({"starts_at": "0001-01-01T00:00:00+08:00"}, "visit_over"),
        ({"hours": 25}, None),
        ({"hours": 0}, None),
        ({"starts_at": "2026-03-03T10:00:00"}, None),
        ({"for": "王秀英"}, None),
    ],
)
def test_a_visit_that_cannot_be_is_refused(
    client: httpx.Client, begun: TenancyBegun, body: dict[str, object], code: str | None
) -> None:
    tenant = sign_in(client, PHONE, given.PASSWORD)
    refused = client.post(f"/api/v1/grants/{begun.grant_id}/visits", json=body, headers=tenant)
    assert refused.status_code == 422, refused.text
    assert code is None or refused.json()["code"] == code
    assert client.get("/api/v1/visits", headers=tenant).json() == []
