"""A landlord's invitation: its form, and its link and QR code, shown once."""

from datetime import date, timedelta
from typing import Annotated

import segno
from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.signed_in import checked_form
from service.edges.requests import Tx
from service.errors import AnmenError, BadInput
from service.portals import forms, once
from service.portals.forms import SentForm
from service.portals.translation import local_day
from service.portals.visits import ID, LandlordVisit, Said, Visit
from service.premises import actions as premises
from service.premises.rules import UnitId, UnitView
from service.tenancy import actions as tenancy
from service.tenancy.actions import Link
from service.tenancy.rules import InvitationId

router = APIRouter(include_in_schema=False)
_USUAL_LEASE = timedelta(days=364)


@router.get("/rooms/{unit_id}/invite")
def show_form(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID]) -> Response:
    """The form, with a year from today filled in."""
    today = local_day(visit.now)
    days = {"starts_on": today.isoformat(), "ends_on": (today + _USUAL_LEASE).isoformat()}
    return _form(visit, session, unit_id, forms.filled(days))


@router.post("/rooms/{unit_id}/invite", dependencies=[checked_form])
def invite(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], sent: SentForm) -> Response:
    """Make the invitation; its link is shown on the next page, once."""
    made = forms.attempt(
        session,
        lambda: tenancy.invite(
            session,
            visit.actor,
            unit_id=unit_id,
            starts_on=_read_day(sent.values["starts_on"], "starts_on"),
            ends_on=_read_day(sent.values["ends_on"], "ends_on"),
            lifetime_s=visit.parts.settings.invitation_lifetime_s,
            now=visit.now,
        ),
    )
    if isinstance(made, AnmenError):
        return _form(visit, session, unit_id, forms.refused(sent.values, made, visit.words))
    return _to_link(visit, unit_id, made)


@router.get("/rooms/{unit_id}/invitation")
def show_link(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID]) -> Response:
    """The link and its QR code; a second look at the page shows neither."""
    unit = _own_unit(visit, session, unit_id)
    link = once.handed_over(visit)
    qr = segno.make(link, error="m").svg_inline(scale=4, border=2, omitsize=True) if link else ""
    response = visit.page(
        "invitation_made.html", room=unit, link=link, qr=qr, days=visit.parts.settings.invitation_lifetime_s // 86400
    )
    once.forget(visit, response)
    return response


@router.post("/invitations/{invitation_id}/link", dependencies=[checked_form])
def renew_link(
    visit: LandlordVisit, session: Tx, invitation_id: Annotated[InvitationId, ID], sent: SentForm
) -> Response:
    """A new link for an invitation nobody has answered; the old one is void."""
    lifetime_s = visit.parts.settings.invitation_lifetime_s
    link = tenancy.renew_link(session, visit.actor, invitation_id, lifetime_s=lifetime_s, now=visit.now)
    return _to_link(visit, _unit_of(session, sent), link)


@router.post("/invitations/{invitation_id}/withdraw", dependencies=[checked_form])
def withdraw(visit: LandlordVisit, session: Tx, invitation_id: Annotated[InvitationId, ID], sent: SentForm) -> Response:
    """The invitation is void."""
    tenancy.withdraw_invitation(session, visit.actor, invitation_id, now=visit.now)
    return visit.go(f"/rooms/{_unit_of(session, sent)}", Said.INVITATION_WITHDRAWN)


def _form(visit: Visit, session: Session, unit_id: UnitId, form: forms.Form) -> Response:
    return visit.page("invite.html", status=form.status, room=_own_unit(visit, session, unit_id), form=form)


def _to_link(visit: Visit, unit_id: UnitId, link: Link) -> Response:
    page = f"/rooms/{unit_id}/invitation"
    response = visit.go(page)
    once.hand_over(visit, response, page, f"{visit.parts.settings.public_url.rstrip('/')}/i/{link.token}")
    return response


def _own_unit(visit: Visit, session: Session, unit_id: UnitId) -> UnitView:
    return tenancy.get_room(session, visit.actor, unit_id, keyring=visit.parts.keyring, now=visit.now).unit


def _unit_of(session: Session, sent: forms.Sent) -> UnitId:
    """The room whose page the button stood on."""
    wanted = sent.values["unit_id"]
    unit_id = UnitId(int(wanted)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else UnitId(0)
    return premises.get_unit(session, unit_id).id


def _read_day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("Please enter a day as year-month-day, such as 2027-03-31.", code="day", field=field) from None
