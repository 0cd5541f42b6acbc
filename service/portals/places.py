"""Places and their counts as pages and live events show them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.occupancy.actions.counting import AreaCounts, BuildingCounts
from service.occupancy.records.counts import AreaCount, Counted
from service.portals.translation import N_, Words
from service.premises.rules import Area, AreaLevel

_ABOUT = {
    AreaLevel.COUNTY: N_("Counties"),
    AreaLevel.TOWN: N_("Towns"),
    AreaLevel.COMMUNITY: N_("Villages and communities"),
    AreaLevel.GRID: N_("Grids"),
}


@dataclass(frozen=True, slots=True)
class PlaceShown:
    """One place with its counts; `path` is empty where it has no page of its own."""

    kind: str
    id: int
    name: str
    path: str
    counted: Counted

    @property
    def key(self) -> str:
        """What live events call it."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Group:
    """Places of one kind, under one heading."""

    title: str
    places: tuple[PlaceShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A place's page: the place, those it lies in (the largest first), and those in it."""

    place: PlaceShown
    above: tuple[Area, ...]
    groups: tuple[Group, ...]


def area_overview(counts: AreaCounts, words: Words) -> Overview:
    """The page of an area."""
    area = counts.area
    buildings = tuple(
        PlaceShown("building", one.building_id, one.address, f"/buildings/{one.building_id}", one.counted)
        for one in counts.buildings
    )
    return Overview(
        place=_area_shown(area, counts.counted, words),
        above=counts.above,
        groups=_groups(area_groups(counts.areas, words), Group(words.say(N_("Buildings")), buildings)),
    )


def building_overview(counts: BuildingCounts, words: Words) -> Overview:
    """The page of a building."""
    building = counts.building
    units = tuple(PlaceShown("unit", one.unit_id, one.number, "", one.counted) for one in counts.units)
    return Overview(
        place=PlaceShown("building", building.id, building.address, f"/buildings/{building.id}", counts.counted),
        above=counts.above,
        groups=_groups((), Group(words.say(N_("Rooms")), units)),
    )


def area_groups(areas: Sequence[AreaCount], words: Words) -> tuple[Group, ...]:
    """Areas by their level, the larger first."""
    return tuple(
        Group(
            words.say(_ABOUT[level]),
            tuple(_area_shown(one.area, one.counted, words) for one in areas if one.area.level is level),
        )
        for level in AreaLevel
        if any(one.area.level is level for one in areas)
    )


def area_name(area: Area, words: Words) -> str:
    """What the area is called in this language."""
    return area.name if words.locale == "zh" else area.name_en


def live_counts(overview: Overview) -> dict[str, tuple[int, ...]]:
    """What a live event tells of this page: a name for each place and four numbers, nothing else."""
    places = (overview.place, *(place for group in overview.groups for place in group.places))
    return {
        one.key: (one.counted.present, one.counted.residents, one.counted.unsure, int(one.counted.visited))
        for one in places
    }


def _area_shown(area: Area, counted: Counted, words: Words) -> PlaceShown:
    return PlaceShown("area", area.id, area_name(area, words), f"/areas/{area.id}", counted)


def _groups(areas: tuple[Group, ...], more: Group) -> tuple[Group, ...]:
    return (*areas, more) if more.places else areas
