"""What the ledger may say: named acts, and details that identify nobody. Pure."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

Detail = str | int | bool | None

_MACHINE_WORD = re.compile(r"[A-Za-z0-9_.:/+-]{0,64}")
_LIKE_A_NUMBER_OF_A_PERSON = re.compile(r"\+?\d{9,}[0-9Xx]?")


class Acting(Protocol):
    """Who acts, as far as the ledger needs to know."""

    @property
    def account_id(self) -> int:
        """The account that acts."""

    @property
    def role(self) -> str:
        """In which role it acts."""


class Act(StrEnum):
    """Every act the ledger knows, as source:subject:act. Names are never reused for something else."""

    SIGNED_IN = "accounts:session:opened"
    SIGN_IN_REFUSED = "accounts:session:refused"
    SIGNED_OUT = "accounts:session:closed"
    ACCOUNT_OPENED = "accounts:account:opened"
    LOCK_HUNG = "premises:lock:hung"
    LOCK_PROVISIONED = "locks:lock:provisioned"
    LOCK_REVOKED = "locks:lock:revoked"
    LOCK_RELEASED = "custody:lock:released"
    CLAIM_CODE_TOLD = "custody:claim_code:told"
    LOCK_REPORTED = "custody:lock:reported"
    LOCK_FOUND = "custody:lock:found"
    LOCK_REPORT_ANSWERED = "custody:lock_report:answered"
    LOCK_REPORT_WITHDRAWN = "custody:lock_report:withdrawn"
    FIRMWARE_ADDED = "firmware:release:added"
    ROLLOUT_BEGUN = "rollout:rollout:begun"
    ROLLOUT_CHANGED = "rollout:rollout:changed"
    LOCK_DOUBT_SETTLED = "doubts:lock:settled"
    ALARM_ATTENDED = "alarms:alarm:attended"
    ALARM_CLOSED = "alarms:alarm:closed"
    CONSENT_GIVEN = "consent:consent:given"
    CONSENT_WITHDRAWN = "consent:consent:withdrawn"
    FACE_ENROLLED = "faces:template:enrolled"
    FACE_ERASED = "faces:template:erased"
    FACE_TAKEN = "enrolling:template:kept"
    FACE_NOT_TAKEN = "enrolling:template:refused"
    ACCESS_GRANTED = "access:grant:made"
    ACCESS_REVOKED = "access:grant:revoked"
    PIN_REPLACED = "access:pin:replaced"
    PASSAGE_SET = "access:passage:set"
    EMERGENCY_PIN_MADE = "access:emergency_pin:made"
    EMERGENCY_PIN_REMOVED = "access:emergency_pin:removed"
    INVITED = "tenancy:invitation:made"
    INVITATION_OPENED = "tenancy:invitation:opened"
    INVITATION_WITHDRAWN = "tenancy:invitation:withdrawn"
    REGISTRATION_SUBMITTED = "tenancy:registration:submitted"
    REGISTRATION_CONFIRMED = "tenancy:registration:confirmed"
    REGISTRATION_REFUSED = "tenancy:registration:refused"
    TENANCY_ENDED = "tenancy:tenancy:ended"
    TENANCY_END_STATED = "tenancy:end:stated"
    TENANCY_END_CONTRADICTED = "tenancy:end:contradicted"
    TENANCY_END_TAKEN_BACK = "tenancy:end:taken_back"
    HOUSE_OFFERED = "transfers:house:offered"
    HOUSE_LOOKED_AT = "transfers:house:looked_at"
    HOUSE_TRANSFERRED = "transfers:house:transferred"
    TRANSFER_CALLED_OFF = "transfers:transfer:called_off"
    TRANSFER_CODE_REFUSED = "transfers:code:refused"
    COMMAND_ORDERED = "commands:lock:ordered"
    INQUIRY_ANSWERED = "occupancy:inquiry:answered"
    INQUIRY_REFUSED = "occupancy:inquiry:refused"


def without_identity(details: Mapping[str, Detail]) -> dict[str, Detail]:
    """The details, if each is a number, a flag or one plain machine word; ValueError where one could name a person."""
    for key, value in details.items():
        if isinstance(value, str) and not _harmless(value):
            raise ValueError(f"the audit detail {key!r} could identify a person; record an id or a code instead")
    return dict(details)


def _harmless(word: str) -> bool:
    return bool(_MACHINE_WORD.fullmatch(word)) and not _LIKE_A_NUMBER_OF_A_PERSON.fullmatch(word)
