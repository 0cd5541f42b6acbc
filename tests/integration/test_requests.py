"""The edge of a request: one transaction, committed before the answer; errors in one form; limits before parsing."""

import json
import logging
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import text

from service.audit.actions import record
from service.audit.rules import Act
from service.edges.problems import problem_response
from service.edges.requests import Now, Parts, Tx
from service.errors import NotAllowed
from tests.fixtures_database import Database

SECRET = "王秀英 33010619900101123X"


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    """The real application with four more routes, one for each way a request can end."""

    @app.post("/api/v1/test/commit-fails", status_code=201)
    def commit_fails(session: Tx) -> dict[str, bool]:
        session.execute(text("INSERT INTO late (number) VALUES (1), (1)"))
        return {"made": True}

    @app.post("/api/v1/test/returned-refusal")
    def returned_refusal(session: Tx, now: Now) -> JSONResponse:
        record(session, None, Act.INQUIRY_REFUSED, 1, now=now)
        return problem_response(NotAllowed("Not your area.", code="area"))

    @app.post("/api/v1/test/raised-refusal")
    def raised_refusal(session: Tx, now: Now) -> None:
        record(session, None, Act.INQUIRY_REFUSED, 1, now=now)
        raise NotAllowed("Not your area.", code="area")

    @app.post("/api/v1/test/breaks/{token}")
    def breaks(token: str) -> None:
        raise ValueError(f"{SECRET} {token}")

    @app.post("/forms/test")
    def form() -> dict[str, bool]:
        return {"taken": True}

    return app


@pytest.fixture
def late_constraint(database: Database) -> Iterator[None]:
    """A table whose unique key is looked at only at the commit."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE late (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        connection.execute("GRANT ALL ON late TO anmen_serve")
        yield
        connection.execute("DROP TABLE late")


def _acts(database: Database) -> list[str]:
    with database.serve.connect() as connection:
        return list(connection.execute(text("SELECT act FROM audit_entry")).scalars())


def _problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "detail", "code"} <= problem.keys()
    return problem


@pytest.mark.usefixtures("late_constraint")
def test_a_commit_that_fails_is_no_success(client: httpx.Client) -> None:
    _problem(client.post("/api/v1/test/commit-fails"), 409)


def test_a_returned_refusal_keeps_its_trace(client: httpx.Client, database: Database) -> None:
    assert _problem(client.post("/api/v1/test/returned-refusal"), 403)["code"] == "area"
    assert _acts(database) == [Act.INQUIRY_REFUSED]


def test_a_raised_refusal_loses_it(client: httpx.Client, database: Database) -> None:
    assert _problem(client.post("/api/v1/test/raised-refusal"), 403)["code"] == "area"
    assert _acts(database) == []


def test_what_breaks_says_nothing_about_anybody(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        answer = client.post("/api/v1/test/breaks/one-time-token")
    assert _problem(answer, 500)["code"] == "Broken"
    logged = json.dumps([vars(record) for record in caplog.records if record.name.startswith("anmen")], default=str)
    assert "ValueError" in logged
    assert "/api/v1/test/breaks/{token}" in logged
    for leak in (SECRET, "王秀英", "one-time-token"):
        assert leak not in answer.text
        assert leak not in logged


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/api/v1/nothing", b"", 404),
        ("PATCH", "/api/v1/sessions", b"", 405),
        ("POST", "/api/v1/sessions", b"{", 422),
        ("POST", "/api/v1/sessions", b"[" * 10_000, 400),
        ("POST", "/api/v1/sessions", b"\xff\xfe", 422),
        ("POST", "/api/v1/sessions", b'{"login": 1, "password": null}', 422),
        ("POST", "/api/v1/sessions", json.dumps({"login": "a", "password": "x", "more": SECRET}).encode(), 422),
        ("POST", "/api/v1/sessions", json.dumps({"login": "a\x00b", "password": "x"}).encode(), 422),
        ("POST", "/api/v1/sessions", b'{"login": "\\ud800a", "password": "x"}', 422),
        ("POST", "/api/v1/sessions", b'{"login": "ab", "password": "\\ud800"}', 422),
        ("POST", "/api/v1/sessions", b'{"login": 1e999, "password": NaN}', 422),
        ("GET", "/api/v1/units/%00", b"", 401),
        ("GET", "/api/v1/me", b"", 401),
    ],
)
def test_every_error_is_a_problem(client: httpx.Client, method: str, path: str, content: bytes, status: int) -> None:
    answer = client.request(method, path, content=content, headers={"content-type": "application/json"})
    _problem(answer, status)
    assert SECRET not in answer.text


def test_what_is_wrong_with_a_request_is_said_field_by_field(client: httpx.Client) -> None:
    problem = _problem(client.post("/api/v1/sessions", json={"login": ["a"]}), 422)
    assert isinstance(problem["errors"], list)
    assert {error["field"] for error in problem["errors"]} == {"body.login", "body.password"}


def test_a_body_is_refused_by_its_announced_length(client: httpx.Client) -> None:
    answer = client.post("/api/v1/sessions", content=b" " * 300_000, headers={"content-type": "application/json"})
    assert _problem(answer, 413)["code"] == "body_too_large"


def test_a_body_that_hides_its_length_is_refused_when_it_passes_the_limit(client: httpx.Client) -> None:
    answer = client.post("/api/v1/sessions", content=(b" " * 50_000 for _ in range(20)))
    _problem(answer, 413)


def test_a_form_may_be_as_large_as_its_pictures(client: httpx.Client, parts: Parts) -> None:
    def post(size: int) -> httpx.Response:
        return client.post("/forms/test", files={"picture": ("a.jpg", b"x" * size, "image/jpeg")})

    assert post(1_000_000).status_code == 200
    assert post(parts.settings.request_limit_bytes + 1).status_code == 413


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}]
)
def test_a_form_from_another_site_is_refused(client: httpx.Client, headers: dict[str, str]) -> None:
    assert client.post("/forms/test", headers=headers).status_code == 403


def test_a_form_of_our_own_is_taken(client: httpx.Client, parts: Parts) -> None:
    own = str(client.base_url).rstrip("/")
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": own}, {"Origin": parts.settings.public_url}, {}):
        assert client.post("/forms/test", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/me", "/api/v1/nothing", "/api/v1/openapi.json"])
def test_every_answer_tells_browsers_to_be_careful(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers


def test_an_answer_to_a_failure_is_careful_too(client: httpx.Client) -> None:
    for answer in (client.post("/api/v1/test/breaks/x"), client.post("/api/v1/sessions", content=b" " * 300_000)):
        assert answer.headers["x-content-type-options"] == "nosniff"
