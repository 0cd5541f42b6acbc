"""Grants and where they have arrived: delivery per lock, room on a list, PINs worth having. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, NewType

from firmware_protocol.access_list import ListEntry
from firmware_protocol.credentials import card_material, pin_material
from firmware_protocol.list_entry import needed_capabilities
from firmware_protocol.schedules import Schedule
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.accounts.rules import AccountId
from service.people.rules import PersonId
from service.premises.rules import AreaId, UnitId

GrantId = NewType("GrantId", int)

DEFAULT_LIST_ENTRIES = 200
# The key under which a lock says in its birth how many entries its access list can hold.
LIST_ENTRIES_CAPABILITY = "list_entries"
FACE_ENGINE_CAPABILITY, FACE_MODEL_CAPABILITY = "face_engine", "face_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What credentials are made from, never kept in the clear; `template` only with standing face consent.

    With `duress` they open like any others and call for help.
    """

    document_number: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    template: bytes | None = field(default=None, repr=False)
    duress: bool = False
    passage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who may open which unit and when, half-open; a lock that hears nothing honours it for offline_lease_s at most.

    With schedules only while one of them holds. A visitor's is given by the person; a passage is nobody's, for everybody.
    """

    unit_id: UnitId
    person_id: PersonId | None
    starts_at: datetime
    ends_at: datetime
    offline_lease_s: int
    visitor: bool = False
    one_time: bool = False
    schedules: tuple[Schedule, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldList:
    """An access list that nobody else can change until the transaction ends."""

    lock_id: LockId
    shard: int
    version: int
    next_credential_id: int
    capabilities: Mapping[str, object]


class LiveEntry(NamedTuple):
    """What a lock shall hold of one credential; `resident`: the grant it is of, None for a visitor's."""

    credential_id: int
    entry_hash: bytes
    resident: int | None
    duress: bool


@dataclass(frozen=True, slots=True)
class GrantRecord:
    """A grant as it stands."""

    id: GrantId
    terms: Terms
    area_id: AreaId
    landlord_id: AccountId
    revoked_at: datetime | None


class DeliveryState(StrEnum):
    """Where a credential or a grant is on one lock; only the lock's own word makes it ON_LOCK, ERASED or REMOVED."""

    PENDING = "pending"
    ON_LOCK = "on_lock"
    ERASED = "erased"
    REMOVING = "removing"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRecord:
    """One credential on one lock: what we want (removed or not) and what the lock has said."""

    lock_id: LockId
    type: CredentialType
    removed: bool
    on_lock_at: datetime | None
    off_lock_at: datetime | None
    last_contact_at: datetime | None
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialDelivery:
    """One credential's state; held_until (REMOVING only) is when the lock drops it by itself if it stays silent."""

    type: CredentialType
    state: DeliveryState
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockDelivery:
    """One lock of a grant. `held_until` is the latest of the credentials still being removed."""

    lock_id: LockId
    state: DeliveryState
    held_until: datetime | None
    last_contact_at: datetime | None
    credentials: tuple[CredentialDelivery, ...]


def credential_state(record: CredentialRecord) -> DeliveryState:
    """Where one credential is. Removed but never confirmed as held counts as removing: it may be on its way."""
    if record.removed:
        return DeliveryState.REMOVING if record.off_lock_at is None else DeliveryState.REMOVED
    if record.erased_at is not None:
        return DeliveryState.ERASED
    return DeliveryState.PENDING if record.on_lock_at is None else DeliveryState.ON_LOCK


def held_until(ends_at: datetime, last_contact_at: datetime | None, offline_lease_s: int) -> datetime:
    """Until when a silent lock may honour a credential: the end of its lease on contact, never past the grant.

    A lock that was never heard of may hold it to the end of the grant, for all we know.
    """
    if last_contact_at is None:
        return ends_at
    return min(ends_at, last_contact_at + timedelta(seconds=offline_lease_s))


def lock_deliveries(records: Sequence[CredentialRecord], terms: Terms) -> tuple[LockDelivery, ...]:
    """The state of a grant on each of its locks, in the order of their ids."""
    locks = sorted({record.lock_id for record in records})
    return tuple(_lock_delivery([record for record in records if record.lock_id == lock], terms) for lock in locks)


