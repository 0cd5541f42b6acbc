"""The doors of a whole house: added by its landlord, hung with a lock, and unlocked for everybody at set hours."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from firmware_protocol.schedules import WeeklySchedule
from service.access import actions as access
from service.access.passages import Days, clock_of, days_of, passage_hours
from service.access.rules import DeliveryState, worst_state
from service.accounts.signed_in import checked_form
from service.custody import household, leaving
from service.edges.requests import Tx
from service.errors import AnmenError, NotFound
from service.locks import actions as locks
from service.portals import forms
from service.portals.forms import SentForm
from service.portals.leases import LockShown, lock_shown
from service.portals.translation import N_
from service.portals.visits import ID, LandlordVisit, Said, Visit
from service.premises import actions as premises
from service.premises.rules import Building, BuildingId, UnitId, UnitView

router = APIRouter(include_in_schema=False)
_USUAL = {"days": Days.WORKDAYS.value, "opens": "07:00", "closes": "19:00"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursShown:
    """Hours of a door, and whether every lock of it has them."""

    days: Days
    opens: str
    closes: str
    state: DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorShown:
    """A door of the house on its landlord's page."""

    unit: UnitView
    locks: tuple[LockShown, ...]
    hours: tuple[HoursShown, ...]


@router.get("/houses/{building_id}")
def show_house(visit: LandlordVisit, session: Tx, building_id: Annotated[BuildingId, ID]) -> Response:
    """The doors of the whole house and their hours."""
    return _page(visit, session, _own(visit, session, building_id), forms.filled(_USUAL))


@router.post("/houses/{building_id}/doors", dependencies=[checked_form])
def add_door(visit: LandlordVisit, session: Tx, building_id: Annotated[BuildingId, ID], sent: SentForm) -> Response:
    """One more door of the house; a lock is hung on it as on a room."""
    # Held before it is asked whose it is: it may be changing hands.
    premises.keep_building(session, building_id)
    house = _own(visit, session, building_id)
    name = sent.values["name"]
    added = forms.attempt(session, lambda: premises.add_shared_door(session, building_id=house.id, name=name))
    if isinstance(added, AnmenError):
        return _page(visit, session, house, forms.refused({**_USUAL, "name": name}, added, visit.words))
    return visit.go(f"/rooms/{added}/claim")


@router.post("/houses/doors/{unit_id}/hours", dependencies=[checked_form])
def set_hours(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], sent: SentForm) -> Response:
    """The door stands unlocked in these hours, and in no others."""
    door = access.get_shared_door(session, visit.actor, unit_id)
    made = forms.attempt(
        session,
        lambda: access.set_passage(
            session, visit.actor, unit_id, _read_hours(sent), keyring=visit.parts.keyring, now=visit.now
        ),
    )
    if isinstance(made, AnmenError):
        house = premises.get_building(session, door.building_id)
        return _page(visit, session, house, forms.refused(sent.values, made, visit.words))
    return visit.go(f"/houses/{door.building_id}", Said.PASSAGE_SET)


@router.post("/houses/doors/{unit_id}/locked", dependencies=[checked_form])
def keep_locked(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID]) -> Response:
    """The door keeps itself locked again at all hours."""
    door = access.get_shared_door(session, visit.actor, unit_id)
    access.end_passage(session, visit.actor, unit_id, now=visit.now)
    return visit.go(f"/houses/{door.building_id}", Said.PASSAGE_ENDED)


def _read_hours(sent: forms.Sent) -> WeeklySchedule:
    days = next((one for one in Days if one == sent.values["days"]), Days.WORKDAYS)
    return passage_hours(days, sent.values["opens"], sent.values["closes"])


def _own(visit: Visit, session: Session, building_id: BuildingId) -> Building:
    house = premises.get_building(session, building_id)
    if house.landlord_id != visit.actor.account_id:
        raise NotFound("There is no such building.", code="building")
    return house


def _page(visit: Visit, session: Session, house: Building, form: forms.Form) -> Response:
    doors = tuple(_shown(visit, session, one) for one in premises.shared_doors(session, house.id))
    usual = visit.words.say(N_("Front door"))
    here = f"/houses/{house.id}"
    reports = leaving.open_reports(session, keyring=visit.parts.keyring)
    return visit.page(
        "house.html",
        status=form.status,
        here=here,
        house=house,
        doors=doors,
        reports=reports,
        tallies={one.id: household.tally_of(session, one.id, visit.now) for one in reports if one.shared},
        days=list(Days),
        usual=usual,
        form=form,
    )


def _shown(visit: Visit, session: Session, unit: UnitView) -> DoorShown:
    hours = []
    for one in access.passages_of(session, unit.id, visit.now):
        state = worst_state([lock.state for lock in access.delivery(session, one.id)] or [DeliveryState.PENDING])
        for said in one.terms.schedules:
            if isinstance(said, WeeklySchedule):
                opens, closes = clock_of(said.from_minute), clock_of(said.to_minute)
                hours.append(HoursShown(days=days_of(said), opens=opens, closes=closes, state=state))
    hanging = locks.views(session, premises.locks_of_unit(session, unit.id, visit.now)).values()
    return DoorShown(unit=unit, locks=tuple(lock_shown(one, visit.words) for one in hanging), hours=tuple(hours))
