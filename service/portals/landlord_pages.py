"""What a landlord sees and decides: rooms, the registrations that wait, and tenancies."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.accounts.signed_in import checked_form
from service.custody import leaving
from service.doubts import actions as doubts
from service.edges.requests import Tx
from service.errors import AnmenError
from service.locks import actions as locks
from service.people.rules import DocumentType
from service.portals import forms
from service.portals.forms import SentForm
from service.portals.leases import UNCONFIRMED, LockShown, days_of, delivery_shown, lease_shown, lock_shown, unconfirmed
from service.portals.questions import Question, ask
from service.portals.rooms import overview, room_shown
from service.portals.translation import N_
from service.portals.visits import ID, LandlordVisit, Said, Visit
from service.premises import actions as premises
from service.premises.rules import UnitId
from service.tenancy import actions as tenancy
from service.tenancy.rules import EndReason, Identity, Notice, RegistrationId, RegistrationState, TenancyId

router = APIRouter(include_in_schema=False)


@router.get("/rooms")
def show_rooms(visit: LandlordVisit, session: Tx) -> Response:
    """All rooms at a glance, those that wait first."""
    rooms = tenancy.rooms_of_landlord(session, visit.actor, keyring=visit.parts.keyring, now=visit.now)
    hanging = premises.locks_of_units(session, [room.unit.id for room in rooms], visit.now)
    known = _locks(visit, session, (lock for of_unit in hanging.values() for lock in of_unit))
    of_units = {unit_id: [known[lock] for lock in of_unit] for unit_id, of_unit in hanging.items()}
    waiting = [one for room in rooms for one in room.waiting]
    return visit.page("rooms.html", buildings=overview(rooms, of_units, visit.words), waiting=waiting, wide=True)


@router.get("/rooms/{unit_id}")
def show_room(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID]) -> Response:
    """One room and the three things to do there; a door of the house has a page with its house."""
    unit = premises.get_unit(session, unit_id)
    if unit.shared:
        return visit.go(f"/houses/{unit.building_id}")
    room = tenancy.get_room(session, visit.actor, unit_id, keyring=visit.parts.keyring, now=visit.now)
    known = _locks(visit, session, premises.locks_of_unit(session, unit_id, visit.now))
    reports = leaving.open_reports(session, unit_id=unit_id, keyring=visit.parts.keyring)
    return visit.page("room.html", room=room_shown(room, list(known.values()), visit.now), reports=reports)


@router.get("/registrations/{registration_id}")
def show_registration(visit: LandlordVisit, session: Tx, registration_id: Annotated[RegistrationId, ID]) -> Response:
    """A registration to be decided."""
    return _registration(visit, session, registration_id, forms.Form())


@router.post("/registrations/{registration_id}/confirm", dependencies=[checked_form])
def confirm(
    visit: LandlordVisit, session: Tx, registration_id: Annotated[RegistrationId, ID], sent: SentForm
) -> Response:
    """The tenancy begins."""
    begun = forms.attempt(
        session,
        lambda: tenancy.confirm(
            session,
            visit.actor,
            registration_id,
            saw_document=sent.values["saw_document"] == "yes",
            lease_s=visit.parts.settings.tenant_offline_lease_s,
            keyring=visit.parts.keyring,
            now=visit.now,
        ),
    )
    if isinstance(begun, AnmenError):
        return _registration(visit, session, registration_id, forms.refused(sent.values, begun, visit.words))
    visit.react(session, begun)
    return visit.go(f"/tenancies/{begun.tenancy_id}", Said.CONFIRMED)


@router.get("/registrations/{registration_id}/refuse")
def ask_to_refuse(visit: LandlordVisit, session: Tx, registration_id: Annotated[RegistrationId, ID]) -> Response:
    """Ask whether it is meant."""
    found = tenancy.get_registration(session, visit.actor, registration_id, keyring=visit.parts.keyring)
    question = Question(
        title=visit.words.say(N_("Refuse {name}?"), name=found.name),
        sentences=(
            N_("No tenancy begins. What the person had sent is not used, and a face is erased at once."),
            N_("If it was a mistake, you can invite again."),
        ),
        yes=N_("Yes, refuse"),
        address=f"/registrations/{registration_id}/refuse",
        back=f"/registrations/{registration_id}",
    )
    return ask(visit, question)


@router.post("/registrations/{registration_id}/refuse", dependencies=[checked_form])
def refuse(visit: LandlordVisit, session: Tx, registration_id: Annotated[RegistrationId, ID]) -> Response:
    """Nothing begins, and what waited is gone."""
    found = tenancy.get_registration(session, visit.actor, registration_id, keyring=visit.parts.keyring)
    tenancy.refuse(session, visit.actor, registration_id, now=visit.now)
    return visit.go(f"/rooms/{found.unit.id}", Said.REFUSED)


@router.get("/tenancies/{tenancy_id}")
def show_tenancy(visit: LandlordVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """A tenancy, and where its way in is on each lock."""
    view = tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    known = _locks(visit, session, (one.lock_id for one in view.deliveries))
    return visit.page(
        "tenancy.html",
        tenancy=lease_shown(view, visit.now),
        deliveries=[delivery_shown(one, known) for one in view.deliveries],
        missing=unconfirmed(view.deliveries, known, visit.words),
        refresh=any(known[one.lock_id].live for one in view.deliveries if one.state in UNCONFIRMED),
    )


@router.get("/tenancies/{tenancy_id}/end")
def ask_to_end(visit: LandlordVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """Ask whether it is meant, and why."""
    return _end_form(visit, session, tenancy_id, forms.Form())


@router.post("/tenancies/{tenancy_id}/end", dependencies=[checked_form])
def end(visit: LandlordVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID], sent: SentForm) -> Response:
    """The tenancy is over, or the tenant is told that it is said to be; its page shows which."""
    reason = next((one for one in EndReason if one == sent.values["reason"]), None)
    ended = forms.attempt(session, lambda: tenancy.end(session, visit.actor, tenancy_id, reason=reason, now=visit.now))
    if isinstance(ended, AnmenError):
        return _end_form(visit, session, tenancy_id, forms.refused(sent.values, ended, visit.words))
    if isinstance(ended, Notice):
        return visit.go(f"/tenancies/{tenancy_id}", Said.END_STATED)
    visit.react(session, ended)
    return visit.go(f"/tenancies/{tenancy_id}", Said.TENANCY_ENDED)


@router.post("/tenancies/{tenancy_id}/end/take-back", dependencies=[checked_form])
def take_back_end(visit: LandlordVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """The tenancy goes on."""
    tenancy.take_back_end(session, visit.actor, tenancy_id, now=visit.now)
    return visit.go(f"/tenancies/{tenancy_id}", Said.END_TAKEN_BACK)


def _registration(visit: Visit, session: Session, registration_id: RegistrationId, form: forms.Form) -> Response:
    found = tenancy.get_registration(session, visit.actor, registration_id, keyring=visit.parts.keyring)
    first_day, last_day = days_of(found.span)
    return visit.page(
        "registration.html",
        status=form.status,
        here=f"/registrations/{registration_id}",
        registration=found,
        waits=found.state is RegistrationState.SUBMITTED,
        first_day=first_day,
        last_day=last_day,
        Identity=Identity,
        document_type=DocumentType(found.document_type),
        form=form,
    )


def _end_form(visit: Visit, session: Session, tenancy_id: TenancyId, form: forms.Form) -> Response:
    view = tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    known = _locks(visit, session, (one.lock_id for one in view.deliveries))
    silent = [lock for lock in known.values() if not lock.live]
    return visit.page(
        "end_tenancy.html", status=form.status, tenancy=lease_shown(view, visit.now), silent=silent, form=form
    )


def _locks(visit: Visit, session: Session, wanted: Iterable[LockId]) -> dict[LockId, LockShown]:
    views = locks.views(session, list(wanted))
    doubted = doubts.open_doubts(session, views)
    return {lock: lock_shown(view, visit.words, doubted.get(lock, ())) for lock, view in views.items()}