def _lock_delivery(records: Sequence[CredentialRecord], terms: Terms) -> LockDelivery:
    credentials = tuple(_credential_delivery(record, terms) for record in records)
    held = [credential.held_until for credential in credentials if credential.held_until is not None]
    return LockDelivery(
        lock_id=records[0].lock_id,
        state=worst_state([credential.state for credential in credentials]),
        held_until=max(held, default=None),
        last_contact_at=records[0].last_contact_at,
        credentials=credentials,
    )


def _credential_delivery(record: CredentialRecord, terms: Terms) -> CredentialDelivery:
    state = credential_state(record)
    held = None
    if state is DeliveryState.REMOVING:
        held = held_until(terms.ends_at, record.last_contact_at, terms.offline_lease_s)
    return CredentialDelivery(type=record.type, state=state, held_until=held)


# What a person must be told first: something has not arrived, then something is not gone yet.
_TELL_FIRST = [DeliveryState(one) for one in ("pending", "removing", "erased", "on_lock", "removed")]


def worst_state(states: Sequence[DeliveryState]) -> DeliveryState:
    """The one state that stands for several; REMOVED where there is none."""
    return min(states, key=_TELL_FIRST.index, default=DeliveryState.REMOVED)


def list_entries_of(capabilities: Mapping[str, Any]) -> int:
    """How many entries the lock's list can hold; the default where it has not said, or said nonsense."""
    said = capabilities.get(LIST_ENTRIES_CAPABILITY)
    return said if type(said) is int and 0 < said < 1 << 16 else DEFAULT_LIST_ENTRIES


def places_taken(entries: Sequence[LiveEntry]) -> int:
    """Of a list's places, how many count as taken: one more for everybody who lives there, used for an emergency PIN or not.

    So there is always room for one, and nobody can tell from a list being full whether somebody has one.
    """
    residents = {one.resident for one in entries if one.resident is not None}
    return sum(not one.duress for one in entries) + len(residents)


def materials_for(materials: Materials, credential_key: bytes) -> tuple[tuple[CredentialType, bytes], ...]:
    """What goes onto the lock with this key: card and PIN as keyed verifiers, the face as its packed template."""
    made = (
        (CredentialType.RFID, materials.document_number and card_material(credential_key, materials.document_number)),
        (CredentialType.PIN, materials.pin and pin_material(credential_key, materials.pin)),
        (CredentialType.FACE, materials.template),
        (CredentialType.PASSAGE, b"" if materials.passage else None),
    )
    return tuple((kind, material) for kind, material in made if isinstance(material, bytes))


def for_lock(materials: Materials, capabilities: Mapping[str, Any]) -> Materials:
    """What of it goes to this lock: a face only where it can be read, for elsewhere it would lie about for nothing.

    A lock says in its birth which engine it has (0: none) and which model; one that has not said gets everything.
    """
    said = capabilities.get(FACE_ENGINE_CAPABILITY)
    if materials.template is None or said is None:
        return materials
    # Offsets of a packed template: engine id at 2, the model's hash at 4 to 7.
    wanted = (materials.template[2], materials.template[4:8].hex())
    readable = wanted == (said, capabilities.get(FACE_MODEL_CAPABILITY))
    return materials if readable else replace(materials, template=None)


def list_entry(
    credential_id: int, kind: CredentialType, material: bytes, terms: Terms, *, duress: bool = False
) -> ListEntry:
    """The entry a lock decides from; times in whole Unix seconds, the end rounded down so that it is never late."""
    return ListEntry(
        credential_id=credential_id,
        type=kind,
        material=material,
        starts_at=math.ceil(terms.starts_at.timestamp()),
        ends_at=math.floor(terms.ends_at.timestamp()),
        offline_lease_s=terms.offline_lease_s,
        duress=duress,
        visitor=terms.visitor,
        schedules=terms.schedules,
        one_time=terms.one_time,
    )


def misses(entry: ListEntry, capabilities: Mapping[str, Any]) -> bool:
    """Whether a lock would open more by the entry than it says, because it does not understand all of it.

    A lock names in its birth what it understands; one that has not said so has not.
    """
    return any(capabilities.get(name) is not True for name in needed_capabilities(entry))
