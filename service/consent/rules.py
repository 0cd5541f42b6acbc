"""What a person may agree to, how a consent stands, and who must speak for a minor. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from service.people.rules import PersonId

ConsentId = NewType("ConsentId", int)


class Purpose(StrEnum):
    """What is agreed to; each purpose is asked for by itself, never bundled."""

    REGISTER = "register"
    FACE = "face"


class ConsentAct(StrEnum):
    """What a row of the ledger says happened."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


class GivenBy(StrEnum):
    """Who acted: the person, the guardian for them, or the service (it alone erases)."""

    PERSON = "person"
    GUARDIAN = "guardian"
    SERVICE = "service"


class Standing(StrEnum):
    """How a consent stands after all that the ledger says about it."""

    NEVER = "never"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


# The state machine: what may follow what. A pair that is not here is refused and never reaches the ledger.
TRANSITIONS: Mapping[tuple[Standing, ConsentAct], Standing] = MappingProxyType(
    {
        (Standing.NEVER, ConsentAct.GIVEN): Standing.GIVEN,
        (Standing.GIVEN, ConsentAct.GIVEN): Standing.GIVEN,
        (Standing.GIVEN, ConsentAct.WITHDRAWN): Standing.WITHDRAWN,
        (Standing.GIVEN, ConsentAct.ERASED): Standing.ERASED,
        (Standing.WITHDRAWN, ConsentAct.GIVEN): Standing.GIVEN,
        (Standing.WITHDRAWN, ConsentAct.ERASED): Standing.ERASED,
        (Standing.ERASED, ConsentAct.GIVEN): Standing.GIVEN,
    }
)

# The wording in force; an older one stays readable as long as somebody agreed to it.
CURRENT_WORDING: Mapping[Purpose, int] = MappingProxyType({Purpose.REGISTER: 1, Purpose.FACE: 1})

# Registration rests on the law, not on consent alone: it ends with the tenancy and cannot be taken back before.
WITHDRAWABLE = frozenset({Purpose.FACE})

GUARDIAN_CONSENTS_UNDER = 14
GUARDIAN_DECLARES_UNDER = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntry:
    """One line of the ledger; for a withdrawal or a receipt, the wording is the one that had been agreed to."""

    purpose: Purpose
    act: ConsentAct
    wording_version: int
    given_by: GivenBy
    place: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """Domain event: a consent that stood was taken back; whatever rested on it must go."""

    person_id: PersonId
    purpose: Purpose


class GuardianNeed(StrEnum):
    """What a minor's guardian has to do."""

    NONE = "none"
    DECLARES = "declares"
    CONSENTS = "consents"


def next_standing(standing: Standing, act: ConsentAct) -> Standing | None:
    """Where the act leads, or None where it may not happen."""
    return TRANSITIONS.get((standing, act))


def standing_of(ledger: Iterable[ConsentEntry], purpose: Purpose) -> Standing:
    """How the consent stands after this ledger, oldest line first; an act that may not happen changes nothing."""
    standing = Standing.NEVER
    for entry in ledger:
        if entry.purpose is purpose:
            standing = next_standing(standing, entry.act) or standing
    return standing


def taken_back(later: Iterable[ConsentEntry], purpose: Purpose) -> bool:
    """Whether these later lines end what was said before them; a consent said earlier is then not to be acted on."""
    return any(entry.purpose is purpose and entry.act is not ConsentAct.GIVEN for entry in later)


def age_on(birth: date, day: date) -> int:
    """Full years on that day; who is born on 29 February is a year older on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def guardian_need(birth: date, day: date) -> GuardianNeed:
    """Under 14 a guardian consents (PIPL Art. 31), under 16 one declares the residence (Zhejiang regulation Art. 7)."""
    age = age_on(birth, day)
    if age < GUARDIAN_CONSENTS_UNDER:
        return GuardianNeed.CONSENTS
    return GuardianNeed.DECLARES if age < GUARDIAN_DECLARES_UNDER else GuardianNeed.NONE


def may_speak(need: GuardianNeed, purpose: Purpose, by: GivenBy) -> bool:
    """Whether this speaker's consent counts; from 14 on the person may consent to a face, whoever declares."""
    if by is GivenBy.SERVICE:
        return False
    if need is GuardianNeed.CONSENTS or (need is GuardianNeed.DECLARES and purpose is Purpose.REGISTER):
        return by is GivenBy.GUARDIAN
    return by is GivenBy.PERSON or need is GuardianNeed.DECLARES
