"""Live counts: in an open page, and as a stream with ids, resumption, limits and rights."""

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from itertools import islice

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, expect

from face_engine.engine import FaceEngine
from firmware_protocol.vocabulary import PassDirection
from service.accounts.signed_in import SESSION_COOKIE
from service.app import create_app
from service.edges.requests import Parts
from service.edges.server import GRACE_S
from service.edges.transaction import SYSTEM, transaction
from service.errors import TooMany
from service.portals.feed import Feed
from service.presence import actions as presence
from service.reactions import react
from service.settings import Settings
from tests import given
from tests.fixtures_service import Clock, served
from tests.pages.conftest import Site
from tests.pages.village import locks_of, passes
from tests.pages.visiting import choose, sign_in, small
from tests.wire_link import eventually

_sequences = iter(range(100, 1000))


def _go(site: Site, direction: PassDirection) -> None:
    lock = locks_of(site.village.place, site.village.rooms["201"])[0]
    passes(site.database, lock, next(_sequences), site.now, direction)


@pytest.fixture
def officer(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.address, timeout=10) as client:
        client.post("/sign-in", data={"login": site.village.officer, "password": given.PASSWORD, "csrf": _csrf(client)})
        assert SESSION_COOKIE in client.cookies
        yield client


def _end_listeners(site: Site) -> None:
    with psycopg.connect(site.database.admin_dsn, autocommit=True) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query LIKE 'LISTEN anmen_feed%'"
        ).fetchall()
    assert ended


def _await_listener(site: Site) -> None:
    with psycopg.connect(site.database.admin_dsn, autocommit=True) as admin:
        there = "SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN anmen_feed%' AND state = 'idle'"
        eventually(lambda: admin.execute(there).fetchone() is not None, within_s=40)


def _csrf(client: httpx.Client) -> str:
    return client.get("/sign-in").text.partition('name="csrf" value="')[2].partition('"')[0]


def _read(answer: httpx.Response, told: list[str]) -> None:
    with contextlib.suppress(httpx.HTTPError, httpx.StreamError):
        told.extend(islice(answer.iter_lines(), 6))


def _events(answer: httpx.Response) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if line:
            event[name] = value
        elif event:
            yield event
            event = {}


def test_a_count_changes_in_an_open_page(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(**small("en-GB"))
    page = context.new_page()
    sign_in(page, site.address, site.village.grid_worker)
    choose(page, "en")
    page.goto(f"{site.address}/areas/{site.village.areas.grid}")
    expect(page.locator(".pulse")).to_have_text("Live")
    present = page.locator(f"[data-count='area:{site.village.areas.grid}:present']")
    for direction, shown in ((PassDirection.OUT, "0"), (PassDirection.IN, "1")):
        _go(site, direction)
        expect(present).to_have_text(shown)
    other = context.new_page()
    other.goto(f"{site.address}/areas/{site.village.areas.grid}")
    other.get_by_role("button", name="Sign out").click()
    _go(site, PassDirection.OUT)
    page.wait_for_url("**/sign-in?**")
    context.close()


def test_only_what_changed_is_sent_and_a_reader_resumes(officer: httpx.Client, site: Site) -> None:
    path = f"/live/occupancy?area={site.village.areas.town}"
    with officer.stream("GET", path) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = _events(answer)
        first = next(events)
        assert first["event"] == "counts"
        assert f"area:{site.village.areas.community}" in first["data"]
        _go(site, PassDirection.IN)
        second = next(event for event in events if "data" in event)
        assert second["id"] != first["id"]
    for seen, news in ((second["id"], False), (first["id"], True), ("nonsense", True)):
        with officer.stream("GET", path, headers={"Last-Event-ID": seen}) as answer:
            assert ("data" in next(_events(answer))) is news


def test_what_is_not_for_a_reader_moves_nothing_of_the_stream(site: Site) -> None:
    """Grid staff are neighbours: that the police attend to a call for help shows in no id, and in no sign of life."""
    with httpx.Client(base_url=site.address, timeout=10) as client:
        form = {"login": site.village.grid_worker, "password": given.PASSWORD, "csrf": _csrf(client)}
        client.post("/sign-in", data=form)
        told: list[str] = []
        with client.stream("GET", f"/live/occupancy?area={site.village.areas.grid}") as answer:
            threading.Thread(target=_read, args=(answer, told), daemon=True).start()
            eventually(lambda: len(told) == 5)
            assert re.fullmatch("id: [0-9a-f]{16}", told[1])
            with transaction(site.database.serve, SYSTEM) as session:
                presence.show_again(session, locks_of(site.village.place, site.village.rooms["201"]))
            time.sleep(1.5)
            assert len(told) == 5


@pytest.mark.parametrize(("login", "status"), [(None, 401), ("landlord", 403), ("grid", 404)])
def test_counts_are_for_those_who_work_there(site: Site, login: str | None, status: int) -> None:
    with httpx.Client(base_url=site.address) as client:
        if login:
            client.post("/sign-in", data={"login": login, "password": given.PASSWORD, "csrf": _csrf(client)})
        answer = client.get(
            f"/live/occupancy?area={site.village.areas.other_grid}", headers={"Accept": "text/event-stream"}
        )
        assert answer.status_code == status


def test_the_feed_survives_its_connection(officer: httpx.Client, site: Site) -> None:
    """The database ends the connection that listens; the next change arrives all the same."""
    with officer.stream("GET", f"/live/occupancy?area={site.village.areas.town}") as answer:
        events = _events(answer)
        next(events)
        _end_listeners(site)
        _await_listener(site)
        _go(site, PassDirection.OUT)
        assert any("data" in event for event, _ in zip(events, range(3), strict=False))


def test_readers_are_bounded(site: Site) -> None:
    feed = Feed(site.database.serve.url, readers_limit=1)
    with feed.reader(), pytest.raises(TooMany):
        feed.check_room()
    feed.check_room()


def test_an_open_page_does_not_delay_the_end(site: Site, sface: FaceEngine) -> None:
    keyring, clock = site.village.place.keyring, Clock(site.now)
    parts = Parts(
        settings=Settings(), database=site.database.serve, keyring=keyring, faces=sface, clock=clock, react=react
    )
    with contextlib.ExitStack() as reading:
        with served(create_app(parts=parts)) as address:
            client = reading.enter_context(httpx.Client(base_url=address, timeout=10))
            client.post("/sign-in", data={"login": "officer", "password": given.PASSWORD, "csrf": _csrf(client)})
            answer = reading.enter_context(client.stream("GET", f"/live/occupancy?area={site.village.areas.town}"))
            events = _events(answer)
            next(events)
            began = time.monotonic()
        assert time.monotonic() - began < GRACE_S / 2
        assert not any("data" in event for event in events)
