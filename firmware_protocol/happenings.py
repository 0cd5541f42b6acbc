"""What has happened at a lock's end of the protocol: for the device to act on."""

from dataclasses import dataclass

from firmware_protocol.access_list import ListChange
from firmware_protocol.certificate_messages import CertificateAnswer
from firmware_protocol.commands import Command, NonceAsked
from firmware_protocol.enrolment import EnrolledHeard
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareOffer
from firmware_protocol.key_messages import KeyOffer
from firmware_protocol.list_messages import ListQuestion


@dataclass(frozen=True, slots=True)
class StoredUpTo:
    """The service has everything up to this number; that flash may be used again."""

    sequence: int


@dataclass(frozen=True, slots=True)
class ListComplete:
    """All parts of a change are here: apply it atomically, then record AccessListApplied; or say why not by refuse_list."""

    change: ListChange


@dataclass(frozen=True, slots=True)
class ClockOffered:
    """The service's time (Unix ms) at the moment of the call, within the round trip's uncertainty."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Contacted:
    """The service has just answered a question of ours, and we hold the list it wants: offline leases count from now.

    Any other authentic frame proves nothing about the present, because the broker may have held it back for weeks.
    """


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The session is proven. Remember the slot: how long to wait with the first connect after power or link were lost."""

    reconnect_slot_s: float


# Not the session's business but the device's: it comes as it was said.
FOR_THE_DEVICE = (
    FirmwareOffer,
    FirmwareChunk,
    Command,
    NonceAsked,
    EnrolledHeard,
    ListQuestion,
    KeyOffer,
    CertificateAnswer,
)
Happening = (
    StoredUpTo
    | ListComplete
    | ClockOffered
    | Contacted
    | Welcomed
    | FirmwareOffer
    | FirmwareChunk
    | Command
    | NonceAsked
    | EnrolledHeard
    | ListQuestion
    | KeyOffer
    | CertificateAnswer
)
