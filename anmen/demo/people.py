"""Invented people for the demo: numbers with right check digits that no one was given, names out of a textbook."""

import secrets
from dataclasses import dataclass, field

from anmen.photographs import PhotographedPerson
from service.people.documents import check_character

# 339901: no such county was ever coded.
_AREA = "339901"


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody who registers. `photographs` only for those who let their face be taken."""

    name: str
    document_number: str = field(repr=False)
    phone: str
    password: str = field(repr=False)
    photographs: PhotographedPerson | None


def invent(name: str, photographs: PhotographedPerson | None) -> Applicant:
    """A new person of that name: a drawn document number (GB 11643-1999), phone and password."""
    birth = f"19{70 + secrets.randbelow(30)}{1 + secrets.randbelow(12):02d}{1 + secrets.randbelow(28):02d}"
    first = f"{_AREA}{birth}{secrets.randbelow(1000):03d}"
    phone = f"139{secrets.randbelow(10**8):08d}"
    return Applicant(name, first + check_character(first), phone, secrets.token_urlsafe(12), photographs)
