"""Access, for programs: where a grant is on each lock, new PINs, and hours of house doors. What is drawn is answered once."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from firmware_protocol.schedules import WeeklySchedule
from firmware_protocol.vocabulary import CredentialType
from service.access import actions
from service.access.passages import Days, clock_of, days_of, passage_hours
from service.access.rules import DeliveryState, GrantId, worst_state
from service.accounts import actions as accounts
from service.accounts.rules import Role
from service.accounts.signed_in import Asking, AskingLandlord, AskingTenant, check_is
from service.edges.problems import problem_response
from service.edges.requests import Keys, Now, Tx
from service.premises.rules import UnitId

router = APIRouter(prefix="/api/v1", tags=["access"])
Unit = Annotated[UnitId, Path(gt=0, lt=2**63)]


class CredentialShown(BaseModel):
    """One credential on one lock."""

    model_config = ConfigDict(from_attributes=True)

    type: CredentialType
    state: DeliveryState
    held_until: datetime | None


class LockShown(BaseModel):
    """A grant on one lock. `held_until`: when the lock drops by itself what it has not confirmed as removed."""

    model_config = ConfigDict(from_attributes=True)

    lock_id: str
    state: DeliveryState
    held_until: datetime | None
    last_contact_at: datetime | None
    credentials: list[CredentialShown]


class NewPin(BaseModel):
    """A PIN, shown this once; the old one opens until every lock has taken the new list."""

    pin: str = Field(description="Six digits.")
    locks: list[LockShown]


class Wanted(StrEnum):
    """What is to become of the emergency PIN."""

    MAKE = "make"
    LOOK = "look"
    REMOVE = "remove"


class EmergencyPinAsked(BaseModel):
    """What is wanted, with the account's password each time: whoever forces the tenant may hold the signed-in program, too."""

    model_config = ConfigDict(extra="forbid")

    wanted: Wanted
    password: str = Field(max_length=200)


class EmergencyPin(BaseModel):
    """Whether every lock of the door has the emergency PIN (`removed`: there is none); `pin` only where one was made, this once.

    No state: a lock was hung since and does not know it. A new one gets there.
    """

    state: DeliveryState | None
    pin: str | None = None


class PassageHours(BaseModel):
    """Hours in which a door of the house stands unlocked for everybody: HH:MM at the door, on one day."""

    model_config = ConfigDict(extra="forbid")

    days: Days
    opens: str = Field(max_length=10)
    closes: str = Field(max_length=10)


class PassageShown(PassageHours):
    """Such hours, and whether every lock of the door has them; they end by themselves."""

    state: DeliveryState
    ends_at: datetime


@router.get("/grants/{grant_id}/delivery")
def delivery(grant_id: GrantId, session: Tx, actor: Asking) -> list[LockShown]:
    """Which locks hold the grant, which are missing, and which still honour what was taken back, until when.

    For the landlord and the tenant it concerns.
    """
    check_is(actor, Role.LANDLORD, Role.TENANT)
    return _shown(session, grant_id)


@router.post("/grants/{grant_id}/pin", status_code=201)
def replace_pin(grant_id: GrantId, session: Tx, tenant: AskingTenant, keyring: Keys, now: Now) -> NewPin:
    """Draw a new PIN for one's own grant."""
    pin = actions.replace_pin(session, grant_id, keyring=keyring, now=now, actor=tenant)
    return NewPin(pin=pin, locks=_shown(session, grant_id))


@router.post("/grants/{grant_id}/emergency-pin", response_model=EmergencyPin)
def emergency_pin(
    grant_id: GrantId, body: EmergencyPinAsked, session: Tx, tenant: AskingTenant, keyring: Keys, now: Now
) -> EmergencyPin | JSONResponse:
    """Make one's own emergency PIN, which opens like the other and calls for help; ask whether the locks have it; or remove it.

    One address and one method for all three: what is asked does not show whether there is one.
    """
    wrong = accounts.prove_password(session, tenant, body.password, now=now)
    if wrong is not None:
        return problem_response(wrong)
    pin = None
    if body.wanted is Wanted.MAKE:
        pin = actions.make_emergency_pin(session, grant_id, keyring=keyring, now=now, actor=tenant)
    elif body.wanted is Wanted.REMOVE:
        actions.remove_emergency_pin(session, grant_id, now=now, actor=tenant)
    return EmergencyPin(state=actions.emergency_pin_on(session, grant_id, now), pin=pin)


@router.get("/units/{unit_id}/passage")
def passage(unit_id: Unit, session: Tx, landlord: AskingLandlord, now: Now) -> list[PassageShown]:
    """The hours in which a door of one's own house stands unlocked; none where it keeps itself locked."""
    actions.get_shared_door(session, landlord, unit_id)
    return _passages(session, unit_id, now)


@router.put("/units/{unit_id}/passage")
def set_passage(
    unit_id: Unit, body: PassageHours, session: Tx, landlord: AskingLandlord, keyring: Keys, now: Now
) -> list[PassageShown]:
    """Let a door of one's own house stand unlocked in these hours and in no others, for a year; never the door of a room."""
    hours = passage_hours(body.days, body.opens, body.closes)
    actions.set_passage(session, landlord, unit_id, hours, keyring=keyring, now=now)
    return _passages(session, unit_id, now)


@router.delete("/units/{unit_id}/passage", status_code=204)
def end_passage(unit_id: Unit, session: Tx, landlord: AskingLandlord, now: Now) -> None:
    """The door keeps itself locked again at all hours."""
    actions.end_passage(session, landlord, unit_id, now=now)


def _passages(session: Tx, unit_id: UnitId, now: datetime) -> list[PassageShown]:
    return [
        PassageShown(
            days=days_of(hours),
            opens=clock_of(hours.from_minute),
            closes=clock_of(hours.to_minute),
            state=worst_state([lock.state for lock in actions.delivery(session, one.id)] or [DeliveryState.PENDING]),
            ends_at=one.terms.ends_at,
        )
        for one in actions.passages_of(session, unit_id, now)
        for hours in one.terms.schedules
        if isinstance(hours, WeeklySchedule)
    ]


def _shown(session: Tx, grant_id: GrantId) -> list[LockShown]:
    return [LockShown.model_validate(lock) for lock in actions.delivery(session, grant_id)]
