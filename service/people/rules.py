"""Names, phones, and what a record may show of a person. Documents have a module of their own. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from service.accounts import rules as accounts
from service.errors import BadInput
from service.people.documents import Document, DocumentType, Sex, mask, read_document

# The names of this concept's rules in one place, those of documents included.
__all__ = [
    "Document",
    "DocumentType",
    "PersonField",
    "PersonId",
    "Proof",
    "ProofKind",
    "Sex",
    "Verdict",
    "mask",
    "name_key",
    "read_document",
    "read_hukou_area",
    "read_name",
    "read_phone",
]

PersonId = accounts.PersonId

_NAME_LENGTHS: Final = range(1, 101)
# Names of many peoples have a dot between their parts; keyboards offer these for U+00B7.
_DOTS: Final = str.maketrans(dict.fromkeys("•‧・･⋅∙", "·"))
_MAINLAND_MOBILE: Final = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_INTERNATIONAL: Final = re.compile(r"(?:\+|00)([1-9][0-9]{6,14})")
_HUKOU_AREA: Final = re.compile(r"[0-9]{6}")


class PersonField(StrEnum):
    """What a record can tell about a person, each opened only when it was asked for."""

    NAME = "name"
    DOCUMENT_TYPE = "document_type"
    DOCUMENT_NUMBER = "document_number"
    DOCUMENT_MASKED = "document_masked"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    PHONE = "phone"
    HUKOU_AREA = "hukou_area"


class ProofKind(StrEnum):
    """How it was made sure that a person is who the document says."""

    FACE_TO_DOCUMENT = "face_to_document"
    LANDLORD_SAW_DOCUMENT = "landlord_saw_document"
    DESK_SAW_DOCUMENT = "desk_saw_document"


class Verdict(StrEnum):
    """What came of it; a review is decided by a person."""

    MATCH = "match"
    REVIEW = "review"
    NO_MATCH = "no_match"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One attempt to make sure; the score only as one of five bands, too coarse to compare faces by."""

    kind: ProofKind
    verdict: Verdict
    engine: str | None = None
    score_band: int | None = None


def read_name(text: str) -> str:
    """The name with single inner spaces and one kind of dot. BadInput where it is empty, too long, or holds other signs."""
    name = " ".join(unicodedata.normalize("NFKC", text).translate(_DOTS).split())
    if len(name) not in _NAME_LENGTHS or not any(map(_is_letter, name)) or not all(map(_may_stand_in_name, name)):
        raise BadInput("Please write the name as it stands on the document, in letters.", code="name", field="name")
    return name


def name_key(name: str) -> str:
    """What the blind index of a name is made from: case, spaces, dots and hyphens do not count."""
    letters = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(filter(_is_letter, letters))


def read_phone(text: str) -> str:
    """The phone as E.164 (+ and digits): a mainland mobile with or without +86, or any other number with its country's code."""
    written = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", text))
    if mainland := _MAINLAND_MOBILE.fullmatch(written):
        return f"+86{mainland[1]}"
    international = _INTERNATIONAL.fullmatch(written)
    if international is None or international[1].startswith("86"):
        raise BadInput(
            "Please enter a mobile number of 11 digits, or + and the country's code before the number.",
            code="phone",
            field="phone",
        )
    return f"+{international[1]}"


def read_hukou_area(text: str | None, document: Document) -> str | None:
    """The six digits of the area of household registration; where none is given, those of a resident ID."""
    if not text:
        return document.area
    if not _HUKOU_AREA.fullmatch(text):
        raise BadInput("An area code has six digits.", code="hukou_area", field="hukou_area")
    return text


def _may_stand_in_name(sign: str) -> bool:
    return _is_letter(sign) or sign in " '’-·.,"


def _is_letter(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LM"  # marks belong to the letters of many scripts
