"""Tables of areas, buildings, units and doors, and their SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, SmallInteger, bindparam, func, text
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, Range
from sqlmodel import Field, Session, SQLModel, col, select

from firmware_protocol.topics import LockId
from service.accounts.rules import AccountId
from service.premises.rules import Area, AreaId, AreaLevel, Building, BuildingId, DoorId, UnitId, UnitView


class AreaRow(SQLModel, table=True):
    """An area of the tree."""

    __tablename__ = "area"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    parent_id: int | None = Field(default=None, sa_type=BigInteger)
    level: str
    code: str
    name: str
    name_en: str


class BuildingRow(SQLModel, table=True):
    """A building of a landlord."""

    __tablename__ = "building"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    area_id: int = Field(sa_type=BigInteger)
    landlord_id: int = Field(sa_type=BigInteger)
    address: str


class UnitRow(SQLModel, table=True):
    """A room; area and landlord repeat the building's."""

    __tablename__ = "unit"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    building_id: int = Field(sa_type=BigInteger)
    area_id: int = Field(sa_type=BigInteger)
    landlord_id: int = Field(sa_type=BigInteger)
    number: str
    capacity: int = Field(default=2, sa_type=SmallInteger)
    shared: bool = False


class DoorRow(SQLModel, table=True):
    """A lock on a door of a unit, for a span of time."""

    __tablename__ = "door"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    unit_id: int = Field(sa_type=BigInteger)
    lock_id: str
    name: str = ""
    hung: Any = Field(sa_type=TSTZRANGE)


_UNITS = select(UnitRow, BuildingRow.address).join(BuildingRow, col(BuildingRow.id) == col(UnitRow.building_id))
_AREAS_BELOW = text("SELECT areas_below(:roots)").bindparams(bindparam("roots", type_=ARRAY(BigInteger)))
_ON_DOORS_OF = text(
    "SELECT lock_id FROM door WHERE unit_id = :unit_id AND hung @> CAST(:now AS timestamptz) ORDER BY id"
)
_ON_DOORS_OF_ALL = text(
    "SELECT unit_id, lock_id FROM door WHERE unit_id = ANY(CAST(:units AS bigint[])) AND hung @> CAST(:now AS timestamptz)"
    " ORDER BY unit_id, id"
)
_OPENED_FROM = text(
    "SELECT d.lock_id, d.unit_id FROM door d JOIN unit u ON u.id = d.unit_id JOIN unit own ON own.id = :unit_id"
    " WHERE d.hung @> CAST(:now AS timestamptz)"
    " AND (u.id = own.id OR (u.shared AND NOT own.shared AND u.building_id = own.building_id)) ORDER BY d.id"
)
_HOLD_DOORS = text(
    "SELECT FROM unit u WHERE u.id = ANY(CAST(:units AS bigint[])) OR EXISTS (SELECT FROM unit s WHERE s.shared"
    " AND s.id = ANY(CAST(:units AS bigint[])) AND s.building_id = u.building_id) ORDER BY u.id FOR NO KEY UPDATE"
)
_KEEP_DOORS = text("SELECT FROM unit WHERE id = :unit FOR SHARE")
_HANGS_NOW = text("SELECT unit_id FROM door WHERE lock_id = :lock_id AND hung @> CAST(:now AS timestamptz)")


def add_area(session: Session, row: AreaRow) -> AreaId:
    """Store an area."""
    session.add(row)
    session.flush()
    return AreaId(row.id or 0)


def add_building(session: Session, row: BuildingRow) -> BuildingId:
    """Store a building."""
    session.add(row)
    session.flush()
    return BuildingId(row.id or 0)


def add_unit(session: Session, row: UnitRow) -> UnitId:
    """Store a unit."""
    session.add(row)
    session.flush()
    return UnitId(row.id or 0)


def find_area(session: Session, area_id: AreaId) -> Area | None:
    """One area."""
    row = session.get(AreaRow, area_id)
    return None if row is None else _area(row)


def area_with_code(session: Session, code: str) -> Area | None:
    """The area that has this code."""
    row = session.exec(select(AreaRow).where(AreaRow.code == code)).first()
    return None if row is None else _area(row)


def areas_with_ids(session: Session, area_ids: Sequence[AreaId]) -> tuple[Area, ...]:
    """These areas in the order of their codes, which is the order of the tree."""
    rows = session.exec(select(AreaRow).where(col(AreaRow.id).in_(area_ids)).order_by(AreaRow.code))
    return tuple(_area(row) for row in rows)


def areas_below(session: Session, roots: Sequence[AreaId]) -> tuple[AreaId, ...]:
    """These areas and every area below them."""
    return tuple(AreaId(area) for area in session.execute(_AREAS_BELOW, {"roots": list(roots)}).scalars())


def find_building(session: Session, building_id: BuildingId) -> Building | None:
    """One building."""
    row = session.get(BuildingRow, building_id)
    return None if row is None else _building(row)


