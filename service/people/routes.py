"""One's own record, for programs: what the register holds about the tenant who asks."""

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel

from service.accounts.signed_in import AskingTenant
from service.edges.requests import Keys, Tx
from service.errors import NotFound
from service.people import actions
from service.people.rules import DocumentType, PersonField, Sex

router = APIRouter(prefix="/api/v1", tags=["people"])

_SHOWN = frozenset(PersonField) - {PersonField.DOCUMENT_NUMBER}


class OwnRecord(BaseModel):
    """The record; the document's number with its middle hidden."""

    name: str
    document_type: DocumentType
    document_masked: str
    birth_date: date | None
    sex: Sex | None
    phone: str
    hukou_area: str | None


@router.get("/me/record")
def own_record(session: Tx, tenant: AskingTenant, keyring: Keys) -> OwnRecord:
    """What the register holds about oneself."""
    if tenant.person_id is None:
        raise NotFound("This account belongs to no person.", code="person")
    card = actions.person_card(session, tenant.person_id, _SHOWN, keyring)
    return OwnRecord.model_validate({field.value: text or None for field, text in card.items()})
