"""What a lock holds, what it should hold, and the change between them. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from firmware_protocol.access_list import EMPTY_DIGEST, ListChange, list_digest
from firmware_protocol.errors import LocalProtocolError
from firmware_protocol.list_compare import Comparison
from firmware_protocol.topics import LockId
from firmware_protocol.undisturbed import disturbed

# A comparison of two rounds costs some 2 kB both ways; below this the whole list is as cheap.
COMPARE_WORTH_BYTES = 4_000


class HeldList(NamedTuple):
    """What a lock says it holds."""

    version: int
    digest: bytes


class WantedList(NamedTuple):
    """What a lock should hold, and what it last said it holds."""

    lock: LockId
    version: int
    digest: bytes
    held: HeldList | None
    compares: bool = False
    """Whether the lock answers questions about what it holds."""


class ListedCredential(NamedTuple):
    """One credential with the versions in which it was added and removed; its entry is sealed, and gone once off the lock."""

    credential_id: int
    added_version: int
    removed_version: int | None
    entry_hash: bytes
    entry_sealed: bytes | None

    def live_at(self, version: int) -> bool:
        """Whether it is on the list of that version."""
        return self.added_version <= version and (self.removed_version is None or self.removed_version > version)


def digest_at(credentials: Iterable[ListedCredential], version: int) -> bytes:
    """The digest the list had, or will have, at a version."""
    return list_digest((one.credential_id, one.entry_hash) for one in credentials if one.live_at(version))


def is_worth_comparing(wanted: WantedList, credentials: Sequence[ListedCredential]) -> bool:
    """Whether to ask the lock what it holds before all of the list is sent: it holds some of it, and all of it is large."""
    held = wanted.held
    if held is None or not wanted.compares or held.version >= wanted.version or held.digest == EMPTY_DIGEST:
        return False
    whole = sum(len(one.entry_sealed or b"") for one in credentials if one.live_at(wanted.version))
    return whole > COMPARE_WORTH_BYTES and held.digest != digest_at(credentials, held.version)


def change_to(
    wanted: WantedList,
    credentials: Sequence[ListedCredential],
    open_entry: Callable[[ListedCredential], bytes],
    comparison: Comparison | None = None,
) -> ListChange | None:
    """The change that brings the lock from what it holds to what it should hold, or None where nothing is missing.

    A lock that holds a list we know, or one that a comparison has made known, gets the difference: what stays is not
    touched, so no living credential is moved or dropped on the way. A lock that holds something else gets the whole list.
    """
    held = wanted.held
    if held is not None and held == HeldList(wanted.version, wanted.digest):
        return None
    living = {one.credential_id: one for one in credentials if one.live_at(wanted.version)}
    before = _what_it_holds(wanted, credentials, comparison)
    comes = living if before is None else {number: one for number, one in living.items() if number not in before.stays}
    change = ListChange(
        from_version=held.version if held is not None else 0,
        to_version=wanted.version,
        snapshot=before is None,
        removes=frozenset() if before is None else before.goes,
        upserts=tuple(open_entry(one) for one in comes.values()),
        digest=wanted.digest,
    )
    stays = {number: living[number].entry_hash for number in (before.stays if before else ())}
    touched = disturbed(change, stays, {number: one.entry_hash for number, one in living.items()})
    if touched:
        raise LocalProtocolError(f"a change that would disturb {len(touched)} living credentials")
    return change


class _Known(NamedTuple):
    stays: frozenset[int]
    goes: frozenset[int]


def _what_it_holds(
    wanted: WantedList, credentials: Sequence[ListedCredential], comparison: Comparison | None
) -> _Known | None:
    held = wanted.held
    if held is None or held.version >= wanted.version:
        return None
    living = frozenset(one.credential_id for one in credentials if one.live_at(wanted.version))
    if comparison is not None and HeldList(comparison.version, comparison.digest) == held:
        return _Known(living - comparison.upserts, comparison.removes)
    if held.digest != digest_at(credentials, held.version):
        return None
    before = frozenset(one.credential_id for one in credentials if one.live_at(held.version))
    return _Known(before & living, before - living)