def keep_building(session: Session, building_id: BuildingId) -> Building | None:
    """The same, and it stays its landlord's until the transaction ends."""
    row = session.get(BuildingRow, building_id, populate_existing=True, with_for_update={"read": True})
    return None if row is None else _building(row)


def buildings_of(session: Session, landlord_id: AccountId) -> tuple[Building, ...]:
    """A landlord's buildings in the order they were added."""
    asked = select(BuildingRow).where(BuildingRow.landlord_id == landlord_id).order_by(col(BuildingRow.id))
    return tuple(_building(row) for row in session.exec(asked))


def number_is_taken(session: Session, building_id: BuildingId, number: str) -> bool:
    """Whether the building has a unit of this number."""
    asked = select(UnitRow.id).where(UnitRow.building_id == building_id, UnitRow.number == number)
    return session.exec(asked).first() is not None


def find_unit(session: Session, unit_id: UnitId) -> UnitView | None:
    """One unit, inside the scope of whoever asks."""
    # Who waited for the row may have read it before: whose it is counts as of now.
    row = session.exec(_UNITS.where(UnitRow.id == unit_id).execution_options(populate_existing=True)).first()
    return None if row is None else _view(*row)


def units_of(session: Session, landlord_id: AccountId) -> tuple[UnitView, ...]:
    """A landlord's rooms by building and number."""
    asked = _UNITS.where(UnitRow.landlord_id == landlord_id, col(UnitRow.shared).is_(False))
    by_number = (col(UnitRow.building_id), func.length(UnitRow.number), col(UnitRow.number))
    return tuple(_view(*row) for row in session.exec(asked.order_by(*by_number)))


def shared_doors(session: Session, building_id: BuildingId) -> tuple[UnitView, ...]:
    """The doors of the whole house, in the order they were added."""
    asked = _UNITS.where(UnitRow.building_id == building_id, col(UnitRow.shared).is_(True)).order_by(col(UnitRow.id))
    return tuple(_view(*row) for row in session.exec(asked))


def doors_opened_from(session: Session, unit_id: UnitId, now: datetime) -> dict[LockId, UnitId]:
    """The locks on the unit's own doors and, for a room, on those of its whole house; each with the unit it hangs at."""
    rows = session.execute(_OPENED_FROM, {"unit_id": unit_id, "now": now})
    return {LockId(lock): UnitId(unit) for lock, unit in rows}


def hang(session: Session, unit_id: UnitId, lock_id: LockId, *, now: datetime, name: str) -> DoorId:
    """Put the lock on a door of the unit from now on."""
    row = DoorRow(unit_id=unit_id, lock_id=lock_id, name=name, hung=Range(now, None))
    session.add(row)
    session.flush()
    return DoorId(row.id or 0)


def locks_on_all(session: Session, units: Sequence[UnitId], now: datetime) -> tuple[tuple[UnitId, LockId], ...]:
    """Every lock that hangs on a door of one of these units at that instant, with its unit."""
    rows = session.execute(_ON_DOORS_OF_ALL, {"units": list(units), "now": now})
    return tuple((UnitId(row.unit_id), LockId(row.lock_id)) for row in rows)


def locks_on(session: Session, unit_id: UnitId, now: datetime) -> tuple[LockId, ...]:
    """The locks that hang on the unit's doors at that instant."""
    rows = session.execute(_ON_DOORS_OF, {"unit_id": unit_id, "now": now}).scalars()
    return tuple(LockId(lock) for lock in rows)


def find_unit_of_lock(session: Session, lock_id: LockId, now: datetime) -> UnitId | None:
    """Where the lock hangs at that instant."""
    found = session.execute(_HANGS_NOW, {"lock_id": lock_id, "now": now}).scalar_one_or_none()
    return None if found is None else UnitId(found)


def hold_doors(session: Session, units: Sequence[UnitId]) -> None:
    """These units' rows, and for a door of the whole house those of all its rooms, until the transaction ends."""
    session.execute(_HOLD_DOORS, {"units": list(units)})


def keep_doors(session: Session, unit_id: UnitId) -> None:
    """Wait for whoever holds the unit's doors, and let nobody hold them until the transaction ends."""
    session.execute(_KEEP_DOORS, {"unit": unit_id})


def _view(unit: UnitRow, address: str) -> UnitView:
    return UnitView(
        id=UnitId(unit.id or 0),
        number=unit.number,
        capacity=unit.capacity,
        building_id=BuildingId(unit.building_id),
        address=address,
        area_id=AreaId(unit.area_id),
        landlord_id=AccountId(unit.landlord_id),
        shared=unit.shared,
    )


def _building(row: BuildingRow) -> Building:
    return Building(
        id=BuildingId(row.id or 0),
        area_id=AreaId(row.area_id),
        landlord_id=AccountId(row.landlord_id),
        address=row.address,
    )


def _area(row: AreaRow) -> Area:
    return Area(
        id=AreaId(row.id or 0),
        parent_id=None if row.parent_id is None else AreaId(row.parent_id),
        level=AreaLevel(row.level),
        code=row.code,
        name=row.name,
        name_en=row.name_en,
    )
