"""A tenant's emergency PIN: it opens like the other and quietly calls for help.

Whoever forces a tenant may hold the tenant's telephone too. So the own page leads here whether there is one or not, and
nothing is made, told or taken away here without the password.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from service.access import actions as access
from service.access.rules import DeliveryState
from service.accounts import actions as accounts
from service.accounts.signed_in import checked_form
from service.edges.requests import Tx
from service.errors import AnmenError, BadInput
from service.portals import forms, once
from service.portals.forms import Form, SentForm
from service.portals.translation import N_
from service.portals.visits import ID, TenantVisit, Visit
from service.tenancy import actions as tenancy
from service.tenancy.actions import TenancyView
from service.tenancy.rules import TenancyId

router = APIRouter(include_in_schema=False)


class Wanted(StrEnum):
    """What the form is sent for."""

    MAKE = "make"
    LOOK = "look"
    REMOVE = "remove"


_STATES: Mapping[DeliveryState | None, str] = {
    DeliveryState.PENDING: N_("The lock does not have your emergency PIN yet. It gets it as soon as it is online."),
    DeliveryState.ON_LOCK: N_("Your emergency PIN is on the lock."),
    DeliveryState.REMOVING: N_(
        "Your emergency PIN is being taken off the lock. Until the lock confirms, it still opens."
    ),
    DeliveryState.REMOVED: N_("You have no emergency PIN for this door."),
    None: N_(
        "A lock was hung since and does not know your emergency PIN. Make a new one: it is then on every lock of yours."
    ),
}


@router.get("/me/tenancies/{tenancy_id}/emergency-pin")
def show_form(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """What it is, and what to do about it; the same page whether there is one or not.

    One that was just made is shown here too, once: a page of its own would stay in the browser's history.
    """
    view = _own(visit, session, tenancy_id)
    made = once.handed_over(visit)
    if made is None:
        return _form(visit, view, Form())
    response = visit.page("emergency_pin_made.html", pin=made)
    once.forget(visit, response)
    return response


@router.post("/me/tenancies/{tenancy_id}/emergency-pin", dependencies=[checked_form])
def act(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID], sent: SentForm) -> Response:
    """Make one, say how it stands, or take it away: after the password."""
    view = _own(visit, session, tenancy_id)
    wrong = accounts.prove_password(session, visit.actor, sent.values["password"], now=visit.now)
    if wrong is None:
        return _do(visit, session, view, sent.values["wanted"])
    refusal = wrong if isinstance(wrong, BadInput) else BadInput(wrong.text, code="wrong_password", field="password")
    return _form(visit, view, forms.refused({}, refusal, visit.words))


def _do(visit: Visit, session: Session, view: TenancyView, wanted: str) -> Response:
    if wanted == Wanted.MAKE:
        return _make(visit, session, view)
    if wanted == Wanted.REMOVE:
        access.remove_emergency_pin(session, view.grant_id, now=visit.now, actor=visit.actor)
    return _form(visit, view, Form(), said=_STATES[access.emergency_pin_on(session, view.grant_id, visit.now)])


def _make(visit: Visit, session: Session, view: TenancyView) -> Response:
    keyring = visit.parts.keyring
    made = forms.attempt(
        session,
        lambda: access.make_emergency_pin(session, view.grant_id, keyring=keyring, now=visit.now, actor=visit.actor),
    )
    if isinstance(made, AnmenError):
        return _form(visit, view, forms.refused({}, made, visit.words))
    here = visit.request.url.path
    response = visit.go(here)
    once.hand_over(visit, response, here, made)
    return response


def _own(visit: Visit, session: Session, tenancy_id: TenancyId) -> TenancyView:
    return tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)


def _form(visit: Visit, view: TenancyView, form: Form, *, said: str = "") -> Response:
    return visit.page(
        "emergency_pin.html",
        status=form.status,
        tenancy_id=view.tenancy_id,
        unit=view.unit,
        phone=view.phone,
        running=view.ended_at is None,
        said=visit.words.say(said) if said else "",
        form=form,
    )
