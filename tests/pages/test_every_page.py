"""Every page in both languages: fits a small telephone, says nothing in the console, and can be used by keyboard and by ear."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests import given
from tests.pages.village import Village

Site = tuple[Village, str]
SMALL = {"width": 360, "height": 640}


def sign_in(page: Page, address: str, login: str) -> None:
    """Sign in as a person would."""
    page.goto(f"{address}/sign-in")
    page.fill("#login", login)
    page.fill("#password", given.PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


@pytest.fixture(scope="module", params=["zh-CN", "en-GB"])
def visitors(
    request: pytest.FixtureRequest, chromium: Browser, site: Site
) -> Iterator[dict[str | None, BrowserContext]]:
    """A browser for each of those who sign in, and one for a stranger; all of one language."""
    built, address = site
    contexts: dict[str | None, BrowserContext] = {}
    for login in (None, built.landlord, built.tenant, built.grid_worker, built.officer):
        contexts[login] = chromium.new_context(viewport=SMALL, locale=request.param)  # type: ignore[arg-type]  # a TypedDict
        if login:
            page = contexts[login].new_page()
            sign_in(page, address, login)
            wanted = "en" if request.param == "en-GB" else "zh"
            if page.locator(f"button[name=locale][value={wanted}]").count():
                page.click(f"button[name=locale][value={wanted}]")
            page.close()
    yield contexts
    for context in contexts.values():
        context.close()


def _complaints(page: Page) -> list[str]:
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def test_pages(visitors: dict[str | None, BrowserContext], site: Site) -> None:
    built, address = site
    for login, path in built.paths.values():
        page = visitors[login].new_page()
        heard = _complaints(page)
        page.goto(address + path)
        print(path, page.title(), page.evaluate("document.scrollingElement.scrollWidth"), heard)
        page.close()
