"""Giving and withdrawing consent, and the receipt that what rested on it is gone."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from service.consent import records
from service.consent.records import ConsentActRow
from service.consent.rules import (
    CURRENT_WORDING,
    WITHDRAWABLE,
    ConsentAct,
    ConsentId,
    ConsentWithdrawn,
    GivenBy,
    Purpose,
    Standing,
    next_standing,
    standing_after,
)
from service.errors import Conflict, NotAllowed
from service.people.rules import PersonId


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """One line of the ledger as the person sees it."""

    purpose: Purpose
    act: ConsentAct
    wording_version: int
    given_by: GivenBy
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Who spoke and where: the link a tenant opened, a village desk, the tenant's own page."""

    by: GivenBy
    place: str


def give(session: Session, person_id: PersonId, purpose: Purpose, *, origin: Origin, now: datetime) -> ConsentId:
    """Record consent to the wording in force; the caller has checked who may speak (`rules.may_speak`)."""
    return _act(session, person_id, purpose, act=ConsentAct.GIVEN, origin=origin, now=now)


def withdraw(
    session: Session, person_id: PersonId, purpose: Purpose, *, origin: Origin, now: datetime
) -> ConsentWithdrawn:
    """Record the withdrawal; the event must be handed to `reactions`. NotAllowed where law is the basis, Conflict where nothing stands."""
    if purpose not in WITHDRAWABLE:
        raise NotAllowed(
            "The law requires the registration while you live here. It ends when you move out.", code="not_withdrawable"
        )
    _act(session, person_id, purpose, act=ConsentAct.WITHDRAWN, origin=origin, now=now)
    return ConsentWithdrawn(person_id, purpose)


def confirm_erased(session: Session, person_id: PersonId, purpose: Purpose, *, now: datetime) -> ConsentId:
    """The receipt: what was kept for this purpose is gone. Conflict where there was nothing to erase."""
    origin = Origin(GivenBy.SERVICE, "")
    return _act(session, person_id, purpose, act=ConsentAct.ERASED, origin=origin, now=now)


def standing(session: Session, person_id: PersonId) -> dict[Purpose, Standing]:
    """How each of the person's consents stands now."""
    rows = records.acts_of(session, person_id)
    return {
        purpose: standing_after(ConsentAct(row.act) for row in rows if row.purpose == purpose) for purpose in Purpose
    }


def ledger_of(session: Session, person_id: PersonId) -> tuple[ConsentEntry, ...]:
    """The person's whole ledger, oldest first."""
    return tuple(
        ConsentEntry(Purpose(row.purpose), ConsentAct(row.act), row.wording_version, GivenBy(row.given_by), row.recorded_at)
        for row in records.acts_of(session, person_id)
    )


def _act(
    session: Session, person_id: PersonId, purpose: Purpose, *, act: ConsentAct, origin: Origin, now: datetime
) -> ConsentId:
    records.hold_ledger(session, person_id, purpose)
    rows = [row for row in records.acts_of(session, person_id) if row.purpose == purpose]
    if next_standing(standing_after(ConsentAct(row.act) for row in rows), act) is None:
        raise Conflict("There is no standing consent of this kind.", code=f"consent_not_{act.value}")
    agreed_to = [row.wording_version for row in rows if row.act == ConsentAct.GIVEN]
    row = ConsentActRow(
        person_id=person_id,
        purpose=purpose.value,
        act=act.value,
        wording_version=CURRENT_WORDING[purpose] if act is ConsentAct.GIVEN else agreed_to[-1],
        given_by=origin.by.value,
        place=origin.place,
        recorded_at=now,
    )
    return records.append_act(session, row)
