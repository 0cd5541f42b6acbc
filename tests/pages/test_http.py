"""What the pages answer to requests that no page of ours would send, and what their answers carry."""

from collections.abc import Iterator

import httpx
import pytest

from service.portals.visits import LANGUAGE_COOKIE, SAID_COOKIE
from tests import given
from tests.pages.conftest import Site

PASSWORD = given.PASSWORD


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.address, timeout=10, headers={"Accept-Language": "en"}) as client:
        yield client


@pytest.fixture
def landlord(stranger: httpx.Client, site: Site) -> httpx.Client:
    sign_in(stranger, site.village.landlord)
    return stranger


def token_on(client: httpx.Client, path: str) -> str:
    """The token that the forms of this page carry."""
    return client.get(path).text.partition('name="csrf" value="')[2].partition('"')[0]


def sign_in(client: httpx.Client, login: str, password: str = PASSWORD, way_on: str = "/") -> httpx.Response:
    form = {"login": login, "password": password, "next": way_on, "csrf": token_on(client, "/sign-in")}
    return client.post("/sign-in", data=form)


def test_answers_carry_what_keeps_them_private(landlord: httpx.Client) -> None:
    answer = landlord.get("/rooms")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    for path in ("/i/never-was", "/registration"):
        assert landlord.get(path).headers["referrer-policy"] == "no-referrer"
    sheet = answer.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "immutable" in landlord.get(sheet).headers["cache-control"]


def test_a_form_needs_its_token_and_must_come_from_us(landlord: httpx.Client, site: Site) -> None:
    path = f"/rooms/{site.village.rooms['101']}/invite"
    days = {"starts_on": "2026-03-02", "ends_on": "2026-12-31"}
    assert landlord.post(path, data=days).status_code == 403
    csrf = token_on(landlord, path)
    assert landlord.post(path, data={**days, "csrf": csrf[:-1] + "x"}).status_code == 403
    assert (
        landlord.post(path, data={**days, "csrf": csrf}, headers={"Origin": "https://evil.example"}).status_code == 403
    )
    assert landlord.post(path, data={**days, "csrf": csrf}).status_code == 303


def test_signing_in_leads_back_but_never_away(stranger: httpx.Client, site: Site) -> None:
    asked = stranger.get(f"/rooms/{site.village.rooms['101']}")
    assert asked.status_code == 303
    assert asked.headers["location"] == f"/sign-in?next=/rooms/{site.village.rooms['101']}"
    for way_on, leads_to in (("/rooms", "/rooms"), ("//evil.example", "/"), ("https://evil.example/", "/")):
        answer = sign_in(stranger, site.village.landlord, way_on=way_on)
        assert (answer.status_code, answer.headers["location"]) == (303, leads_to)


