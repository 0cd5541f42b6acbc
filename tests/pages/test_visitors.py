"""A tenant gives a visitor a PIN on a small telephone, and takes it back."""

import re

from playwright.sync_api import Browser

from tests.pages.conftest import Site
from tests.pages.visiting import sign_in, small, wrong_with

_PIN = re.compile(r"\d{6}")


def test_a_visitor_gets_a_pin_and_loses_it(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(**small("en-GB"))
    page = context.new_page()
    sign_in(page, site.address, site.village.tenant)
    form = f"{site.address}/me/tenancies/{site.village.running}/visitors"
    page.goto(form)
    before = page.locator("a[href$='/end'][href*='/me/visitors/']").count()
    page.fill("#hours", "3")
    page.fill("#starts_at", "2026-03-20T18:30")
    page.click("main form button")
    assert page.locator("#starts_at-error").count() == 1
    assert page.input_value("#hours") == "3"
    assert wrong_with(page) == []
    page.fill("#starts_at", "2026-03-03T18:30")
    page.click("main form button")
    page.wait_for_url("**/me/visitor-pin")
    assert _PIN.fullmatch(page.inner_text(".pin"))
    assert wrong_with(page) == []
    page.reload()
    assert page.locator(".pin").count() == 0
    page.goto(f"{site.address}/me")
    given = page.locator("a[href*='/me/visitors/']")
    assert given.count() == before + 1
    assert "18:30" in given.last.locator("xpath=ancestor::tr").inner_text()
    given.last.click()
    page.click("button.danger")
    page.wait_for_url("**/me")
    assert given.count() == before
    context.close()
