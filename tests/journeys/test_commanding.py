"""From a page over a real broker to the bolt of a simulated lock, and its answer back on the page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from anmen.broker import Broker
from device_sim.hardware import Hardware
from device_sim.lock_runner import LockRunner
from firmware_protocol.topics import LockId
from service.accounts.rules import Role
from service.edges import clock as real_clock
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.portals.translation import local_day
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.fixtures_service import Clock
from tests.journeys.test_lock_to_register import Running, value
from tests.lock_at_broker import provision_of
from tests.pages.test_http import sign_in, token_on
from tests.wire_link import eventually
from tests.wire_lock import hung_lock

# The badge, not the word alone: the page explains the word, too.
DONE = ">已完成<"
LOGIN, PHONE = "landlord-of-the-commands", "13977001122"
REASON = "烟从门缝里冒出来，邻居已经打了119"


@dataclass
class House:
    """A let room whose lock hangs on the broker; `address`: of the pages."""

    address: str
    lock: LockId
    tenancy: int
    runner: LockRunner

    @contextmanager
    def visitor(self, login: str) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.address, timeout=20) as client:
            assert sign_in(client, login).status_code == 303
            yield client

    def bolt_has_moved(self) -> bool:
        return self.runner.call(lambda installed: installed.door.bolt.value != "locked")


@pytest.fixture
def house(
    database: Database, broker: Broker, keyring: Keyring, address: str, clock: Clock, tmp_path: Path
) -> Iterator[House]:
    clock.instant = now = real_clock.now()
    place = living.living(database.serve, keyring, now, locks=0)
    with transaction(database.serve, SYSTEM) as session:
        lock = hung_lock(session, place.unit_id, keyring, now)
        owner = given.account(session, role=Role.LANDLORD, login=LOGIN, keyring=keyring, now=now)
    today = local_day(now)
    begun = living.tenant(place, living.form(phone=PHONE), first=today, last=today + timedelta(days=200))
    with transaction(database.serve, SYSTEM) as session:
        for table in ("building", "unit", "tenancy"):
            session.execute(text(f"UPDATE {table} SET landlord_id = :id"), {"id": owner})  # noqa: S608 - our own names
    runner = LockRunner(provision_of(lock.identity, broker), tmp_path, Hardware())
    with Running(database, broker, keyring):
        runner.start()
        eventually(lambda: value(database, "SELECT link = 'live' FROM lock"))
        yield House(address, lock.id, begun.tenancy_id, runner)
        runner.stop()


def press(client: httpx.Client, page: str, address: str, **answers: str) -> httpx.Response:
    """Send the form of a page."""
    return client.post(address, data={"csrf": token_on(client, page), **answers})


def says(client: httpx.Client, page: str, *words: str) -> bool:
    shown = client.get(page).text
    return all(word in shown for word in words)


def tenant_opens(house: House, tenant: httpx.Client, landlord: httpx.Client) -> None:
    door, lock = f"/me/tenancies/{house.tenancy}/door", f"/locks/{house.lock}"
    assert press(tenant, door, f"{door}/{house.lock}").status_code == 303
    eventually(house.bolt_has_moved, within_s=5)
    eventually(lambda: says(tenant, door, DONE, "由您下达"))
    assert says(landlord, lock, "还没有。")


def landlord_asks(house: House, landlord: httpx.Client) -> None:
    lock = f"/locks/{house.lock}"
    assert press(landlord, lock, f"{lock}/order/identify").status_code == 303
    eventually(lambda: says(landlord, lock, "鸣响闪灯", DONE))
    assert house.runner.call(lambda installed: installed.lock.commands.shown_until > installed.now)
    assert press(landlord, lock, f"{lock}/order/read-back").status_code == 303
    eventually(lambda: says(landlord, lock, "列表版本 1；可容纳 200 种开门方式"))


def landlord_opens(house: House, tenant: httpx.Client, landlord: httpx.Client) -> None:
    door, lock = f"/me/tenancies/{house.tenancy}/door", f"/locks/{house.lock}"
    refused = press(landlord, f"{lock}/open", f"{lock}/open/now")
    assert refused.status_code == 422
    assert "是哪一种紧急情况？" in refused.text
    given_reason = press(landlord, f"{lock}/open", f"{lock}/open/now", emergency="fire", reason=REASON)
    assert given_reason.status_code == 303
    eventually(lambda: says(tenant, door, "着火或冒烟", REASON, "由房东下达"))
    eventually(lambda: says(landlord, lock, REASON) and "http-equiv" not in landlord.get(lock).text)


def test_the_tenant_opens_the_own_door_the_landlord_only_in_a_stated_emergency(house: House) -> None:
    with house.visitor(PHONE) as tenant, house.visitor(LOGIN) as landlord:
        tenant_opens(house, tenant, landlord)
        landlord_asks(house, landlord)
        landlord_opens(house, tenant, landlord)
