"""A house sold with its locks and its tenants: the seller's code, and what the buyer sees, accepts or calls off."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts import actions as accounts
from service.accounts.signed_in import checked_form
from service.edges.requests import Tx
from service.errors import AnmenError, BadInput, NotFound
from service.portals import forms, once
from service.portals.forms import Form, SentForm
from service.portals.visits import ID, LandlordVisit, Said, Visit
from service.premises import actions as premises
from service.premises.rules import BuildingId
from service.transfers import actions as transfers
from service.transfers.rules import Holdings, TransferId, in_groups

router = APIRouter(include_in_schema=False)


@router.get("/houses/{building_id}/transfer")
def show_offer(visit: LandlordVisit, session: Tx, building_id: Annotated[BuildingId, ID]) -> Response:
    """What selling means and how far it is; a code that was just made is shown here, once."""
    response = _offer_page(visit, session, building_id, Form(), code=once.handed_over(visit) or "")
    once.forget(visit, response)
    return response


@router.post("/houses/{building_id}/transfer", dependencies=[checked_form])
def offer(visit: LandlordVisit, session: Tx, building_id: Annotated[BuildingId, ID], sent: SentForm) -> Response:
    """A new code, after the password."""
    keyring = visit.parts.keyring
    made: transfers.Offer | AnmenError | None = _proven(visit, session, sent)
    if made is None:
        made = forms.attempt(
            session, lambda: transfers.offer(session, visit.actor, building_id, keyring=keyring, now=visit.now)
        )
    if isinstance(made, AnmenError):
        return _offer_page(visit, session, building_id, forms.refused({}, made, visit.words))
    here = visit.request.url.path
    response = visit.go(here)
    once.hand_over(visit, response, here, in_groups(made.code))
    return response


@router.get("/transfers")
def show_transfers(visit: LandlordVisit, session: Tx) -> Response:
    """Where a code is entered, and the houses that one has sold and taken over."""
    return _transfers_page(visit, session, Form())


@router.post("/transfers", dependencies=[checked_form])
def open_transfer(visit: LandlordVisit, session: Tx, sent: SentForm) -> Response:
    """On to what comes with the house of this code."""
    keyring, code = visit.parts.keyring, sent.values["code"]
    found = forms.attempt(
        session, lambda: transfers.open_transfer(session, visit.actor, code, keyring=keyring, now=visit.now)
    )
    if isinstance(found, AnmenError):
        refusal = BadInput(found.text, code=found.code, field="code")
        return _transfers_page(visit, session, forms.refused(sent.values, refusal, visit.words))
    return visit.go(f"/transfers/{found}")


@router.get("/transfers/{transfer_id}")
def show_transfer(visit: LandlordVisit, session: Tx, transfer_id: Annotated[TransferId, ID]) -> Response:
    """What comes with it, and whether it is accepted."""
    return _transfer_page(visit, session, transfer_id, Form())


@router.post("/transfers/{transfer_id}/accept", dependencies=[checked_form])
def accept(visit: LandlordVisit, session: Tx, transfer_id: Annotated[TransferId, ID], sent: SentForm) -> Response:
    """The house is one's own, after the password."""
    seen = Holdings(*(forms.read_count(sent.values[one]) for one in Holdings._fields))
    refused = _proven(visit, session, sent) or forms.attempt(
        session, lambda: transfers.accept(session, visit.actor, transfer_id, seen=seen, now=visit.now)
    )
    if isinstance(refused, AnmenError):
        return _transfer_page(visit, session, transfer_id, forms.refused({}, refused, visit.words))
    return visit.go("/rooms", Said.HOUSE_TAKEN_OVER)


@router.post("/transfers/{transfer_id}/call-off", dependencies=[checked_form])
def call_off(visit: LandlordVisit, session: Tx, transfer_id: Annotated[TransferId, ID]) -> Response:
    """Either of the two may."""
    transfers.call_off(session, visit.actor, transfer_id, now=visit.now)
    return visit.go("/transfers", Said.TRANSFER_CALLED_OFF)


def _proven(visit: Visit, session: Session, sent: forms.Sent) -> AnmenError | None:
    """None where the password is right; a refusal is counted, so it is never raised."""
    wrong = accounts.prove_password(session, visit.actor, sent.values["password"], now=visit.now)
    if wrong is None or isinstance(wrong, BadInput):
        return wrong
    return BadInput(wrong.text, code="wrong_password", field="password")


def _offer_page(visit: Visit, session: Session, building_id: BuildingId, form: Form, *, code: str = "") -> Response:
    house = premises.get_building(session, building_id)
    if house.landlord_id != visit.actor.account_id:
        raise NotFound("There is no such building.", code="building")
    keyring = visit.parts.keyring
    return visit.page(
        "transfer_offer.html",
        status=form.status,
        here=f"/houses/{building_id}/transfer",
        house=house,
        offered=transfers.offered(session, visit.actor, building_id, keyring=keyring, now=visit.now),
        unfinished=transfers.unfinished_claims(session, building_id, visit.now),
        code=code,
        form=form,
    )


def _transfers_page(visit: Visit, session: Session, form: Form) -> Response:
    found = transfers.transfers_of(session, visit.actor, keyring=visit.parts.keyring, now=visit.now)
    return visit.page("transfers.html", status=form.status, here="/transfers", transfers=found, form=form)


def _transfer_page(visit: Visit, session: Session, transfer_id: TransferId, form: Form) -> Response:
    view = transfers.get_transfer(session, visit.actor, transfer_id, keyring=visit.parts.keyring, now=visit.now)
    here = f"/transfers/{transfer_id}"
    return visit.page("transfer.html", status=form.status, here=here, transfer=view, form=form)
