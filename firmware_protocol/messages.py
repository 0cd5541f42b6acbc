"""Everything lock and service say to each other inside the seal. Tags and field keys are never reused.

Up: what a lock says. Down: what the service says. Fields that a reader does not know are skipped, so new ones may be added
with a default. What concerns one part of the protocol only stands in a module of its own and is named in the tables below.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, get_args

from firmware_protocol.certificate_messages import CertificateAnswer, CertificateRequest
from firmware_protocol.commands import (
    CommandDown,
    CommandUp,
)
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareOffer, FirmwareWanted
from firmware_protocol.key_messages import ChainHead, KeyAnswer, KeyOffer, LockKeys, ServiceKeys
from firmware_protocol.list_messages import ListAnswer, ListQuestion
from firmware_protocol.vocabulary import ClockQuality, Field
from firmware_protocol.wire_field import at as _at


class Event(NamedTuple):
    """One numbered event. A plain tuple because the service opens thousands a second.

    `sequence` is gapless within the log epoch, from 1; `occurred_at_ms` is Unix time in milliseconds by the lock's
    clock (its uptime where the clock quality is UNSET); `fields` keeps what this version does not know.
    """

    type: int
    sequence: int
    boot_number: int
    occurred_at_ms: int
    clock_quality: int
    fields: Mapping[int, Any]

    def get(self, key: Field) -> Any:
        """The field's value, or None."""
        return self.fields.get(key)


@dataclass(frozen=True, slots=True)
class Birth:
    """First words after every connect: who I am, what I hold, where my log stands."""

    TAG: ClassVar[int] = 1
    birth_number: int = _at(1)
    boot_number: int = _at(2)
    log_epoch: int = _at(3)
    next_sequence: int = _at(4)
    oldest_sequence: int = _at(5)
    list_version: int = _at(6)
    list_digest: bytes = _at(7, size=32)
    hardware: str = _at(8)
    firmware: str = _at(9)
    clock_ms: int = _at(10)
    clock_quality: int = _at(11, default=ClockQuality.UNSET)
    battery_percent: int = _at(12, default=100)
    uptime_s: int = _at(13, default=0)
    capabilities: Mapping[str, Any] = _at(14, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proof:
    """Echo of the service's challenge: this birth is not a recording."""

    TAG: ClassVar[int] = 2
    nonce: bytes = _at(1, size=16)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Still here."""

    TAG: ClassVar[int] = 3
    next_sequence: int = _at(1)
    list_version: int = _at(2)
    list_digest: bytes = _at(3, size=32)
    battery_percent: int = _at(4)
    uptime_s: int = _at(5)
    clock_ms: int = _at(6)
    clock_quality: int = _at(7)
    # 0: not said. Never what a lock says itself, for its first event is number 1.
    oldest_sequence: int = _at(8, default=0, unsaid=True)


@dataclass(frozen=True, slots=True)
class Events:
    """Numbered events of one log epoch; live ones at once and singly (ANM-DOR-021 aside), stored ones in groups."""

    TAG: ClassVar[int] = 4
    log_epoch: int = _at(1)
    live: bool = _at(2)
    events: tuple[Event, ...] = _at(3)


@dataclass(frozen=True, slots=True)
class TimeRequest:
    """What time is it? The answer is believed only if it echoes the nonce soon enough."""

    TAG: ClassVar[int] = 5
    nonce: bytes = _at(1, size=8)


@dataclass(frozen=True, slots=True)
class AccessListRefused:
    """The lock could not apply a change: what it holds instead, and why."""

    TAG: ClassVar[int] = 6
    list_version: int = _at(1)
    list_digest: bytes = _at(2, size=32)
    problem: str = _at(3)


@dataclass(frozen=True, slots=True)
class Will:
    """Published by the broker when the lock's connection dies; it only marks that one birth stale."""

    TAG: ClassVar[int] = 7
    birth_number: int = _at(1)


@dataclass(frozen=True, slots=True)
class Challenge:
    """Echo this nonce, or no command will be spoken to you."""

    TAG: ClassVar[int] = 65
    nonce: bytes = _at(1, size=16)


@dataclass(frozen=True, slots=True)
class Welcome:
    """Proven. How to behave from now on, and how long after a loss of power or link to come back (0: at once)."""

    TAG: ClassVar[int] = 66
    birth_number: int = _at(1)
    heartbeat_s: int = _at(2)
    backfill_per_s: int = _at(3)
    reconnect_slot_ms: int = _at(4, default=0, unsaid=True)


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything of the epoch up to and including the sequence is in the register for good."""

    TAG: ClassVar[int] = 67
    log_epoch: int = _at(1)
    up_to: int = _at(2)


@dataclass(frozen=True, slots=True)
class Missing:
    """These numbers have not arrived; please send them again."""

    TAG: ClassVar[int] = 68
    log_epoch: int = _at(1)
    first: int = _at(2)
    last: int = _at(3)


@dataclass(frozen=True, slots=True)
class AccessListPart:
    """One part of a change of the access list; applied atomically once all parts are there and the digest agrees.

    `snapshot` replaces everything; otherwise the change applies on top of exactly `from_version`.
    """

    TAG: ClassVar[int] = 69
    from_version: int = _at(1)
    to_version: int = _at(2)
    snapshot: bool = _at(3)
    part: int = _at(4)
    parts: int = _at(5)
    removes: tuple[int, ...] = _at(6)
    upserts: tuple[bytes, ...] = _at(7)
    digest: bytes = _at(8, size=32)


@dataclass(frozen=True, slots=True)
class TimeAnswer:
    """The service's time, Unix milliseconds, with the request's nonce, and the list version it wants the lock to hold.

    A lock that holds less has not been reached by a change: its offline leases run on (0: not said).
    """

    TAG: ClassVar[int] = 70
    nonce: bytes = _at(1, size=8)
    now_ms: int = _at(2)
    list_version: int = _at(3, default=0)


@dataclass(frozen=True, slots=True)
class Rebirth:
    """I do not know your session, or lost track: say your birth again."""

    TAG: ClassVar[int] = 71


UpMessage = (
    Birth
    | Proof
    | Heartbeat
    | Events
    | TimeRequest
    | AccessListRefused
    | Will
    | CommandUp
    | ChainHead
    | LockKeys
    | KeyAnswer
    | CertificateRequest
    | FirmwareWanted
    | ListAnswer
)
DownMessage = (
    Challenge
    | Welcome
    | Stored
    | Missing
    | AccessListPart
    | TimeAnswer
    | Rebirth
    | ServiceKeys
    | KeyOffer
    | CertificateAnswer
    | CommandDown
    | FirmwareOffer
    | FirmwareChunk
    | ListQuestion
)
Message = UpMessage | DownMessage
UP_MESSAGES: tuple[type[UpMessage], ...] = get_args(UpMessage)
DOWN_MESSAGES: tuple[type[DownMessage], ...] = get_args(DownMessage)
