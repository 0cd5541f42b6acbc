"""A face taken at the own door: from the tenant's page in a browser over a real broker to the simulated lock, onto its list, and gone again."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from anmen.broker import Broker
from device_sim import requests
from device_sim.hardware import Hardware
from device_sim.lock_runner import LockRunner
from face_engine import FaceEngine, encode_jpeg
from firmware_protocol.topics import LockId
from service.edges import clock as real_clock
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.portals.translation import local_day
from tests import given
from tests import given_living as living
from tests.faces.drawn_face import BO, MEI, Features, drawn
from tests.fixtures_database import Database
from tests.fixtures_service import Clock
from tests.journeys.test_lock_to_register import Running, value
from tests.lock_at_broker import await_confirmed, provision_of
from tests.wire_link import eventually
from tests.wire_lock import hung_lock

PHONE = "13977002233"


@dataclass
class Flat:
    """A let room; its tenant has card and PIN and no face. `address`: of the pages."""

    address: str
    lock: LockId
    document: str
    runner: LockRunner
    database: Database

    def do(self, what: str, **more: Any) -> Any:
        """Somebody does something at the door, as the simulator's own page asks for it."""
        return requests.answer({self.lock: self.runner}, {"lock": self.lock, "do": what, **more})

    def look(self, person: Features, number: int) -> Any:
        return self.do("face", image_base64=base64.b64encode(encode_jpeg(drawn(person, number))).decode())

    def card(self, portrait: Features) -> Any:
        picture = base64.b64encode(encode_jpeg(drawn(portrait, 40))).decode()
        return self.do("card", number=self.document, image_base64=picture)

    def count(self, what: str) -> Any:
        with transaction(self.database.serve, SYSTEM) as session:
            return session.execute(text(f"SELECT count(*) FROM {what}")).scalar()  # noqa: S608  # our own words

    @property
    def enrolment(self) -> Any:
        return self.do("state")["state"]["enrolment"]


@pytest.fixture
def flat(
    database: Database,
    broker: Broker,
    keyring: Keyring,
    address: str,
    clock: Clock,
    tmp_path: Path,
    sface: FaceEngine,
) -> Iterator[Flat]:
    clock.instant = now = real_clock.now()
    place = living.living(database.serve, keyring, now, locks=0)
    with transaction(database.serve, SYSTEM) as session:
        lock = hung_lock(session, place.unit_id, keyring, now)
    document, today = given.document(), local_day(now)
    living.tenant(place, living.form(document, phone=PHONE), first=today, last=today + timedelta(days=200))
    runner = LockRunner(provision_of(lock.identity, broker), tmp_path, Hardware(engine=sface))
    with Running(database, broker, keyring):
        runner.start()
        eventually(lambda: value(database, "SELECT link = 'live' FROM lock"))
        eventually(lambda: value(database, "SELECT bool_and(on_lock_at IS NOT NULL) FROM credential"))
        await_confirmed(lambda request: requests.answer({lock.id: runner}, request), lock.id)
        yield Flat(address, lock.id, document.number, runner, database)
        runner.stop()


def signed_in(chromium: Browser, flat: Flat) -> Page:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(f"{flat.address}/sign-in")
    page.fill("[name=login]", PHONE)
    page.fill("[name=password]", given.PASSWORD)
    page.click("main button")
    page.wait_for_url("**/me")
    return page


def start(page: Page, flat: Flat) -> None:
    page.goto(f"{flat.address}/me")
    page.get_by_role("link", name="在门前录入人脸").click()
    page.check("[name=agree]")
    page.get_by_role("button", name="在门前录入我的人脸").click()
    expect(page.get_by_text("请现在到您的门前")).to_be_visible(timeout=15_000)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def stand_there(flat: Flat) -> None:
    assert flat.enrolment["stage"] == "card"
    assert flat.look(MEI, 0)["reason"] == "face_not_recognised"
    shown = flat.card(MEI)
    assert (shown["opened"], shown["stage"]) == (True, "face")
    assert [flat.look(MEI, number)["stage"] for number in (1, 2, 3)] == ["more", "more", "saying"]


def withdraw(page: Page, flat: Flat) -> None:
    page.goto(f"{flat.address}/me/consents/face/withdraw")
    page.click("main button")
    page.wait_for_url("**/me")


def test_from_the_page_to_the_door_and_onto_the_lock_and_gone_again(chromium: Browser, flat: Flat) -> None:
    page = signed_in(chromium, flat)
    start(page, flat)
    stand_there(flat)
    expect(page.get_by_text("完成：您的人脸可以开这扇门了。")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("门锁已与您身份证上的照片比对。")).to_be_visible()
    assert flat.enrolment is None
    eventually(lambda: flat.look(MEI, 7)["opened"])
    assert flat.look(BO, 0)["reason"] == "face_not_recognised"
    assert flat.count("taken_face WHERE template_sealed IS NOT NULL") == 0
    withdraw(page, flat)
    eventually(lambda: flat.count("credential WHERE type = 5 AND off_lock_at IS NULL") == 0)
    assert flat.look(MEI, 8)["reason"] == "face_not_recognised"
    page.reload()
    expect(page.get_by_text("已撤回并删除")).to_be_visible()
    assert flat.count("enrolment WHERE template_sealed IS NOT NULL") == 0
    assert flat.do("card", number=flat.document)["opened"]
