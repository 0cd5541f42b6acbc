"""Registering with an invitation, for programs: the link's token for a form's, the form's as the bearer of one registration.

Tokens travel in bodies and headers, never in addresses. Pictures are looked at before the transaction begins.
"""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.accounts.rules import Locale
from service.accounts.signed_in import bearer_token
from service.consent.rules import GivenBy, Purpose
from service.edges.problems import InvalidRequest, WrongField
from service.edges.requests import CurrentParts, Keys, Now, Tx
from service.edges.transaction import SYSTEM, enter
from service.faces.rules import FaceFault, FaceRefusal, Picture, Prepared
from service.people.rules import DocumentType
from service.premises.routes import UnitShown
from service.tenancy import actions
from service.tenancy.pictures import look_at
from service.tenancy.rules import (
    InvitationState,
    RegistrationForm,
    RegistrationId,
    RegistrationState,
)

router = APIRouter(prefix="/api/v1", tags=["registration"])

FormToken = Annotated[str, Depends(bearer_token)]


class LinkToken(BaseModel):
    """The last part of an invitation's link, /i/<token>."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=200)


class FormOpened(BaseModel):
    """The token to send as Authorization: Bearer with the registration; the link is used up."""

    form_token: str


class InvitedShown(BaseModel):
    """Which room for how long, from whom, and what became of it."""

    unit: UnitShown
    landlord_name: str
    starts_at: datetime
    ends_at: datetime
    state: InvitationState
    registration: RegistrationState | None


class RegistrationFields(BaseModel):
    """The tenant's form. `frames` (three live pictures) and `portrait` (of the document) only with `consent_face`."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    document_type: DocumentType
    document_number: str = Field(max_length=40)
    name: str = Field(max_length=200)
    phone: str = Field(max_length=40)
    password: str = Field(max_length=200)
    consent_register: bool = False
    consent_face: bool = False
    declared_by: GivenBy = GivenBy.PERSON
    birth_date: date | None = None
    hukou_area: str | None = Field(default=None, max_length=6)
    locale: Locale = Locale.CHINESE
    frames: list[UploadFile] = Field(default_factory=list)
    portrait: UploadFile | None = None

    def form(self) -> RegistrationForm:
        """What was filled in."""
        agreed = {Purpose.REGISTER: self.consent_register, Purpose.FACE: self.consent_face}
        same = ("document_type", "document_number", "name", "phone", "password", "declared_by", "birth_date")
        return RegistrationForm(
            **{name: getattr(self, name) for name in same},
            consents=frozenset(purpose for purpose, given in agreed.items() if given),
            hukou_area=self.hukou_area,
            locale=self.locale,
        )


class RegistrationMade(BaseModel):
    """The PIN is answered this once; it opens the door when the landlord has confirmed."""

    registration_id: RegistrationId
    pin: str


class PicturesRefused(InvalidRequest):
    """Pictures that must be taken again; `errors` says of each what to do."""

    title = "These pictures cannot be used"

    def __init__(self, refusal: FaceRefusal) -> None:
        super().__init__([WrongField(field=_field_of(one), detail=one.advice.en) for one in refusal.faults])
        first = refusal.faults[0]
        self.text, self.code, self.field = first.advice.en, first.reason.value, _field_of(first)


def _field_of(fault: FaceFault) -> str:
    if fault.picture is Picture.PORTRAIT:
        return "portrait"
    return "frames" if fault.frame is None else f"frames.{fault.frame}"


def _looked_at(
    fields: Annotated[RegistrationFields, Form()], parts: CurrentParts, token: FormToken
) -> tuple[RegistrationForm, Prepared | None]:
    found = look_at(parts, token, frames=fields.frames, portrait=fields.portrait) if fields.consent_face else None
    if isinstance(found, FaceRefusal):
        raise PicturesRefused(found)
    return fields.form(), found


LookedAt = Annotated[tuple[RegistrationForm, Prepared | None], Depends(_looked_at)]


def _invited(session: Tx) -> Session:
    """Nobody is signed in; the invitation is all that stands behind what follows."""
    enter(session, SYSTEM)
    return session


InvitedTx = Annotated[Session, Depends(_invited)]


@router.post("/invitations/open", status_code=201)
def open_invitation(body: LinkToken, session: InvitedTx, parts: CurrentParts, now: Now) -> FormOpened:
    """Exchange a link for a form, once."""
    lifetime_s = parts.settings.registration_form_lifetime_s
    token = actions.open_invitation(session, body.token, keyring=parts.keyring, form_lifetime_s=lifetime_s, now=now)
    return FormOpened(form_token=token)


@router.get("/registration")
def invited(session: InvitedTx, form_token: FormToken, keyring: Keys, now: Now) -> InvitedShown:
    """What one is invited to, or what became of one's registration."""
    found = actions.invited_by_form(session, form_token, keyring=keyring, now=now)
    return InvitedShown(
        unit=UnitShown.of(found.unit),
        landlord_name=found.landlord_name,
        starts_at=found.invitation.span.starts_at,
        ends_at=found.invitation.span.ends_at,
        state=found.state,
        registration=found.registration,
    )


@router.post("/registration", status_code=201)
def register(
    looked_at: LookedAt, session: InvitedTx, form_token: FormToken, keyring: Keys, now: Now
) -> RegistrationMade:
    """Register for the room. The pictures are compared and thrown away; the landlord decides."""
    form, prepared = looked_at
    made = actions.register_tenant(session, form_token, form, prepared, keyring=keyring, now=now)
    return RegistrationMade(registration_id=made.registration_id, pin=made.pin)
