"""An entry that has ended loses its material on the lock, and the digest that both sides compute stays the same."""

from firmware_protocol.access_list import AccessList, ListChange, ListEntry, encode_entry, entry_hash, list_digest
from firmware_protocol.vocabulary import CredentialType

MATERIAL = b"the verifier of a card"


def entry(number: int, ends_at: int) -> ListEntry:
    return ListEntry(number, CredentialType.RFID, MATERIAL, 0, ends_at, 86_400)


def holding(*entries: ListEntry) -> AccessList:
    return AccessList(4, {one.credential_id: encode_entry(one) for one in entries})


def removing(number: int, left: AccessList) -> ListChange:
    hashes = [(kept, entry_hash(raw)) for kept, raw in left.entries.items() if kept != number]
    return ListChange(4, 5, False, frozenset({number}), (), list_digest(hashes))


def test_only_ended_entries_are_erased() -> None:
    after = holding(entry(1, 100), entry(2, 101)).without_ended(100)
    assert set(after.entries) == {2}
    assert set(after.erased) == {1}
    assert MATERIAL not in repr(after.erased).encode()


def test_the_digest_stays() -> None:
    before = holding(entry(1, 100), entry(2, 200))
    assert before.without_ended(150).digest == before.digest
    assert before.without_ended(150).version == before.version


def test_the_services_own_removal_still_applies() -> None:
    before = holding(entry(1, 100), entry(2, 200))
    after = before.without_ended(150).changed(removing(1, before))
    assert after == before.changed(removing(1, before))
    assert not after.erased


def test_a_change_of_another_entry_still_applies() -> None:
    before = holding(entry(1, 100), entry(2, 200))
    assert before.without_ended(150).changed(removing(2, before)).digest == before.changed(removing(2, before)).digest


def test_an_extended_entry_takes_the_place_of_its_own_remains() -> None:
    before = holding(entry(1, 100))
    longer = encode_entry(entry(1, 900))
    change = ListChange(4, 5, False, frozenset(), (longer,), list_digest([(1, entry_hash(longer))]))
    after = before.without_ended(150).changed(change)
    assert after.entries == {1: longer}
    assert not after.erased


def test_a_snapshot_brings_an_entry_back() -> None:
    before = holding(entry(1, 100))
    snapshot = ListChange(0, 4, True, frozenset(), tuple(before.entries.values()), before.digest)
    assert before.without_ended(150).changed(snapshot) == before


def test_nothing_ended_is_the_same_list() -> None:
    before = holding(entry(1, 100))
    assert before.without_ended(99) is before
