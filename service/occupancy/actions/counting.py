"""How many are where, for those who work there: counts and names of places, never persons."""

from dataclasses import dataclass

from sqlmodel import Session

from service.accounts.rules import Actor
from service.errors import NotFound
from service.occupancy.records import counts as records
from service.occupancy.records.counts import BuildingCount, Counted, UnitCount
from service.premises import actions as premises
from service.premises.rules import Area, AreaId, Building, BuildingId


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCounts:
    """An area with its counts, the asker's own areas above it (the largest first), and what lies in it."""

    area: Area
    above: tuple[Area, ...]
    counted: Counted
    areas: tuple[tuple[Area, Counted], ...]
    buildings: tuple[BuildingCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingCounts:
    """A building with its counts, the asker's own areas above it, and its rooms."""

    building: Building
    above: tuple[Area, ...]
    counted: Counted
    units: tuple[UnitCount, ...]


def own_areas(session: Session, actor: Actor) -> tuple[tuple[Area, Counted], ...]:
    """The areas the actor was given, without those that lie in another of them."""
    known = {area.id: area for area in premises.area_tree(session, actor.areas)}
    return _with_counts(session, [area for area in known.values() if area.parent_id not in known])


def area_counts(session: Session, actor: Actor, area_id: AreaId) -> AreaCounts:
    """An area of the actor's; NotFound for any other."""
    known = {area.id: area for area in premises.area_tree(session, actor.areas)}
    if area_id not in known:
        raise NotFound("There is no such area.", code="area")
    area = known[area_id]
    return AreaCounts(
        area=area,
        above=_above(known, area.parent_id),
        counted=_with_counts(session, [area])[0][1],
        areas=_with_counts(session, [one for one in known.values() if one.parent_id == area_id]),
        buildings=records.buildings_in(session, area_id),
    )


def building_counts(session: Session, actor: Actor, building_id: BuildingId) -> BuildingCounts:
    """A building in the actor's areas; NotFound for any other."""
    building = premises.get_building(session, building_id)
    if building.area_id not in actor.areas:
        raise NotFound("There is no such building.", code="building")
    known = {area.id: area for area in premises.area_tree(session, actor.areas)}
    return BuildingCounts(
        building=building,
        above=_above(known, building.area_id),
        counted=records.count_of_building(session, building_id),
        units=records.units_in(session, building_id),
    )


def feed_positions(session: Session) -> dict[int, int]:
    """How far the live feed has come, by shard; read it before the counts, so that it never claims more than they hold."""
    return records.feed_positions(session)


def _with_counts(session: Session, areas: list[Area]) -> tuple[tuple[Area, Counted], ...]:
    counted = records.counts_of_areas(session, [area.id for area in areas])
    return tuple((area, counted[area.id]) for area in areas)


def _above(known: dict[AreaId, Area], area_id: AreaId | None) -> tuple[Area, ...]:
    path: list[Area] = []
    while area_id is not None and area_id in known:
        path.insert(0, known[area_id])
        area_id = known[area_id].parent_id
    return tuple(path)
