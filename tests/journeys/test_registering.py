"""Through HTTP as a program would: from an invitation to a PIN that is replaced, with real photographs and with bad input."""

from tempfile import SpooledTemporaryFile
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from service.accounts.rules import Role
from service.edges.keyring import Keyring
from service.edges.requests import Parts
from service.edges.transaction import SYSTEM, transaction
from tests import given
from tests import given_living as living
from tests.faces.collection import FOLDER, photographs
from tests.fixtures_database import Database
from tests.fixtures_service import sign_in
from tests.given_living import Living

PHONE = "13822334455"
Files = list[tuple[str, tuple[str, bytes, str]]]


@pytest.fixture
def place(database: Database, keyring: Keyring, now: Any) -> Living:
    return living.living(database.serve, keyring, now)


@pytest.fixture
def landlord(client: httpx.Client, place: Living) -> dict[str, str]:
    with transaction(place.database, SYSTEM) as session:
        login = f"landlord-{given.a_number()}"
        owner = given.account(session, role=Role.LANDLORD, login=login, keyring=place.keyring, now=place.now)
        session.execute(text("UPDATE building SET landlord_id = :id"), {"id": owner})
        session.execute(text("UPDATE unit SET landlord_id = :id"), {"id": owner})
        session.execute(text("UPDATE unit_occupancy SET landlord_id = :id"), {"id": owner})
    return sign_in(client, login, given.PASSWORD)


def _fields(**more: str) -> dict[str, str]:
    return {
        "document_type": "resident_id",
        "document_number": given.document().number,
        "name": "欧阳修文",
        "phone": PHONE,
        "password": given.PASSWORD,
        "consent_register": "true",
        **more,
    }


def _opened(client: httpx.Client, place: Living, landlord: dict[str, str]) -> dict[str, str]:
    made = client.post(
        f"/api/v1/units/{place.unit_id}/invitations",
        json={"starts_on": "2026-03-01", "ends_on": "2027-02-28"},
        headers=landlord,
    )
    assert made.status_code == 201, made.text
    token = made.json()["link"].rpartition("/i/")[2]
    opened = client.post("/api/v1/invitations/open", json={"token": token})
    assert opened.status_code == 201, opened.text
    return {"Authorization": f"Bearer {opened.json()['form_token']}"}


def _pictures() -> Files:
    if not (FOLDER / "labels.csv").is_file():
        pytest.skip("needs the photographs in ../shared/faces")
    chip = next(one for one in photographs("idchip") if one.identity == "Barack_Obama")
    clean = [one for one in photographs("face") if one.identity == "Barack_Obama" and one.file != chip.base]
    live: Files = [
        ("frames", (f"{at}.jpg", (FOLDER / one.file).read_bytes(), "image/jpeg")) for at, one in enumerate(clean[:3])
    ]
    return [*live, ("portrait", ("id.jpg", (FOLDER / chip.file).read_bytes(), "image/jpeg"))]


def _problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code, problem
    return problem


def test_the_whole_way_with_a_face(client: httpx.Client, place: Living, landlord: dict[str, str]) -> None:
    form = _opened(client, place, landlord)
    made = client.post("/api/v1/registration", data=_fields(consent_face="true"), files=_pictures(), headers=form)
    assert made.status_code == 201, made.text
    registration_id = made.json()["registration_id"]
    waiting = client.get(f"/api/v1/registrations/{registration_id}", headers=landlord).json()
    assert (waiting["name"], waiting["identity"], waiting["with_face"]) == ("欧阳修文", "matched", True)
    path = f"/api/v1/registrations/{registration_id}/confirm"
    _problem(client.post(path, json={}, headers=landlord), 422, "document_not_seen")
    begun = client.post(path, json={"saw_document": True}, headers=landlord)
    assert begun.status_code == 201, begun.text
    assert [lock["state"] for lock in begun.json()["locks"]] == ["pending"]
    assert [one["type"] for one in begun.json()["locks"][0]["credentials"]] == [2, 1, 5]

    tenant = sign_in(client, PHONE, given.PASSWORD)
    (own,) = client.get("/api/v1/me/tenancies", headers=tenant).json()
    renewed = client.post(f"/api/v1/grants/{own['grant_id']}/pin", headers=tenant)
    assert renewed.status_code == 201
    assert renewed.json()["pin"] != made.json()["pin"]
    withdrawn = client.delete("/api/v1/me/consents/face", headers=tenant).json()
    assert withdrawn["standing"] == {"register": "given", "face": "erased"}
    assert [line["act"] for line in withdrawn["ledger"]] == ["given", "given", "withdrawn", "erased"]
    _problem(client.delete("/api/v1/me/consents/register", headers=tenant), 403, "not_withdrawable")

    path = f"/api/v1/tenancies/{own['tenancy_id']}/end"
    _problem(client.post(path, json={}, headers=landlord), 422, "end_without_reason")
    asked = client.post(path, json={"reason": "agreed"}, headers=landlord).json()
    assert (asked["ended_at"], asked["notice"]["reason"]) == (None, "agreed")
    assert client.post(path.replace("/end", "/stay"), headers=landlord).status_code == 403
    assert client.post(path.replace("/end", "/stay"), headers=tenant).status_code == 204
    _problem(client.delete(path, headers=landlord), 409, "end_not_stated")
    ended = client.post(path, json={}, headers=tenant).json()
    assert (ended["ended_by"], ended["locks"][0]["state"]) == ("tenant", "removing")
    assert ended["locks"][0]["held_until"] is not None


