"""What grid staff and police see: counts of places, and inquiries with their answers."""

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.signed_in import checked_form
from service.alarms import actions as alarms
from service.custody import unused
from service.edges.requests import Tx
from service.errors import AnmenError, NotAllowed
from service.occupancy import actions as occupancy
from service.occupancy.actions import RefusedAnswer, counting
from service.occupancy.rules import InquiryKind
from service.people.rules import DocumentType
from service.portals import forms
from service.portals.forms import SentForm
from service.portals.inquiry_forms import answer_shown, asked_shown, bases_of, purposes_of, read_question
from service.portals.leases import ending_shown
from service.portals.places import Overview, area_groups, area_name, area_overview, building_overview
from service.portals.translation import local_day
from service.portals.visits import StaffVisit, Visit
from service.premises import actions as premises
from service.premises.rules import AreaId, BuildingId, UnitId
from service.tenancy import actions as tenancy
from service.transfers import actions as transfers
from service.transfers.rules import Owned

router = APIRouter(include_in_schema=False)


@router.get("/areas")
def show_areas(visit: StaffVisit, session: Tx) -> Response:
    """The areas one was given; where it is only one, that area."""
    own = counting.own_areas(session, visit.actor)
    if len(own) == 1:
        return visit.go(f"/areas/{own[0].area.id}")
    groups, open_alarms = area_groups(own, visit.words), alarms.count_in_scope(session)
    return visit.page("areas.html", groups=groups, alarms=open_alarms, wide=True)


@router.get("/areas/{area_id}")
def show_area(visit: StaffVisit, session: Tx, area_id: AreaId) -> Response:
    """An area's counts and what lies in it."""
    overview = area_overview(counting.area_counts(session, visit.actor, area_id), visit.words)
    return _overview(visit, session, overview, feed=f"/live/occupancy?area={area_id}", ask="/inquiries/new")


@router.get("/buildings/{building_id}")
def show_building(visit: StaffVisit, session: Tx, building_id: BuildingId) -> Response:
    """A building's counts and its rooms."""
    overview = building_overview(counting.building_counts(session, visit.actor, building_id), visit.words)
    ask = f"/inquiries/new?building={building_id}"
    owners = transfers.owners_of(session, building_id, keyring=visit.parts.keyring)
    feed = f"/live/occupancy?building={building_id}"
    return _overview(visit, session, overview, feed=feed, ask=ask, owners=owners)


@router.get("/endings")
def show_endings(visit: StaffVisit, session: Tx) -> Response:
    """The rooms whose landlord says that a tenancy is over before its date, and where the tenant says otherwise."""
    found = tenancy.notices_in_areas(session, visit.actor)
    endings = [ending_shown(one, visit.words) for one in found]
    return visit.page("endings.html", endings=endings, unused=unused.in_scope(session, visit.now), wide=True)


@router.get("/inquiries")
def show_inquiries(visit: StaffVisit, session: Tx) -> Response:
    """What one has asked, and what became of it."""
    asked = [asked_shown(one, visit.words) for one in occupancy.inquiries_by(session, visit.actor)]
    return visit.page("inquiries.html", inquiries=asked, wide=True)


@router.get("/inquiries/new")
def show_inquiry_form(
    visit: StaffVisit, session: Tx, unit: UnitId | None = None, building: BuildingId | None = None
) -> Response:
    """The form: about a person, or about the room or building one comes from."""
    about = {"kind": "unit", "subject": str(unit)} if unit else {"kind": "building", "subject": str(building)}
    return _form(visit, session, forms.filled(about if unit or building else {}))


@router.post("/inquiries/new", dependencies=[checked_form])
def inquire(visit: StaffVisit, session: Tx, sent: SentForm) -> Response:
    """The answer itself, not a way on to it: it is kept nowhere, and who reloads it asks again and is recorded again."""
    answer = forms.attempt(
        session,
        lambda: occupancy.answer_inquiry(
            session,
            visit.actor,
            read_question(sent.values, local_day(visit.now)),
            keyring=visit.parts.keyring,
            now=visit.now,
        ),
    )
    if isinstance(answer, AnmenError):
        return _form(visit, session, forms.refused(sent.values, answer, visit.words))
    if isinstance(answer, RefusedAnswer):
        advice = answer.advice.in_locale(visit.words.locale)
        return visit.page("inquiry_refused.html", status=NotAllowed.status, here="/inquiries", advice=advice)
    return visit.page("inquiry_answer.html", here="/inquiries", answer=answer_shown(answer, visit.words), wide=True)


def _form(visit: Visit, session: Session, form: forms.Form) -> Response:
    return visit.page(
        "inquiry_form.html",
        status=form.status,
        here="/inquiries/new",
        form=form,
        place=_place_name(visit, session, form),
        purposes=purposes_of(visit.actor.role, visit.words),
        bases=bases_of(visit.actor.role, visit.words),
        document_types=list(DocumentType),
    )


def _place_name(visit: Visit, session: Session, form: forms.Form) -> str:
    """What the room or building in the form is called; empty for a question about a person."""
    subject = form.values["subject"]
    place_id = int(subject) if subject.isascii() and subject.isdigit() and len(subject) <= 18 else 0
    if form.values["kind"] == InquiryKind.UNIT:
        unit = premises.get_unit(session, UnitId(place_id))
        return visit.words.place(unit.address, unit.number, shared=unit.shared)
    if form.values["kind"] == InquiryKind.BUILDING:
        return premises.get_building(session, BuildingId(place_id)).address
    return ""


def _overview(
    visit: Visit, session: Session, overview: Overview, *, feed: str, ask: str, owners: tuple[Owned, ...] = ()
) -> Response:
    above = [(f"/areas/{area.id}", area_name(area, visit.words)) for area in overview.above]
    return visit.page(
        "area.html",
        overview=overview,
        above=above,
        feed_path=feed,
        ask_path=ask,
        owners=owners,
        alarms=alarms.count_in_scope(session),
        wide=True,
    )
