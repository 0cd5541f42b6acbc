"""The page for trying the locks by hand: in Chromium at 360 px in both languages, and what its server refuses."""

import http.client
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, ViewportSize

from device_sim.errors import SimulatorError
from device_sim.estate import Estate
from device_sim.page.server import MAX_BODY_BYTES
from device_sim.page.server import Page as PageServer
from device_sim.words import REASONS
from firmware_protocol.vocabulary import RefusalReason
from tests.device.conftest import LOCK
from tests.faces.collection import FOLDER

NARROW: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, chromium: Browser, estate: Estate) -> Iterator[Page]:
    """The page in the language of the parameter; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    context = chromium.new_context(viewport=NARROW, locale=getattr(request, "param", "en-GB"))
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
    assert estate.page_address is not None
    page.goto(estate.page_address)
    page.wait_for_selector("#facts dd")
    yield page
    context.close()
    assert complaints == []


def is_wider_than_the_screen(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize(("page", "chinese"), [("zh-CN", True), ("en-GB", False)], indirect=["page"])
def test_a_door_can_be_tried_by_hand(page: Page, chinese: bool) -> None:
    page.click("[data-way=pin]")
    for key in ("1", "2", "3", "4"):
        page.click(f"#keys button:text-is('{key}')")
    assert page.inner_text("#typed") == "••••"
    page.click("#keys button:last-child")
    words = REASONS[RefusalReason.INVALID_CREDENTIAL]
    page.wait_for_function("words => document.getElementById('answer').textContent === words", arg=words[not chinese])
    page.click("[data-way=inside]")
    page.click("#way-inside button")
    page.click("[data-to=open]")
    page.wait_for_selector(".door.open")
    page.click("summary")
    assert not is_wider_than_the_screen(page)
    page.click("[data-to=closed]")
    page.wait_for_selector(".door:not(.open)")


def test_every_text_is_there_in_both_languages(page: Page) -> None:
    missing = page.evaluate(
        """async () => {
          const { TEXTS } = await import("/texts.js");
          const used = [...document.querySelectorAll("[data-text]")].map((one) => one.dataset.text);
          return [...used.filter((key) => !TEXTS[key]),
            ...Object.keys(TEXTS).filter((key) => TEXTS[key].length !== 2 || !TEXTS[key].every(Boolean))];
        }"""
    )
    assert missing == []


def test_every_way_fits_a_narrow_screen_and_is_large_enough_to_touch(page: Page) -> None:
    for way in ("face", "card", "pin", "inside"):
        page.click(f"[data-way={way}]")
        assert not is_wider_than_the_screen(page)
        small = page.evaluate(
            "[...document.querySelectorAll('button, .button, select, summary')].filter("
            "one => one.offsetParent && one.getBoundingClientRect().height < 44).map(one => one.textContent)"
        )
        assert small == []


def test_the_language_can_be_changed(page: Page) -> None:
    page.click("#language")
    assert page.inner_text("h1") == "安门 · 站在门前"
    assert page.get_attribute("html", "lang") == "zh-Hans"


def test_a_photograph_is_looked_at(page: Page, needs_photographs: None) -> None:
    page.set_input_files("#photo", FOLDER / "az_fam1_dad" / "Family1-Dad1.jpg")
    words = REASONS[RefusalReason.FACE_NOT_RECOGNISED].en
    page.wait_for_function("words => document.getElementById('answer').textContent === words", arg=words)


def test_what_is_no_photograph_is_said(page: Page, tmp_path: Path) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("no photo")
    page.set_input_files("#photo", text)
    page.wait_for_selector("#answer.stop:text('no photo')")


def test_without_power_the_page_still_shows_the_door(page: Page, estate: Estate) -> None:
    estate.answer({"lock": LOCK, "do": "cut_power"})
    try:
        page.wait_for_selector("#facts dd:text('No power')")
        page.click("[data-way=inside]")
        page.click("#way-inside button")
        page.wait_for_selector(".door.unlocked")
    finally:
        estate.answer({"lock": LOCK, "do": "restore_power"})


def talk(estate: Estate, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, Any] | str]:
    assert estate.page_address is not None
    port = int(estate.page_address.rsplit(":", 1)[1].strip("/"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Content-Type": "application/json", **named})
    answer = connection.getresponse()
    raw = answer.read().decode()
    connection.close()
    return answer.status, json.loads(raw) if raw.startswith("{") else raw


ASK = json.dumps({"do": "locks"}).encode()


def test_the_server_answers_its_own_page(estate: Estate) -> None:
    status, answer = talk(estate, "POST", "/ask", ASK)
    assert status == 200
    assert isinstance(answer, dict)
    assert answer["locks"][0]["lock"] == LOCK


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/ask", ASK, {"Host": "evil.example:80"}, 404),
        ("/ask", ASK, {"Content_Type": "text/plain"}, 404),
        ("/other", ASK, {}, 404),
        ("/ask", b"nonsense", {}, 400),
        ("/ask", b"[" * 100_000, {}, 400),
        ("/ask", b"", {"Content_Length": str(MAX_BODY_BYTES + 1)}, 413),
        ("/ask", b"", {"Content_Length": "-1"}, 413),
    ],
)
def test_what_does_not_come_from_the_page_is_refused(
    estate: Estate, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert talk(estate, "POST", path, body, **headers)[0] == status


def test_another_sites_name_gets_not_even_the_page(estate: Estate) -> None:
    assert talk(estate, "GET", "/", Host="evil.example")[0] == 404
    assert talk(estate, "GET", "/../server.py")[0] == 404


def test_the_page_opens_no_file_of_this_machine(estate: Estate) -> None:
    request = json.dumps({"lock": LOCK, "do": "face", "image": "/etc/passwd"}).encode()
    _, answer = talk(estate, "POST", "/ask", request)
    assert isinstance(answer, dict)
    assert "image_base64" in answer["error"]


def test_a_port_that_is_taken_is_said_in_words(estate: Estate) -> None:
    assert estate.page_address is not None
    port = int(estate.page_address.rsplit(":", 1)[1].strip("/"))
    with pytest.raises(SimulatorError, match="cannot be used"):
        PageServer(port, lambda _: {})


def test_everything_that_can_happen_to_a_door_can_be_tried_by_hand(page: Page) -> None:
    page.click("summary")
    page.click("#mishaps button:text-is('Pry the plate off')")
    page.wait_for_selector("#events li:has-text('Alarm · plate pried off')")
    page.click("#mishaps button:text-is('Turn the mechanical key')")
    page.wait_for_selector("#answer.good:has-text('Nobody knows by whom')")
    page.wait_for_selector("#events li:has-text('Unlocked · mechanical key')")
    page.click("#mishaps button:text-is('Fire alarm')")
    page.wait_for_selector("#events li:has-text('Override · fire alarm')")
    page.click("#mishaps button:text-is('End the fire alarm')")
    page.wait_for_selector("#events li:has-text('Override · fire alarm · ended')")
    page.click("#mishaps button:text-is('Locksmith opens')")
    page.wait_for_selector("#events li:has-text('Override · locksmith')")
    page.click("[data-way=inside]")
    page.click("#privacy")
    page.wait_for_selector("#facts dd:has-text('Privacy: nobody comes in')")
    page.click("#privacy")
    page.wait_for_selector("#facts dd:text-is('Normal')")
    assert not is_wider_than_the_screen(page)


def test_a_missing_battery_is_replaced_from_outside_by_hand(page: Page, estate: Estate) -> None:
    estate.answer({"lock": LOCK, "do": "cut_power"})
    try:
        page.wait_for_selector("#facts dd:text('No power')")
        page.click("summary")
        page.click("#mishaps button:text-is('Connect emergency power outside')")
        page.wait_for_selector("#events li:has-text('Started · emergency power')")
        page.click("#mishaps button:text-is('Take emergency power away')")
        page.wait_for_selector("#facts dd:text('No power')")
    finally:
        estate.answer({"lock": LOCK, "do": "restore_power"})


@pytest.mark.parametrize(
    "request_", [{"do": "override"}, {"do": "override", "kind": "mood"}, {"do": "emergency_power", "connected": "yes"}]
)
def test_what_is_asked_wrongly_is_answered_in_words(estate: Estate, request_: dict[str, Any]) -> None:
    assert "must be" in str(estate.answer({"lock": LOCK, **request_})["error"])
