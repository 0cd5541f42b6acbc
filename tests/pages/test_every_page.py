"""Every page in both languages, light and dark: fits a small telephone, breaks no policy, can be used by thumb, keyboard and ear."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.hostile.two_villages import routes_of
from tests.pages import everything
from tests.pages.conftest import Site
from tests.pages.visiting import choose, listen, reached_by_tab, sign_in, small, wrong_for_axe, wrong_with

Visitors = dict[str | None, Page]
# Pages that answer with an error say so in the console by themselves.
_EXPECTED = "Failed to load resource: the server responded with a status of"


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, site: Site) -> Iterator[Visitors]:
    """A page for each of those who sign in, and one for a stranger."""
    everybody = (None, site.village.landlord, site.village.tenant, site.village.grid_worker, site.village.officer)
    contexts = {who: chromium.new_context(**small("zh-CN")) for who in everybody}
    pages = {who: context.new_page() for who, context in contexts.items()}
    for who, page in pages.items():
        if who is not None:
            sign_in(page, site.address, who)
    yield pages
    for context in contexts.values():
        context.close()


@pytest.fixture(scope="module", params=["zh", "en"])
def visitors(request: pytest.FixtureRequest, signed_in: Visitors, site: Site) -> Visitors:
    """The same, in Chinese in the light, then in English in the dark."""
    for page in signed_in.values():
        page.goto(f"{site.address}/sign-in")
        choose(page, request.param)
        page.emulate_media(color_scheme="dark" if request.param == "en" else "light")
    return signed_in


@pytest.fixture(scope="module")
def paths(site: Site) -> dict[str, everything.Path]:
    """Every page, in a world in which there is one of everything."""
    return {**site.village.paths, **everything.fill(site)}


# What no address alone shows: redirects, a feed, and the form that the cookie of an opened invitation is needed for
# (test_registering walks through it).
_NOT_WALKED = {
    "/",
    "/live/occupancy",
    "/live/alarms",
    "/healthz",
    "/readyz",
    "/registration",
    "/registration/done",
    "/registration/{way}",
}


def test_the_walk_leaves_out_no_page(site: Site, paths: dict[str, everything.Path]) -> None:
    templates = {path for method, path in routes_of(site.app) if method == "GET" and not path.startswith("/api/")}
    walked = [path.partition("?")[0] for _, path in paths.values()]
    missed = {one for one in templates - _NOT_WALKED if not any(_is_of(one, path) for path in walked)}
    assert not missed
    assert templates >= _NOT_WALKED


def _is_of(template: str, path: str) -> bool:
    """Whether the path is one of the route's, and of no other that names it more exactly."""
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(p == g or p.startswith("{") for p, g in zip(parts, given, strict=True))


@pytest.mark.parametrize("of_village", [True, False], ids=["village", "beside it"])
def test_every_page_can_be_used(
    visitors: Visitors, site: Site, paths: dict[str, everything.Path], of_village: bool
) -> None:
    complaints: list[str] = []
    language = visitors[None].locator("html").get_attribute("lang")
    heard = {who: listen(page) for who, page in visitors.items()}
    chosen = {name: one for name, one in paths.items() if (name in site.village.paths) is of_village}
    for name, (who, path) in chosen.items():
        page = visitors[who]
        page.goto(site.address + path)
        complaints += [f"{name}: {wrong}" for wrong in wrong_with(page)]
        # Roles, names and landmarks are the same in both languages.
        if language == "zh-Hans":
            complaints += [f"{name}: {wrong}" for wrong in wrong_for_axe(page)]
        complaints += [f"{name}: {said}" for said in heard[who] if _EXPECTED not in said]
        heard[who].clear()
        assert page.locator("html").get_attribute("lang") == language
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("name", ["room that waits", "inquiry", "my page"])
def test_the_tab_key_reaches_everything(visitors: Visitors, site: Site, name: str) -> None:
    who, path = site.village.paths[name]
    page = visitors[who]
    page.goto(site.address + path)
    there, reached = reached_by_tab(page)
    assert there <= reached


def test_a_tenant_is_asked_about_the_houses_door_and_can_think_again(
    signed_in: Visitors, site: Site, paths: dict[str, everything.Path]
) -> None:
    tenant, landlord = signed_in[site.village.tenant], signed_in[site.village.landlord]
    who, path = paths["is it true?"]
    assert who == site.village.tenant
    tenant.goto(f"{site.address}/me")
    tenant.click(f"a[href='{path}']")
    assert "0" in tenant.locator("dd").nth(1).inner_text()
    tenant.click(f"form[action='{path}/contradict'] button")
    assert tenant.locator("dd").nth(2).inner_text() == "1"
    assert not tenant.locator(f"form[action='{path}/contradict']").count()
    tenant.click(f"form[action='{path}/confirm'] button")
    figures = tenant.locator("dd").all_inner_texts()
    assert (figures[0], figures[1][0], figures[2]) == ("2", "1", "0")
    landlord.goto(f"{site.address}{paths['house with a reported door'][1]}")
    assert landlord.locator(".notice b", has_text="1").count()


@pytest.mark.usefixtures("paths")
def test_those_who_look_after_the_area_see_a_lock_that_was_never_opened(visitors: Visitors, site: Site) -> None:
    page = visitors[site.village.grid_worker]
    page.goto(f"{site.address}/endings")
    assert page.locator("h2").count() == 1
