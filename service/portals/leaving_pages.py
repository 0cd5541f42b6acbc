"""How a lock leaves its landlord: reported stolen or broken, or emptied and handed over with its next secret."""

from typing import Annotated

import segno
from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from firmware_protocol.claim import code_of, in_groups
from firmware_protocol.commands import CommandKind
from firmware_protocol.topics import LockId
from service.accounts.signed_in import checked_form
from service.commands import actions as commands
from service.commands.rules import Order
from service.custody import leaving
from service.custody.rules import ReleaseId, ReportId, ReportKind
from service.edges.requests import Tx
from service.errors import AnmenError
from service.portals import forms, once
from service.portals.command_pages import waits_for_word
from service.portals.forms import SentForm
from service.portals.visits import ID, LandlordVisit, Said, TenantVisit, Visit
from service.premises import actions as premises
from service.premises.rules import UnitId
from service.tenancy import actions as tenancy
from service.tenancy.rules import TenancyId

router = APIRouter(include_in_schema=False)


@router.get("/rooms/{unit_id}/locks/{lock_id}/stolen")
def show_report_form(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], lock_id: LockId) -> Response:
    """Where is said what has happened to the lock; for its own landlord."""
    return _report_form(visit, session, unit_id, lock_id, forms.Form())


@router.post("/rooms/{unit_id}/locks/{lock_id}/stolen", dependencies=[checked_form])
def report(
    visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], lock_id: LockId, sent: SentForm
) -> Response:
    """It is shut out at once where nobody lives; else those who live there are asked."""
    kind = next((one for one in ReportKind if one == sent.values["kind"]), ReportKind.STOLEN)
    done = forms.attempt(
        session,
        lambda: leaving.report(
            session,
            visit.actor,
            unit_id,
            lock_id,
            kind,
            reason=sent.values["reason"],
            keyring=visit.parts.keyring,
            now=visit.now,
        ),
    )
    if isinstance(done, AnmenError):
        return _report_form(visit, session, unit_id, lock_id, forms.refused(sent.values, done, visit.words))
    return visit.go(f"/rooms/{unit_id}", Said.LOCK_REVOKED if done else Said.LOCK_REPORTED)


@router.post("/rooms/{unit_id}/locks/{lock_id}/stolen/withdraw", dependencies=[checked_form])
def withdraw_report(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], lock_id: LockId) -> Response:
    """It is there after all."""
    leaving.withdraw_report(session, visit.actor, unit_id, lock_id, now=visit.now)
    return visit.go(f"/rooms/{unit_id}", Said.LOCK_REPORT_WITHDRAWN)


@router.post("/rooms/{unit_id}/locks/{lock_id}/found", dependencies=[checked_form])
def take_back(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], lock_id: LockId) -> Response:
    """A lock that was shut out is there again; the next page empties it."""
    leaving.take_back(session, visit.actor, lock_id, unit_id, keyring=visit.parts.keyring, now=visit.now)
    return visit.go(f"/rooms/{unit_id}/locks/{lock_id}/release", Said.LOCK_FOUND)


@router.post("/me/tenancies/{tenancy_id}/reports/{report_id}/confirm", dependencies=[checked_form])
def confirm_report(
    visit: TenantVisit,
    session: Tx,
    tenancy_id: Annotated[TenancyId, ID],
    report_id: Annotated[ReportId, ID],
) -> Response:
    """Whoever lives there says so, too."""
    view = tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    shut = leaving.confirm_report(session, visit.actor, view.unit.id, report_id, now=visit.now)
    return visit.go(f"/me/tenancies/{tenancy_id}/door", Said.LOCK_REVOKED if shut else None)


@router.get("/rooms/{unit_id}/locks/{lock_id}/release")
def show_release_form(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], lock_id: LockId) -> Response:
    """The two steps: the lock proves that it is empty, then it is nobody's."""
    return _release_form(visit, session, unit_id, lock_id, forms.Form())


