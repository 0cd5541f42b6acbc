"""Consents, for programs: the wordings anybody may read, and one's own ledger."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from service.accounts.rules import Actor, Locale
from service.accounts.signed_in import AskingTenant
from service.consent import actions
from service.consent.rules import CURRENT_WORDING, ConsentAct, GivenBy, Purpose, Standing
from service.consent.wording import read_wording
from service.edges.requests import CurrentParts, Now, Tx
from service.errors import NotFound
from service.people.rules import PersonId

router = APIRouter(prefix="/api/v1", tags=["consents"])


class Wording(BaseModel):
    """What is agreed to, in one language."""

    purpose: Purpose
    version: int
    locale: Locale
    text: str


class LedgerLine(BaseModel):
    """One thing that happened to a consent of one's own."""

    model_config = ConfigDict(from_attributes=True)

    purpose: Purpose
    act: ConsentAct
    wording_version: int
    given_by: GivenBy
    recorded_at: datetime


class Consents(BaseModel):
    """How one's consents stand, and everything that happened to them, oldest first."""

    standing: dict[Purpose, Standing]
    ledger: list[LedgerLine]


@router.get("/consent-wordings/{purpose}")
def wording(
    purpose: Purpose, locale: Locale = Locale.CHINESE, version: Annotated[int | None, Query(ge=1, le=9999)] = None
) -> Wording:
    """The wording in force, or an older one that somebody agreed to."""
    number = CURRENT_WORDING[purpose] if version is None else version
    return Wording(
        purpose=purpose, version=number, locale=locale, text=read_wording(purpose, locale.value, version=number)
    )


@router.get("/me/consents")
def own_consents(session: Tx, tenant: AskingTenant) -> Consents:
    """One's own consents."""
    person_id = _person_of(tenant)
    return Consents(
        standing=actions.standing(session, person_id),
        ledger=[LedgerLine.model_validate(line) for line in actions.ledger_of(session, person_id)],
    )


@router.delete("/me/consents/{purpose}")
def withdraw(purpose: Purpose, session: Tx, tenant: AskingTenant, parts: CurrentParts, now: Now) -> Consents:
    """Take a consent back; what rested on it leaves the locks and this service, and the ledger says so."""
    event = actions.withdraw(session, _person_of(tenant), purpose, by=GivenBy.PERSON, place="api", now=now)
    parts.react(session, event, now)
    return own_consents(session, tenant)


def _person_of(tenant: Actor) -> PersonId:
    if tenant.person_id is None:
        raise NotFound("This account belongs to no person.", code="person")
    return tenant.person_id