def test_a_wrong_password_is_told_and_counted(stranger: httpx.Client, site: Site) -> None:
    answers = [sign_in(stranger, "nobody-of-this-name", "wrong password") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 'value="nobody-of-this-name"' in answers[0].text
    assert "wrong password" not in answers[0].text
    assert int(answers[-1].headers["retry-after"]) > 60


def test_looking_ahead_opens_no_invitation(stranger: httpx.Client, landlord: httpx.Client, site: Site) -> None:
    link = _invite(landlord, site)
    assert stranger.head(link).status_code == 405
    assert stranger.get(link, headers={"Sec-Purpose": "prefetch"}).status_code == 204
    opened = stranger.get(link)
    assert (opened.status_code, opened.headers["location"]) == (303, "/registration")
    assert link.rpartition("/")[2] not in str(opened.headers["set-cookie"])


def _invite(landlord: httpx.Client, site: Site) -> str:
    room = f"/rooms/{site.village.rooms['203']}"
    form = {"starts_on": "2026-03-02", "ends_on": "2026-12-31", "csrf": token_on(landlord, f"{room}/invite")}
    shown = landlord.get(landlord.post(f"{room}/invite", data=form).headers["location"])
    return "/i/" + shown.text.partition("/i/")[2].partition('"')[0]


def test_what_is_shown_once_is_shown_on_its_own_page_only(landlord: httpx.Client, site: Site) -> None:
    room, other = (f"/rooms/{site.village.rooms[number]}" for number in ("204", "101"))
    form = {"starts_on": "2026-03-02", "ends_on": "2026-12-31", "csrf": token_on(landlord, f"{room}/invite")}
    carried = landlord.post(f"{room}/invite", data=form).cookies["anmen_once"]
    assert "/i/" not in carried
    cookies = {"Cookie": f"anmen_once={carried}; anmen_session={landlord.cookies['anmen_session']}"}
    assert 'id="link"' not in httpx.get(site.address + f"{other}/invitation", headers=cookies).text
    assert 'id="link"' not in httpx.get(site.address + "/me/pin", headers=cookies).text
    first = landlord.get(f"{room}/invitation")
    assert 'id="link"' in first.text
    assert 'id="link"' not in landlord.get(f"{room}/invitation").text


def test_the_language_is_kept(stranger: httpx.Client, site: Site) -> None:
    assert "Sign in" in stranger.get("/sign-in").text
    form = {"locale": "zh", "next": "/sign-in", "csrf": token_on(stranger, "/sign-in")}
    assert stranger.post("/language", data=form).cookies[LANGUAGE_COOKIE] == "zh"
    assert stranger.get("/sign-in").headers["content-language"] == "zh-Hans"
    assert "登录" in stranger.get("/sign-in").text
    sign_in(stranger, site.village.grid_worker)
    form = {"locale": "en", "next": "/inquiries", "csrf": token_on(stranger, "/inquiries")}
    assert stranger.post("/language", data=form).headers["location"] == "/inquiries"
    stranger.cookies.delete(LANGUAGE_COOKIE)
    assert "My inquiries" in stranger.get("/inquiries").text


def test_only_our_own_sentences_are_said(stranger: httpx.Client) -> None:
    stranger.cookies.set(SAID_COOKIE, "<b>You owe us money</b>")
    answer = stranger.get("/sign-in")
    assert "money" not in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/rooms/999999", 404),
        ("/rooms/99999999999999999999", 404),
        ("/rooms/abc", 404),
        ("/me", 403),
        ("/nowhere", 404),
    ],
)
def test_errors_are_pages(landlord: httpx.Client, path: str, status: int) -> None:
    for language, word in (("en", "To the start page"), ("zh", "回到首页")):
        landlord.post("/language", data={"locale": language, "csrf": token_on(landlord, "/rooms")})
        answer = landlord.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert word in answer.text


def test_a_body_too_large_is_told_in_words(stranger: httpx.Client, site: Site) -> None:
    answer = stranger.post(
        "/registration/face", files={"portrait": b"x" * 45_000_000}, headers={"Accept-Language": "zh"}
    )
    assert answer.status_code == 413
    assert "请选小一点的照片" in answer.text


def test_a_landlord_sees_no_comings_and_goings(landlord: httpx.Client, site: Site) -> None:
    """Not in words, not in counts, not by the live feed."""
    shown = landlord.get(f"/rooms/{site.village.rooms['201']}").text + landlord.get("/rooms").text
    shown += landlord.get(f"/tenancies/{site.village.running}").text
    for word in ("Came in", "In now", "进门", "在内"):
        assert word not in shown
    assert landlord.get(f"/live/occupancy?building={site.village.building_id}").status_code == 403


def test_an_inquiry_that_is_refused_is_recorded(stranger: httpx.Client, site: Site) -> None:
    sign_in(stranger, site.village.officer)
    form = {
        "kind": "person_by_document",
        "document_type": "resident_id",
        "subject": site.village.document.number,
        "purpose": "case",
        "basis": "criminal_procedure",
        "csrf": token_on(stranger, "/inquiries/new"),
    }
    before = stranger.get("/inquiries").text.count("未答复")
    assert stranger.post("/inquiries/new", data=form).status_code == 403
    assert stranger.get("/inquiries").text.count("未答复") == before + 1
    assert stranger.post("/inquiries/new", data={**form, "reference": "A-1"}).status_code == 200
