"""The inquiry's form and its answer as pages show them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import NamedTuple, TypeVar

from service.accounts.rules import Role
from service.errors import BadInput
from service.occupancy.actions import Answer, AskedInquiry
from service.occupancy.rules import (
    BASES,
    BASIS_WORDS,
    KIND_WORDS,
    PURPOSE_WORDS,
    PURPOSES,
    REFUSAL_ADVICE,
    Disclosed,
    Field,
    InquiryKind,
    LegalBasis,
    Purpose,
    Question,
    Value,
)
from service.people.rules import Document, DocumentType, read_document
from service.portals.translation import N_, Words, phone
from service.portals.wording import word_of
from service.premises.rules import BuildingId, UnitId
from service.presence.rules import Confidence, PresenceState, Reason

_WORDED: Mapping[Field, type[Enum]] = {
    Field.DOCUMENT_TYPE: DocumentType,
    Field.PRESENCE: PresenceState,
    Field.PRESENCE_CONFIDENCE: Confidence,
    Field.PRESENCE_REASON: Reason,
}
_Choosable = TypeVar("_Choosable", InquiryKind, Purpose, LegalBasis, DocumentType)


class Choice(NamedTuple):
    """One thing the form offers."""

    value: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedShown:
    """An inquiry as it stands in a list."""

    asked_at: datetime
    body: Role
    kind: str
    purpose: str
    basis: str
    refusal: str
    told: tuple[str, ...]


class Told(NamedTuple):
    """One field of an answer."""

    name: str
    text: str


def purposes_of(role: Role, words: Words) -> tuple[Choice, ...]:
    """The purposes somebody of this role may ask for."""
    allowed = PURPOSES[role]
    return tuple(Choice(one.value, PURPOSE_WORDS[one].in_locale(words.locale)) for one in Purpose if one in allowed)


def bases_of(role: Role, words: Words) -> tuple[Choice, ...]:
    """The bases that cover any of these purposes."""
    allowed = frozenset[LegalBasis]().union(*(BASES[purpose] for purpose in PURPOSES[role]))
    return tuple(Choice(one.value, BASIS_WORDS[one].in_locale(words.locale)) for one in LegalBasis if one in allowed)


def read_question(sent: Mapping[str, str], today: date) -> Question:
    """The question in the form; BadInput names the field."""
    kind = _read(InquiryKind, sent, "kind", N_("Please choose what you ask about."))
    purpose = _read(Purpose, sent, "purpose", N_("Please choose a purpose."))
    basis = _read(LegalBasis, sent, "basis", N_("Please choose a legal basis."))
    subject = sent["subject"].strip()
    if not subject:
        raise BadInput("Please enter whom you ask about.", code="subject", field="subject")
    return Question(
        kind=kind,
        purpose=purpose,
        basis=basis,
        reference=sent["reference"].strip(),
        document=_read_document(sent, today) if kind is InquiryKind.PERSON_BY_DOCUMENT else None,
        name=subject if kind is InquiryKind.PERSON_BY_NAME else None,
        unit_id=UnitId(_read_id(subject)) if kind is InquiryKind.UNIT else None,
        building_id=BuildingId(_read_id(subject)) if kind is InquiryKind.BUILDING else None,
    )


def asked_shown(asked: AskedInquiry, words: Words) -> AskedShown:
    """An inquiry in words; for whoever asked it, and for whom it was about."""
    return AskedShown(
        asked_at=asked.asked_at,
        body=Role(asked.role),
        kind=KIND_WORDS[asked.kind].in_locale(words.locale),
        purpose=PURPOSE_WORDS[asked.purpose].in_locale(words.locale),
        basis=BASIS_WORDS[asked.basis].in_locale(words.locale),
        refusal="" if asked.refusal is None else REFUSAL_ADVICE[asked.refusal].in_locale(words.locale),
        told=tuple(words.say(word_of(field)) for field in asked.told),
    )


def answer_shown(answer: Answer, words: Words) -> tuple[tuple[Told, ...], ...]:
    """One list of fields for each person in each room."""
    return tuple(_told(occupant, words) for occupant in answer.occupants)


def _told(occupant: Disclosed, words: Words) -> tuple[Told, ...]:
    return tuple(
        Told(words.say(word_of(field)), _value(field, value, words)) for field, value in occupant.items() if value
    )


def _value(field: Field, value: Value, words: Words) -> str:
    if isinstance(value, datetime):
        return words.long_moment(value) if field is Field.PRESENCE_SINCE else words.day(_last_day(field, value))
    if field in _WORDED:
        return words.say(word_of(_WORDED[field](value)))
    return phone(value) if field is Field.PHONE else value


def _last_day(field: Field, at: datetime) -> datetime:
    """Spans are half-open: the instant a lease ends is the midnight after its last day."""
    return at - timedelta(microseconds=1) if field is Field.LIVES_UNTIL else at


def _read(kind: type[_Choosable], sent: Mapping[str, str], field: str, advice: str) -> _Choosable:
    try:
        return kind(sent[field])
    except ValueError:
        raise BadInput(advice, code=field, field=field) from None


def _read_document(sent: Mapping[str, str], today: date) -> Document:
    kind = _read(DocumentType, sent, "document_type", N_("Please choose the kind of document."))
    try:
        return read_document(kind, sent["subject"], today=today)
    except BadInput as wrong:
        raise BadInput(wrong.text, code=wrong.code, field="subject") from wrong


def _read_id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
