"""What became of a face that was taken at a door, and who may agree to it. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from firmware_protocol.commands_followed import OrderState
from service.commands.rules import CommandId
from service.consent.rules import GivenBy, GuardianNeed, guardian_need

WINDOW_S = 300


class TakenState(StrEnum):
    """Where a template that a lock has sent is; the values are stored and never change."""

    ARRIVED = "arrived"
    KEPT = "kept"
    REFUSED = "refused"


class TakenReason(StrEnum):
    """Why one was not kept. Whatever the reason, it is erased."""

    NO_CONSENT = "no_consent"
    NO_TENANCY = "no_tenancy"
    ENGINE = "engine"
    ANOTHER_PERSON = "another_person"
    LIST_FULL = "list_full"


@dataclass(frozen=True, slots=True)
class TakenView:
    """A template that has come from a lock, as its person sees it. `portrait`: the lock compared it with the card's."""

    command_id: CommandId
    state: TakenState
    reason: TakenReason | None
    portrait: bool
    arrived_at: datetime


# The result may come before the template, or not at all.
TAKEN_IN = frozenset({OrderState.SENT, OrderState.ACCEPTED, OrderState.RUNNING, OrderState.SILENT, OrderState.DONE})


def speaker(birth: date | None, registered_by: GivenBy | None, today: date) -> GivenBy:
    """Who may agree to the person's face: a guardian under 14, else the person.

    Where the document says no date of birth, whoever registered the person: a guardian then, a guardian now.
    """
    if birth is None:
        return GivenBy.GUARDIAN if registered_by is GivenBy.GUARDIAN else GivenBy.PERSON
    return GivenBy.GUARDIAN if guardian_need(birth, today) is GuardianNeed.CONSENTS else GivenBy.PERSON
