"""Areas, buildings and rooms, for programs."""

from typing import Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.accounts.rules import AccountId
from service.accounts.signed_in import Asking, AskingLandlord, signed_in
from service.edges.requests import Tx
from service.errors import NotFound
from service.premises import actions
from service.premises.rules import Area, AreaId, AreaLevel, Building, BuildingId, UnitId, UnitView

router = APIRouter(prefix="/api/v1", tags=["premises"])


class AreaShown(BaseModel):
    """One area of the tree."""

    model_config = ConfigDict(from_attributes=True)

    id: AreaId
    parent_id: AreaId | None
    level: AreaLevel
    code: str
    name: str
    name_en: str

    @classmethod
    def of(cls, area: Area) -> Self:
        """The area as it is shown."""
        return cls.model_validate(area)


class BuildingShown(BaseModel):
    """One building of the landlord who asks."""

    model_config = ConfigDict(from_attributes=True)

    id: BuildingId
    area_id: AreaId
    address: str

    @classmethod
    def of(cls, building: Building) -> Self:
        """The building as it is shown."""
        return cls.model_validate(building)


class UnitShown(BaseModel):
    """One room with where it is."""

    model_config = ConfigDict(from_attributes=True)

    id: UnitId
    number: str
    capacity: int
    building_id: BuildingId
    address: str
    area_id: AreaId

    @classmethod
    def of(cls, unit: UnitView) -> Self:
        """The room as it is shown."""
        return cls.model_validate(unit)


class NewBuilding(BaseModel):
    """A building of one's own, in a grid."""

    model_config = ConfigDict(extra="forbid")

    area_id: AreaId = Field(gt=0, lt=2**63)
    address: str = Field(max_length=400)


class NewUnit(BaseModel):
    """A room; the capacity is how many may live there."""

    model_config = ConfigDict(extra="forbid")

    number: str = Field(max_length=100)
    capacity: int = Field(default=2, ge=1, le=50)


@router.get("/areas")
def areas(session: Tx, actor: Asking) -> list[AreaShown]:
    """The areas that the asking account works in, each after the one it lies in; none for landlords and tenants."""
    return [AreaShown.of(area) for area in actions.area_tree(session, actor.areas)]


@router.get("/buildings")
def buildings(session: Tx, landlord: AskingLandlord) -> list[BuildingShown]:
    """One's own buildings."""
    return [BuildingShown.of(building) for building in actions.buildings_of_landlord(session, landlord.account_id)]


@router.post("/buildings", status_code=201)
def add_building(body: NewBuilding, session: Tx, landlord: AskingLandlord) -> BuildingShown:
    """Add a building of one's own."""
    building_id = actions.add_building(
        session, area_id=body.area_id, landlord_id=landlord.account_id, address=body.address
    )
    return BuildingShown.of(actions.get_building(session, building_id))


@router.get("/units")
def units(session: Tx, landlord: AskingLandlord) -> list[UnitShown]:
    """One's own rooms by building and number."""
    return [UnitShown.of(unit) for unit in actions.units_of_landlord(session, landlord.account_id)]


@router.get("/units/{unit_id}", dependencies=[signed_in])
def unit(unit_id: UnitId, session: Tx) -> UnitShown:
    """One room that the asking account may see."""
    return UnitShown.of(actions.get_unit(session, unit_id))


@router.post("/buildings/{building_id}/units", status_code=201)
def add_unit(building_id: BuildingId, body: NewUnit, session: Tx, landlord: AskingLandlord) -> UnitShown:
    """Add a room to one's own building."""
    _check_owner(actions.keep_building(session, building_id), landlord.account_id)
    unit_id = actions.add_unit(session, building_id=building_id, number=body.number, capacity=body.capacity)
    return UnitShown.of(actions.get_unit(session, unit_id))


def _check_owner(building: Building, landlord_id: AccountId) -> None:
    if building.landlord_id != landlord_id:
        raise NotFound("There is no such building.", code="building")
