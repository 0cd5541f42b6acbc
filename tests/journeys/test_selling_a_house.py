"""A house is sold over the pages while its tenant comes and goes: the door opens before, in between and after, by the same list."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from anmen.broker import Broker
from device_sim.estate import Estate, running_estate
from device_sim.hardware import Hardware
from device_sim.provision import write_provision
from firmware_protocol.topics import LockId
from service.accounts.rules import Actor, Role
from service.edges import clock as real_clock
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.portals.translation import local_day
from service.premises import actions as premises
from tests import given
from tests import given_living as living
from tests.fixtures_database import Database
from tests.fixtures_service import Clock
from tests.given_living import Living
from tests.journeys.test_commanding import press, says
from tests.journeys.test_lock_to_register import Running, value
from tests.lock_at_broker import provision_of
from tests.pages.test_http import sign_in
from tests.wire_link import eventually
from tests.wire_lock import provisioned

SELLER, BUYER, TENANT = "landlord-who-sells", "landlord-who-buys", "13977114455"
_CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
_ON_LOCK = "SELECT count(*) > 0 AND bool_and(on_lock_at IS NOT NULL) FROM credential WHERE removed_version IS NULL"
_LIST = "SELECT version || ' ' || encode(digest, 'hex') FROM access_list"
_CAME_IN = "SELECT count(*) FROM entry WHERE type = 2 AND person_id IS NOT NULL"


@dataclass(frozen=True, slots=True)
class House:
    """A let room whose lock runs in the simulator, and where the pages are."""

    place: Living
    lock: LockId
    tenancy: int
    pin: str
    estate: Estate
    address: str

    def opens(self) -> bool:
        """The tenant types the PIN and goes in."""
        answer = self.estate.answer({"lock": self.lock, "do": "pin", "digits": self.pin})
        return bool(answer.get("opened"))

    @contextmanager
    def visitor(self, login: str) -> Iterator[httpx.Client]:
        """Somebody at the pages."""
        with httpx.Client(base_url=self.address, timeout=20) as client:
            assert sign_in(client, login).status_code == 303
            yield client


@pytest.fixture
def house(
    database: Database, broker: Broker, keyring: Keyring, address: str, clock: Clock, tmp_path: Path
) -> Iterator[House]:
    now = real_clock.now()
    clock.instant = now
    with transaction(database.serve, SYSTEM) as session:
        areas = given.areas(session)
        owner = given.account(session, login=SELLER, keyring=keyring, now=now)
        given.account(session, login=BUYER, keyring=keyring, now=now)
        building = given.building(session, area_id=areas.grid, landlord_id=owner)
        unit = given.unit(session, building_id=building)
        made = provisioned(session, keyring, now - timedelta(days=1))
        premises.hang_lock(session, unit_id=unit, lock_id=made.id, now=now - timedelta(days=1))
    home = given.Home(areas=areas, landlord_id=owner, building_id=building, unit_id=unit)
    seller = Actor(account_id=owner, role=Role.LANDLORD)
    place = Living(database.serve, keyring, now, home, (made.id,), seller)
    today = local_day(now)
    answer = living.registered(place, living.form(phone=TENANT), first=today, last=today + timedelta(days=99))
    begun = living.confirmed(place, answer.registration_id)
    write_provision(tmp_path / "locks", provision_of(made.identity, broker))
    with (
        running_estate(tmp_path / "locks", tmp_path / "control", http_port=None, hardware=Hardware()) as estate,
        Running(database, broker, keyring),
    ):
        eventually(lambda: value(database, _ON_LOCK), within_s=30)
        yield House(place, made.id, begun.tenancy_id, answer.pin, estate, address)


def test_the_tenants_door_does_not_notice_that_the_house_is_sold(house: House, database: Database) -> None:
    room, offer = f"/rooms/{house.place.unit_id}", f"/houses/{house.place.home.building_id}/transfer"
    before = value(database, _LIST)
    assert house.opens()
    with house.visitor(SELLER) as seller, house.visitor(BUYER) as buyer, house.visitor(TENANT) as tenant:
        assert press(seller, offer, offer, password="not the password").status_code == 422
        assert press(seller, offer, offer, password=given.PASSWORD).status_code == 303
        [code] = _CODE.findall(seller.get(offer).text)
        assert not _CODE.findall(seller.get(offer).text), "a code is shown once"
        opened = press(buyer, "/transfers", "/transfers", code=code.lower())
        page = opened.headers["location"]
        assert says(buyer, page, "已出租的房间", "王秀英")
        assert "李小明" not in buyer.get(page).text
        assert (buyer.get(room).status_code, seller.get(room).status_code) == (404, 200)
        assert house.opens()
        counted = {"rooms": "1", "locks": "1", "let": "1", "password": given.PASSWORD}
        assert press(buyer, page, f"{page}/accept", **{**counted, "password": "guessed it"}).status_code == 422
        assert press(buyer, page, f"{page}/accept", **counted).status_code == 303
        assert house.opens()
        assert (buyer.get(room).status_code, seller.get(room).status_code) == (200, 404)
        assert says(buyer, f"/tenancies/{house.tenancy}", "李小明")
        assert seller.get(f"/tenancies/{house.tenancy}").status_code == 404
        assert says(seller, page, "房屋归受让人")
        assert says(tenant, "/me", "换了房东", "买卖不破租赁")
    assert value(database, _LIST) == before
    eventually(lambda: value(database, _CAME_IN) == 3)