@router.post("/rooms/{unit_id}/locks/{lock_id}/release/empty", dependencies=[checked_form])
def empty(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], lock_id: LockId) -> Response:
    """The first step."""
    keyring, order = visit.parts.keyring, Order(CommandKind.FACTORY_WIPE)
    given = forms.attempt(
        session, lambda: commands.give_order(session, visit.actor, lock_id, order, keyring=keyring, now=visit.now)
    )
    if isinstance(given, AnmenError):
        return _release_form(visit, session, unit_id, lock_id, forms.refused({}, given, visit.words))
    return visit.go(f"/rooms/{unit_id}/locks/{lock_id}/release", Said.ORDERED)


@router.post("/rooms/{unit_id}/locks/{lock_id}/release", dependencies=[checked_form])
def release(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], lock_id: LockId) -> Response:
    """The second step: it hangs nowhere, and the next page shows what to give to whoever takes it."""
    given = forms.attempt(session, lambda: leaving.release(session, visit.actor, unit_id, lock_id, now=visit.now))
    if isinstance(given, AnmenError):
        return _release_form(visit, session, unit_id, lock_id, forms.refused({}, given, visit.words))
    return _to_secret(visit, session, given)


@router.post("/releases/{release_id}/secret", dependencies=[checked_form])
def show_again(visit: LandlordVisit, session: Tx, release_id: Annotated[ReleaseId, ID]) -> Response:
    """Once more, where it was lost: without it nobody could ever claim the lock."""
    return _to_secret(visit, session, release_id)


@router.get("/releases/{release_id}")
def show_secret(visit: LandlordVisit, session: Tx, release_id: Annotated[ReleaseId, ID]) -> Response:
    """The sticker to hand over; a second look at the page shows none."""
    given = leaving.get_release(session, visit.actor, release_id)
    secret = once.handed_over(visit)
    code = code_of(given.lock_id, secret) if secret else ""
    qr = segno.make(code, error="m").svg_inline(scale=4, border=2, omitsize=True) if code else ""
    shown = in_groups(secret) if secret else ""
    response = visit.page("released.html", given=given, secret=shown, qr=qr)
    once.forget(visit, response)
    return response


def _to_secret(visit: Visit, session: Session, release_id: ReleaseId) -> Response:
    keyring = visit.parts.keyring
    secret = leaving.tell_secret(session, visit.actor, release_id, keyring=keyring, now=visit.now)
    page = f"/releases/{release_id}"
    response = visit.go(page)
    once.hand_over(visit, response, page, secret)
    return response


def _report_form(visit: Visit, session: Session, unit_id: UnitId, lock_id: LockId, form: forms.Form) -> Response:
    place = commands.get_place(session, visit.actor, lock_id, now=visit.now)
    return visit.page(
        "report_lock.html",
        status=form.status,
        here=f"/rooms/{unit_id}/locks/{lock_id}/stolen",
        unit=premises.get_unit(session, unit_id),
        lock_id=lock_id,
        occupied=place.lived_behind,
        kinds=tuple(ReportKind),
        form=form,
    )


def _release_form(visit: Visit, session: Session, unit_id: UnitId, lock_id: LockId, form: forms.Form) -> Response:
    place = commands.get_place(session, visit.actor, lock_id, now=visit.now)
    shown = commands.commands_of_lock(session, lock_id, keyring=visit.parts.keyring)
    return visit.page(
        "release_lock.html",
        status=form.status,
        here=f"/rooms/{unit_id}/locks/{lock_id}/release",
        unit=premises.get_unit(session, unit_id),
        lock_id=lock_id,
        occupied=place.lived_behind,
        proven=leaving.has_proven_empty(session, visit.actor, lock_id),
        commands=[one for one in shown if one.kind is CommandKind.FACTORY_WIPE][:1],
        refresh=waits_for_word(shown),
        form=form,
    )
