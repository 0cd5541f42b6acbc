"""The rule that a change never moves or drops a living credential. Pure.

A list is changed because somebody comes or goes. Whoever lives behind the same door and has nothing to do with it must
not stand before it for a second because of that, so what stays on the list is not touched on the way.
"""

from collections.abc import Mapping

from firmware_protocol.access_list import ListChange, decode_entry, entry_hash

Hashes = Mapping[int, bytes]
"""Credential id -> hash of its entry."""


def disturbed(change: ListChange, before: Hashes, after: Hashes) -> frozenset[int]:
    """The credentials that are on the list before and after, and that the change removes, writes anew or leaves out."""
    living = {number for number, hashed in before.items() if after.get(number) == hashed}
    comes = {decode_entry(raw).credential_id: entry_hash(raw) for raw in change.upserts}
    if change.snapshot:
        return frozenset(number for number in living if comes.get(number) != before[number])
    return frozenset(living & (change.removes | comes.keys()))
