"""Who may ask what about whom, on which ground, and what is told: one table, from which its test is generated. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from service.accounts.rules import Role
from service.errors import BadInput
from service.people.rules import Document, PersonField, PersonId
from service.premises.rules import AreaId, BuildingId, UnitId

InquiryId = NewType("InquiryId", int)


class InquiryKind(StrEnum):
    """What is asked about."""

    PERSON_BY_DOCUMENT = "person_by_document"
    PERSON_BY_NAME = "person_by_name"
    UNIT = "unit"
    BUILDING = "building"


class Purpose(StrEnum):
    """What the answer is needed for."""

    REGISTRATION_CHECK = "registration_check"
    RESCUE = "rescue"
    WELFARE_VISIT = "welfare_visit"
    MISSING_PERSON = "missing_person"
    CASE = "case"


class LegalBasis(StrEnum):
    """The rule that allows the question."""

    RESIDENCE_REGISTRATION = "residence_registration"
    STATUTORY_DUTY = "statutory_duty"
    EMERGENCY = "emergency"
    CRIMINAL_PROCEDURE = "criminal_procedure"


class Field(StrEnum):
    """What an answer can tell."""

    NAME = "name"
    DOCUMENT_TYPE = "document_type"
    DOCUMENT_MASKED = "document_masked"
    DOCUMENT_NUMBER = "document_number"
    PHONE = "phone"
    HUKOU_AREA = "hukou_area"
    ADDRESS = "address"
    ROOM = "room"
    LIVES_SINCE = "lives_since"
    LIVES_UNTIL = "lives_until"
    PRESENCE = "presence"
    PRESENCE_CONFIDENCE = "presence_confidence"
    PRESENCE_REASON = "presence_reason"
    PRESENCE_SINCE = "presence_since"


class RefusalReason(StrEnum):
    """Why a question is not answered."""

    ROLE = "role"
    PURPOSE = "purpose"
    BASIS = "basis"
    NO_REFERENCE = "no_reference"
    OUTSIDE_AREA = "outside_area"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An inquiry. Exactly the subject its kind names is set; `reference` is the number of the case or report."""

    kind: InquiryKind
    purpose: Purpose
    basis: LegalBasis
    reference: str = ""
    document: Document | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    unit_id: UnitId | None = None
    building_id: BuildingId | None = None


@dataclass(frozen=True, slots=True)
class Permitted:
    """The question may be answered, with these fields and no others."""

    fields: frozenset[Field]


@dataclass(frozen=True, slots=True)
class Refused:
    """The question is not answered."""

    reason: RefusalReason


Value = str | datetime
Disclosed = Mapping[Field, Value]


@dataclass(frozen=True, slots=True)
class Occupant:
    """One person in one room, with what is known; `disclose` says what of it is told."""

    person_id: PersonId
    known: Disclosed = field(repr=False)


_PERSON_FULL = {Field.NAME, Field.DOCUMENT_TYPE, Field.DOCUMENT_NUMBER, Field.PHONE, Field.HUKOU_AREA}
_PERSON_SHORT = {Field.NAME, Field.DOCUMENT_TYPE, Field.DOCUMENT_MASKED}
_PLACE = {Field.ADDRESS, Field.ROOM}
_STAY = {Field.LIVES_SINCE, Field.LIVES_UNTIL}
_PRESENCE = {Field.PRESENCE, Field.PRESENCE_CONFIDENCE, Field.PRESENCE_REASON, Field.PRESENCE_SINCE}

# Role x kind -> fields. A pair that is not here is told nothing. By name several people may answer of whom only one is
# meant, and a building is many people at once: there the answer is only enough to ask again about the one.
DISCLOSED: Mapping[tuple[Role, InquiryKind], frozenset[Field]] = MappingProxyType(
    {
        (Role.OFFICER, InquiryKind.PERSON_BY_DOCUMENT): frozenset(_PERSON_FULL | _PLACE | _STAY | _PRESENCE),
        (Role.OFFICER, InquiryKind.PERSON_BY_NAME): frozenset(_PERSON_SHORT | _PLACE | _STAY | {Field.HUKOU_AREA}),
        (Role.OFFICER, InquiryKind.UNIT): frozenset(_PERSON_FULL | _STAY | _PRESENCE),
        (Role.OFFICER, InquiryKind.BUILDING): frozenset(_PERSON_SHORT | _STAY | {Field.ROOM}),
        (Role.GRID_WORKER, InquiryKind.PERSON_BY_DOCUMENT): frozenset(_PERSON_SHORT | _PLACE | _STAY),
        (Role.GRID_WORKER, InquiryKind.PERSON_BY_NAME): frozenset(_PERSON_SHORT | _PLACE | _STAY),
        (Role.GRID_WORKER, InquiryKind.UNIT): frozenset(_PERSON_SHORT | _STAY | {Field.PHONE}),
        (Role.GRID_WORKER, InquiryKind.BUILDING): frozenset({Field.NAME, Field.ROOM} | _STAY),
    }
)

