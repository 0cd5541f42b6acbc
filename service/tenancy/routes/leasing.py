"""Invitations, decisions and tenancies, for programs. Registering has a module of its own."""

from datetime import date, datetime
from typing import Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from service.access.routes import LockShown
from service.access.rules import GrantId
from service.accounts.signed_in import Asking, AskingLandlord, AskingTenant
from service.edges.requests import CurrentParts, Keys, Now, Tx
from service.premises.routes import UnitShown
from service.premises.rules import UnitId
from service.tenancy import actions
from service.tenancy.actions import Link, TenancyView, WaitingView
from service.tenancy.rules import (
    EndedBy,
    EndReason,
    Identity,
    InvitationId,
    RegistrationId,
    RegistrationState,
    TenancyId,
)

router = APIRouter(prefix="/api/v1", tags=["tenancy"])


class NewInvitation(BaseModel):
    """The first and the last day of the lease, both included, in the time of the place."""

    model_config = ConfigDict(extra="forbid")

    starts_on: date
    ends_on: date


class LinkMade(BaseModel):
    """A link that opens once; it is answered this once, for only its hash is kept."""

    invitation_id: InvitationId
    link: str
    expires_at: datetime


class RegistrationShown(BaseModel):
    """A registration to be decided. Confirming it needs `saw_document`, whatever `identity` says."""

    registration_id: RegistrationId
    unit_id: UnitId
    state: RegistrationState
    name: str
    phone: str
    document_type: str
    document_masked: str
    starts_at: datetime
    ends_at: datetime
    identity: Identity
    with_face: bool
    submitted_at: datetime

    @classmethod
    def of(cls, view: WaitingView) -> Self:
        """The registration as its landlord sees it."""
        return cls(
            **{name: getattr(view, name) for name in cls.model_fields if hasattr(view, name)},
            unit_id=view.unit.id,
            starts_at=view.span.starts_at,
            ends_at=view.span.ends_at,
        )


class NoticeShown(BaseModel):
    """A landlord's word that a tenancy is over; without `takes_effect_at` it needs the tenant's own."""

    model_config = ConfigDict(from_attributes=True)

    reason: EndReason
    stated_at: datetime
    takes_effect_at: datetime | None
    contradicted_at: datetime | None
    withdrawn_at: datetime | None


class TenancyShown(BaseModel):
    """A tenancy with where its credentials are."""

    tenancy_id: TenancyId
    grant_id: GrantId
    unit: UnitShown
    name: str
    phone: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    ended_by: EndedBy | None
    notice: NoticeShown | None
    with_face: bool
    locks: list[LockShown]

    @classmethod
    def of(cls, view: TenancyView) -> Self:
        """The tenancy as landlord and tenant see it."""
        plain = ("tenancy_id", "grant_id", "name", "phone", "ended_at", "ended_by", "with_face")
        return cls(
            **{name: getattr(view, name) for name in plain},
            unit=UnitShown.of(view.unit),
            starts_at=view.span.starts_at,
            ends_at=view.span.ends_at,
            notice=None if view.notice is None else NoticeShown.model_validate(view.notice),
            locks=[LockShown.model_validate(lock) for lock in view.deliveries],
        )


class Decision(BaseModel):
    """The landlord's word: the document was seen, it belongs to this person, and name and number agree with it.

    Always needed: a comparison of faces does not see whose number was typed.
    """

    model_config = ConfigDict(extra="forbid")

    saw_document: bool = False


class RoomShown(BaseModel):
    """One of one's own rooms: who lives there, who waits, and whose access is still leaving."""

    unit: UnitShown
    tenancies: list[TenancyShown]
    waiting: list[RegistrationShown]
    ended: list[TenancyShown]


