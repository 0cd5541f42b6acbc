"""Requests that no browser and no honest program sends: each gets a clear refusal, in one form, that gives nothing away."""

import io
import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.accounts.rules import Role, csrf_token
from service.accounts.signed_in import SESSION_COOKIE
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from tests import given, given_living
from tests.fixtures_database import Database
from tests.fixtures_service import Clock
from tests.hostile.two_villages import Village, ask, routes_of, village

SECRET = "王秀英-330106199001011236"
JSON = {"content-type": "application/json"}


@pytest.fixture
def here(database: Database, keyring: Keyring, clock: Clock) -> Village:
    return village(database, keyring, clock(), "甲甲甲")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def assert_problem(answer: httpx.Response) -> None:
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert problem["status"] == answer.status_code
    for telling in (SECRET, "Traceback", 'File "', "site-packages", "psycopg", "SELECT "):
        assert telling not in answer.text


BODIES: dict[str, bytes] = {
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "half an object": b'{"starts_on":',
    "a field too many": json.dumps({"starts_on": "2026-03-03", "ends_on": "2026-09-03", "more": SECRET}).encode(),
    "other types": json.dumps({"starts_on": [SECRET], "ends_on": {SECRET: SECRET}}).encode(),
    "a day that is none": json.dumps({"starts_on": "2026-02-30", "ends_on": SECRET}).encode(),
    "the year 9999": json.dumps({"starts_on": "2026-03-03", "ends_on": "9999-12-31"}).encode(),
    "the year 1": json.dumps({"starts_on": "0001-01-01", "ends_on": "0001-01-02"}).encode(),
    "a huge number": b'{"starts_on": ' + b"9" * 5000 + b"}",
    "a float of no end": b'{"starts_on": 1e99999, "ends_on": -1e99999}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "bad UTF-8": b'{"starts_on": "\xff\xfe\xfa"}',
    "UTF-16": '{"starts_on": "2026-03-03"}'.encode("utf-16"),
    "NUL": b'{"starts_on": "2026-03-03\x00"}',
    "a million spaces": b" " * 1_000_000,
    "a thousand same keys": b"{" + b",".join(b'"starts_on": "x"' for _ in range(1000)) + b"}",
}


def test_a_body_that_cannot_be_taken_is_a_problem(client: httpx.Client, here: Village) -> None:
    path = f"/api/v1/units/{here.ids['unit_id']}/invitations"
    kinds: list[dict[str, str]] = [JSON, {}, {"content-type": "text/plain"}, {"content-type": "application/xml"}]
    for body, headers in product(BODIES.values(), kinds):
        answer = client.post(path, content=body, headers={**bearer(here.tokens["landlord"]), **headers})
        assert_problem(answer)


IDENTIFIERS = ["0", "-1", "9" * 30, "1e3", "x", "%00", "%2e%2e", "1%20OR%201=1", "١"]


def test_an_id_that_cannot_be_is_a_refusal(app: FastAPI, client: httpx.Client, here: Village) -> None:
    for (method, path), identifier in product(routes_of(app), IDENTIFIERS):
        if "_id}" in path:
            role = "tenant" if "/me/" in path or "/pin" in path else "officer" if "area" in path else "landlord"
            role = "officer" if path.startswith("/buildings/{building_id}") else role
            filled = path.split("{")[0] + identifier + path.split("}", 1)[1]
            answer = ask(client, method, filled, here.tokens[role])
            assert answer.status_code < 500, (method, filled)
            assert answer.status_code != 200, (method, filled)


