"""Having one's face taken at the own door: agree, start it, go there, and see what has become of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from firmware_protocol.commands import CommandKind, can
from firmware_protocol.commands_followed import ENDED, OrderState
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.access.rules import DeliveryState
from service.accounts.signed_in import checked_form
from service.commands import actions as commands
from service.commands.rules import CommandView
from service.consent import actions as consent
from service.consent.rules import ConsentAct, GivenBy, Purpose, Standing
from service.consent.wording import read_wording
from service.edges.requests import Tx
from service.enrolling import actions as enrolling
from service.enrolling.rules import TakenReason, TakenState, TakenView, speaker
from service.errors import AnmenError, BadInput
from service.people import actions as people
from service.portals import forms
from service.portals.forms import Form, SentForm
from service.portals.translation import N_
from service.portals.visits import ID, Said, TenantVisit, Visit, person_of
from service.portals.wording import word_of
from service.premises import actions as premises
from service.tenancy import actions as tenancy
from service.tenancy.actions import TenancyView
from service.tenancy.rules import TenancyId, site_day

router = APIRouter(include_in_schema=False)


class Now(StrEnum):
    """What the person is told first."""

    NOTHING = "nothing"
    GO = "go"
    WAITS = "waits"
    COMING = "coming"
    THERE = "there"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the latest enrolment is, and in one sentence why it came to nothing."""

    now: Now
    why: str = ""


_REASONS: dict[TakenReason, str] = {
    TakenReason.NO_CONSENT: N_("You have taken your consent back. What the lock had sent is erased."),
    TakenReason.NO_TENANCY: N_("Your tenancy has ended. What the lock had sent is erased."),
    TakenReason.ENGINE: N_(
        "What the lock had sent cannot be used here and is erased. Tell your landlord: the lock needs care."
    ),
    TakenReason.ANOTHER_PERSON: N_(
        "The face at the door is not the one that is known of you. It is erased, and yours is as before."
    ),
    TakenReason.LIST_FULL: N_("The lock's list is full. What it had sent is erased. Tell your landlord."),
}


@router.get("/me/tenancies/{tenancy_id}/face")
def show_face(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """What it takes, and how far it is."""
    return _page(visit, session, tenancy_id, Form())


@router.post("/me/tenancies/{tenancy_id}/face/{lock_id}", dependencies=[checked_form])
def take_face(
    visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID], lock_id: str, sent: SentForm
) -> Response:
    """Agree, where that was not done, and let the lock wait for the person."""
    tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    begun = forms.attempt(session, lambda: _begin(visit, session, lock_id, agreed="agree" in sent.values))
    if isinstance(begun, AnmenError):
        return _page(visit, session, tenancy_id, forms.refused(sent.values, begun, visit.words))
    return visit.go(f"/me/tenancies/{tenancy_id}/face", Said.ORDERED)


def _begin(visit: Visit, session: Session, lock: str, *, agreed: bool) -> CommandView:
    person = person_of(visit)
    if consent.standing(session, person)[Purpose.FACE] is not Standing.GIVEN:
        if not agreed:
            raise BadInput("Tick that your face may be used, or leave this page.", code="consent_face", field="agree")
        consent.give(session, person, Purpose.FACE, by=_speaker(visit, session), place="page", now=visit.now)
    parts = visit.parts
    return enrolling.start(session, visit.actor, lock, engine=parts.faces, keyring=parts.keyring, now=visit.now)


def _speaker(visit: Visit, session: Session) -> GivenBy:
    person = person_of(visit)
    birth = people.get_document(session, person, visit.parts.keyring).birth_date
    given = [
        one.given_by
        for one in consent.ledger_of(session, person)
        if one.purpose is Purpose.REGISTER and one.act is ConsentAct.GIVEN
    ]
    return speaker(birth, given[-1] if given else None, site_day(visit.now))


def _page(visit: Visit, session: Session, tenancy_id: TenancyId, form: Form) -> Response:
    view = tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    person = person_of(visit)
    hanging: tuple[LockId, ...] = premises.locks_of_unit(session, view.unit.id, visit.now)
    places = (
        [commands.get_place(session, visit.actor, one, now=visit.now) for one in hanging] if _runs(view, visit) else []
    )
    able = [one for one in places if can(one.capabilities.get("commands"), CommandKind.START_ENROLMENT)]
    orders = [
        one
        for one in commands.commands_of_unit(session, view.unit.id, keyring=visit.parts.keyring)
        if one.kind is CommandKind.START_ENROLMENT
    ]
    taken = enrolling.taken_of(session, person)
    on_lock = [one.state for lock in view.deliveries for one in lock.credentials if one.type is CredentialType.FACE]
    progress = progress_of(orders[0], taken.get(orders[0].id), on_lock) if orders else Progress(Now.NOTHING)
    agreed = consent.standing(session, person)[Purpose.FACE] is Standing.GIVEN
    wording = (
        [] if agreed else [line for line in read_wording(Purpose.FACE, visit.words.locale).splitlines() if line.strip()]
    )
    return visit.page(
        "my_face.html",
        status=form.status,
        here=f"/me/tenancies/{tenancy_id}/face",
        tenancy_id=tenancy_id,
        unit=view.unit,
        running=_runs(view, visit),
        locks=able,
        wording=wording,
        guardian=not agreed and _speaker(visit, session) is GivenBy.GUARDIAN,
        has_face=DeliveryState.ON_LOCK in on_lock,
        erased=DeliveryState.ERASED in on_lock,
        compared=bool(orders and (mine := taken.get(orders[0].id)) and mine.portrait),
        progress=progress,
        refresh=progress.now in {Now.GO, Now.WAITS, Now.COMING},
        form=form,
    )


def progress_of(order: CommandView, taken: TakenView | None, on_lock: list[DeliveryState]) -> Progress:
    """The template counts, not the lock's result: what the service has kept is kept, whatever the lock says after a power cut."""
    if taken is not None:
        if taken.state is TakenState.REFUSED and taken.reason is not None:
            return Progress(Now.FAILED, _REASONS[taken.reason])
        pending = taken.state is TakenState.ARRIVED or DeliveryState.PENDING in on_lock
        return Progress(Now.COMING if pending else Now.THERE if DeliveryState.ON_LOCK in on_lock else Now.NOTHING)
    if order.state is OrderState.FAILED:
        return Progress(Now.FAILED, word_of(order.failure))
    if order.state in {OrderState.EXPIRED, OrderState.SILENT}:
        return Progress(Now.FAILED, N_("The lock did not answer in time. Nothing was kept."))
    if order.state in ENDED:
        return Progress(Now.NOTHING)
    return Progress(Now.GO if order.state is OrderState.RUNNING else Now.WAITS)


def _runs(view: TenancyView, visit: Visit) -> bool:
    return view.ended_at is None and view.span.starts_at <= visit.now < view.span.ends_at
