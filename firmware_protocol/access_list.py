"""The access list a lock decides from: entries, changes, and the digest that both sides compute.

A change is applied whole or not at all. The digest is SHA-256 over (credential id, entry hash) in the order of the
ids, so that the service can keep it up to date from stored hashes without opening anybody's entry.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from firmware_protocol.errors import FrameRefusal, LocalProtocolError, RemoteProtocolError
from firmware_protocol.list_entry import ENTRY_BYTES, ListEntry, decode_entry, encode_entry, entry_hash
from firmware_protocol.messages import AccessListPart

__all__ = [
    "EMPTY_DIGEST",
    "ENTRY_BYTES",
    "AccessList",
    "Erased",
    "ListChange",
    "ListEntry",
    "Staging",
    "decode_entry",
    "encode_entry",
    "entry_hash",
    "list_digest",
]

# Entry bytes a part may carry; with the digest and the numbers around them it stays well under a frame's size.
PART_BYTES = 6000
PART_ENTRIES = 24
MAX_PARTS = 1024


def list_digest(hashes: Iterable[tuple[int, bytes]]) -> bytes:
    """Digest of a list from its (credential id, entry hash) pairs, in any order."""
    whole = hashlib.sha256()
    for number, one in sorted(hashes):
        whole.update(number.to_bytes(8, "big") + one)
    return whole.digest()


EMPTY_DIGEST = list_digest(())


class Erased(NamedTuple):
    """What is left of an entry that the lock erased by itself when it ended: enough for the digest, nothing of the person."""

    ends_at: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class AccessList:
    """What a lock holds: a version, the encoded entries by credential id, and what is left of those that have ended.

    The service counts an ended entry until it removes it by a change, which an offline lock hears late or never. So the
    lock keeps the entry's hash in the entry's place: both sides go on computing one digest, and the material is gone.
    """

    version: int = 0
    entries: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    erased: Mapping[int, Erased] = field(default_factory=dict, repr=False)

    @property
    def digest(self) -> bytes:
        """The list's digest."""
        return list_digest(self.hashes.items())

    @property
    def hashes(self) -> dict[int, bytes]:
        """Credential id -> hash of its entry, erased or not."""
        held = {number: entry_hash(raw) for number, raw in self.entries.items()}
        return held | {number: one.hash for number, one in self.erased.items()}

    def changed(self, change: "ListChange") -> "AccessList":
        """The list after the change; RemoteProtocolError where it does not start here or does not end at its digest."""
        if not self._may_follow(change):
            raise RemoteProtocolError(
                FrameRefusal.BAD_CONTENT, f"change {change.from_version} to {change.to_version}, I hold {self.version}"
            )
        comes = {decode_entry(raw).credential_id: raw for raw in change.upserts}
        gone = change.removes | comes.keys()
        kept = {} if change.snapshot else {number: raw for number, raw in self.entries.items() if number not in gone}
        erased = {} if change.snapshot else {number: one for number, one in self.erased.items() if number not in gone}
        after = AccessList(change.to_version, kept | comes, erased)
        if after.digest != change.digest:
            raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "digest differs")
        return after

    def _may_follow(self, change: "ListChange") -> bool:
        """A version never goes back: a change that the broker held back must not bring a revoked credential in again."""
        if change.snapshot:
            return change.to_version >= self.version
        return change.from_version == self.version < change.to_version

    def without_ended(self, now_s: int) -> "AccessList":
        """The list with the material of every entry that ended by `now_s` (Unix seconds) erased; the digest stays."""
        ends = {number: decode_entry(raw).ends_at for number, raw in self.entries.items()}
        erased = {
            number: Erased(ends[number], entry_hash(raw))
            for number, raw in self.entries.items()
            if ends[number] <= now_s
        }
        if not erased:
            return self
        kept = {number: raw for number, raw in self.entries.items() if number not in erased}
        return AccessList(self.version, kept, {**self.erased, **erased})


@dataclass(frozen=True, slots=True)
class ListChange:
    """A whole change: from one version to another."""

    from_version: int
    to_version: int
    snapshot: bool
    removes: frozenset[int]
    upserts: tuple[bytes, ...] = field(repr=False)
    digest: bytes = b""

    def parts(self) -> tuple[AccessListPart, ...]:
        """The change cut into frames; at least one."""
        groups: list[list[bytes]] = [[]]
        for raw in self.upserts:
            if len(groups[-1]) == PART_ENTRIES or sum(map(len, groups[-1])) + len(raw) > PART_BYTES:
                groups.append([])
            groups[-1].append(raw)
        removes = sorted(self.removes)
        while len(removes) > PART_ENTRIES * len(groups):
            groups.append([])
        if len(groups) > MAX_PARTS:
            raise LocalProtocolError(f"a change of {len(groups)} parts; {MAX_PARTS} is the most")
        return tuple(
            AccessListPart(
                self.from_version,
                self.to_version,
                self.snapshot,
                number,
                len(groups),
                tuple(removes[number * PART_ENTRIES : (number + 1) * PART_ENTRIES]),
                tuple(group),
                self.digest,
            )
            for number, group in enumerate(groups)
        )


@dataclass(frozen=True, slots=True)
class Staging:
    """Parts of one change that have arrived so far, in any order."""

    parts: Mapping[int, AccessListPart] = field(default_factory=dict)

    def with_part(self, part: AccessListPart) -> "Staging":
        """Staging with this part; a part of another change starts over, an impossible one is refused."""
        if not 0 <= part.part < part.parts <= MAX_PARTS:
            raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "part number")
        first = next(iter(self.parts.values()), part)
        same = _change_of(first) == _change_of(part)
        return replace(self, parts={**(self.parts if same else {}), part.part: part})

    def complete(self) -> ListChange | None:
        """The whole change once every part is there."""
        if not self.parts or len(self.parts) < next(iter(self.parts.values())).parts:
            return None
        ordered = [self.parts[number] for number in sorted(self.parts)]
        return ListChange(
            ordered[0].from_version,
            ordered[0].to_version,
            ordered[0].snapshot,
            frozenset(number for one in ordered for number in one.removes),
            tuple(raw for one in ordered for raw in one.upserts),
            ordered[0].digest,
        )


def _change_of(part: AccessListPart) -> tuple[Any, ...]:
    return part.from_version, part.to_version, part.snapshot, part.parts, part.digest