def test_without_a_face_everything_works_as_well(client: httpx.Client, place: Living, landlord: dict[str, str]) -> None:
    form = _opened(client, place, landlord)
    made = client.post("/api/v1/registration", data=_fields(), headers=form)
    assert made.status_code == 201, made.text
    path = f"/api/v1/registrations/{made.json()['registration_id']}/confirm"
    _problem(client.post(path, json={}, headers=landlord), 422, "document_not_seen")
    begun = client.post(path, json={"saw_document": True}, headers=landlord)
    assert begun.status_code == 201
    assert [one["type"] for one in begun.json()["locks"][0]["credentials"]] == [2, 1]
    assert client.get("/api/v1/registration", headers=form).json()["registration"] == "confirmed"


def test_pictures_that_cannot_be_used_say_which_and_why(
    client: httpx.Client, place: Living, landlord: dict[str, str]
) -> None:
    form = _opened(client, place, landlord)
    pictures = _pictures()
    pictures[1] = ("frames", ("1.jpg", b"no picture", "image/jpeg"))
    pictures[3] = ("portrait", ("id.heic", b"\0\0\0\x18ftypheic" + b"\0" * 40, "image/heic"))
    answer = client.post("/api/v1/registration", data=_fields(consent_face="true"), files=pictures, headers=form)
    problem = _problem(answer, 422, "unusable_picture")
    assert [one["field"] for one in problem["errors"]] == ["frames.2", "portrait"]
    assert client.get("/api/v1/registration", headers=form).json()["state"] == "opened"


def test_a_strangers_pictures_are_not_looked_at(
    client: httpx.Client, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked(*_: object, **__: object) -> None:
        raise AssertionError("a stranger's pictures were looked at")

    monkeypatch.setattr("service.tenancy.pictures.prepare_enrolment", looked)
    files: Files = [("frames", (f"{at}.jpg", b"x" * 100, "image/jpeg")) for at in range(3)]
    for token in ("forged", "forged.0123456789abcdef0123456789abcdef"):
        answer = client.post(
            "/api/v1/registration",
            data=_fields(consent_face="true"),
            files=files,
            headers={"Authorization": f"Bearer {token}"},
        )
        _problem(answer, 410, "form_dead")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"document_number": "11010519491231002X1"}, "document_length"),
        ({"phone": "12345"}, "phone"),
        ({"password": "short"}, "password_length"),
        ({"name": "\u0000"}, "name"),
        ({"consent_register": "false"}, "consent_register"),
        ({"consent_face": "true"}, "frames"),
        ({"document_type": "passport", "document_number": "E12345678"}, "birth_date"),
        ({"document_type": "library_card"}, "form"),
        ({"is_admin": "true"}, "form"),
    ],
)
def test_bad_input_names_its_field(
    client: httpx.Client, place: Living, landlord: dict[str, str], change: dict[str, str], code: str
) -> None:
    form = _opened(client, place, landlord)
    fields = _fields(**change)
    answer = client.post("/api/v1/registration", data=fields, headers=form)
    problem = _problem(answer, 422, code)
    assert problem.get("field") or problem["errors"]
    assert fields["document_number"] not in answer.text


def test_a_refused_inquiry_answers_403_and_stays_on_record(client: httpx.Client, place: Living) -> None:
    with transaction(place.database, SYSTEM) as session:
        login = f"grid-{given.a_number()}"
        given.account(
            session,
            role=Role.GRID_WORKER,
            login=login,
            keyring=place.keyring,
            now=place.now,
            areas=[place.home.areas.other_grid],
        )
    worker = sign_in(client, login, given.PASSWORD)
    ground = {"purpose": "registration_check", "basis": "residence_registration"}
    answer = client.post("/api/v1/inquiries", json={"kind": "unit", "unit_id": place.unit_id, **ground}, headers=worker)
    _problem(answer, 403, "inquiry_outside_area")
    _problem(client.get("/api/v1/grants/1/delivery", headers=worker), 403, "role")
    (asked,) = client.get("/api/v1/inquiries", headers=worker).json()
    assert asked["refusal"] == "outside_area"
    for wrong in ({"kind": "unit", **ground}, {"kind": "unit", "unit_id": "1; DROP TABLE unit", **ground}):
        assert client.post("/api/v1/inquiries", json=wrong, headers=worker).status_code == 422


def test_no_picture_touches_the_disk(
    client: httpx.Client, place: Living, landlord: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rolled: list[object] = []
    monkeypatch.setattr(SpooledTemporaryFile, "rollover", rolled.append)
    form = _opened(client, place, landlord)
    files: Files = [("frames", (f"{at}.jpg", b"\xff\xd8" + b"x" * 3_000_000, "image/jpeg")) for at in range(3)]
    answer = client.post("/api/v1/registration", data=_fields(consent_face="true"), files=files, headers=form)
    _problem(answer, 422, "unusable_picture")
    assert rolled == []
