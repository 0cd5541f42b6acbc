"""The change that goes to a lock: it ends where it should, and on the way nobody who stays is touched."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.access_list import AccessList, ListChange, ListEntry, encode_entry, entry_hash
from firmware_protocol.errors import LocalProtocolError
from firmware_protocol.topics import LockId
from firmware_protocol.undisturbed import disturbed
from firmware_protocol.vocabulary import CredentialType
from service.delivery import rules
from service.delivery.rules import HeldList, ListedCredential, WantedList, change_to, digest_at

LAST = 6
LOCK = LockId("L-0123456789AB")


def entry(number: int, material: bytes = b"v" * 16) -> bytes:
    return encode_entry(ListEntry(number, CredentialType.PIN, material, 0, 9, 9))


@st.composite
def histories(draw: st.DrawFn) -> list[ListedCredential]:
    """Every credential a list ever had, with the versions in which it came and went."""
    history = []
    for number in range(1, draw(st.integers(0, 12)) + 1):
        added = draw(st.integers(1, LAST))
        removed = draw(st.none() | st.integers(added + 1, LAST + 1))
        raw = entry(number)
        history.append(ListedCredential(number, added, removed, entry_hash(raw), raw))
    return history


def wanted(history: list[ListedCredential], held: HeldList | None) -> WantedList:
    return WantedList(LOCK, LAST, digest_at(history, LAST), held)


def opened(one: ListedCredential) -> bytes:
    return one.entry_sealed or b""


def held_at(history: list[ListedCredential], version: int) -> AccessList:
    return AccessList(version, {one.credential_id: opened(one) for one in history if one.live_at(version)})


def hashes(held: AccessList) -> dict[int, bytes]:
    return {number: entry_hash(raw) for number, raw in held.entries.items()}


@given(histories(), st.integers(0, LAST))
def test_a_change_ends_at_the_wanted_list_and_disturbs_nobody(history: list[ListedCredential], version: int) -> None:
    held = held_at(history, version)
    change = change_to(wanted(history, HeldList(version, held.digest)), history, opened)
    after = held_at(history, LAST)
    if change is None:
        assert version == LAST
        return
    assert held.changed(change) == after
    assert not change.snapshot
    assert disturbed(change, hashes(held), hashes(after)) == frozenset()


@given(histories(), st.binary(min_size=32, max_size=32))
def test_a_lock_with_a_list_nobody_knows_gets_all_of_it(history: list[ListedCredential], digest: bytes) -> None:
    change = change_to(wanted(history, HeldList(1, digest)), history, opened)
    after = held_at(history, LAST)
    assert change is not None
    assert AccessList(1, {77: entry(77)}).changed(change) == after
    assert disturbed(change, hashes(after), hashes(after)) == frozenset()


HELD: Mapping[int, bytes] = {number: entry_hash(entry(number)) for number in (1, 2)}
DISTURBING = {
    "removes it": ListChange(1, 2, False, frozenset({1}), (), b""),
    "writes it anew": ListChange(1, 2, False, frozenset(), (entry(1),), b""),
    "gives it other material": ListChange(1, 2, False, frozenset(), (entry(1, b"w" * 16),), b""),
    "leaves it out": ListChange(0, 2, True, frozenset(), (entry(2),), b""),
    "sends another in its place": ListChange(0, 2, True, frozenset(), (entry(1, b"w" * 16), entry(2)), b""),
}


@pytest.mark.parametrize("change", DISTURBING.values(), ids=DISTURBING)
def test_what_touches_a_living_credential_is_found(change: ListChange) -> None:
    assert disturbed(change, HELD, HELD) == {1}


def test_what_really_goes_or_comes_is_no_disturbance() -> None:
    change = ListChange(1, 2, False, frozenset({1}), (entry(3),), b"")
    assert disturbed(change, HELD, {2: HELD[2], 3: entry_hash(entry(3))}) == frozenset()


def test_the_service_makes_no_such_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "disturbed", lambda *_: frozenset({1}))
    with pytest.raises(LocalProtocolError, match="disturb 1 living"):
        change_to(wanted([], HeldList(1, digest_at([], 1))), [], opened)
