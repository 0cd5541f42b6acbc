"""The sample estate of the demo and the journeys: two invented villages, their buildings, 24 rooms, and who signs in."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.accounts import actions as accounts
from service.accounts.rules import AccountId, AreaId, Role
from service.edges.keyring import Keyring
from service.locks import actions as lock_actions
from service.premises import actions as premises
from service.premises.rules import AreaLevel, BuildingId, UnitId

# No such county exists: 3399 is not given to any prefecture of Zhejiang.
COUNTY: Final = ("339901", "清禾县", "Qinghe County")
TOWN: Final = ("339901100", "柳浦镇", "Liupu Town")
VILLAGES: Final = (
    ("339901100201", "荷湾村", "Hewan Village"),
    ("339901100202", "石埠村", "Shibu Village"),
)
GRIDS: Final = (("001", "东网格", "East Grid"), ("002", "西网格", "West Grid"))
# One building in each grid, in the order of the grids.
ADDRESSES: Final = ("荷湾东路12号", "荷湾西路7号", "石埠老街3号", "石埠河沿26号")
ROOM_NUMBERS: Final = ("101", "102", "201", "202", "301", "302")
LOCKS_NEEDED: Final = len(ADDRESSES) * len(ROOM_NUMBERS)

_EASY_TO_READ = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class ProvisionedLock:
    """A lock as the factory hands it over: its public keys, and the service's private half for it."""

    lock_id: LockId
    public_key: bytes
    service_private_key: bytes = field(repr=False)
    signing_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who can sign in; the password is drawn, and told only here."""

    account_id: AccountId
    role: Role
    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Room:
    """One room and the lock on its door."""

    unit_id: UnitId
    building_id: BuildingId
    number: str
    lock_id: LockId


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What was built."""

    town: AreaId
    villages: tuple[AreaId, ...]
    grids: tuple[AreaId, ...]
    rooms: tuple[Room, ...]
    landlord: SignIn
    grid_worker: SignIn
    officer: SignIn


@dataclass(frozen=True, slots=True)
class _Site:
    """Where and when it is built, for the steps below."""

    session: Session
    keyring: Keyring
    now: datetime
    draw_password: Callable[[], str]


def draw_password() -> str:
    """A password that can be read out and typed: three groups of four, some 59 bits."""
    return "-".join("".join(secrets.choice(_EASY_TO_READ) for _ in range(4)) for _ in range(3))


def build_estate(
    session: Session,
    keyring: Keyring,
    now: datetime,
    locks: Sequence[ProvisionedLock],
    *,
    draw_password: Callable[[], str] = draw_password,
) -> Estate:
    """Build everything in the session's transaction (scope SYSTEM, role anmen_serve); ValueError unless LOCKS_NEEDED locks."""
    if len(locks) != LOCKS_NEEDED:
        raise ValueError(f"the sample estate has {LOCKS_NEEDED} doors, but {len(locks)} locks were given")
    site = _Site(session, keyring, now, draw_password)
    town, villages, grids = _add_areas(session)
    landlord = _open_account(site, Role.LANDLORD, "landlord", "周国强")
    buildings = [
        premises.add_building(session, area_id=grid, landlord_id=landlord.account_id, address=address)
        for grid, address in zip(grids, ADDRESSES, strict=True)
    ]
    doors = [(building, number) for building in buildings for number in ROOM_NUMBERS]
    return Estate(
        town=town,
        villages=villages,
        grids=grids,
        rooms=tuple(_add_room(site, *door, lock) for door, lock in zip(doors, locks, strict=True)),
        landlord=landlord,
        grid_worker=_open_account(site, Role.GRID_WORKER, "grid", "沈小妹", villages[:1]),
        officer=_open_account(site, Role.OFFICER, "officer", "陆建平", (town,)),
    )


def _add_areas(session: Session) -> tuple[AreaId, tuple[AreaId, ...], tuple[AreaId, ...]]:
    county = _add_area(session, AreaLevel.COUNTY, COUNTY, None)
    town = _add_area(session, AreaLevel.TOWN, TOWN, county)
    villages = tuple(_add_area(session, AreaLevel.COMMUNITY, village, town) for village in VILLAGES)
    grids = tuple(
        _add_area(session, AreaLevel.GRID, (code + ending, name, name_en), village)
        for village, (code, _, _) in zip(villages, VILLAGES, strict=True)
        for ending, name, name_en in GRIDS
    )
    return town, villages, grids


def _add_area(session: Session, level: AreaLevel, named: tuple[str, str, str], parent: AreaId | None) -> AreaId:
    code, name, name_en = named
    return premises.add_area(session, level=level, code=code, name=name, name_en=name_en, parent_id=parent)


def _open_account(site: _Site, role: Role, login: str, name: str, areas: Sequence[AreaId] = ()) -> SignIn:
    password = site.draw_password()
    account_id = accounts.open_account(
        site.session,
        role=role,
        login=login,
        password=password,
        name=name,
        areas=areas,
        keyring=site.keyring,
        now=site.now,
    )
    return SignIn(account_id, role, login, password)


def _add_room(site: _Site, building_id: BuildingId, number: str, lock: ProvisionedLock) -> Room:
    unit_id = premises.add_unit(site.session, building_id=building_id, number=number)
    lock_actions.provision(
        site.session,
        lock_id=lock.lock_id,
        public_key=lock.public_key,
        service_private_key=lock.service_private_key,
        signing_key=lock.signing_key,
        keyring=site.keyring,
        now=site.now,
    )
    premises.hang_lock(site.session, unit_id=unit_id, lock_id=lock.lock_id, now=site.now)
    return Room(unit_id, building_id, number, lock.lock_id)
