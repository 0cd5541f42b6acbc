"""Builders of what a test takes for granted. Each makes what it needs below itself and returns what it made.

They take an open session (scope SYSTEM) and draw numbers nobody has used, so that two of a kind never clash.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from sqlmodel import Session

from service.accounts import actions as accounts
from service.accounts.rules import AccountId, AreaId, PersonId, Role
from service.edges.keyring import Keyring
from service.people import actions as people
from service.people.documents import check_character
from service.people.rules import Document, DocumentType, read_document
from service.premises import actions as premises
from service.premises.rules import AreaLevel, BuildingId, UnitId

PASSWORD = "correct horse battery"

_numbers = count(1)


def a_number() -> int:
    """A number no other builder has used in this process."""
    return next(_numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """One branch of the tree, from the county down to two grids of one community."""

    county: AreaId
    town: AreaId
    community: AreaId
    grid: AreaId
    other_grid: AreaId


def areas(session: Session) -> Areas:
    """A branch of the tree with two grids at its end."""
    code = f"{330000 + a_number():06d}"
    county = _area(session, AreaLevel.COUNTY, code, None)
    town = _area(session, AreaLevel.TOWN, code + "001", county)
    community = _area(session, AreaLevel.COMMUNITY, code + "001001", town)
    grids = [_area(session, AreaLevel.GRID, f"{code}001001{n:03d}", community) for n in (1, 2)]
    return Areas(county=county, town=town, community=community, grid=grids[0], other_grid=grids[1])


def _area(session: Session, level: AreaLevel, code: str, parent: AreaId | None) -> AreaId:
    return premises.add_area(session, level=level, code=code, name="柳溪", name_en="Willow Brook", parent_id=parent)


def account(
    session: Session,
    *,
    role: Role = Role.LANDLORD,
    keyring: Keyring,
    now: datetime,
    login: str | None = None,
    areas: Sequence[AreaId] = (),
    person_id: PersonId | None = None,
) -> AccountId:
    """An account whose password is PASSWORD."""
    return accounts.open_account(
        session,
        role=role,
        login=login or f"{role}-{a_number()}",
        password=PASSWORD,
        name="王秀英",
        keyring=keyring,
        now=now,
        areas=areas,
        person_id=person_id,
    )


def building(session: Session, *, area_id: AreaId, landlord_id: AccountId) -> BuildingId:
    """A building in a grid."""
    return premises.add_building(session, area_id=area_id, landlord_id=landlord_id, address=f"柳溪路{a_number()}号")


def unit(session: Session, *, building_id: BuildingId, number: str | None = None, capacity: int = 2) -> UnitId:
    """A room of a building."""
    return premises.add_unit(session, building_id=building_id, number=number or f"{a_number()}", capacity=capacity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A room with everything around it."""

    areas: Areas
    landlord_id: AccountId
    building_id: BuildingId
    unit_id: UnitId


def home(session: Session, *, keyring: Keyring, now: datetime) -> Home:
    """A room of a landlord of its own, in areas of its own."""
    branch = areas(session)
    landlord_id = account(session, keyring=keyring, now=now)
    building_id = building(session, area_id=branch.grid, landlord_id=landlord_id)
    unit_id = unit(session, building_id=building_id)
    return Home(areas=branch, landlord_id=landlord_id, building_id=building_id, unit_id=unit_id)


def document(number: int | None = None) -> Document:
    """A resident ID with a right check digit, born 1990-01-01."""
    serial = a_number() if number is None else number
    first_17 = f"{330100 + serial // 1000:06d}19900101{serial % 1000:03d}"
    return read_document(DocumentType.RESIDENT_ID, first_17 + check_character(first_17))


def person(
    session: Session, *, keyring: Keyring, now: datetime, name: str = "李小明", of: Document | None = None
) -> PersonId:
    """A registered person."""
    return people.register_person(
        session,
        name=name,
        document=of or document(),
        phone="13800138000",
        hukou_area=None,
        keyring=keyring,
        now=now,
    )
