"""How many are where, for those who work there: counts and names of places, never persons."""

from dataclasses import dataclass

from sqlmodel import Session

from service.accounts.rules import Actor
from service.errors import NotFound
from service.occupancy.records import counts as records
from service.occupancy.records.counts import AreaCount, BuildingCount, Counted, UnitCount
from service.premises import actions as premises
from service.premises.rules import Area, AreaId, Building, BuildingId


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCounts:
    """An area with its counts, the asker's own areas above it (the largest first), and what lies in it."""

    area: Area
    above: tuple[Area, ...]
    counted: Counted
    areas: tuple[AreaCount, ...]
    buildings: tuple[BuildingCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingCounts:
    """A building with its counts, the asker's own areas above it, and its rooms."""

    building: Building
    above: tuple[Area, ...]
    counted: Counted
    units: tuple[UnitCount, ...]


def own_areas(session: Session, actor: Actor) -> tuple[AreaCount, ...]:
    """The areas the actor was given, without those that lie in another of them."""
    return records.largest_of(session, actor.areas)


def area_counts(session: Session, actor: Actor, area_id: AreaId) -> AreaCounts:
    """An area of the actor's; NotFound for any other."""
    if area_id not in actor.areas:
        raise NotFound("There is no such area.", code="area")
    own = records.count_of_area(session, area_id)
    return AreaCounts(
        area=own.area,
        above=_above(session, actor, own.area.parent_id),
        counted=own.counted,
        areas=records.areas_in(session, area_id),
        buildings=records.buildings_in(session, area_id),
    )


def building_counts(session: Session, actor: Actor, building_id: BuildingId) -> BuildingCounts:
    """A building in the actor's areas; NotFound for any other."""
    building = premises.get_building(session, building_id)
    if building.area_id not in actor.areas:
        raise NotFound("There is no such building.", code="building")
    return BuildingCounts(
        building=building,
        above=_above(session, actor, building.area_id),
        counted=records.count_of_building(session, building_id),
        units=records.units_in(session, building_id),
    )


def _above(session: Session, actor: Actor, area_id: AreaId | None) -> tuple[Area, ...]:
    path: list[Area] = []
    while area_id is not None and area_id in actor.areas:
        path.insert(0, premises.get_area(session, area_id))
        area_id = path[0].parent_id
    return tuple(path)
