"""Claims as pages and actions see them. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, NewType

from firmware_protocol.claim import CODE_BEGINS, WINDOW_S, read_secret
from firmware_protocol.topics import LockId, lock_id
from service.errors import BadInput, Conflict
from service.premises.rules import UnitId

ClaimId = NewType("ClaimId", int)
ReleaseId = NewType("ReleaseId", int)
ReportId = NewType("ReportId", int)
WINDOW = timedelta(seconds=WINDOW_S)
# The answer may come in the last second, and the lock has to start again.
BORN_WITHIN = WINDOW + timedelta(seconds=90)
MOST_WAITING = 5
MOST_UNANSWERED_A_DAY = 20
REASON_LENGTHS = range(6, 301)


class RevokedAs(StrEnum):
    """Why a lock's keys are worth nothing any more."""

    STOLEN = "stolen"
    BROKEN = "broken"
    REPLACED = "replaced"
    RELEASED = "released"
    """Empty, and anybody's who is told its next secret."""


class ReportKind(StrEnum):
    """What a landlord says of a lock that is not there any more, or works no more."""

    STOLEN = "stolen"
    BROKEN = "broken"


class ClaimState(StrEnum):
    """How far a claim is."""

    WAITING = "waiting"
    """For the button."""
    ANSWERED = "answered"
    """The keys are exchanged; the lock has not come back under them yet."""
    BORN = "born"
    """It has; it does not hang anywhere yet."""
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
    born: bool = False

    def state(self, now: datetime) -> ClaimState:
        """As it stands at this instant."""
        if self.hung_at is not None:
            return ClaimState.HUNG
        if self.born:
            return ClaimState.BORN
        if self.answered_at is not None and now < self.begun_at + BORN_WITHIN:
            return ClaimState.ANSWERED
        return ClaimState.WAITING if now < self.begun_at + WINDOW else ClaimState.EXPIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A lock that was given away. `waits`: nobody has claimed it since, so that its next secret still counts."""

    id: ReleaseId
    lock_id: LockId
    unit_id: UnitId
    landlord_id: int
    key_epoch: int
    released_at: datetime
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A lock that is said to be stolen or broken, as whoever may see it does; `reason` in the landlord's words."""

    id: ReportId
    lock_id: LockId
    unit_id: UnitId
    kind: ReportKind
    reason: str
    reported_at: datetime
    address: str
    number: str
    shared: bool


class Tally(NamedTuple):
    """What the rooms of a house where somebody lives say of a report of its door's lock."""

    rooms: int
    agreeing: int
    against: int

    @property
    def needed(self) -> int:
        """How many of them have to agree: more than half."""
        return self.rooms // 2 + 1

    @property
    def shuts_out(self) -> bool:
        """Whether enough have said that it is true, and nobody that it is not."""
        return not self.against and self.agreeing >= self.needed


class HouseReport(NamedTuple):
    """A report of the house's door as one who lives there sees it. `may_agree`: moved in before it was made; `said`: the own word."""

    report: Report
    tally: Tally
    may_agree: bool
    said: bool | None


class LostLock(NamedTuple):
    """A lock that is shut out because it was stolen or broken."""

    lock_id: LockId
    kind: ReportKind
    since: datetime


def check_counts(waiting: int, unanswered: int) -> None:
    """Conflict where a landlord waits for too many locks at once, TooMany where too many have not answered in a day."""
    if waiting >= MOST_WAITING:
        raise Conflict(
            "You are waiting for {most} locks already. Press their buttons, or wait two minutes.",
            code="claims_waiting",
            most=MOST_WAITING,
        )
    if unanswered >= MOST_UNANSWERED_A_DAY:
        raise Conflict(
            "{most} claims of today have had no answer. Check number, secret, power and network of the lock, and go on tomorrow.",
            code="claims_unanswered",
            most=MOST_UNANSWERED_A_DAY,
        )


def read_reason(text: str) -> str:
    """What happened, in one line; BadInput where it says too little or too much."""
    reason = " ".join(text.split())
    if len(reason) not in REASON_LENGTHS or not reason.isprintable():
        raise BadInput(
            "Please say in 6 to 300 characters what has happened. Tenants and the police of the area will read it.",
            code="report_reason",
            field="reason",
        )
    return reason


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
