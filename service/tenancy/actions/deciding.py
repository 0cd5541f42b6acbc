"""The landlord decides about a registration: a tenancy with its access begins, or everything that waited is gone."""

from datetime import datetime

from sqlmodel import Session

from service.access import actions as access
from service.access.rules import GrantId, Materials, Terms
from service.accounts.prepared import open_prepared
from service.accounts.rules import Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.consent import actions as consent
from service.consent.rules import Purpose, Standing, taken_back
from service.edges.elevation import as_system
from service.edges.keyring import Keyring
from service.errors import Conflict, NotFound
from service.faces import actions as faces
from service.people import actions as people
from service.people.rules import Document, Proof, ProofKind, Verdict
from service.premises import actions as premises
from service.tenancy.actions.ending import erase_face_unless_needed
from service.tenancy.actions.registering import WaitingForm, open_form, open_template
from service.tenancy.records import invitations, registrations, tenancies
from service.tenancy.records.registrations import Registration
from service.tenancy.records.tables import TenancyRow
from service.tenancy.rules import (
    STALE_AFTER,
    RegistrationId,
    RegistrationState,
    Span,
    TenancyBegun,
    check_room,
    check_seen,
)


def confirm(
    session: Session,
    actor: Actor,
    registration_id: RegistrationId,
    *,
    saw_document: bool,
    lease_s: int,
    keyring: Keyring,
    now: datetime,
) -> TenancyBegun:
    """Let the tenancy begin; the event must be handed to `reactions`. `lease_s` is the locks' offline lease.

    BadInput where the landlord has not seen the document; Conflict where it was decided already, the lease is over, the
    room is full, or a lock's list is.
    """
    registration = _get_own_waiting(session, actor, registration_id)
    check_seen(saw_document=saw_document)
    lease = _check_place(session, registration, now)
    with as_system(session):
        begun = _begin(session, registration, lease, lease_s=lease_s, keyring=keyring, now=now)
        _prove(session, registration, saw_document=saw_document, now=now)
    told = {"tenancy": begun.tenancy_id, "saw_document": saw_document}
    record(session, actor, Act.REGISTRATION_CONFIRMED, registration_id, now=now, **told)
    return begun


def refuse(session: Session, actor: Actor, registration_id: RegistrationId, *, now: datetime) -> None:
    """Refuse the registration; what waited with it is gone at once, a face with a receipt."""
    registration = _get_own_waiting(session, actor, registration_id)
    with as_system(session):
        _refuse(session, registration, now)
    record(session, actor, Act.REGISTRATION_REFUSED, registration_id, now=now)


def refuse_stale(session: Session, *, now: datetime) -> int:
    """A job, in a system transaction: what nobody decided for 30 days, or whose lease is over, is refused; how many."""
    stale = registrations.stale_registrations(session, submitted_before=now - STALE_AFTER, now=now)
    consent.hold(session, [registration.person_id for registration in stale])
    for registration in registrations.hold_waiting(session, [one.id for one in stale]):
        _refuse(session, registration, now)
        record(session, None, Act.REGISTRATION_REFUSED, registration.id, now=now, stale=True)
    return len(stale)


def _get_own_waiting(session: Session, actor: Actor, registration_id: RegistrationId) -> Registration:
    found = registrations.find_registration(session, registration_id)
    if found is None or found.landlord_id != actor.account_id:
        raise NotFound("There is no such registration.", code="registration")
    consent.hold(session, [found.person_id])
    for held in registrations.hold_waiting(session, [registration_id]):
        return held
    raise Conflict("This registration is decided already.", code="already_decided")


def _check_place(session: Session, registration: Registration, now: datetime) -> Span:
    invitation = invitations.hold_invitation(session, registration.invitation_id)
    if invitation is None or invitation.span.ends_at <= now:
        raise Conflict("The lease of this registration is over.", code="lease_over")
    invitations.hold_unit(session, registration.unit_id)
    unit = premises.get_unit(session, registration.unit_id)
    standing = tenancies.standing_in_units(session, [unit.id])
    check_room(unit.capacity, [tenancy.span for tenancy in standing], invitation.span)
    return invitation.span


