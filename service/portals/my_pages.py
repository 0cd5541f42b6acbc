"""A tenant's own page: the tenancy, who can open the door, consents, who asked, and what the doors wrote down."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from service.access import actions as access
from service.accounts.signed_in import checked_form
from service.consent import actions as consent
from service.consent.rules import GivenBy, Purpose
from service.custody import leaving
from service.edges.requests import Tx
from service.entry import actions as entry
from service.errors import NotFound
from service.occupancy import actions as occupancy
from service.portals import once
from service.portals.household_pages import reports_of_houses
from service.portals.inquiry_forms import asked_shown
from service.portals.leases import lease_shown
from service.portals.my_things import consents_shown, entries_shown, keys_shown
from service.portals.questions import Question, ask
from service.portals.translation import N_
from service.portals.visits import ID, Said, TenantVisit, person_of
from service.tenancy import actions as tenancy
from service.tenancy.rules import TenancyId
from service.transfers import actions as transfers
from service.visits import actions as visits

router = APIRouter(include_in_schema=False)
_NEW_PIN = "/me/pin"


@router.get("/me")
def show_me(visit: TenantVisit, session: Tx) -> Response:
    """Everything at a glance."""
    views = tenancy.tenancies_of_tenant(session, visit.actor, keyring=visit.parts.keyring)
    person_id = person_of(visit)
    asked = [asked_shown(one, visit.words) for one in occupancy.inquiries_about(session, person_id)]
    return visit.page(
        "me.html",
        new_landlords=transfers.new_landlords(session, visit.actor, keyring=visit.parts.keyring),
        reports=leaving.open_reports(session, keyring=visit.parts.keyring),
        house_reports=reports_of_houses(visit, session, views),
        tenancies=[(lease_shown(one, visit.now), keys_shown(one, visit.words)) for one in reversed(views)],
        visits=visits.visits_of(session, person_id, visit.now),
        consents=consents_shown(
            consent.standing(session, person_id), consent.ledger_of(session, person_id), visit.words
        ),
        inquiries=asked,
    )


@router.get("/me/entries")
def show_entries(visit: TenantVisit, session: Tx) -> Response:
    """What the doors wrote down."""
    return visit.page(
        "entries.html", entries=entries_shown(entry.entries_of_person(session, person_of(visit)), visit.words)
    )


@router.get("/me/tenancies/{tenancy_id}/pin")
def ask_for_pin(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """Ask whether it is meant."""
    tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    question = Question(
        title=N_("Make a new PIN?"),
        sentences=(
            N_("You get a new PIN of six digits, shown once."),
            N_("The old one stops opening as soon as the lock has the new one."),
        ),
        yes=N_("Yes, a new PIN"),
        grave=False,
        address=f"/me/tenancies/{tenancy_id}/pin",
        back="/me",
    )
    return ask(visit, question)


@router.post("/me/tenancies/{tenancy_id}/pin", dependencies=[checked_form])
def make_pin(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """A new PIN on its way to every lock of the room; shown on the next page, once."""
    view = tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    pin = access.replace_pin(session, view.grant_id, keyring=visit.parts.keyring, now=visit.now, actor=visit.actor)
    response = visit.go(_NEW_PIN)
    once.hand_over(visit, response, _NEW_PIN, pin)
    return response


@router.get(_NEW_PIN)
def show_pin(visit: TenantVisit) -> Response:
    """The new PIN; a second look shows it no more."""
    response = visit.page("new_pin.html", pin=once.handed_over(visit))
    once.forget(visit, response)
    return response


@router.get("/me/consents/{purpose}/withdraw")
def ask_to_withdraw(visit: TenantVisit, purpose: Purpose) -> Response:
    """Ask whether it is meant; only a face can be withdrawn."""
    if purpose is not Purpose.FACE:
        raise NotFound
    question = Question(
        title=N_("Take your face back?"),
        sentences=(
            N_("It is erased here at once and deleted from every lock; your page shows when each lock has confirmed."),
            N_("Your ID card and your PIN open the door as before. Nothing about your tenancy changes."),
        ),
        yes=N_("Yes, erase my face"),
        address="/me/consents/face/withdraw",
        back="/me",
    )
    return ask(visit, question)


@router.post("/me/consents/{purpose}/withdraw", dependencies=[checked_form])
def withdraw(visit: TenantVisit, session: Tx, purpose: Purpose) -> Response:
    """The consent is withdrawn, and what rested on it goes."""
    withdrawn = consent.withdraw(session, person_of(visit), purpose, by=GivenBy.PERSON, place="page", now=visit.now)
    visit.react(session, withdrawn)
    return visit.go("/me", Said.FACE_WITHDRAWN)


@router.get("/me/tenancies/{tenancy_id}/end")
def ask_to_leave(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """Ask whether it is meant."""
    tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    question = Question(
        title=N_("Have you moved out?"),
        sentences=(
            N_("Your tenancy ends now: the door no longer opens for you from outside. From inside it always opens."),
            N_(
                "Card, PIN and face are deleted from the lock, the face also from this service, and your stay is closed on the register."
            ),
        ),
        yes=N_("Yes, I have moved out"),
        address=f"/me/tenancies/{tenancy_id}/end",
        back="/me",
    )
    return ask(visit, question)


@router.post("/me/tenancies/{tenancy_id}/end", dependencies=[checked_form])
def leave(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """The tenancy is over."""
    visit.react(session, tenancy.end(session, visit.actor, tenancy_id, now=visit.now))
    return visit.go("/me", Said.MOVED_OUT)


@router.post("/me/tenancies/{tenancy_id}/stay", dependencies=[checked_form])
def stay(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """The tenant still lives there, whatever the landlord has said."""
    tenancy.stay(session, visit.actor, tenancy_id, now=visit.now)
    return visit.go("/me", Said.STAYS)
