"""Having one's face taken at the own door, for a tenant's programs."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from firmware_protocol.commands_followed import OrderState
from service.accounts.rules import Actor
from service.accounts.signed_in import AskingTenant
from service.commands.rules import CommandId
from service.edges.requests import Faces, Keys, Now, Tx
from service.enrolling import actions
from service.enrolling.rules import TakenReason, TakenState
from service.errors import NotFound
from service.people.rules import PersonId

router = APIRouter(prefix="/api/v1", tags=["enrolments"])


class EnrolmentBegun(BaseModel):
    """The lock waits for the person, card or PIN first. How far the lock is stands with its commands, under this id."""

    command_id: CommandId
    lock_id: str
    state: OrderState
    expires_at: datetime


class TakenShown(BaseModel):
    """A face that a lock has sent: kept, or refused for a reason and erased. `portrait`: the lock compared it with the card's."""

    model_config = ConfigDict(from_attributes=True)

    command_id: CommandId
    state: TakenState
    reason: TakenReason | None
    portrait: bool
    arrived_at: datetime


@router.post("/locks/{lock_id}/enrolments", status_code=202)
def start(lock_id: str, session: Tx, tenant: AskingTenant, engine: Faces, keyring: Keys, now: Now) -> EnrolmentBegun:
    """Have one's face taken at a lock of the own door. 409 without standing consent: that is given where its wording is read."""
    begun = actions.start(session, tenant, lock_id, engine=engine, keyring=keyring, now=now)
    return EnrolmentBegun(command_id=begun.id, lock_id=begun.lock_id, state=begun.state, expires_at=begun.expires_at)


@router.get("/me/enrolments")
def enrolments(session: Tx, tenant: AskingTenant) -> list[TakenShown]:
    """What became of the faces that locks have taken of oneself, the latest first."""
    taken = actions.taken_of(session, _person(tenant)).values()
    return [TakenShown.model_validate(one) for one in sorted(taken, key=lambda one: one.arrived_at, reverse=True)]


def _person(tenant: Actor) -> PersonId:
    if tenant.person_id is None:
        raise NotFound
    return tenant.person_id
