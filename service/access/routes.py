"""Access, for programs: where a grant is on each lock, and a new PIN. What is drawn is answered once."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from firmware_protocol.vocabulary import CredentialType
from service.access import actions
from service.access.rules import DeliveryState, GrantId
from service.accounts.rules import Role
from service.accounts.signed_in import Asking, AskingTenant, check_is
from service.edges.requests import Keys, Now, Tx

router = APIRouter(prefix="/api/v1", tags=["access"])


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


def _shown(session: Tx, grant_id: GrantId) -> list[LockShown]:
    return [LockShown.model_validate(lock) for lock in actions.delivery(session, grant_id)]