def _begin(
    session: Session, registration: Registration, lease: Span, *, lease_s: int, keyring: Keyring, now: datetime
) -> TenancyBegun:
    waiting = open_form(registration, keyring)
    if waiting is None:
        raise Conflict("This registration is decided already.", code="already_decided")
    document = people.get_document(session, registration.person_id, keyring)
    _give_waiting(session, registration, waiting, now)
    grant_id = _grant(session, registration, lease, (waiting, document), lease_s=lease_s, keyring=keyring, now=now)
    row = TenancyRow(
        registration_id=registration.id,
        grant_id=grant_id,
        unit_id=registration.unit_id,
        area_id=registration.area_id,
        landlord_id=registration.landlord_id,
        person_id=registration.person_id,
        starts_at=lease.starts_at,
        ends_at=lease.ends_at,
    )
    tenancy_id = tenancies.append_tenancy(session, row)
    _take_over(session, registration, waiting, document, keyring=keyring, now=now)
    registrations.decide(session, registration.id, RegistrationState.CONFIRMED, now)
    return TenancyBegun(
        tenancy_id=tenancy_id,
        grant_id=grant_id,
        unit_id=registration.unit_id,
        area_id=registration.area_id,
        person_id=registration.person_id,
        starts_at=lease.starts_at,
        ends_at=lease.ends_at,
    )


def _give_waiting(session: Session, registration: Registration, waiting: WaitingForm, now: datetime) -> None:
    """The consents of a person who was known already; one that was taken back in the meantime stays taken back."""
    since = consent.ledger_of(session, registration.person_id)[waiting.ledger_read :]
    for purpose in waiting.consents:
        if not taken_back(since, purpose):
            consent.give(session, registration.person_id, purpose, by=waiting.declared_by, place="link", now=now)


def _grant(
    session: Session,
    registration: Registration,
    lease: Span,
    applied: tuple[WaitingForm, Document],
    *,
    lease_s: int,
    keyring: Keyring,
    now: datetime,
) -> GrantId:
    """Card and PIN for everybody; the face only where its consent stands at this moment."""
    waiting, document = applied
    template = open_template(registration, keyring)
    consents = consent.standing(session, registration.person_id)
    if template is not None and consents[Purpose.FACE] is Standing.GIVEN:
        faces.enrol(session, registration.person_id, template, keyring=keyring, now=now)
    else:
        template = None
    terms = Terms(
        unit_id=registration.unit_id,
        person_id=registration.person_id,
        starts_at=lease.starts_at,
        ends_at=lease.ends_at,
        offline_lease_s=lease_s,
    )
    materials = Materials(
        document_number=document.number, pin=waiting.pin, template=None if template is None else template.packed
    )
    return access.grant(session, terms, materials=materials, keyring=keyring, now=now)


def _take_over(
    session: Session,
    registration: Registration,
    waiting: WaitingForm,
    document: Document,
    *,
    keyring: Keyring,
    now: datetime,
) -> None:
    """What the tenant filled in becomes what is known of them, and they can sign in."""
    people.register_person(
        session,
        name=waiting.name,
        document=document,
        phone=waiting.phone,
        hukou_area=waiting.hukou_area,
        keyring=keyring,
        now=now,
    )
    open_prepared(session, waiting.account, person_id=registration.person_id, keyring=keyring, now=now)


def _prove(session: Session, registration: Registration, *, saw_document: bool, now: datetime) -> None:
    if registration.face_verdict is not None:
        proof = Proof(
            kind=ProofKind.FACE_TO_DOCUMENT,
            verdict=Verdict(registration.face_verdict),
            engine=registration.face_engine,
            score_band=registration.face_band,
        )
        people.record_proof(session, registration.person_id, proof, now=registration.submitted_at)
    if saw_document:
        seen = Proof(kind=ProofKind.LANDLORD_SAW_DOCUMENT, verdict=Verdict.MATCH)
        people.record_proof(session, registration.person_id, seen, now=now)


def _refuse(session: Session, registration: Registration, now: datetime) -> None:
    registrations.decide(session, registration.id, RegistrationState.REFUSED, now)
    if registration.with_face:
        erase_face_unless_needed(session, registration.person_id, now=now)