PURPOSES: Mapping[Role, frozenset[Purpose]] = MappingProxyType(
    {
        Role.OFFICER: frozenset(Purpose),
        Role.GRID_WORKER: frozenset({Purpose.REGISTRATION_CHECK, Purpose.RESCUE, Purpose.WELFARE_VISIT}),
    }
)

BASES: Mapping[Purpose, frozenset[LegalBasis]] = MappingProxyType(
    {
        Purpose.REGISTRATION_CHECK: frozenset({LegalBasis.RESIDENCE_REGISTRATION, LegalBasis.STATUTORY_DUTY}),
        Purpose.RESCUE: frozenset({LegalBasis.EMERGENCY}),
        Purpose.WELFARE_VISIT: frozenset({LegalBasis.STATUTORY_DUTY}),
        Purpose.MISSING_PERSON: frozenset({LegalBasis.STATUTORY_DUTY, LegalBasis.EMERGENCY}),
        Purpose.CASE: frozenset({LegalBasis.CRIMINAL_PROCEDURE, LegalBasis.STATUTORY_DUTY}),
    }
)

# These are about one case or report, whose number is kept with the question.
LONGEST_REFERENCE = 64
NEEDS_REFERENCE = frozenset({Purpose.CASE, Purpose.MISSING_PERSON})

PEOPLE_FIELDS: Mapping[Field, PersonField] = MappingProxyType(
    {
        Field.NAME: PersonField.NAME,
        Field.DOCUMENT_TYPE: PersonField.DOCUMENT_TYPE,
        Field.DOCUMENT_MASKED: PersonField.DOCUMENT_MASKED,
        Field.DOCUMENT_NUMBER: PersonField.DOCUMENT_NUMBER,
        Field.PHONE: PersonField.PHONE,
        Field.HUKOU_AREA: PersonField.HUKOU_AREA,
    }
)


def check_question(question: Question) -> None:
    """BadInput unless the question names exactly the subject of its kind."""
    subjects = {
        InquiryKind.PERSON_BY_DOCUMENT: question.document,
        InquiryKind.PERSON_BY_NAME: question.name,
        InquiryKind.UNIT: question.unit_id,
        InquiryKind.BUILDING: question.building_id,
    }
    named = {kind for kind, subject in subjects.items() if subject is not None}
    if named != {question.kind}:
        raise BadInput("Say what you ask about: one document, one name, one room or one building.", code="subject")
    if len(question.reference) > LONGEST_REFERENCE:
        raise BadInput("A reference has at most 64 characters.", code="reference", field="reference")


def authorise(
    role: Role, areas: Collection[AreaId], question: Question, *, place: AreaId | None = None
) -> Permitted | Refused:
    """May this be asked? `place` is where the room or building stands; None where there is no such place.

    A place that does not exist is outside every area, so that asking tells nothing about it. Questions about a person
    name no place: they are answered from the asker's own areas only, by row-level security.
    """
    fields = DISCLOSED.get((role, question.kind))
    if fields is None:
        return Refused(RefusalReason.ROLE)
    if question.purpose not in PURPOSES[role]:
        return Refused(RefusalReason.PURPOSE)
    if question.basis not in BASES[question.purpose]:
        return Refused(RefusalReason.BASIS)
    if question.purpose in NEEDS_REFERENCE and not question.reference.strip():
        return Refused(RefusalReason.NO_REFERENCE)
    if question.kind in _ABOUT_PLACES and place not in areas:
        return Refused(RefusalReason.OUTSIDE_AREA)
    return Permitted(fields)


_ABOUT_PLACES = frozenset({InquiryKind.UNIT, InquiryKind.BUILDING})


def disclose(occupant: Occupant, permitted: Permitted) -> Disclosed:
    """What of an occupant is told: of what is known, the permitted fields, in the order of `Field`."""
    return {one: occupant.known[one] for one in Field if one in permitted.fields and one in occupant.known}
