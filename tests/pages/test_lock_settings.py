"""The lock's page: its times, a new start, erasing, refusals beside their fields; and how an answer appears by itself."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import text

from firmware_protocol.commands import CommandKind
from service.edges.transaction import SYSTEM, transaction
from tests.pages.conftest import Site
from tests.pages.visiting import choose, sign_in, small


@pytest.fixture
def landlord(chromium: Browser, site: Site) -> Page:
    context: BrowserContext = chromium.new_context(**small("en-GB"))
    page = context.new_page()
    sign_in(page, site.address, site.village.landlord)
    choose(page, "en")
    return page


def _ordered(site: Site, kind: CommandKind) -> tuple[int, int, int]:
    with transaction(site.database.serve, SYSTEM) as session:
        row = session.execute(
            text("SELECT count(*), max(relock_s), max(ajar_s) FROM lock_command WHERE kind = :kind"), {"kind": kind}
        ).one()
        return row[0], row[1], row[2]


def _answer(site: Site, kind: CommandKind) -> None:
    with transaction(site.database.ingest, SYSTEM) as session:
        session.execute(
            text("UPDATE lock_command SET state = 'done', ended_at = issued_at WHERE kind = :kind"), {"kind": kind}
        )


def test_times_outside_what_a_lock_takes_are_refused_at_their_field(landlord: Page, site: Site) -> None:
    landlord.goto(f"{site.address}/locks/{site.village.vacant_lock}/times")
    landlord.evaluate("document.querySelector('form.card').noValidate = true")
    landlord.fill("#relock_s", "1")
    landlord.get_by_role("button", name="Tell the lock").click()
    assert landlord.locator("#relock_s").get_attribute("aria-invalid") == "true"
    expect(landlord.locator("#relock_s-error")).to_contain_text("2 to 300")
    landlord.fill("#relock_s", "12")
    landlord.fill("#ajar_s", "90")
    landlord.get_by_role("button", name="Tell the lock").click()
    expect(landlord.locator(".timeline").first).to_contain_text("Change its times")
    assert _ordered(site, CommandKind.SET_PARAMETERS) == (1, 12, 90)


@pytest.mark.parametrize(
    ("name", "yes", "kind"),
    [
        ("Start again", "Yes, start it again", CommandKind.REBOOT),
        ("Erase all faces", "Yes, erase the faces", CommandKind.ERASE_BIOMETRIC),
    ],
)
def test_what_is_asked_twice_is_ordered_and_its_answer_appears(
    landlord: Page, site: Site, name: str, yes: str, kind: CommandKind
) -> None:
    landlord.goto(f"{site.address}/locks/{site.village.vacant_lock}")
    landlord.get_by_role("link", name=name).click()
    expect(landlord.locator(".lead")).to_contain_text(site.village.vacant_lock)
    landlord.get_by_role("button", name=yes).click()
    line = landlord.locator(".timeline > li", has_text=name).first
    expect(line).to_contain_text("Waits for the lock")
    landlord.evaluate("window.stays = true")
    _answer(site, kind)
    expect(line).to_contain_text("Done", timeout=8000)
    assert landlord.evaluate("window.stays"), "the page was loaded anew: what somebody types there would be lost"


def test_nothing_is_erased_where_somebody_lives(landlord: Page, site: Site) -> None:
    lock = site.village.let_lock
    landlord.goto(f"{site.address}/locks/{lock}")
    assert landlord.get_by_role("link", name="Erase all faces").count() == 0
    landlord.goto(f"{site.address}/locks/{lock}/erase-faces")
    landlord.get_by_role("button", name="Yes, erase the faces").click()
    expect(landlord.get_by_role("alert")).to_contain_text("Somebody lives there")
    assert _ordered(site, CommandKind.ERASE_BIOMETRIC)[0] <= 1


def test_a_page_that_waits_reloads_itself_without_javascript(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(**small("en-GB"), java_script_enabled=False)
    page = context.new_page()
    sign_in(page, site.address, site.village.landlord)
    page.goto(f"{site.address}/locks/{site.village.vacant_lock}")
    page.locator("button", has_text="鸣响").or_(page.locator("button", has_text="Beep")).click()
    assert page.locator("noscript meta[http-equiv=refresh], meta[http-equiv=refresh]").count() == 1
    context.close()


def test_the_lock_says_until_when_its_certificate_holds(landlord: Page, site: Site) -> None:
    path = f"{site.address}/locks/{site.village.vacant_lock}"
    landlord.goto(path)
    assert landlord.get_by_text("Its certificate holds until").count() == 0
    with transaction(site.database.ingest, SYSTEM) as session:
        said = text(
            "UPDATE lock SET capabilities = coalesce(capabilities, '{}') || jsonb_build_object('certificate_until', 1800000000) WHERE id = :id"
        )
        session.execute(said, {"id": site.village.vacant_lock})
    landlord.goto(path)
    expect(landlord.get_by_text("Its certificate holds until")).to_contain_text("2027")
    choose(landlord, "zh")
    landlord.goto(path)
    expect(landlord.get_by_text("证书有效期至")).to_contain_text("2027")
