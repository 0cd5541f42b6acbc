"""From the box to the register, over pages, database and broker; and out again: stolen, it is refused at the broker by itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from anmen.boxed import box_lock
from anmen.broker import Broker
from anmen.database_roles import DatabaseRole
from anmen.demo.refusing import ACCOUNT
from anmen.shutting_out import ShuttingOut, throw_off
from device_sim import requests
from device_sim.hardware import Hardware
from device_sim.lock_runner import LockRunner
from device_sim.provision import Provision
from firmware_protocol.claim import draw_secret, in_groups
from service.accounts.rules import Role
from service.edges import clock as real_clock
from service.edges.keyring import Keyring
from service.edges.mqtt_link import BrokerAddress
from service.edges.transaction import SYSTEM, transaction
from service.portals.translation import local_day
from tests import given
from tests import given_living as living
from tests.figures import FigureBook
from tests.fixtures_database import Database, Roles
from tests.fixtures_service import Clock
from tests.journeys.test_commanding import press, says
from tests.journeys.test_lock_to_register import Running, value
from tests.lock_at_broker import await_confirmed
from tests.machine.test_revocation import comes_in
from tests.pages.test_http import sign_in
from tests.wire_link import eventually

LOGIN, PHONE = "landlord-with-a-new-lock", "13977003344"


class Scene:
    """A room with a tenant and no lock, and a lock in its box. `address`: of the pages."""

    def __init__(self, database: Database, address: str, boxed: Provision, folder: Path) -> None:
        self.database, self.address, self.boxed = database, address, boxed
        self.runner = LockRunner(boxed, folder, Hardware())
        self.unit = self.tenancy = 0
        self.document = ""

    @property
    def room(self) -> str:
        return f"/rooms/{self.unit}"

    @contextmanager
    def visitor(self, login: str) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.address, timeout=20) as client:
            assert sign_in(client, login).status_code == 303
            yield client

    def press_button(self) -> None:
        self.runner.call(lambda installed: installed.lock.claiming.press(installed.now))

    def on_list(self) -> int:
        return self.runner.call(lambda installed: len(installed.lock.held.holding.entries))


@pytest.fixture
def scene(
    database: Database, broker: Broker, keyring: Keyring, address: str, clock: Clock, tmp_path: Path
) -> Iterator[Scene]:
    now = real_clock.now()
    # Claims last two minutes: the pages' clock has to run.
    clock.instant = now
    place = living.living(database.serve, keyring, now, locks=0)
    with transaction(database.serve, SYSTEM) as session:
        owner = given.account(session, role=Role.LANDLORD, login=LOGIN, keyring=keyring, now=now)
    today = local_day(now)
    filled = living.form(phone=PHONE)
    begun = living.tenant(place, filled, first=today, last=today + timedelta(days=200))
    with transaction(database.serve, SYSTEM) as session:
        for table in ("building", "unit", "tenancy"):
            session.execute(text(f"UPDATE {table} SET landlord_id = :id"), {"id": owner})  # noqa: S608 - our own names
    broker.admit([])
    scene = Scene(database, address, box_lock(broker.certificates, broker.ports.locks), tmp_path / "flash")
    scene.unit, scene.tenancy, scene.document = place.unit_id, begun.tenancy_id, filled.document_number
    broker.admit([scene.boxed.lock])
    with Running(database, broker, keyring):
        scene.runner.start()
        yield scene
        scene.runner.stop()


def type_in(scene: Scene, landlord: httpx.Client, secret: str) -> str:
    """The claim's page after the form was sent."""
    form = f"{scene.room}/claim"
    sent = press(landlord, form, form, lock_id=scene.boxed.lock, secret=secret)
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])


def claim_and_hang(scene: Scene, landlord: httpx.Client) -> None:
    assert scene.boxed.claim_secret is not None
    wrong = type_in(scene, landlord, draw_secret(b"another secret"))
    scene.press_button()
    time.sleep(0.5)
    assert says(landlord, wrong, "现在请按下门锁内侧的按钮。"), "another secret changes nothing"
    page = type_in(scene, landlord, in_groups(scene.boxed.claim_secret).lower())
    assert press(landlord, page, f"{page}/hang").status_code == 409
    scene.press_button()
    eventually(lambda: says(landlord, page, "锁已用新密钥重新连上"))
    assert press(landlord, page, f"{page}/hang").status_code == 303
    eventually(lambda: scene.on_list() == 1)
    await_confirmed(lambda request: requests.answer({scene.boxed.lock: scene.runner}, request), scene.boxed.lock)


def come_in(scene: Scene) -> None:
    opened = scene.runner.call(lambda one: one.lock.doorway.show_card(scene.document, one.now).opened)
    assert opened
    eventually(lambda: value(scene.database, "SELECT count(*) FROM entry WHERE type = 2") == 1)


@pytest.fixture
def refusing(broker: Broker, database_roles: Roles, database: Database) -> Iterator[None]:
    """What has the broker refuse locks, in a thread of its own; afterwards it refuses none."""
    ours = broker.certificates.for_service(ACCOUNT)
    address = BrokerAddress(broker.host, broker.ports.services, broker.authority, ours.certificate, ours.key)
    url = database_roles.url(DatabaseRole.REVOKE, database.name)
    shutting = ShuttingOut(url, tell_broker=broker.shut_out, throw_off=partial(throw_off, address))
    with shutting.listening.beside():
        yield
    broker.shut_out(frozenset())


@pytest.mark.usefixtures("refusing")
def test_a_lock_is_claimed_hung_opened_and_recorded_and_once_stolen_refused(
    scene: Scene, broker: Broker, database: Database, figures: FigureBook
) -> None:
    with scene.visitor(LOGIN) as landlord, scene.visitor(PHONE) as tenant:
        claim_and_hang(scene, landlord)
        come_in(scene)
        lock, door = scene.boxed.lock, f"/me/tenancies/{scene.tenancy}/door"
        stolen = f"{scene.room}/locks/{lock}/stolen"
        assert press(landlord, stolen, stolen, kind="stolen", reason="昨夜门锁被人整个拆走了").status_code == 303
        assert says(tenant, door, "昨夜门锁被人整个拆走了")
        assert comes_in(broker, lock), "a landlord's word alone shuts nobody out"
        with transaction(database.serve, SYSTEM) as session:
            number = session.execute(text("SELECT id FROM lock_report")).scalar_one()
        eventually(lambda: scene.runner.call(lambda installed: installed.linked))
        clicked = time.monotonic()
        confirmed = press(tenant, door, f"/me/tenancies/{scene.tenancy}/reports/{number}/confirm")
        assert confirmed.status_code == 303
        eventually(lambda: not scene.runner.call(lambda installed: installed.linked), within_s=5)
        off = time.monotonic() - clicked
        assert not comes_in(broker, lock)
        time.sleep(1)
        assert not scene.runner.call(lambda installed: installed.linked)
    with figures.noting("a lock shut out at the broker") as written:
        written.update({"seconds from the click until it is off the line": round(off, 2)})
