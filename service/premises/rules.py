"""Places and what they may be called. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from service.accounts import rules as accounts
from service.accounts.rules import AccountId
from service.errors import BadInput

AreaId = accounts.AreaId
BuildingId = NewType("BuildingId", int)
UnitId = NewType("UnitId", int)
DoorId = NewType("DoorId", int)

CAPACITIES = range(1, 51)


class AreaLevel(StrEnum):
    """The levels of the tree, from the largest."""

    COUNTY = "county"
    TOWN = "town"
    COMMUNITY = "community"
    GRID = "grid"


# Digits of GB/T 2260 (county), GB/T 10114 (town) and the statistical code of a community; a grid adds three of its own.
CODE_DIGITS = {AreaLevel.COUNTY: 6, AreaLevel.TOWN: 9, AreaLevel.COMMUNITY: 12, AreaLevel.GRID: 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One area of the tree; `code` begins with its parent's."""

    id: AreaId
    parent_id: AreaId | None
    level: AreaLevel
    code: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """One building of a landlord."""

    id: BuildingId
    area_id: AreaId
    landlord_id: AccountId
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitView:
    """One room with where it is and whose it is; `shared`: no room, but a door of the whole house."""

    id: UnitId
    number: str
    capacity: int
    building_id: BuildingId
    address: str
    area_id: AreaId
    landlord_id: AccountId
    shared: bool = False


def read_area_code(level: AreaLevel, code: str, *, parent: Area | None) -> str:
    """The code, if it has its level's digits and continues its parent's; BadInput says what it should look like.

    Codes are not compared with a list: abolished ones live on in documents.
    """
    digits = CODE_DIGITS[level]
    if not (code.isascii() and code.isdigit() and len(code) == digits):
        raise BadInput(f"The code of a {level} has {digits} digits.", code="area_code", field="code")
    if parent is not None and not code.startswith(parent.code):
        raise BadInput(
            f"The code must begin with {parent.code}, that of the area above.", code="area_code", field="code"
        )
    return code


def level_of_code(code: str) -> AreaLevel:
    """The level whose codes have as many digits as this one; BadInput where none has."""
    for level, digits in CODE_DIGITS.items():
        if len(code) == digits:
            return level
    raise BadInput(
        "A code has 6 digits (county), 9 (town), 12 (community) or 15 (grid).", code="area_code", field="code"
    )


def check_area_level(level: AreaLevel, *, parent: Area | None) -> None:
    """BadInput unless the level is exactly one below its parent's, or the area is a county without one."""
    levels = list(AreaLevel)
    above = None if parent is None else levels.index(parent.level)
    if levels.index(level) != (0 if above is None else above + 1):
        raise BadInput("A county holds towns, a town communities, a community grids.", code="area_level", field="level")


def read_label(text: str, *, field: str, longest: int) -> str:
    """A name, number or address with single inner spaces; BadInput where it is empty, too long or not printable."""
    label = " ".join(text.split())
    if not 1 <= len(label) <= longest or not label.isprintable():
        raise BadInput(f"Please write 1 to {longest} characters here.", code="label", field=field)
    return label


def check_capacity(capacity: int) -> None:
    """BadInput unless so many may live in one room."""
    if capacity not in CAPACITIES:
        raise BadInput("A room is for 1 to 50 people.", code="capacity", field="capacity")
