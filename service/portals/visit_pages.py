"""A tenant's visitors: a PIN for a day or for once, shown once, and taken back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from service.access.rules import GrantId
from service.accounts.signed_in import checked_form
from service.edges.requests import Tx
from service.errors import AnmenError, BadInput
from service.portals import forms, once
from service.portals.forms import SentForm
from service.portals.questions import Question, ask
from service.portals.translation import N_, PLACE
from service.portals.visits import ID, Said, TenantVisit, Visit, person_of
from service.tenancy import actions as tenancy
from service.tenancy.actions import TenancyView
from service.tenancy.rules import TenancyId
from service.visits import actions as visits
from service.visits.rules import MOST_VISITS, Wanted

router = APIRouter(include_in_schema=False)
_VISITOR_PIN = "/me/visitor-pin"
_MINUTE = "%Y-%m-%dT%H:%M"
_USUAL_HOURS = "4"


@router.get("/me/tenancies/{tenancy_id}/visitors")
def show_form(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """The form, with four hours from now filled in, and the visitors' PINs there are."""
    now = visit.now.astimezone(PLACE).strftime(_MINUTE)
    return _form(
        visit, session, _own(visit, session, tenancy_id), forms.filled({"starts_at": now, "hours": _USUAL_HOURS})
    )


@router.post("/me/tenancies/{tenancy_id}/visitors", dependencies=[checked_form])
def invite(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID], sent: SentForm) -> Response:
    """A PIN on its way to every lock of the room; shown on the next page, once."""
    view = _own(visit, session, tenancy_id)
    made = forms.attempt(
        session,
        lambda: visits.invite(
            session,
            view.grant_id,
            _read_wanted(sent),
            keyring=visit.parts.keyring,
            now=visit.now,
            actor=visit.actor,
        ),
    )
    if isinstance(made, AnmenError):
        return _form(visit, session, view, forms.refused(sent.values, made, visit.words))
    response = visit.go(_VISITOR_PIN)
    once.hand_over(visit, response, _VISITOR_PIN, made[1])
    return response


@router.get(_VISITOR_PIN)
def show_pin(visit: TenantVisit) -> Response:
    """The visitor's PIN; a second look shows it no more."""
    response = visit.page("visitor_pin.html", pin=once.handed_over(visit))
    once.forget(visit, response)
    return response


@router.get("/me/visitors/{visit_id}/end")
def ask_to_take_back(visit: TenantVisit, session: Tx, visit_id: Annotated[GrantId, ID]) -> Response:
    """Ask whether it is meant."""
    visits.find_visit(session, visit_id, person_of(visit), visit.now)
    question = Question(
        title=N_("Take this visitor's PIN back?"),
        sentences=(
            N_("It stops opening as soon as the lock has confirmed it; your page shows when."),
            N_("From inside the door always opens. Your own card, PIN and face open as before."),
        ),
        yes=N_("Yes, take it back"),
        address=f"/me/visitors/{visit_id}/end",
        back="/me",
    )
    return ask(visit, question)


@router.post("/me/visitors/{visit_id}/end", dependencies=[checked_form])
def take_back(visit: TenantVisit, session: Tx, visit_id: Annotated[GrantId, ID]) -> Response:
    """The PIN goes off every lock."""
    visits.take_back(session, visit_id, person_of(visit), now=visit.now, actor=visit.actor)
    return visit.go("/me", Said.VISIT_ENDED)


def _own(visit: Visit, session: Session, tenancy_id: TenancyId) -> TenancyView:
    return tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)


def _form(visit: Visit, session: Session, view: TenancyView, form: forms.Form) -> Response:
    given = visits.visits_of(session, person_of(visit), visit.now)
    return visit.page(
        "visitors.html",
        status=form.status,
        tenancy_id=view.tenancy_id,
        unit=view.unit,
        running=view.ended_at is None,
        most=MOST_VISITS,
        visits=[one for one in given if one.unit_id == view.unit.id],
        form=form,
    )


def _read_wanted(sent: forms.Sent) -> Wanted:
    hours = sent.values["hours"]
    # What is no number of hours is refused with the sentence for too few.
    count = int(hours) if hours.isascii() and hours.isdigit() and len(hours) < 4 else 0
    return Wanted(
        starts_at=_read_moment(sent.values["starts_at"]), hours=count, one_time=sent.values["one_time"] == "yes"
    )


def _read_moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise BadInput("Please enter a day and a time, such as 2027-03-31 18:30.", code="moment", field="starts_at")
    return read.replace(tzinfo=PLACE)
