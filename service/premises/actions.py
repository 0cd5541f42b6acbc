"""Adding places, hanging locks, and finding one's way in the tree."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.accounts.rules import AccountId
from service.errors import BadInput, Conflict, NotFound
from service.premises import records
from service.premises.rules import (
    Area,
    AreaId,
    AreaLevel,
    Building,
    BuildingId,
    DoorId,
    UnitId,
    UnitView,
    check_area_level,
    check_capacity,
    read_area_code,
    read_label,
)

_LONGEST_NAME, _LONGEST_ADDRESS, _LONGEST_NUMBER = 60, 200, 20


def add_area(
    session: Session, *, level: AreaLevel, code: str, name: str, name_en: str, parent_id: AreaId | None = None
) -> AreaId:
    """Add an area below its parent. BadInput where level or code do not fit there, Conflict where the code is taken."""
    parent = None if parent_id is None else get_area(session, parent_id)
    check_area_level(level, parent=parent)
    row = records.AreaRow(
        parent_id=parent_id,
        level=level,
        code=read_area_code(level, code, parent=parent),
        name=read_label(name, field="name", longest=_LONGEST_NAME),
        name_en=read_label(name_en, field="name_en", longest=_LONGEST_NAME),
    )
    if records.area_with_code(session, row.code) is not None:
        raise Conflict("Another area has this code.", code="area_code_taken", field="code")
    return records.add_area(session, row)


def get_area(session: Session, area_id: AreaId) -> Area:
    """One area; NotFound where there is none."""
    found = records.find_area(session, area_id)
    if found is None:
        raise NotFound("There is no such area.", code="area")
    return found


def area_with_code(session: Session, code: str) -> Area:
    """The area of a code; NotFound where there is none."""
    found = records.area_with_code(session, code)
    if found is None:
        raise NotFound(f"No area has the code {code}.", code="area")
    return found


def areas_below(session: Session, area_ids: Sequence[AreaId]) -> tuple[AreaId, ...]:
    """These areas and every area below them."""
    return records.areas_below(session, area_ids)


def area_tree(session: Session, areas: Sequence[AreaId]) -> tuple[Area, ...]:
    """These areas, each after the one it lies in; give `actor.areas` to get all that an actor works in."""
    return records.areas_with_ids(session, areas)


def add_building(session: Session, *, area_id: AreaId, landlord_id: AccountId, address: str) -> BuildingId:
    """Add a building to a grid. BadInput where the area is larger than a grid or the address empty."""
    if get_area(session, area_id).level is not AreaLevel.GRID:
        raise BadInput("A building stands in a grid; choose the grid, not a larger area.", code="grid", field="area_id")
    label = read_label(address, field="address", longest=_LONGEST_ADDRESS)
    return records.add_building(session, records.BuildingRow(area_id=area_id, landlord_id=landlord_id, address=label))


def get_building(session: Session, building_id: BuildingId) -> Building:
    """One building; NotFound where there is none."""
    found = records.find_building(session, building_id)
    if found is None:
        raise NotFound("There is no such building.", code="building")
    return found


def keep_building(session: Session, building_id: BuildingId) -> Building:
    """The same, and nobody sells it until the transaction ends."""
    found = records.keep_building(session, building_id)
    if found is None:
        raise NotFound("There is no such building.", code="building")
    return found


def buildings_of_landlord(session: Session, landlord_id: AccountId) -> tuple[Building, ...]:
    """A landlord's buildings."""
    return records.buildings_of(session, landlord_id)


def add_unit(session: Session, *, building_id: BuildingId, number: str, capacity: int = 2) -> UnitId:
    """Add a room to a building. BadInput for a number or capacity that cannot be, Conflict where the number is taken."""
    building = keep_building(session, building_id)
    check_capacity(capacity)
    label = read_label(number, field="number", longest=_LONGEST_NUMBER)
    if records.number_is_taken(session, building_id, label):
        raise Conflict("The building has a room of this number.", code="number_taken", field="number")
    row = records.UnitRow(
        building_id=building_id,
        area_id=building.area_id,
        landlord_id=building.landlord_id,
        number=label,
        capacity=capacity,
    )
    return records.add_unit(session, row)


def add_shared_door(session: Session, *, building_id: BuildingId, name: str) -> UnitId:
    """Add a door of the whole house, such as its front door. BadInput and Conflict as in add_unit."""
    building = keep_building(session, building_id)
    label = read_label(name, field="name", longest=_LONGEST_NUMBER)
    if records.number_is_taken(session, building_id, label):
        raise Conflict("The building has a room of this number.", code="number_taken", field="name")
    row = records.UnitRow(
        building_id=building_id,
        area_id=building.area_id,
        landlord_id=building.landlord_id,
        number=label,
        shared=True,
    )
    return records.add_unit(session, row)


def shared_doors(session: Session, building_id: BuildingId) -> tuple[UnitView, ...]:
    """The doors of the whole house."""
    return records.shared_doors(session, building_id)


def doors_opened_from(session: Session, unit_id: UnitId, now: datetime) -> dict[LockId, UnitId]:
    """Every lock that whoever has the unit must be able to open, with the unit it hangs at; in a system scope.

    Those of the unit itself and, for a room, those on the doors of the whole house.
    """
    return records.doors_opened_from(session, unit_id, now)


def get_unit(session: Session, unit_id: UnitId) -> UnitView:
    """One room inside the scope of whoever asks; NotFound where there is none to see."""
    found = records.find_unit(session, unit_id)
    if found is None:
        raise NotFound("There is no such room.", code="unit")
    return found


def units_of_landlord(session: Session, landlord_id: AccountId) -> tuple[UnitView, ...]:
    """A landlord's rooms by building and number."""
    return records.units_of(session, landlord_id)


def hang_lock(session: Session, *, unit_id: UnitId, lock_id: LockId, now: datetime, name: str = "") -> DoorId:
    """The provisioned lock hangs on a door of the unit from now on. Conflict where it still hangs on another door."""
    if records.find_unit_of_lock(session, lock_id, now) is not None:
        raise Conflict("This lock hangs on a door already; take it down there first.", code="lock_hangs")
    return records.hang(session, get_unit(session, unit_id).id, lock_id, now=now, name=name)


def hold_doors(session: Session, units: Sequence[UnitId]) -> None:
    """Before anything else is held: nobody else changes what hangs there until the transaction ends, or lets somebody in to stay.

    In a system scope. A door of the whole house stands for all its rooms.
    """
    records.hold_doors(session, units)


def keep_doors(session: Session, unit_id: UnitId) -> None:
    """Before anything else is held: what hangs there now hangs there until the transaction ends, or is told of what it changes."""
    records.keep_doors(session, unit_id)


def locks_of_unit(session: Session, unit_id: UnitId, now: datetime) -> tuple[LockId, ...]:
    """The locks that hang on the unit's doors at that instant."""
    return records.locks_on(session, unit_id, now)


def locks_of_units(session: Session, units: Sequence[UnitId], now: datetime) -> dict[UnitId, tuple[LockId, ...]]:
    """The same for many units at once; a unit without a lock has an empty tuple."""
    hanging: dict[UnitId, tuple[LockId, ...]] = dict.fromkeys(units, ())
    for unit_id, lock_id in records.locks_on_all(session, units, now):
        hanging[unit_id] += (lock_id,)
    return hanging


def unit_of_lock(session: Session, lock_id: LockId, now: datetime) -> UnitId | None:
    """The unit on whose door the lock hangs at that instant."""
    return records.find_unit_of_lock(session, lock_id, now)
