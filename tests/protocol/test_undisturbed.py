"""A change never moves or drops a credential that is on the list before and after."""

import pytest

from firmware_protocol.access_list import ListChange, ListEntry, encode_entry, entry_hash
from firmware_protocol.undisturbed import disturbed
from firmware_protocol.vocabulary import CredentialType


def entry(number: int, secret: bytes = b"verifier") -> bytes:
    return encode_entry(ListEntry(number, CredentialType.PIN, secret, 0, 4_000_000_000, 86_400))


def change(*upserts: bytes, removes: frozenset[int] = frozenset(), snapshot: bool = False) -> ListChange:
    return ListChange(0 if snapshot else 1, 2, snapshot=snapshot, removes=removes, upserts=upserts, digest=bytes(32))


STAYS, GOES, COMES = entry(1), entry(2), entry(3)
BEFORE = {1: entry_hash(STAYS), 2: entry_hash(GOES)}
AFTER = {1: entry_hash(STAYS), 3: entry_hash(COMES)}
GONE = frozenset({2})


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (change(COMES, removes=GONE), set()),
        (change(COMES, STAYS, removes=GONE), {1}),
        (change(COMES, removes=GONE | {1}), {1}),
        (change(COMES, STAYS, snapshot=True), set()),
        (change(COMES, snapshot=True), {1}),
        (change(COMES, entry(1, b"another"), snapshot=True), {1}),
    ],
    ids=["the difference", "written again", "removed", "the whole list", "left out of it", "another under its number"],
)
def test_who_stays_is_not_touched(made: ListChange, expected: set[int]) -> None:
    assert disturbed(made, BEFORE, AFTER) == expected


def test_an_entry_that_becomes_another_did_not_stay() -> None:
    assert disturbed(change(entry(1, b"another")), BEFORE, {1: entry_hash(entry(1, b"another"))}) == set()
