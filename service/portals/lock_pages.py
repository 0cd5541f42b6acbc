"""What is done with locks themselves: doubts about them, seen by their landlord and by the police of the area."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from firmware_protocol.topics import LockId
from service.accounts.signed_in import checked_form
from service.doubts import actions as doubts
from service.edges.requests import Tx
from service.errors import NotFound
from service.portals.leases import doubt_in_words
from service.portals.visits import LandlordVisit, Said, StaffVisit
from service.premises import actions as premises
from service.premises.rules import UnitId

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtShown:
    """A doubt on a page."""

    place: str
    lock_id: LockId
    why: str
    since: datetime


@router.get("/doubts")
def show_doubts(visit: StaffVisit, session: Tx) -> Response:
    """The locks of one's area whose identity is in doubt."""
    shown = [
        DoubtShown(
            place=visit.words.place(one.address, one.number),
            lock_id=one.doubt.lock,
            why=doubt_in_words(one.doubt.kind, visit.words),
            since=one.doubt.first_at,
        )
        for one in doubts.doubts_in_scope(session, visit.now)
    ]
    return visit.page("doubts.html", doubts=shown, wide=True)


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
