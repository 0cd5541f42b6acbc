"""Inquiries, for programs. It writes, so it is asked by POST, and nothing of the question is in an address."""

from datetime import datetime
from typing import Self

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from service.accounts.rules import Role
from service.accounts.signed_in import Asking, AskingStaff, AskingTenant
from service.edges.problems import problem_response
from service.edges.requests import Keys, Now, Tx
from service.errors import BadInput, NotAllowed, NotFound
from service.occupancy import actions
from service.occupancy.actions import AskedInquiry, RefusedAnswer
from service.occupancy.rules import Field as Told
from service.occupancy.rules import InquiryId, InquiryKind, LegalBasis, Purpose, Question, RefusalReason, Value
from service.people.rules import DocumentType, read_document
from service.premises.rules import BuildingId, UnitId

router = APIRouter(prefix="/api/v1", tags=["inquiries"])


class NewInquiry(BaseModel):
    """A question with its purpose and legal basis; exactly the subject its kind names is given."""

    model_config = ConfigDict(extra="forbid")

    kind: InquiryKind
    purpose: Purpose
    basis: LegalBasis
    reference: str = Field(default="", max_length=64, description="Number of the case or report.")
    document_type: DocumentType | None = None
    document_number: str | None = Field(default=None, max_length=40)
    name: str | None = Field(default=None, max_length=100)
    unit_id: UnitId | None = Field(default=None, gt=0, lt=2**63)
    building_id: BuildingId | None = Field(default=None, gt=0, lt=2**63)

    def question(self) -> Question:
        """What is asked; BadInput where the document's number cannot be one."""
        document = None
        if self.document_number is not None:
            if self.document_type is None:
                raise BadInput("Say which kind of document it is.", code="document_type", field="document_type")
            document = read_document(self.document_type, self.document_number)
        return Question(
            kind=self.kind,
            purpose=self.purpose,
            basis=self.basis,
            reference=self.reference,
            document=document,
            name=self.name,
            unit_id=self.unit_id,
            building_id=self.building_id,
        )


class InquiryAnswered(BaseModel):
    """What is told: one entry for each person in each room; an empty list where nobody was found in one's own area."""

    inquiry_id: InquiryId
    occupants: list[dict[Told, Value]]


class InquiryShown(BaseModel):
    """An inquiry that was recorded, without its question."""

    model_config = ConfigDict(from_attributes=True)

    id: InquiryId
    role: Role
    kind: InquiryKind
    purpose: Purpose
    basis: LegalBasis
    refusal: RefusalReason | None
    asked_at: datetime
    told: list[Told]

    @classmethod
    def of(cls, asked: AskedInquiry) -> Self:
        """The inquiry as it is shown."""
        return cls.model_validate(asked)


@router.post("/inquiries", status_code=201, response_model=InquiryAnswered)
def inquire(body: NewInquiry, session: Tx, actor: Asking, keyring: Keys, now: Now) -> InquiryAnswered | JSONResponse:
    """Ask who lives somewhere or where somebody lives. It is recorded, refusals too, and shown to the person concerned."""
    answer = actions.answer_inquiry(session, actor, body.question(), keyring=keyring, now=now)
    if isinstance(answer, RefusedAnswer):
        # Answered, not raised: raising would take back the record of the question.
        return problem_response(NotAllowed(answer.advice.en, code=f"inquiry_{answer.refused.reason.value}"))
    return InquiryAnswered(inquiry_id=answer.inquiry_id, occupants=[dict(told) for told in answer.occupants])


@router.get("/inquiries")
def own_inquiries(session: Tx, staff: AskingStaff) -> list[InquiryShown]:
    """What one has asked, newest first."""
    return [InquiryShown.of(asked) for asked in actions.inquiries_by(session, staff)]


@router.get("/me/inquiries")
def inquiries_about_me(session: Tx, tenant: AskingTenant) -> list[InquiryShown]:
    """Who asked about oneself, in which role, why, when, and what was told."""
    if tenant.person_id is None:
        raise NotFound("This account belongs to no person.", code="person")
    return [InquiryShown.of(asked) for asked in actions.inquiries_about(session, tenant.person_id)]
