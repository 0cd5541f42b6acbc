"""A lock's access list: what goes onto it, and what there is room for. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from firmware_protocol.access_list import ListEntry
from firmware_protocol.credentials import card_material, pin_material
from firmware_protocol.list_entry import needed_capabilities
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.access.rules.grants import Materials, Terms

DEFAULT_LIST_ENTRIES = 200
# The key under which a lock says in its birth how many entries its access list can hold.
LIST_ENTRIES_CAPABILITY = "list_entries"
FACE_ENGINE_CAPABILITY, FACE_MODEL_CAPABILITY = "face_engine", "face_model"


@dataclass(frozen=True, slots=True)
class HeldList:
    """An access list that nobody else can change until the transaction ends."""

    lock_id: LockId
    shard: int
    version: int
    next_credential_id: int
    capabilities: Mapping[str, object]
    found: bool = False
    """Stolen once, and not claimed anew since."""


class LiveEntry(NamedTuple):
    """What a lock shall hold of one credential; `resident`: the grant it is of, None for a visitor's."""

    credential_id: int
    entry_hash: bytes
    resident: int | None
    duress: bool


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