def raw(address: str, request: bytes, patience_s: float = 1.0) -> bytes:
    """What a server answers to bytes that no client library would send; empty where it hangs up, or waits for more."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=patience_s) as line:
        line.sendall(request)
        answer = b""
        try:
            while more := line.recv(65536):
                answer += more
        except (ConnectionResetError, TimeoutError):
            return answer
        return answer


MALFORMED: dict[str, bytes] = {
    "a negative length": b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    "a length of text": b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n",
    "two lengths": b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{}",
    "length and chunks": b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
    "a length of ten gigabytes": b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\nConnection: close\r\n\r\nx",
    "a length cut short": b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
    "a superscript length": b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: \xb2\r\n\r\n{}",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00",
    "a header of a megabyte": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "a line break in a header": b"GET /me HTTP/1.1\r\nHost: a\r\nCookie: anmen_session=a\r\n b\r\nConnection: close\r\n\r\n",
    "a cookie of other letters": b"GET /me/pin HTTP/1.1\r\nHost: a\r\nCookie: anmen_session=\xe9; anmen_once=\xe9\r\nConnection: close\r\n\r\n",
    "a form cookie of other letters": b"GET /registration HTTP/1.1\r\nHost: a\r\nCookie: anmen_form=\xe9.\xe9\r\nConnection: close\r\n\r\n",
    "a bearer of other letters": b"GET /api/v1/me HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xe9\xff\r\nConnection: close\r\n\r\n",
    "an address of other letters": b"GET /i/\xe9%ff%00%0a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "an event id of other letters": b"GET /live/occupancy HTTP/1.1\r\nHost: a\r\nLast-Event-ID: \xe9\xb2.\xb3-\r\nConnection: close\r\n\r\n",
    "languages without end": b"GET /sign-in HTTP/1.1\r\nHost: a\r\nAccept-Language: " + b"zh;q=1e9," * 5000 + b"\r\nConnection: close\r\n\r\n",
}  # fmt: skip


def test_a_request_that_is_no_request_breaks_nothing(address: str) -> None:
    answered = 0
    for name, request in MALFORMED.items():
        answer = raw(address, request)
        assert b" 500" not in answer[:16], name
        assert b"Traceback" not in answer, name
        answered += answer.startswith(b"HTTP/1.1 ")
        assert httpx.get(f"{address}/healthz").status_code == 200
    assert answered > len(MALFORMED) // 2


PATHS = [
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static/..%2f..%2fapp.py",
    "/static/....//app.py",
    "/static/%2fetc%2fpasswd",
    "/static//etc/passwd",
    "/static/..\\app.py",
    "/static/%00",
    "/static/" + "a" * 5000,
    "/static/",
]


def test_static_files_are_static_files(address: str) -> None:
    for path in PATHS:
        answer = raw(address, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode(), 30.0)
        assert answer.split(b" ")[1] in {b"400", b"404", b"405"}, (path, answer[:80])
        assert b"create_app" not in answer
        assert b"root:" not in answer


INJECTIONS = [
    "'; DROP TABLE unit; --",
    '"><script>alert(1)</script>',
    "{{ 7*191 }}${7*191}<%= 7*191 %>%(x)s{x}",
    "<img src=x onerror=alert(1)>",
    "\u202e\u2066moor",
    "a'||(SELECT 1)||'",
]


def test_what_is_typed_is_stored_as_it_is_and_shown_escaped(client: httpx.Client, here: Village) -> None:
    headers = bearer(here.tokens["landlord"])
    for typed in INJECTIONS:
        body = {"area_id": here.ids["area_id"], "address": typed}
        made = client.post("/api/v1/buildings", json=body, headers=headers)
        if made.status_code == 422:
            assert_problem(made)
            continue
        assert made.json()["address"] == typed
        room = client.post(f"/api/v1/buildings/{made.json()['id']}/units", json={"number": typed}, headers=headers)
        assert room.status_code in {201, 422}
    client.cookies.set(SESSION_COOKIE, here.tokens["landlord"])
    page = client.get("/rooms").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "1337" not in page


def png(width: int, height: int, body: bytes = b"") -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def pictures() -> dict[str, bytes]:
    zeros = zlib.compress(bytes(60_000_000), 9)
    return {
        "empty": b"",
        "one byte": b"\xff",
        "text": b"<svg onload=alert(1)>",
        "30000 x 30000": png(30_000, 30_000, zeros),
        "2^31 wide": png(2**31 - 1, 1, zeros),
        "0 wide": png(0, 0),
        "a lie": png(600, 600, zeros),
        "gzip": b"\x1f\x8b" + zeros,
        "zip": b"PK\x03\x04" + zeros[:1000],
        "half a JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(50),
        "a GIF of 65535": b"GIF89a\xff\xff\xff\xff\x80\x00\x00" + bytes(20),
        "an EXR": b"\x76\x2f\x31\x01" + bytes(200),
        "a PFM": b"PF\n30000 30000\n-1.0\n",
    }


def form(**more: Any) -> dict[str, Any]:
    filled = {
        "document_type": "resident_id",
        "document_number": given.document().number,
        "name": "李小明",
        "phone": "13911112222",
        "password": given.PASSWORD,
        "consent_register": "true",
        "consent_face": "true",
    }
    return {**filled, **more}


@pytest.fixture
def form_token(here: Village) -> str:
    return given_living.invited(here.place)


def test_pictures_that_are_none_are_refused_quickly_and_by_name(client: httpx.Client, form_token: str) -> None:
    for name, picture in pictures().items():
        files = [("frames", (f"{n}.jpg", io.BytesIO(picture), "image/jpeg")) for n in range(3)]
        files.append(("portrait", ("../../p.jpg", io.BytesIO(picture), "image/png")))
        started = time.monotonic()
        answer = client.post("/api/v1/registration", data=form(), files=files, headers=bearer(form_token))
        # Generous: whoever runs these tests may be doing other things.
        assert time.monotonic() - started < 10, name
        assert_problem(answer)
        assert answer.status_code == 422, (name, answer.text)


def test_a_stranger_has_no_picture_looked_at(client: httpx.Client) -> None:
    files = [("frames", (f"{n}.jpg", b"x", "image/jpeg")) for n in range(3)]
    for token in ("x", "a.b", "x" * 5000):
        answer = client.post("/api/v1/registration", data=form(), files=files, headers=bearer(token))
        assert answer.status_code in {401, 410}


def multiparts(form_token: str) -> Iterator[tuple[str, dict[str, str], bytes]]:
    part = b'--B\r\nContent-Disposition: form-data; name="frames"; filename="a"\r\n\r\nx\r\n'
    field = b'--B\r\nContent-Disposition: form-data; name="n%d"\r\n\r\nx\r\n'
    kind = {"content-type": "multipart/form-data; boundary=B"}
    yield "5000 files", kind, part * 5000 + b"--B--\r\n"
    yield "20000 fields", kind, b"".join(field % n for n in range(20_000)) + b"--B--\r\n"
    yield "no boundary", {"content-type": "multipart/form-data"}, part
    yield "an empty boundary", {"content-type": "multipart/form-data; boundary="}, part
    yield "no end", kind, part
    yield "no name", kind, b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n"
    yield "a header without end", kind, b"--B\r\n" + b"X" * 200_000
    yield "a field of 2 MB", kind, field % 1 + b"x" * 2_000_000 + b"\r\n--B--\r\n"
    yield (
        "another charset",
        {"content-type": "multipart/form-data; boundary=B; charset=utf-7"},
        field % 1 + b"--B--\r\n",
    )
    yield "no charset at all", kind, b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\xfe\r\n--B--\r\n'


# What a parser gives up on halfway is closed when it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_forms_that_are_none_are_refused(client: httpx.Client, form_token: str) -> None:
    for name, headers, body in multiparts(form_token):
        started = time.monotonic()
        answer = client.post("/api/v1/registration", content=body, headers={**headers, **bearer(form_token)})
        assert time.monotonic() - started < 3, name
        assert_problem(answer)


def test_no_method_can_be_passed_off_as_another(client: httpx.Client, here: Village) -> None:
    path = f"/api/v1/invitations/{here.ids['invitation_id']}"
    for headers in ({"X-HTTP-Method-Override": "DELETE"}, {"X-Method-Override": "DELETE"}):
        assert client.post(path, headers={**bearer(here.tokens["landlord"]), **headers}).status_code == 405
    assert client.request("TRACE", "/me").status_code == 405
    assert client.request("BREW", "/").status_code in {400, 405}


def test_a_form_of_another_site_changes_nothing(client: httpx.Client, here: Village) -> None:
    token = here.tokens["landlord"]
    client.cookies.set(SESSION_COOKIE, token)
    path, own = f"/invitations/{here.ids['invitation_id']}/withdraw", str(client.base_url).rstrip("/")
    sent = {"csrf": csrf_token(token), "unit_id": str(here.ids["unit_id"])}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": own + ".evil.example"},
        {"Origin": own.replace("http:", "https:")},
        {"Sec-Fetch-Site": "cross-site", "Origin": own},
    ):
        assert client.post(path, data=sent, headers=headers).status_code == 403, headers
    for stale in ("", "x", csrf_token(""), csrf_token("another")):
        assert client.post(path, data={**sent, "csrf": stale}, headers={"Origin": own}).status_code == 403
    assert client.post(path, data=sent, headers={"Origin": own}).status_code == 303


ELSEWHERE = ["//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aSet-Cookie: a=b", "\t//evil.example"]


def test_signing_in_leads_to_no_other_site(
    client: httpx.Client, database: Database, keyring: Keyring, clock: Clock
) -> None:
    with transaction(database.serve, SYSTEM) as session:
        given.account(session, role=Role.LANDLORD, login="landlord", keyring=keyring, now=clock())
    for elsewhere in ELSEWHERE:
        client.cookies.clear()
        sent = {"csrf": csrf_token(""), "login": "landlord", "password": given.PASSWORD, "next": elsewhere}
        answer = client.post("/sign-in", data=sent)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/")
        assert not answer.headers["location"].startswith(("//", "/\\"))
        assert "a" not in answer.cookies
