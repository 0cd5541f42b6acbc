"""What is done with locks themselves: claimed for a room, hung, moved; and doubts about them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.accounts.signed_in import checked_form
from service.custody import actions as custody
from service.custody import household, leaving
from service.custody.actions import Typed
from service.custody.rules import WINDOW, ClaimId
from service.doubts import actions as doubts
from service.doubts.rules import PlacedDoubt
from service.edges.requests import Tx
from service.errors import AnmenError, NotFound
from service.locks.ending import ending_certificates
from service.portals import forms
from service.portals.forms import SentForm
from service.portals.leases import doubt_in_words
from service.portals.visits import ID, LandlordVisit, Said, StaffVisit, Visit
from service.premises import actions as premises
from service.premises.rules import UnitId

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtShown:
    """A lock in doubt on a page: why, and since when."""

    place: str
    lock_id: LockId
    why: tuple[str, ...]
    since: datetime


@router.get("/doubts")
def show_doubts(visit: StaffVisit, session: Tx) -> Response:
    """The locks of one's area whose identity is in doubt."""
    of_lock: dict[LockId, list[PlacedDoubt]] = {}
    for one in doubts.doubts_in_scope(session, visit.now):
        of_lock.setdefault(one.doubt.lock, []).append(one)
    shown = [
        DoubtShown(
            place=visit.words.place(found[0].address, found[0].number, shared=found[0].shared),
            lock_id=lock,
            why=tuple(doubt_in_words(one.doubt.kind, visit.words) for one in found),
            since=min(one.doubt.first_at for one in found),
        )
        for lock, found in of_lock.items()
    ]
    reports = leaving.open_reports(session, keyring=visit.parts.keyring)
    ending = ending_certificates(session, visit.now)
    tallies = {one.id: household.tally_of(session, one.id, visit.now) for one in reports if one.shared}
    return visit.page("doubts.html", doubts=shown, reports=reports, tallies=tallies, ending=ending, wide=True)


@router.post("/locks/{lock_id}/settle", dependencies=[checked_form])
def settle(
    visit: LandlordVisit, session: Tx, lock_id: LockId, unit_id: Annotated[UnitId, Form(gt=0, lt=2**63)]
) -> Response:
    """The landlord has seen to the lock."""
    unit = premises.get_unit(session, unit_id)
    if unit.landlord_id != visit.actor.account_id or lock_id not in premises.locks_of_unit(session, unit_id, visit.now):
        raise NotFound("There is no such lock.")
    doubts.settle(session, lock_id, actor=visit.actor, now=visit.now)
    return visit.go(f"/rooms/{unit_id}", Said.LOCK_SETTLED)


@router.get("/rooms/{unit_id}/claim")
def show_claim_form(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID]) -> Response:
    """Where the number and the secret of a new lock are typed."""
    return _claim_form(visit, session, unit_id, forms.Form())


@router.post("/rooms/{unit_id}/claim", dependencies=[checked_form])
def claim(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], sent: SentForm) -> Response:
    """The two minutes begin."""
    typed = Typed(sent.values["lock_id"], sent.values["secret"])
    replaces = LockId(sent.values["replaces"]) if sent.values["replaces"] else None
    begun = forms.attempt(
        session,
        lambda: custody.begin_claim(
            session, visit.actor, unit_id, typed, replaces=replaces, keyring=visit.parts.keyring, now=visit.now
        ),
    )
    if isinstance(begun, AnmenError):
        # The secret is typed again: no page shows one.
        kept = forms.filled({"lock_id": sent.values["lock_id"], "replaces": sent.values["replaces"]}).values
        return _claim_form(visit, session, unit_id, forms.refused(kept, begun, visit.words))
    return visit.go(f"/claims/{begun}")


@router.get("/claims/{claim_id}")
def show_claim(visit: LandlordVisit, session: Tx, claim_id: Annotated[ClaimId, ID]) -> Response:
    """How far the claim is; the page looks again by itself while it waits for the button."""
    found = custody.get_claim(session, visit.actor, claim_id)
    unit = premises.get_unit(session, found.unit_id)
    state = found.state(visit.now).value
    return visit.page("claim.html", claim=found, state=state, until=found.begun_at + WINDOW, unit=unit)


@router.post("/claims/{claim_id}/hang", dependencies=[checked_form])
def hang(visit: LandlordVisit, session: Tx, claim_id: Annotated[ClaimId, ID]) -> Response:
    """The lock hangs on the room's door."""
    hung = custody.hang_claimed(session, visit.actor, claim_id, keyring=visit.parts.keyring, now=visit.now)
    return visit.go(f"/rooms/{hung.unit_id}", Said.LOCK_HUNG)


@router.get("/rooms/{unit_id}/locks/{lock_id}/move")
def show_move_form(visit: LandlordVisit, session: Tx, unit_id: Annotated[UnitId, ID], lock_id: LockId) -> Response:
    """To which of one's rooms."""
    rooms = [one for one in premises.units_of_landlord(session, visit.actor.account_id) if one.id != unit_id]
    return visit.page("move_lock.html", unit=premises.get_unit(session, unit_id), lock_id=lock_id, rooms=rooms)


@router.post("/rooms/{unit_id}/locks/{lock_id}/move", dependencies=[checked_form])
def move(
    visit: LandlordVisit,
    session: Tx,
    unit_id: Annotated[UnitId, ID],
    lock_id: LockId,
    to: Annotated[UnitId, Form(gt=0, lt=2**63)],
) -> Response:
    """It hangs there from now on."""
    custody.move(session, visit.actor, lock_id, unit_id, to, keyring=visit.parts.keyring, now=visit.now)
    return visit.go(f"/rooms/{to}", Said.LOCK_HUNG)


def _claim_form(visit: Visit, session: Session, unit_id: UnitId, form: forms.Form) -> Response:
    unit = premises.get_unit(session, unit_id)
    hanging = premises.locks_of_unit(session, unit_id, visit.now)
    lost = leaving.lost_locks(session, visit.actor)
    here = f"/rooms/{unit_id}/claim"
    return visit.page(
        "claim_form.html", status=form.status, here=here, form=form, unit=unit, hanging=hanging, lost=lost
    )
