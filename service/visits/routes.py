"""Visitors' PINs, for a tenant's programs: give one, see where they are, take one back."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.access.rules import DeliveryState, GrantId
from service.accounts.rules import Actor
from service.accounts.signed_in import AskingTenant
from service.edges.requests import Keys, Now, Tx
from service.errors import NotFound
from service.people.rules import PersonId
from service.visits import actions
from service.visits.rules import MOST_HOURS, Wanted

router = APIRouter(prefix="/api/v1", tags=["visits"])


class NewVisit(BaseModel):
    """A visitor's PIN that is wanted: from when (absent: at once; within seven days), for how long, and whether it opens once."""

    model_config = ConfigDict(extra="forbid")

    starts_at: AwareDatetime | None = None
    hours: int = Field(default=MOST_HOURS, ge=1, le=MOST_HOURS)
    one_time: bool = False


class VisitShown(BaseModel):
    """A visitor's PIN and where it is. `held_until`: when a silent lock drops by itself what was taken back.

    `used_at`: when one that opens one time has opened; it is listed until its time is over.
    """

    model_config = ConfigDict(from_attributes=True)

    id: GrantId
    unit_id: int
    starts_at: datetime
    ends_at: datetime
    one_time: bool
    state: DeliveryState
    held_until: datetime | None
    used_at: datetime | None


class VisitMade(BaseModel):
    """A visitor's PIN, shown this once."""

    pin: str = Field(description="Six digits.")
    visit: VisitShown


@router.get("/visits")
def visits(session: Tx, tenant: AskingTenant, now: Now) -> list[VisitShown]:
    """One's own visitors' PINs that may open a door yet, those being taken back included."""
    return [VisitShown.model_validate(one) for one in actions.visits_of(session, _person(tenant), now)]


@router.post("/grants/{grant_id}/visits", status_code=201)
def invite(grant_id: GrantId, body: NewVisit, session: Tx, tenant: AskingTenant, keyring: Keys, now: Now) -> VisitMade:
    """Give a visitor a PIN to the door that one's own grant opens: for a day at most, five at a time."""
    wanted = Wanted(starts_at=body.starts_at, hours=body.hours, one_time=body.one_time)
    visit_id, pin = actions.invite(session, grant_id, wanted, keyring=keyring, now=now, actor=tenant)
    visit = actions.find_visit(session, visit_id, _person(tenant), now)
    return VisitMade(pin=pin, visit=VisitShown.model_validate(visit))


@router.delete("/visits/{visit_id}", status_code=204)
def take_back(visit_id: GrantId, session: Tx, tenant: AskingTenant, now: Now) -> None:
    """Take a visitor's PIN off every lock."""
    actions.take_back(session, visit_id, _person(tenant), now=now, actor=tenant)


def _person(tenant: Actor) -> PersonId:
    if tenant.person_id is None:
        raise NotFound
    return tenant.person_id
