"""Reading the counts that presence and stays keep, and how far the live feed has come: each a few indexed reads."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from service.premises.rules import Area, AreaId, AreaLevel, BuildingId, UnitId

# What a process that shows live pages says on its own connection, to be woken by `presence.records.move_feed`.
LISTEN_TO_FEED = "LISTEN anmen_feed"


@dataclass(frozen=True, slots=True)
class Counted:
    """How many are in now, how many live there, and in how many rooms the first is not sure. `visited`: a visitor may be inside."""

    present: int
    residents: int
    unsure: int
    visited: bool = False


@dataclass(frozen=True, slots=True)
class AreaCount:
    """An area and its counts."""

    area: Area
    counted: Counted


@dataclass(frozen=True, slots=True)
class BuildingCount:
    """A building and its counts."""

    building_id: BuildingId
    address: str
    counted: Counted


@dataclass(frozen=True, slots=True)
class UnitCount:
    """A room and its counts."""

    unit_id: UnitId
    number: str
    counted: Counted


_AREA_COLUMNS = (
    "SELECT a.id, a.parent_id, a.level, a.code, a.name, a.name_en, o.present, o.residents, o.unsure"
    " FROM area a JOIN area_occupancy o ON o.area_id = a.id"
)
_AREA = text(f"{_AREA_COLUMNS} WHERE a.id = :area")
_AREAS_IN = text(f"{_AREA_COLUMNS} WHERE a.parent_id = :area ORDER BY a.code")
_LARGEST = text(
    f"{_AREA_COLUMNS} WHERE a.id = ANY(CAST(:areas AS bigint[]))"
    " AND (a.parent_id IS NULL OR NOT a.parent_id = ANY(CAST(:areas AS bigint[]))) ORDER BY a.code"
)
_BUILDINGS_IN = text(
    "SELECT b.id, b.address, o.present, o.residents, o.unsure FROM building b"
    " JOIN building_occupancy o ON o.building_id = b.id WHERE b.area_id = :area ORDER BY b.address, b.id"
)
_UNITS_IN = text(
    "SELECT u.id, u.number, o.present, o.residents, o.unsure::integer AS unsure, o.visited_at FROM unit u"
    " JOIN unit_occupancy o ON o.unit_id = u.id WHERE u.building_id = :building ORDER BY length(u.number), u.number"
)
_BUILDING = text("SELECT present, residents, unsure FROM building_occupancy WHERE building_id = :building")


def count_of_area(session: Session, area_id: AreaId) -> AreaCount:
    """An area's own counts; whoever asks has made sure that it is the asker's."""
    return _area(session.execute(_AREA, {"area": area_id}).one())


def areas_in(session: Session, area_id: AreaId) -> tuple[AreaCount, ...]:
    """The areas one level below; whoever asks has made sure that the area is the asker's."""
    return tuple(_area(row) for row in session.execute(_AREAS_IN, {"area": area_id}))


def largest_of(session: Session, areas: Iterable[AreaId]) -> tuple[AreaCount, ...]:
    """Those of the areas that lie in no other of them."""
    return tuple(_area(row) for row in session.execute(_LARGEST, {"areas": list(areas)}))


def buildings_in(session: Session, area_id: AreaId) -> tuple[BuildingCount, ...]:
    """The buildings of a grid; whoever asks has made sure that it is the asker's."""
    rows = session.execute(_BUILDINGS_IN, {"area": area_id})
    return tuple(BuildingCount(BuildingId(row.id), row.address, _counted(row)) for row in rows)


def units_in(session: Session, building_id: BuildingId) -> tuple[UnitCount, ...]:
    """The rooms of a building, inside the scope of whoever asks."""
    rows = session.execute(_UNITS_IN, {"building": building_id})
    return tuple(
        UnitCount(UnitId(row.id), row.number, replace(_counted(row), visited=row.visited_at is not None))
        for row in rows
    )


def count_of_building(session: Session, building_id: BuildingId) -> Counted:
    """A building's own counts; whoever asks has made sure that it stands in the asker's area."""
    return _counted(session.execute(_BUILDING, {"building": building_id}).one())


def _area(row: "Row[Any]") -> AreaCount:
    area = Area(
        id=AreaId(row.id),
        parent_id=None if row.parent_id is None else AreaId(row.parent_id),
        level=AreaLevel(row.level),
        code=row.code,
        name=row.name,
        name_en=row.name_en,
    )
    return AreaCount(area, _counted(row))


def _counted(row: "Row[Any]") -> Counted:
    return Counted(row.present, row.residents, row.unsure)
