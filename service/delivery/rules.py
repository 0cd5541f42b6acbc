"""What a lock holds, what it should hold, and the change between them. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from firmware_protocol.access_list import ListChange, list_digest
from firmware_protocol.errors import LocalProtocolError
from firmware_protocol.topics import LockId
from firmware_protocol.undisturbed import disturbed


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


def change_to(
    wanted: WantedList, credentials: Sequence[ListedCredential], open_entry: Callable[[ListedCredential], bytes]
) -> ListChange | None:
    """The change that brings the lock from what it holds to what it should hold, or None where nothing is missing.

    A lock that holds a list we know gets the difference: what stays is not touched, so no living credential is moved
    or dropped on the way. A lock that holds something else, or nothing we know of, gets the whole list.
    """
    held = wanted.held
    if held is not None and held == HeldList(wanted.version, wanted.digest):
        return None
    known = held is not None and held.version < wanted.version and held.digest == digest_at(credentials, held.version)
    start = held.version if held is not None and known else 0
    before = {one.credential_id: one.entry_hash for one in credentials if known and one.live_at(start)}
    living = [one for one in credentials if one.live_at(wanted.version)]
    change = ListChange(
        from_version=held.version if held is not None else 0,
        to_version=wanted.version,
        snapshot=not known,
        removes=frozenset(before) - {one.credential_id for one in living},
        upserts=tuple(open_entry(one) for one in living if one.credential_id not in before),
        digest=wanted.digest,
    )
    touched = disturbed(change, before, {one.credential_id: one.entry_hash for one in living})
    if touched:
        raise LocalProtocolError(f"a change that would disturb {len(touched)} living credentials")
    return change
