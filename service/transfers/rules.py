"""The transfer of a house: its code, its states, and what comes with it. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, NewType

from firmware_protocol.topics import LOCK_ID_ALPHABET
from service.accounts.rules import AccountId
from service.errors import BadInput, Conflict
from service.premises.rules import BuildingId

TransferId = NewType("TransferId", int)

LIFE = timedelta(hours=24)
CODE_CHARACTERS = 12
ENTROPY_BYTES = 8
MOST_TRIES = 10
TRIES_WINDOW = timedelta(days=1)
_READ_AS = str.maketrans("OIL", "011")


class TransferState(StrEnum):
    """How far a transfer is."""

    OFFERED = "offered"
    """A code was drawn; nobody has entered it."""
    OPENED = "opened"
    """Somebody has, and sees what comes with the house."""
    ACCEPTED = "accepted"
    CALLED_OFF = "called_off"
    EXPIRED = "expired"
    """Its day was over before anybody accepted it."""


class Holdings(NamedTuple):
    """What comes with a house, as far as a buyer sees before it is theirs: how many, and nobody's name."""

    rooms: int
    locks: int
    let: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A transfer as it is stored."""

    id: TransferId
    building_id: BuildingId
    seller: AccountId
    buyer: AccountId | None
    stored_state: TransferState
    offered_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def state(self, now: datetime) -> TransferState:
        """As it stands at this instant."""
        return TransferState.EXPIRED if self.ended_at is None and self.expires_at <= now else self.stored_state

    def is_open(self, now: datetime) -> bool:
        """Whether it can still come about."""
        return self.state(now) in {TransferState.OFFERED, TransferState.OPENED}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferView:
    """A transfer as one of the two sees it. `other`: the other one's name, once known; `comes`: while it waits."""

    id: TransferId
    building_id: BuildingId
    address: str
    selling: bool
    other: str = field(repr=False)
    state: TransferState
    offered_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    comes: Holdings | None = None


@dataclass(frozen=True, slots=True)
class Owned:
    """Who was a house's landlord, from when (None: since it was entered) until when (None: still)."""

    name: str = field(repr=False)
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class NewLandlord:
    """Whose tenant one has become by a sale, and since when."""

    name: str = field(repr=False)
    since: datetime


def draw_code(entropy: bytes) -> str:
    """A code from eight random bytes, in its one form."""
    number = int.from_bytes(entropy[:ENTROPY_BYTES], "big")
    return "".join(LOCK_ID_ALPHABET[(number >> shift) & 31] for shift in range(0, 5 * CODE_CHARACTERS, 5))


def in_groups(code: str) -> str:
    """The code as a person reads it: three groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, CODE_CHARACTERS, 4))


def read_code(text: str) -> str:
    """The code as typed, in its one form; BadInput where it cannot be one."""
    written = "".join(text.upper().replace("-", " ").split()).translate(_READ_AS)
    if len(written) != CODE_CHARACTERS or set(written) - set(LOCK_ID_ALPHABET):
        raise BadInput("The code has 12 letters and digits. The present landlord has it.", code="code", field="code")
    return written


def check_acceptable(transfer: Transfer, *, seen: Holdings, comes: Holdings, now: datetime) -> None:
    """Conflict where the transfer is over, or where what comes with the house is not what the buyer was shown."""
    if transfer.state(now) is not TransferState.OPENED:
        raise Conflict(
            "This transfer is over. The present landlord can start it again and give you a new code.",
            code="transfer_over",
        )
    if seen != comes:
        raise Conflict(
            "What comes with the house has changed since you looked. Look at it again, then accept.",
            code="holdings_changed",
        )
