"""The page of the emergency PIN: nothing on it, nor on the own page, tells whoever holds the telephone whether there is one."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests import given
from tests.pages.conftest import Site
from tests.pages.test_http import sign_in, token_on

_PIN = re.compile(r'class="pin">(\d{6})<')


@pytest.fixture
def tenant(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.address, timeout=10, headers={"Accept-Language": "en"}) as client:
        assert sign_in(client, site.village.tenant).status_code == 303
        yield client


def send(tenant: httpx.Client, site: Site, wanted: str, password: str = given.PASSWORD) -> httpx.Response:
    path = f"/me/tenancies/{site.village.running}/emergency-pin"
    form = {"csrf": token_on(tenant, path), "wanted": wanted, "password": password}
    return tenant.post(path, data=form)


def test_it_is_made_told_and_taken_away_with_the_password_only(tenant: httpx.Client, site: Site) -> None:
    form, pages = f"/me/tenancies/{site.village.running}/emergency-pin", ("/me", "/me/entries")
    before = [tenant.get(page).text for page in (form, *pages)]
    assert "没有您的紧急密码" in send(tenant, site, "look").text
    made = send(tenant, site, "make")
    # Whoever looks through the history of the telephone finds the one page that everybody is led to.
    assert (made.status_code, made.headers["location"]) == (303, form)
    shown = _PIN.search(tenant.get(form).text)
    assert shown is not None
    assert [tenant.get(page).text for page in (form, *pages)] == before
    assert "还没有收到您的紧急密码" in send(tenant, site, "look").text
    wrong = [send(tenant, site, wanted, "not the password") for wanted in ("make", "look", "remove")]
    assert {one.status_code for one in wrong} == {422}
    assert len({re.sub(r'value="[0-9a-f]{64}"', "", one.text) for one in wrong}) == 1
    assert shown[1] not in "".join(one.text for one in wrong)
    assert "正在从门锁上删除您的紧急密码" in send(tenant, site, "remove").text


def test_passwords_are_not_guessed_here_either(tenant: httpx.Client, site: Site) -> None:
    tried = [send(tenant, site, "look", f"guess number {number}") for number in range(7)]
    assert [one.status_code for one in tried] == [422] * 7
    assert "没有您的紧急密码" not in send(tenant, site, "look").text
