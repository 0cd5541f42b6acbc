"""Identity documents and their numbers: what can be told from the digits alone. Pure.

No number is refused because its area is not on a list: areas are abolished, the numbers of those born there stay.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from service.errors import BadInput

# GB 11643-1999 §4.2, the MOD 11-2 of ISO 7064: weights of the first 17 digits, and the character for each remainder.
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS: Final = "10X98765432"

_FULL_WIDTH: Final = {0xFF01 + offset: 0x21 + offset for offset in range(94)}
_CITIZEN_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X]")
_OLD_RESIDENT_ID: Final = re.compile(r"[0-9]{15}")
_OLD_PERMANENT_CARD: Final = re.compile(r"[A-Z]{3}[0-9]{12}")
_PASSPORT: Final = re.compile(r"(?=.*[0-9])[A-Z0-9]{5,12}")
_HMT_AREAS: Final = ("810000", "820000", "830000")
_FIRST_YEAR: Final = 1880


class DocumentType(StrEnum):
    """The documents a tenant can register with."""

    RESIDENT_ID = "resident_id"
    HMT_RESIDENCE_PERMIT = "hmt_residence_permit"
    PERMANENT_RESIDENT_CARD = "permanent_resident_card"
    PASSPORT = "passport"


class Sex(StrEnum):
    """As the number says it: the last sequence digit is odd for men (GB 11643-1999 §4.1.3)."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose number has been checked; `number` is in the one form that is compared. Made by `read_document`."""

    type: DocumentType
    number: str = field(repr=False)

    @property
    def birth_date(self) -> date | None:
        """Where the number tells it: resident IDs and residence permits."""
        return _date(self.number[6:14]) if self._tells_birth else None

    @property
    def sex(self) -> Sex | None:
        """Where the number tells it: resident IDs and residence permits."""
        return (Sex.MALE if int(self.number[16]) % 2 else Sex.FEMALE) if self._tells_birth else None

    @property
    def area(self) -> str | None:
        """The six digits of the area that gave a resident ID; what that area is called today nobody can say from them."""
        return self.number[:6] if self.type is DocumentType.RESIDENT_ID else None

    @property
    def _tells_birth(self) -> bool:
        return self.type in {DocumentType.RESIDENT_ID, DocumentType.HMT_RESIDENCE_PERMIT}


def read_document(document_type: DocumentType, text: str, *, today: date | None = None) -> Document:
    """The document in the text, full-width digits, lower-case letters and inner spaces allowed.

    BadInput says what is wrong with it: length, a character, the date, the check digit, or another kind of document.
    With `today` a date of birth still to come is refused as well.
    """
    number = re.sub(r"[\s·-]", "", text.translate(_FULL_WIDTH)).upper()
    match document_type:
        case DocumentType.RESIDENT_ID:
            _check_resident_id(number)
        case DocumentType.HMT_RESIDENCE_PERMIT:
            _check_hmt_permit(number)
        case DocumentType.PERMANENT_RESIDENT_CARD:
            _check_permanent_card(number)
        case DocumentType.PASSPORT:
            _check_passport(number)
    document = Document(document_type, number)
    if today is not None and document.birth_date is not None and document.birth_date > today:
        raise _wrong("birth_date", "The date of birth in this number is still to come. Please check digits 7 to 14.")
    return document


def check_character(first_17: str) -> str:
    """The eighteenth character that belongs to seventeen digits (GB 11643-1999 §4.2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def mask(number: str) -> str:
    """The number with its middle hidden: enough to recognise one's own, not to use another's."""
    shown_before, shown_after = (3, 4) if len(number) >= 15 else (1, 2)
    hidden = len(number) - shown_before - shown_after
    return number[:shown_before] + "*" * hidden + number[len(number) - shown_after :]


def _check_resident_id(number: str) -> None:
    if _OLD_RESIDENT_ID.fullmatch(number):
        raise _wrong(
            "length", "Numbers of 15 digits are no longer valid. Please enter the 18 digits of the card in use now."
        )
    _check_citizen_number(number)
    if number.startswith(_HMT_AREAS):
        raise _wrong(
            "other_document", "This is the number of a residence permit for Hong Kong, Macao or Taiwan residents."
        )
    if number.startswith("9"):
        raise _wrong("other_document", "This is the number of a foreigner's permanent resident card.")


def _check_hmt_permit(number: str) -> None:
    _check_citizen_number(number)
    if not number.startswith(_HMT_AREAS):
        raise _wrong("other_document", "The number of this permit begins with 810000, 820000 or 830000.")


def _check_citizen_number(number: str) -> None:
    _check_eighteen(number)
    if _date(number[6:14]) is None:
        raise _wrong("birth_date", "Digits 7 to 14 are not a date of birth. Please check them.")
    _check_digit(number)


def _check_permanent_card(number: str) -> None:
    """New cards: 18 digits, the first a 9, same check digit. Cards from before December 2023 stay valid: ABC + 12 digits."""
    if _OLD_PERMANENT_CARD.fullmatch(number):
        return
    if number[:1].isalpha():
        raise _wrong("characters", "An older card's number is three letters and twelve digits.")
    _check_eighteen(number)
    if not number.startswith("9"):
        raise _wrong("other_document", "The number of this card begins with 9.")
    _check_digit(number)


def _check_passport(number: str) -> None:
    if not _PASSPORT.fullmatch(number):
        raise _wrong("characters", "A passport number is 5 to 12 letters and digits, with at least one digit.")


def _check_eighteen(number: str) -> None:
    if len(number) != 18:
        raise _wrong("length", "This number has 18 characters. Please check whether one is missing or doubled.")
    if not _CITIZEN_NUMBER.fullmatch(number):
        raise _wrong("characters", "This number is 17 digits and then a digit or X. Please check each of them.")


def _check_digit(number: str) -> None:
    if check_character(number[:17]) != number[17]:
        raise _wrong(
            "check_digit", "One of the digits is not right: the last one does not fit the others. Please check all."
        )


def _date(digits: str) -> date | None:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
    return born if born.year >= _FIRST_YEAR else None


def _wrong(code: str, text: str) -> BadInput:
    return BadInput(text, code=f"document_{code}", field="document_number")
