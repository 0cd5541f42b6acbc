"""Giving and withdrawing consent, and the receipt that what rested on it is gone."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from service.audit.actions import record
from service.audit.rules import Act
from service.consent import records
from service.consent.rules import (
    CURRENT_WORDING,
    WITHDRAWABLE,
    ConsentAct,
    ConsentEntry,
    ConsentId,
    ConsentWithdrawn,
    GivenBy,
    Purpose,
    Standing,
    next_standing,
    standing_of,
)
from service.errors import Conflict, NotAllowed
from service.people.rules import PersonId

_AUDITED = {ConsentAct.GIVEN: Act.CONSENT_GIVEN, ConsentAct.WITHDRAWN: Act.CONSENT_WITHDRAWN}


def give(
    session: Session, person_id: PersonId, purpose: Purpose, *, by: GivenBy, place: str, now: datetime
) -> ConsentId:
    """Record consent to the wording in force; the caller has checked who may speak (`rules.may_speak`).

    `place` says where it was given: "link", "desk", "page"; never an address.
    """
    return _append(session, person_id, purpose, act=ConsentAct.GIVEN, by=by, place=place, now=now)


def withdraw(
    session: Session, person_id: PersonId, purpose: Purpose, *, by: GivenBy, place: str, now: datetime
) -> ConsentWithdrawn:
    """Record the withdrawal; the event must be handed to `reactions`.

    NotAllowed where the law is the basis, Conflict where nothing stands.
    """
    if purpose not in WITHDRAWABLE:
        raise NotAllowed(
            "The law requires the registration while you live here. It ends when you move out.", code="not_withdrawable"
        )
    _append(session, person_id, purpose, act=ConsentAct.WITHDRAWN, by=by, place=place, now=now)
    return ConsentWithdrawn(person_id, purpose)


def confirm_erased(session: Session, person_id: PersonId, purpose: Purpose, *, now: datetime) -> ConsentId:
    """The receipt that what was kept for this purpose is gone. Conflict where nothing was ever agreed to."""
    return _append(session, person_id, purpose, act=ConsentAct.ERASED, by=GivenBy.SERVICE, place="", now=now)


def hold(session: Session, persons: Iterable[PersonId]) -> None:
    """Let these persons' consents stand as they do until the transaction ends.

    Whatever puts a face somewhere, or takes it away, begins with this, before it locks anything else: in any other
    order a decision and a withdrawal at the same moment would wait for each other.
    """
    records.hold_ledgers(session, persons)


def standing(session: Session, person_id: PersonId) -> dict[Purpose, Standing]:
    """How each of the person's consents stands now."""
    ledger = records.ledger_of(session, person_id)
    return {purpose: standing_of(ledger, purpose) for purpose in Purpose}


def ledger_of(session: Session, person_id: PersonId) -> tuple[ConsentEntry, ...]:
    """The person's whole ledger, oldest first."""
    return records.ledger_of(session, person_id)


def _append(
    session: Session,
    person_id: PersonId,
    purpose: Purpose,
    *,
    act: ConsentAct,
    by: GivenBy,
    place: str,
    now: datetime,
) -> ConsentId:
    hold(session, [person_id])
    ledger = records.ledger_of(session, person_id)
    if next_standing(standing_of(ledger, purpose), act) is None:
        raise Conflict("There is no standing consent of this kind.", code=f"consent_not_{act.value}")
    agreed_to = [past.wording_version for past in ledger if past.purpose is purpose and past.act is ConsentAct.GIVEN]
    entry = ConsentEntry(
        purpose=purpose,
        act=act,
        wording_version=CURRENT_WORDING[purpose] if act is ConsentAct.GIVEN else agreed_to[-1],
        given_by=by,
        place=place,
        recorded_at=now,
    )
    if act in _AUDITED:
        record(session, None, _AUDITED[act], person_id, now=now, purpose=purpose.value)
    return records.append_entry(session, person_id, entry)
