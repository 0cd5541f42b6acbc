"""Where grants have arrived: what we want, and what each lock has said. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.access.rules.grants import Terms


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
