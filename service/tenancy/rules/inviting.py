"""How far an invitation has come. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from service.accounts.rules import AccountId
from service.premises.rules import AreaId, UnitId
from service.tenancy.rules.leases import Span

InvitationId = NewType("InvitationId", int)


class InvitationState(StrEnum):
    """How far an invitation has come; OPENED means its link is used and the form may still be open."""

    WAITING = "waiting"
    OPENED = "opened"
    REGISTERED = "registered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A landlord's offer of one place in one room for a lease."""

    id: InvitationId
    unit_id: UnitId
    area_id: AreaId
    landlord_id: AccountId
    span: Span
    created_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    form_expires_at: datetime | None
    withdrawn_at: datetime | None
    registered: bool


def invitation_state(invitation: Invitation, now: datetime) -> InvitationState:
    """How far it has come; a form that is open stays open until its own time is over."""
    if invitation.registered:
        return InvitationState.REGISTERED
    if invitation.withdrawn_at is not None:
        return InvitationState.WITHDRAWN
    until = max(invitation.expires_at, invitation.form_expires_at or invitation.expires_at)
    if now >= min(until, invitation.span.ends_at):
        return InvitationState.EXPIRED
    return InvitationState.WAITING if invitation.opened_at is None else InvitationState.OPENED
