"""The tenant's registration: checked, then left waiting, sealed, for the landlord's decision."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from service.access.actions import draw_pin
from service.accounts.prepared import PreparedAccount, prepare_account
from service.accounts.rules import Locale
from service.audit.actions import record
from service.audit.rules import Act
from service.consent import actions as consent
from service.consent.rules import GivenBy, Purpose
from service.edges.keyring import Keyring, Root
from service.errors import Conflict, Gone
from service.faces.rules import Prepared, Template, read_template, write_template
from service.people import actions as people
from service.people.rules import PersonId
from service.tenancy.actions.inviting import Invited, invited_by_form
from service.tenancy.records import invitations, registrations, tenancies
from service.tenancy.records.registrations import Registration
from service.tenancy.records.tables import RegistrationRow
from service.tenancy.rules import (
    STALE_AFTER,
    Applicant,
    InvitationState,
    RegistrationForm,
    RegistrationId,
    accept,
)

_FORM, _TEMPLATE = "registration form", "registration template"


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration that waits for the landlord; the PIN is shown now and never again."""

    registration_id: RegistrationId
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingForm:
    """What waits, sealed, until the landlord has decided."""

    phone: str = field(repr=False)
    hukou_area: str | None
    pin: str = field(repr=False)
    account: PreparedAccount
    # Of a person known already only: given when the landlord confirms, if nothing after line `ledger_read` took them back.
    consents: tuple[Purpose, ...] = ()
    declared_by: GivenBy = GivenBy.PERSON
    ledger_read: int = 0

    @property
    def name(self) -> str:
        """The tenant's name as filled in."""
        return self.account.name


def register_tenant(
    session: Session,
    form_token: str,
    form: RegistrationForm,
    prepared: Prepared | None,
    *,
    keyring: Keyring,
    now: datetime,
) -> Registered:
    """Take a tenant's registration; in a system transaction, for the invitation is all that stands behind it.

    An invitation link proves nothing about a person: what is known of somebody already, their consents among it, is not
    changed before the landlord has decided. Gone without an open form, Conflict where it was sent before, BadInput names a field.
    """
    invited = invited_by_form(session, form_token, keyring=keyring, now=now)
    _check_open(invited)
    applicant = accept(form, has_face=prepared is not None, now=now)
    known = people.find_by_document(session, applicant.document, keyring=keyring)
    account = prepare_account(
        session,
        login=applicant.phone,
        password=form.password,
        name=applicant.name,
        locale=form.locale,
        person_id=known,
        keyring=keyring,
    )
    person_id = known or _register(session, applicant, keyring, now)
    _check_not_there(session, person_id, invited)
    pin = draw_pin(session, invited.unit.id, keyring=keyring, now=now)
    waiting = WaitingForm(phone=applicant.phone, hukou_area=applicant.hukou_area, pin=pin, account=account)
    if known is None:
        _give(session, person_id, form, now)
    else:
        waiting = _with_consents(session, person_id, form, waiting)
    registration_id = _append(session, invited, person_id, waiting, prepared, keyring=keyring, now=now)
    invitations.keep_form(session, invited.invitation.id, now + STALE_AFTER)
    record(session, None, Act.REGISTRATION_SUBMITTED, registration_id, now=now, with_face=prepared is not None)
    return Registered(registration_id, waiting.pin)


def open_form(registration: Registration, keyring: Keyring) -> WaitingForm | None:
    """What waits with an undecided registration."""
    if registration.form_sealed is None:
        return None
    row = str(registration.invitation_id)
    written = json.loads(keyring.open(Root.PEOPLE, _FORM, registration.form_sealed, row=row))
    account = written.pop("account")
    # A form that was sealed before consents waited says nothing of them: they were given at once.
    return WaitingForm(
        account=PreparedAccount(**account | {"locale": Locale(account["locale"])}),
        consents=tuple(Purpose(one) for one in written.pop("consents", ())),
        declared_by=GivenBy(written.pop("declared_by", GivenBy.PERSON)),
        **written,
    )


