"""Offering a house with a one-time code, entering the code, and calling it off again."""

import os
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from service.accounts.rules import AccountId, Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.edges.elevation import as_system
from service.edges.keyring import Keyring
from service.errors import BadInput, Conflict, NotFound, TooMany
from service.premises import actions as premises
from service.premises.rules import BuildingId
from service.transfers.records import ledger
from service.transfers.rules import (
    ENTROPY_BYTES,
    LIFE,
    MOST_TRIES,
    TRIES_WINDOW,
    Transfer,
    TransferId,
    TransferState,
    draw_code,
    read_code,
)

_CODE_PURPOSE = "house transfer code"
_TRY_AGAIN_S = 3600


class Offer(NamedTuple):
    """A transfer that was begun, and the code to hand over; it is never to be read again."""

    transfer_id: TransferId
    code: str


def offer(
    session: Session,
    actor: Actor,
    building_id: BuildingId,
    *,
    keyring: Keyring,
    now: datetime,
    draw: Callable[[int], bytes] = os.urandom,
) -> Offer:
    """Begin to hand the house over; an earlier code is void. The caller has asked for the password.

    NotFound for another's house, Conflict where somebody has entered the earlier code: that one is to be called off first.
    """
    if premises.keep_building(session, building_id).landlord_id != actor.account_id:
        raise NotFound("There is no such building.", code="building")
    earlier = ledger.hold_open(session, building_id)
    if earlier is not None and earlier.state(now) is TransferState.OPENED:
        raise Conflict(
            "Somebody has entered the code and may accept. Call that off first, if you mean somebody else.",
            code="transfer_opened",
        )
    if earlier is not None:
        ledger.call_off(session, earlier.id, now)
    code = draw_code(draw(ENTROPY_BYTES))
    made = ledger.append(session, building_id, code_hash=_index(code, keyring), now=now, life=LIFE)
    record(session, actor, Act.HOUSE_OFFERED, building_id, now=now, transfer=made)
    return Offer(made, code)


def open_transfer(
    session: Session, actor: Actor, typed: str, *, keyring: Keyring, now: datetime
) -> TransferId | BadInput | TooMany:
    """Enter the code: from now on this landlord alone can accept. Refusals are *returned*, and counted.

    Conflict for one's own code.
    """
    if ledger.count_tries(session, actor.account_id, since=now - TRIES_WINDOW) >= MOST_TRIES:
        return TooMany("Too many wrong codes. Please try again tomorrow.", retry_after_s=_TRY_AGAIN_S)
    found = _found(session, typed, keyring, now)
    if isinstance(found, BadInput):
        ledger.append_try(session, actor.account_id, now)
        record(session, actor, Act.TRANSFER_CODE_REFUSED, actor.account_id, now=now)
        return found
    if found.seller == actor.account_id:
        raise Conflict("This is your own code. Give it to whoever takes the house over.", code="own_code", field="code")
    with as_system(session):
        ledger.open_for(session, found.id, actor.account_id, now=now, life=LIFE)
    record(session, actor, Act.HOUSE_LOOKED_AT, found.building_id, now=now, transfer=found.id)
    return found.id


def call_off(session: Session, actor: Actor, transfer_id: TransferId, *, now: datetime) -> None:
    """It does not come about; either of the two says so. NotFound for anybody else, Conflict where it is at its end."""
    found = ledger.find(session, transfer_id)
    if found is None or actor.account_id not in _both(found):
        raise NotFound("There is no such transfer.", code="transfer")
    with as_system(session):
        held = ledger.hold(session, transfer_id)
        if held is None or held.ended_at is not None:
            raise Conflict("This transfer is over already.", code="transfer_over")
        ledger.call_off(session, transfer_id, now)
    record(session, actor, Act.TRANSFER_CALLED_OFF, found.building_id, now=now, transfer=transfer_id)


def _found(session: Session, typed: str, keyring: Keyring, now: datetime) -> Transfer | BadInput:
    try:
        code = read_code(typed)
    except BadInput as refused:
        return refused
    with as_system(session):
        found = ledger.hold_by_code(session, _index(code, keyring))
    if found is None or not found.is_open(now):
        return BadInput(
            "This code is wrong, or its time is over. Ask the present landlord for a new one.",
            code="transfer_code",
            field="code",
        )
    return found


def _both(transfer: Transfer) -> tuple[AccountId | None, ...]:
    return transfer.seller, transfer.buyer


def _index(code: str, keyring: Keyring) -> bytes:
    return keyring.blind_index(_CODE_PURPOSE, code)
