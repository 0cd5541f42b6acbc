"""The instant in which a house changes hands.

A sale does not break a lease (Civil Code Art. 725): whoever lives there stays, no way in of theirs is touched, and no list of a
lock changes for them. What the seller could still do there ends.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from service.access import actions as access
from service.accounts.rules import Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.custody.rules import BORN_WITHIN
from service.edges.elevation import as_system
from service.errors import Conflict, NotFound
from service.premises import actions as premises
from service.premises.rules import UnitId
from service.tenancy import actions as tenancy
from service.transfers.records import handing_over, ledger
from service.transfers.rules import Holdings, Transfer, TransferId, check_acceptable


def accept(session: Session, actor: Actor, transfer_id: TransferId, *, seen: Holdings, now: datetime) -> None:
    """The house is the actor's, with all that `seen` counts. The caller has asked for the password.

    NotFound for whoever has not entered its code; Conflict where the transfer is over, something has changed since it was looked at,
    or a lock is being claimed for the house.
    """
    found = ledger.find(session, transfer_id)
    if found is None or found.buyer != actor.account_id:
        raise NotFound("There is no such transfer.", code="transfer")
    with as_system(session):
        units = _hold(session, found)
        held = ledger.hold(session, transfer_id)
        comes = ledger.holdings(session, found.building_id, now)
        check_acceptable(held or found, seen=seen, comes=comes, now=now)
        if handing_over.has_unfinished_claim(session, units, since=now - BORN_WITHIN):
            raise Conflict(
                "A lock is being hung in this house. The present landlord finishes that first; then accept again.",
                code="claim_unfinished",
            )
        parties = {"building": found.building_id, "seller": found.seller, "buyer": actor.account_id, "now": now}
        handing_over.give(session, units, parties)
        ledger.mark_accepted(session, transfer_id, now)
        hours = handing_over.passages(session, units)
    if hours:
        # Hours in which a door stands open for everybody were the seller's word; lists come last.
        access.revoke(session, hours, now=now, actor=actor)
    record(session, actor, Act.HOUSE_TRANSFERRED, found.building_id, now=now, transfer=transfer_id, seller=found.seller)


def _hold(session: Session, transfer: Transfer) -> Sequence[UnitId]:
    """Everything that changes hands, in everybody's order. The building first: who offers it again waits for it."""
    handing_over.hold_building(session, transfer.building_id)
    units = handing_over.units_of(session, transfer.building_id)
    handing_over.hold_offers(session, units)
    tenancy.hold_places(session, units)
    premises.hold_doors(session, units)
    handing_over.hold_ways_in(session, units)
    return units