def open_template(registration: Registration, keyring: Keyring) -> Template | None:
    """The face that waits with an undecided registration."""
    if registration.template_sealed is None or registration.face_engine is None:
        return None
    row = str(registration.invitation_id)
    return read_template(
        registration.face_engine, keyring.open(Root.PEOPLE, _TEMPLATE, registration.template_sealed, row=row)
    )


def forget_waiting_faces(session: Session, person_id: PersonId) -> None:
    """Drop the faces that wait with the person's undecided registrations; they go on without one."""
    registrations.forget_faces(session, person_id)


def _check_open(invited: Invited) -> None:
    if invited.state is InvitationState.REGISTERED:
        raise Conflict("This form was sent already. Your landlord will decide.", code="already_registered")
    if invited.state is not InvitationState.OPENED:
        raise Gone("The time for this form is over. Ask your landlord for a new link.", code="form_dead")


def _check_not_there(session: Session, person_id: PersonId, invited: Invited) -> None:
    lease, unit_id = invited.invitation.span, invited.unit.id
    for tenancy in tenancies.tenancies_of_person(session, person_id):
        if tenancy.unit_id == unit_id and tenancy.ended_at is None and tenancy.span.overlaps(lease):
            raise Conflict("This person lives in this room in that time already.", code="already_tenant")
    for waiting in registrations.waiting_of_person(session, person_id):
        if waiting.unit_id == unit_id:
            raise Conflict("This person is waiting for this room already.", code="already_registered")


def _give(session: Session, person_id: PersonId, form: RegistrationForm, now: datetime) -> None:
    for purpose in sorted(form.consents):
        consent.give(session, person_id, purpose, by=form.declared_by, place="link", now=now)


def _with_consents(session: Session, person_id: PersonId, form: RegistrationForm, waiting: WaitingForm) -> WaitingForm:
    consent.hold(session, [person_id])
    return replace(
        waiting,
        consents=tuple(sorted(form.consents)),
        declared_by=form.declared_by,
        ledger_read=len(consent.ledger_of(session, person_id)),
    )


def _register(session: Session, applicant: Applicant, keyring: Keyring, now: datetime) -> PersonId:
    return people.register_person(
        session,
        name=applicant.name,
        document=applicant.document,
        phone=applicant.phone,
        hukou_area=applicant.hukou_area,
        keyring=keyring,
        now=now,
    )


def _append(
    session: Session,
    invited: Invited,
    person_id: PersonId,
    waiting: WaitingForm,
    prepared: Prepared | None,
    *,
    keyring: Keyring,
    now: datetime,
) -> RegistrationId:
    invitation = invited.invitation
    row = RegistrationRow(
        invitation_id=invitation.id,
        unit_id=invitation.unit_id,
        area_id=invitation.area_id,
        landlord_id=invitation.landlord_id,
        person_id=person_id,
        with_face=prepared is not None,
        form_sealed=keyring.seal(Root.PEOPLE, _FORM, _written(waiting), row=str(invitation.id)),
        submitted_at=now,
    )
    if prepared is not None:
        sealed = keyring.seal(Root.PEOPLE, _TEMPLATE, write_template(prepared.template), row=str(invitation.id))
        row.template_sealed, row.face_engine = sealed, prepared.template.engine
        row.face_verdict, row.face_band = prepared.proof.verdict.value, prepared.proof.score_band
    return registrations.append_registration(session, row)


def _written(waiting: WaitingForm) -> bytes:
    account = waiting.account
    return json.dumps(
        {
            "phone": waiting.phone,
            "hukou_area": waiting.hukou_area,
            "pin": waiting.pin,
            "account": {
                "login": account.login,
                "password_hash": account.password_hash,
                "name": account.name,
                "locale": account.locale.value,
            },
            "consents": waiting.consents,
            "declared_by": waiting.declared_by,
            "ledger_read": waiting.ledger_read,
        }
    ).encode()
