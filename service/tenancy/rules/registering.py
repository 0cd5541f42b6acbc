"""What a registration must bring, and who may speak for whom. Pure."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType

from service.accounts.rules import Locale, check_new_password
from service.consent.rules import GivenBy, Purpose, guardian_need, may_speak
from service.errors import BadInput
from service.people.rules import (
    Document,
    DocumentType,
    Verdict,
    read_document,
    read_hukou_area,
    read_name,
    read_phone,
)
from service.tenancy.rules.leases import site_day

RegistrationId = NewType("RegistrationId", int)

STALE_AFTER = timedelta(days=30)


class RegistrationState(StrEnum):
    """What became of a registration."""

    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class Identity(StrEnum):
    """What the service knows about the tenant being the person on the document."""

    MATCHED = "matched"
    UNCERTAIN = "uncertain"
    NOT_COMPARED = "not_compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationForm:
    """What the tenant filled in. `birth_date` is needed where the document's number does not tell it; it is not kept."""

    document_type: DocumentType
    document_number: str = field(repr=False)
    name: str = field(repr=False)
    phone: str = field(repr=False)
    password: str = field(repr=False)
    consents: frozenset[Purpose]
    declared_by: GivenBy = GivenBy.PERSON
    birth_date: date | None = field(default=None, repr=False)
    hukou_area: str | None = None
    locale: Locale = Locale.CHINESE


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """An accepted form in the one form that is stored."""

    document: Document
    name: str = field(repr=False)
    phone: str = field(repr=False)
    hukou_area: str | None


def accept(form: RegistrationForm, *, has_face: bool, now: datetime) -> Applicant:
    """The applicant, or BadInput that names the field and says what to do.

    Under 16 a guardian declares (Zhejiang residence regulation Art. 7), under 14 a guardian consents (PIPL Art. 31).
    """
    today = site_day(now)
    document = read_document(form.document_type, form.document_number, today=today)
    _check_consents(form, has_face=has_face)
    _check_speaker(form, _birth_date(form, document, today), today)
    check_new_password(form.password)
    return Applicant(
        document=document,
        name=read_name(form.name),
        phone=read_phone(form.phone),
        hukou_area=read_hukou_area(form.hukou_area, document),
    )


def _birth_date(form: RegistrationForm, document: Document, today: date) -> date:
    birth = document.birth_date or form.birth_date
    if birth is None or not date(1880, 1, 1) <= birth <= today:
        raise BadInput("Please enter the date of birth as on the document.", code="birth_date", field="birth_date")
    return birth


def _check_consents(form: RegistrationForm, *, has_face: bool) -> None:
    if Purpose.REGISTER not in form.consents:
        raise BadInput(
            "Registering here needs your agreement. Without it, register with your document at the front desk or the"
            " police station.",
            code="consent_register",
            field="consent_register",
        )
    if has_face and Purpose.FACE not in form.consents:
        raise BadInput(
            "Tick that your face may be used, or go on without pictures.", code="consent_face", field="consent_face"
        )
    if Purpose.FACE in form.consents and not has_face:
        raise BadInput(
            "Take three live pictures and one of the document, or go on without a face.", code="frames", field="frames"
        )


def _check_speaker(form: RegistrationForm, birth: date, today: date) -> None:
    need = guardian_need(birth, today)
    silent = sorted(purpose for purpose in form.consents if not may_speak(need, purpose, form.declared_by))
    if silent and form.declared_by is GivenBy.PERSON:
        raise BadInput(
            "For somebody under 16 a parent or other guardian registers. Let them fill in this form and choose"
            " “I am the guardian”.",
            code="guardian_needed",
            field="declared_by",
        )
    if silent:
        raise BadInput(
            "From 16 on people register for themselves. Choose “I register myself”.",
            code="guardian_not_needed",
            field="declared_by",
        )


def identity_of(verdict: str | None) -> Identity:
    """What the landlord must be told: compared and certain, compared and not certain, or not compared at all."""
    if verdict is None:
        return Identity.NOT_COMPARED
    return Identity.MATCHED if verdict == Verdict.MATCH else Identity.UNCERTAIN


def check_seen(*, saw_document: bool) -> None:
    """BadInput where the landlord has not looked (housing rental regulation of 2025: the tenant's document is checked).

    A comparison of faces never stands for it: it sees a portrait and a face, not whose number was typed.
    """
    if not saw_document:
        raise BadInput(
            "Look at the document and at the person, then tick that they belong together and that name and number are"
            " right.",
            code="document_not_seen",
            field="saw_document",
        )
