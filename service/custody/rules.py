"""Claims as pages and actions see them. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from firmware_protocol.claim import CODE_BEGINS, WINDOW_S, read_secret
from firmware_protocol.topics import LockId, lock_id
from service.errors import BadInput
from service.premises.rules import UnitId

ClaimId = NewType("ClaimId", int)
WINDOW = timedelta(seconds=WINDOW_S)


class ClaimState(StrEnum):
    """How far a claim is."""

    WAITING = "waiting"
    """For the button."""
    ANSWERED = "answered"
    """The keys are exchanged; the lock does not hang anywhere yet."""
    HUNG = "hung"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One attempt of a landlord to claim a lock for a room."""

    id: ClaimId
    lock_id: LockId
    unit_id: UnitId
    landlord_id: int
    replaces: LockId | None
    begun_at: datetime
    answered_at: datetime | None
    hung_at: datetime | None

    def state(self, now: datetime) -> ClaimState:
        """As it stands at this instant."""
        if self.hung_at is not None:
            return ClaimState.HUNG
        if self.answered_at is not None:
            return ClaimState.ANSWERED
        return ClaimState.WAITING if now < self.begun_at + WINDOW else ClaimState.EXPIRED


def read_typed(lock: str, secret: str) -> tuple[LockId, str]:
    """Lock id and secret as typed, or as scanned into the secret's field ("anmen:claim:<lock>:<secret>"); BadInput says what is wrong."""
    if secret.strip().lower().startswith(CODE_BEGINS):
        lock, _, secret = secret.strip()[len(CODE_BEGINS) :].partition(":")
    try:
        known = lock_id(lock.strip().upper())
    except ValueError:
        raise BadInput(
            "This is not a lock's number. It begins with L- and stands beside the secret.",
            code="lock_id",
            field="lock_id",
        ) from None
    try:
        return known, read_secret(secret)
    except ValueError:
        raise BadInput(
            "The secret has 20 letters and digits. It stands under the inside cover of the lock.",
            code="claim_secret",
            field="secret",
        ) from None
