"""Grants, where they have arrived, and room on a list; the public names of all three. Pure."""

from service.access.rules.delivery import (
    CredentialDelivery,
    CredentialRecord,
    DeliveryState,
    LockDelivery,
    credential_state,
    held_until,
    lock_deliveries,
    worst_state,
)
from service.access.rules.grants import (
    GrantId,
    GrantRecord,
    Materials,
    Terms,
)
from service.access.rules.lists import (
    DEFAULT_LIST_ENTRIES,
    FACE_ENGINE_CAPABILITY,
    FACE_MODEL_CAPABILITY,
    LIST_ENTRIES_CAPABILITY,
    HeldList,
    LiveEntry,
    for_lock,
    list_entries_of,
    list_entry,
    materials_for,
    misses,
    places_taken,
)

__all__ = [
    "DEFAULT_LIST_ENTRIES",
    "FACE_ENGINE_CAPABILITY",
    "FACE_MODEL_CAPABILITY",
    "LIST_ENTRIES_CAPABILITY",
    "CredentialDelivery",
    "CredentialRecord",
    "DeliveryState",
    "GrantId",
    "GrantRecord",
    "HeldList",
    "LiveEntry",
    "LockDelivery",
    "Materials",
    "Terms",
    "credential_state",
    "for_lock",
    "held_until",
    "list_entries_of",
    "list_entry",
    "lock_deliveries",
    "materials_for",
    "misses",
    "places_taken",
    "worst_state",
]
