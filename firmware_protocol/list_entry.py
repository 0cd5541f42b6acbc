"""One entry of the access list: a credential, when it opens, and how it is written.

What later versions need is appended and never inserted, so that an old lock reads the front of a new entry. An old lock
would open more often than a schedule says: the service gives such entries only to locks that name the capability.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import cbor2

from firmware_protocol.cbor_subset import NotOurs, read
from firmware_protocol.errors import FrameRefusal, LocalProtocolError, RemoteProtocolError
from firmware_protocol.schedules import MOST_SCHEDULES, Schedule, read_schedules, written
from firmware_protocol.vocabulary import CredentialType

# A face template has 144 bytes, a verifier 16.
ENTRY_BYTES = 512
# What a lock must name in its birth before it is given an entry that needs it.
SCHEDULES_CAPABILITY, ONE_TIME_CAPABILITY, PASSAGE_CAPABILITY = "schedules", "one_time", "passage"


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One credential. Times are Unix seconds, half-open; material is a verifier or a packed face template.

    With schedules it opens only while one of them holds; `one_time`: once, and never again.
    """

    credential_id: int
    type: CredentialType
    material: bytes = field(repr=False)
    starts_at: int
    ends_at: int
    offline_lease_s: int
    duress: bool = False
    visitor: bool = False
    schedules: tuple[Schedule, ...] = ()
    one_time: bool = False


def encode_entry(entry: ListEntry) -> bytes:
    """Deterministic CBOR (RFC 8949 §4.2.1) of an entry: an array, so that there is one way to write it."""
    if len(entry.schedules) > MOST_SCHEDULES:
        raise LocalProtocolError(f"{len(entry.schedules)} schedules; {MOST_SCHEDULES} is the most")
    first = [
        entry.credential_id,
        int(entry.type),
        entry.material,
        entry.starts_at,
        entry.ends_at,
        entry.offline_lease_s,
        entry.duress,
        entry.visitor,
    ]
    raw = cbor2.dumps(first + _appended(entry))
    if len(raw) > ENTRY_BYTES:
        raise LocalProtocolError(f"an entry of {len(raw)} bytes; {ENTRY_BYTES} is the most")
    return raw


def _appended(entry: ListEntry) -> list[Any]:
    """What an entry that says nothing of it leaves out, so that its bytes are those of the first version."""
    if entry.one_time:
        return [written(entry.schedules), True]
    return [written(entry.schedules)] if entry.schedules else []


def decode_entry(raw: bytes) -> ListEntry:
    """The entry; RemoteProtocolError where it is none. What newer versions append is skipped."""
    try:
        said = read(raw)
        if type(said) is not list or [type(one) for one in said[:8]] != _ENTRY_TYPES:
            raise NotOurs("entry")
        number, kind, material, starts_at, ends_at, lease_s, duress, visitor = said[:8]
        if any(not 0 <= one < 1 << 62 for one in (number, starts_at, ends_at, lease_s)):
            raise NotOurs("entry")
        schedules = read_schedules(said[8]) if len(said) > 8 else ()
        one_time = said[9] if len(said) > 9 else False
        if type(one_time) is not bool:
            raise NotOurs("entry")
        times = starts_at, ends_at, lease_s
        return ListEntry(number, CredentialType(kind), material, *times, duress, visitor, schedules, one_time)
    except ValueError as garbled:
        raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "access list entry") from garbled


_ENTRY_TYPES = [int, int, bytes, int, int, int, bool, bool]


def needed_capabilities(entry: ListEntry) -> frozenset[str]:
    """What a lock must be able to do so that the entry does not open more on it than it says."""
    wanted = {
        SCHEDULES_CAPABILITY: bool(entry.schedules),
        ONE_TIME_CAPABILITY: entry.one_time,
        PASSAGE_CAPABILITY: entry.type is CredentialType.PASSAGE,
    }
    return frozenset(name for name, needed in wanted.items() if needed)


def entry_hash(raw: bytes) -> bytes:
    """SHA-256 of an entry's encoded bytes."""
    return hashlib.sha256(raw).digest()
