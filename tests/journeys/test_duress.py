"""Somebody is forced to open: from the tenant's page over a real broker to the simulated keypad, and on to the officer's page.

Nothing at the door and nothing the landlord can see differs from an opening with the ordinary PIN.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest
from sqlalchemy import text

from device_sim import requests
from device_sim.doorway import Answer
from device_sim.installation import Installation
from firmware_protocol.vocabulary import EventType
from service.accounts.rules import Role
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from tests import given
from tests.fixtures_database import Database
from tests.fixtures_service import Clock
from tests.journeys.test_commanding import LOGIN, PHONE, House, house, press, says
from tests.journeys.test_lock_to_register import value
from tests.lock_at_broker import await_confirmed
from tests.wire_link import eventually

__all__ = ["house"]

OFFICER = "officer-of-the-duress"
_PIN = re.compile(r'class="pin">(\d{6})<')
_ALARMS = "SELECT count(*) FROM alarm WHERE kind = 'duress'"
_OPENED = "SELECT count(*) FROM entry WHERE type = 2 AND source = 3"


class Listener:
    """An officer's open page of alarms: when which counts came."""

    def __init__(self, officer: httpx.Client) -> None:
        self.heard: list[tuple[float, list[int]]] = []
        self._officer = officer
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def start(self) -> None:
        self._thread.start()
        eventually(lambda: self.heard)

    def _listen(self) -> None:
        with suppress(httpx.HTTPError), self._officer.stream("GET", "/live/alarms", timeout=30) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: {") and "alarms:all" in line:
                    self.heard.append((time.monotonic(), json.loads(line[6:])["alarms:all"]))


@pytest.fixture
def people(house: House, database: Database, keyring: Keyring, clock: Clock) -> Iterator[dict[str, httpx.Client]]:
    with transaction(database.serve, SYSTEM) as session:
        area = session.execute(text("SELECT area_id FROM unit LIMIT 1")).scalar_one()
        given.account(session, role=Role.OFFICER, login=OFFICER, keyring=keyring, now=clock(), areas=[area])
        session.execute(text("UPDATE access_grant SET landlord_id = (SELECT landlord_id FROM unit LIMIT 1)"))
    with ExitStack() as stack:
        yield {login: stack.enter_context(house.visitor(login)) for login in (PHONE, LOGIN, OFFICER)}


def given_pin(house: House, tenant: httpx.Client, database: Database, *, emergency: bool) -> str:
    """A PIN off the tenant's page, once the lock has it."""
    page = f"/me/tenancies/{house.tenancy}/{'emergency-pin' if emergency else 'pin'}"
    made = press(tenant, page, page, password=given.PASSWORD, wanted="make")
    assert made.status_code == 303
    shown = _PIN.search(tenant.get(made.headers["location"]).text)
    assert shown is not None
    eventually(
        lambda: value(database, "SELECT bool_and(on_lock_at IS NOT NULL) FROM credential WHERE removed_version IS NULL")
    )
    await_confirmed(lambda request: requests.answer({house.lock: house.runner}, request), house.lock)
    return shown[1]


def typed(house: House, pin: str) -> tuple[Answer, list[int]]:
    """What the lock did, and the kinds of events it recorded of it in the order it did."""

    def at_the_keypad(installed: Installation) -> tuple[Answer, list[int]]:
        log = installed.lock.flash.log
        before = log.next_sequence
        answer = installed.lock.doorway.enter_pin(pin, installed.now)
        return answer, [event.type for event in log.read(before, 10)]

    return house.runner.call(at_the_keypad)


def landlord_sees(house: House, landlord: httpx.Client) -> list[str]:
    room = landlord.get("/rooms").text.partition('href="/rooms/')[2].partition('"')[0]
    pages = ("/rooms", f"/rooms/{room}", f"/tenancies/{house.tenancy}", f"/locks/{house.lock}")
    return [landlord.get(page).text for page in pages]


def test_a_call_for_help_reaches_the_police_and_nobody_else(
    house: House, people: dict[str, httpx.Client], database: Database
) -> None:
    tenant, landlord, officer = people.values()
    ordinary = given_pin(house, tenant, database, emergency=False)
    emergency = given_pin(house, tenant, database, emergency=True)
    assert says(officer, "/alarms", "您的辖区没有警报。")
    opened, _ = typed(house, ordinary)
    eventually(lambda: value(database, _OPENED) == 1)
    before = landlord_sees(house, landlord)
    listener = Listener(officer)
    listener.start()
    typed_at = time.monotonic()
    forced, kinds = typed(house, emergency)
    assert (forced.opened, forced.reason) == (opened.opened, opened.reason) == (True, None)
    assert kinds[0] == EventType.LOCK_OPERATED
    eventually(lambda: listener.heard[-1][1][0] == 1, within_s=2.0)
    took_ms = (listener.heard[-1][0] - typed_at) * 1000
    assert took_ms < 1000
    assert says(officer, "/alarms", "被迫开门，正在求助", house.lock, "我来处理")
    eventually(lambda: value(database, _OPENED) == 2)
    assert landlord_sees(house, landlord) == before
    assert "被迫" not in tenant.get("/me").text + tenant.get("/me/entries").text
    alarm = value(database, "SELECT id FROM alarm")
    assert press(officer, "/alarms", f"/alarms/{alarm}/attend").status_code == 303
    assert says(officer, "/alarms", "王秀英", "有人正在处理")
    assert press(officer, "/alarms", f"/alarms/{alarm}/close").status_code == 303
    assert says(officer, "/alarms", "最近七天内已结束")
    assert value(database, _ALARMS) == 1