@router.get("/rooms")
def rooms(session: Tx, landlord: AskingLandlord, keyring: Keys, now: Now) -> list[RoomShown]:
    """One's own rooms with their tenants and those who wait."""
    return [
        RoomShown(
            unit=UnitShown.of(room.unit),
            tenancies=[TenancyShown.of(view) for view in room.tenancies],
            waiting=[RegistrationShown.of(view) for view in room.waiting],
            ended=[TenancyShown.of(view) for view in room.ended],
        )
        for room in actions.rooms_of_landlord(session, landlord, keyring=keyring, now=now)
    ]


@router.post("/units/{unit_id}/invitations", status_code=201)
def invite(
    unit_id: UnitId, body: NewInvitation, session: Tx, landlord: AskingLandlord, parts: CurrentParts, now: Now
) -> LinkMade:
    """Offer one place in one's own room."""
    link = actions.invite(
        session,
        landlord,
        unit_id=unit_id,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        lifetime_s=parts.settings.invitation_lifetime_s,
        now=now,
    )
    return _link(link, parts)


@router.post("/invitations/{invitation_id}/link", status_code=201)
def renew_link(
    invitation_id: InvitationId, session: Tx, landlord: AskingLandlord, parts: CurrentParts, now: Now
) -> LinkMade:
    """A new link; the old one and a form that may be open are void."""
    lifetime_s = parts.settings.invitation_lifetime_s
    return _link(actions.renew_link(session, landlord, invitation_id, lifetime_s=lifetime_s, now=now), parts)


@router.delete("/invitations/{invitation_id}", status_code=204)
def withdraw_invitation(invitation_id: InvitationId, session: Tx, landlord: AskingLandlord, now: Now) -> None:
    """Void an invitation that nobody has answered."""
    actions.withdraw_invitation(session, landlord, invitation_id, now=now)


@router.get("/registrations/{registration_id}")
def registration(
    registration_id: RegistrationId, session: Tx, landlord: AskingLandlord, keyring: Keys
) -> RegistrationShown:
    """A registration for one of one's own rooms."""
    return RegistrationShown.of(actions.get_registration(session, landlord, registration_id, keyring=keyring))


@router.post("/registrations/{registration_id}/confirm", status_code=201)
def confirm(
    registration_id: RegistrationId,
    body: Decision,
    session: Tx,
    landlord: AskingLandlord,
    parts: CurrentParts,
    now: Now,
) -> TenancyShown:
    """Let the tenancy begin; its credentials are on their way to the locks, and there only when each has said so.

    Needs `saw_document: true`, also where the faces matched; else 422 `document_not_seen`.
    """
    begun = actions.confirm(
        session,
        landlord,
        registration_id,
        saw_document=body.saw_document,
        lease_s=parts.settings.tenant_offline_lease_s,
        keyring=parts.keyring,
        now=now,
    )
    parts.react(session, begun, now)
    return TenancyShown.of(actions.get_tenancy(session, landlord, begun.tenancy_id, keyring=parts.keyring))


@router.post("/registrations/{registration_id}/refuse", status_code=204)
def refuse(registration_id: RegistrationId, session: Tx, landlord: AskingLandlord, now: Now) -> None:
    """Refuse; what waited with the registration is gone."""
    actions.refuse(session, landlord, registration_id, now=now)


@router.get("/tenancies/{tenancy_id}")
def tenancy(tenancy_id: TenancyId, session: Tx, actor: Asking, keyring: Keys) -> TenancyShown:
    """A tenancy, for its landlord and its tenant."""
    return TenancyShown.of(actions.get_tenancy(session, actor, tenancy_id, keyring=keyring))


@router.get("/me/tenancies")
def own_tenancies(session: Tx, tenant: AskingTenant, keyring: Keys) -> list[TenancyShown]:
    """One's own tenancies, in the order they begin."""
    return [TenancyShown.of(view) for view in actions.tenancies_of_tenant(session, tenant, keyring=keyring)]


def _link(link: Link, parts: CurrentParts) -> LinkMade:
    return LinkMade(
        invitation_id=link.invitation_id,
        link=f"{parts.settings.public_url.rstrip('/')}/i/{link.token}",
        expires_at=link.expires_at,
    )
