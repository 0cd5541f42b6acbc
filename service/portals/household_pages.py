"""Where those who live in a house say whether the lock of its door is gone or broken, as their landlord has reported."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.signed_in import checked_form
from service.custody import household
from service.custody.rules import HouseReport, ReportId
from service.edges.requests import Tx
from service.errors import AnmenError, NotFound
from service.portals import forms
from service.portals.visits import ID, Said, TenantVisit, Visit
from service.premises.rules import UnitId
from service.tenancy import actions as tenancy
from service.tenancy.actions import TenancyView
from service.tenancy.rules import TenancyId

router = APIRouter(include_in_schema=False)


def reports_of_houses(
    visit: Visit, session: Session, views: Sequence[TenancyView]
) -> Mapping[UnitId, tuple[HouseReport, ...]]:
    """By room: what is reported of the doors of its house."""
    keyring, now = visit.parts.keyring, visit.now
    units = {one.unit.id for one in views if one.ended_at is None}
    return {one: household.house_reports(session, visit.actor, one, keyring=keyring, now=now) for one in units}


@router.get("/me/tenancies/{tenancy_id}/house-reports/{report_id}")
def show_report(
    visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID], report_id: Annotated[ReportId, ID]
) -> Response:
    """What the landlord says of the lock of the house's door, and how many rooms have said what."""
    return _page(visit, session, tenancy_id, report_id, forms.Form())


@router.post("/me/tenancies/{tenancy_id}/house-reports/{report_id}/confirm", dependencies=[checked_form])
def confirm(
    visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID], report_id: Annotated[ReportId, ID]
) -> Response:
    """It is true."""
    return _answer(visit, session, tenancy_id, report_id, agrees=True)


@router.post("/me/tenancies/{tenancy_id}/house-reports/{report_id}/contradict", dependencies=[checked_form])
def contradict(
    visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID], report_id: Annotated[ReportId, ID]
) -> Response:
    """It is there and works."""
    return _answer(visit, session, tenancy_id, report_id, agrees=False)


def _answer(visit: Visit, session: Session, tenancy_id: TenancyId, report_id: ReportId, *, agrees: bool) -> Response:
    view = tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    done = forms.attempt(
        session,
        lambda: household.answer(session, visit.actor, view.unit.id, report_id, agrees=agrees, now=visit.now),
    )
    if isinstance(done, NotFound):
        raise done
    if isinstance(done, AnmenError):
        return _page(visit, session, tenancy_id, report_id, forms.refused({}, done, visit.words))
    if done:
        return visit.go("/me", Said.LOCK_REVOKED)
    return visit.go(f"/me/tenancies/{tenancy_id}/house-reports/{report_id}", Said.REPORT_ANSWERED)


def _page(visit: Visit, session: Session, tenancy_id: TenancyId, report_id: ReportId, form: forms.Form) -> Response:
    view = tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    here = f"/me/tenancies/{tenancy_id}/house-reports/{report_id}"
    shown = reports_of_houses(visit, session, [view]).get(view.unit.id, ())
    found = next((one for one in shown if one.report.id == report_id), None)
    if found is None:
        raise NotFound("There is no such report.", code="report")
    return visit.page("house_report.html", status=form.status, here=here, found=found, form=form)
