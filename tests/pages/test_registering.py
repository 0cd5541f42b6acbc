"""From the landlord's invitation to the tenancy through a real browser, with the camera, with files, and without JavaScript."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import given
from tests.pages.camera import live_pictures, portrait, stranger
from tests.pages.conftest import Site
from tests.pages.visiting import choose, listen, sign_in, small, wrong_with

PASSWORD = "quiet river morning"
_PIN = re.compile(r"\d{6}")


@pytest.fixture
def contexts(chromium: Browser) -> Iterator[list[BrowserContext]]:
    made: list[BrowserContext] = []
    yield made
    for context in made:
        context.close()


@pytest.fixture
def landlord(chromium: Browser, site: Site, contexts: list[BrowserContext]) -> Page:
    contexts.append(chromium.new_context(**small("en-GB")))
    page = contexts[-1].new_page()
    sign_in(page, site.address, site.village.landlord)
    choose(page, "en")
    return page


def _tenant(chromium: Browser, contexts: list[BrowserContext], *, javascript: bool = True) -> Page:
    contexts.append(chromium.new_context(**small("en-GB"), java_script_enabled=javascript))
    return contexts[-1].new_page()


def _invite(landlord: Page, site: Site, number: str) -> str:
    """The invitation's link, as it stands on the page; the page shows it once."""
    landlord.goto(f"{site.address}/rooms/{site.village.rooms[number]}")
    landlord.get_by_text("Invite a tenant").click()
    landlord.get_by_role("button", name="Make the invitation").click()
    link = landlord.input_value("#link")
    assert landlord.locator(".qr svg path").count() >= 1
    landlord.reload()
    assert landlord.locator("#link").count() == 0
    return site.address + "/i/" + link.rpartition("/i/")[2]


def _fill(page: Page, phone: str, *, name: str = "林晓梅", number: str | None = None) -> None:
    page.fill("#document_number", number or given.document().number)
    page.fill("#name", name)
    page.fill("#phone", phone)
    page.fill("#password", PASSWORD)
    page.check("#consent_register")


def _choose_files(page: Page, frames: list[Path]) -> None:
    page.set_input_files("#portrait", portrait())
    for number, frame in enumerate(frames, start=1):
        page.set_input_files(f"#frame_{number}", frame)


def _take_pictures(page: Page) -> None:
    page.set_input_files("#portrait", portrait())
    page.click("[data-take]")
    expect(page.locator("[data-said]")).to_have_text("All three photographs are taken.", timeout=15_000)


def _confirm(landlord: Page, site: Site, number: str) -> None:
    landlord.goto(f"{site.address}/rooms/{site.village.rooms[number]}")
    landlord.get_by_role("link", name="Confirm").click()
    landlord.check("#saw_document")
    landlord.get_by_role("button", name="Yes, confirm").click()
    expect(landlord.locator("h2")).to_have_text("On the locks")


def test_with_the_camera(chromium: Browser, site: Site, landlord: Page, contexts: list[BrowserContext]) -> None:
    """A wrong digit first: what was typed stays, and it says what to do. Then three frames from the camera, and a PIN, once."""
    portrait()
    tenant = _tenant(chromium, contexts)
    heard = listen(tenant)
    tenant.goto(_invite(landlord, site, "101"))
    assert tenant.url == f"{site.address}/registration"
    tenant.get_by_text("Face, ID card and PIN").click()
    right = given.document().number
    _fill(tenant, "13700001111", number=right[:-1] + ("0" if right[-1] != "0" else "1"))
    tenant.check("#consent_face")
    _choose_files(tenant, live_pictures())
    tenant.get_by_role("button", name="Send the registration").click()
    assert "does not fit the others" in tenant.inner_text("#document_number-error")
    assert tenant.input_value("#name") == "林晓梅"
    assert tenant.input_value("#password") == ""
    assert "photographs have to be entered again" in tenant.inner_text("[role=alert]")
    assert not wrong_with(tenant)
    tenant.fill("#document_number", right)
    tenant.fill("#password", PASSWORD)
    _take_pictures(tenant)
    tenant.get_by_role("button", name="Send the registration").click()
    assert _PIN.fullmatch(tenant.inner_text(".pin"))
    tenant.reload()
    assert tenant.locator(".pin").count() == 0
    assert [said for said in heard if "status of 422" not in said] == []
    _confirm(landlord, site, "101")
    sign_in(tenant, site.address, "13700001111", PASSWORD)
    assert tenant.locator("th", has_text="Face").count() == 1


def test_without_javascript_and_without_a_face(
    chromium: Browser, site: Site, landlord: Page, contexts: list[BrowserContext]
) -> None:
    tenant = _tenant(chromium, contexts, javascript=False)
    tenant.goto(_invite(landlord, site, "203"))
    tenant.get_by_text("ID card and PIN").first.click()
    assert tenant.locator("input[type=file]").count() == 0
    _fill(tenant, "13700002222")
    tenant.get_by_role("button", name="Send the registration").click()
    assert _PIN.fullmatch(tenant.inner_text(".pin"))
    tenant.get_by_role("link", name="How far is it?").click()
    assert "has not confirmed yet" in tenant.inner_text("main")
    _confirm(landlord, site, "203")
    tenant.goto(f"{site.address}/registration")
    assert "has confirmed" in tenant.inner_text("main")


def test_without_javascript_with_a_face(
    chromium: Browser, site: Site, landlord: Page, contexts: list[BrowserContext]
) -> None:
    """Somebody else's pictures first: they are refused with advice at the picture, then one's own are taken."""
    link = _invite(landlord, site, "204")
    tenant = _tenant(chromium, contexts, javascript=False)
    tenant.goto(link)
    tenant.get_by_text("Face, ID card and PIN").click()
    _fill(tenant, "13700003333")
    tenant.check("#consent_face")
    _choose_files(tenant, stranger())
    tenant.get_by_role("button", name="Send the registration").click()
    assert "do not match the picture on the document" in tenant.inner_text("#portrait-error")
    tenant.fill("#password", PASSWORD)
    _choose_files(tenant, live_pictures())
    tenant.get_by_role("button", name="Send the registration").click()
    assert _PIN.fullmatch(tenant.inner_text(".pin"))


def test_a_link_works_once_and_in_one_browser(
    chromium: Browser, site: Site, landlord: Page, contexts: list[BrowserContext]
) -> None:
    link = _invite(landlord, site, "103")
    first, second = _tenant(chromium, contexts), _tenant(chromium, contexts)
    first.goto(link)
    answer = second.goto(link)
    assert answer is not None
    assert answer.status == 410
    first.goto(link)
    assert first.url == f"{site.address}/registration"


def test_rather_without_my_face(chromium: Browser, site: Site, landlord: Page, contexts: list[BrowserContext]) -> None:
    """On the way one may change one's mind; what was typed comes along."""
    tenant = _tenant(chromium, contexts)
    tenant.goto(_invite(landlord, site, "104"))
    tenant.get_by_text("Face, ID card and PIN").click()
    tenant.fill("#name", "林晓梅")
    tenant.get_by_role("button", name="Rather without my face").click()
    assert tenant.locator("input[type=file]").count() == 0
    assert tenant.input_value("#name") == "林晓梅"
