"""The access list: one digest on both sides, changes applied whole or not at all, parts that always fit a frame."""

from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.access_list import (
    EMPTY_DIGEST,
    ENTRY_BYTES,
    MAX_PARTS,
    AccessList,
    ListChange,
    ListEntry,
    Staging,
    decode_entry,
    encode_entry,
    entry_hash,
    list_digest,
)
from firmware_protocol.codec import BLOCK_BYTES, MAX_BLOCKS, decode_down, encode
from firmware_protocol.errors import LocalProtocolError, RemoteProtocolError
from firmware_protocol.messages import AccessListPart
from firmware_protocol.schedules import MOST_SCHEDULES, DateSchedule, WeeklySchedule
from firmware_protocol.vocabulary import CredentialType

NUMBER = st.integers(0, (1 << 62) - 1)
MINUTE = st.integers(0, 1440)
SCHEDULE = st.builds(WeeklySchedule, st.integers(0, 127), MINUTE, MINUTE) | st.builds(DateSchedule, NUMBER, NUMBER)
ENTRY = st.builds(
    ListEntry,
    st.one_of(st.integers(1, 40), NUMBER),
    st.sampled_from(CredentialType),
    st.binary(max_size=400),
    NUMBER,
    NUMBER,
    NUMBER,
    st.booleans(),
    st.booleans(),
    st.lists(SCHEDULE, max_size=3).map(tuple),
    st.booleans(),
)
LISTS = st.lists(ENTRY, max_size=60).map(lambda entries: {one.credential_id: encode_entry(one) for one in entries})


def change(before: AccessList, after: AccessList, *, snapshot: bool) -> ListChange:
    """What takes one list to the other."""
    if snapshot:
        return ListChange(0, after.version, True, frozenset(), tuple(after.entries.values()), after.digest)
    removes = frozenset(before.entries.keys() - after.entries.keys())
    upserts = tuple(raw for number, raw in after.entries.items() if before.entries.get(number) != raw)
    return ListChange(before.version, after.version, False, removes, upserts, after.digest)


@given(ENTRY)
def test_entries_come_back(entry: ListEntry) -> None:
    raw = encode_entry(entry)
    assert decode_entry(raw) == entry
    whole = encode_entry(replace(entry, one_time=True))
    newer = cbor2.dumps([*cbor2.loads(whole), "said by a newer version"])
    assert decode_entry(newer) == replace(entry, one_time=True)


def test_an_entry_without_the_new_is_written_as_it_always_was() -> None:
    """Locks on doors hold hashes of these bytes."""
    plain = ListEntry(1, CredentialType.PIN, b"v", 0, 9, 9)
    assert cbor2.loads(encode_entry(plain)) == [1, 1, *GOOD[2:]]
    assert len(cbor2.loads(encode_entry(replace(plain, schedules=(DateSchedule(1, 2),))))) == 9
    assert len(cbor2.loads(encode_entry(replace(plain, one_time=True)))) == 10


@given(LISTS, LISTS, st.booleans(), st.randoms(use_true_random=False), st.data())
def test_parts_in_any_order_and_number_make_the_same_list(
    before: dict[int, bytes], after: dict[int, bytes], snapshot: bool, chance: Any, data: st.DataObject
) -> None:
    held, wanted = AccessList(4, before), AccessList(5, after)
    parts = list(change(held, wanted, snapshot=snapshot).parts())
    last = data.draw(st.sampled_from(parts))
    earlier = [part for part in parts if part is not last]
    earlier += data.draw(st.lists(st.sampled_from(parts), max_size=4)) if len(parts) > 1 else []
    earlier = [part for part in earlier if part is not last]
    chance.shuffle(earlier)
    staging = Staging()
    for part in earlier:
        staging = staging.with_part(part)
        assert staging.complete() is None
    whole = staging.with_part(last).complete()
    assert whole is not None
    assert held.changed(whole) == wanted


@given(LISTS, st.sets(NUMBER, max_size=200), st.booleans())
def test_every_part_fits_a_frame(entries: dict[int, bytes], removes: set[int], snapshot: bool) -> None:
    whole = ListChange((1 << 63) - 2, (1 << 63) - 1, snapshot, frozenset(removes), tuple(entries.values()), b"d" * 32)
    parts = whole.parts()
    assert [part.part for part in parts] == list(range(len(parts)))
    assert {part.parts for part in parts} == {len(parts)}
    for part in parts:
        assert len(encode(part)) <= BLOCK_BYTES * MAX_BLOCKS
        assert decode_down(encode(part)) == part
    assert {number for part in parts for number in part.removes} == removes
    assert [raw for part in parts for raw in part.upserts] == list(entries.values())


def test_the_largest_entries_fit_too() -> None:
    raw = encode_entry(ListEntry((1 << 62) - 1, CredentialType.FACE, b"m" * 477, 0, (1 << 62) - 1, (1 << 62) - 1))
    assert len(raw) == ENTRY_BYTES
    whole = ListChange(1, 2, False, frozenset(range(1 << 61, (1 << 61) + 100)), (raw,) * 100, b"d" * 32)
    assert all(decode_down(encode(part)) == part for part in whole.parts())


def test_what_no_lock_would_take_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="entry of"):
        encode_entry(ListEntry(1, CredentialType.FACE, b"m" * 600, 0, 1, 1))
    with pytest.raises(LocalProtocolError, match="parts"):
        ListChange(1, 2, False, frozenset(range(24 * MAX_PARTS + 1)), (), b"").parts()
    with pytest.raises(LocalProtocolError, match="schedules"):
        encode_entry(
            ListEntry(1, CredentialType.PIN, b"v", 0, 9, 9, schedules=(DateSchedule(1, 2),) * (MOST_SCHEDULES + 1))
        )


@given(LISTS, LISTS, st.booleans(), st.binary(min_size=32, max_size=32))
def test_a_wrong_digest_changes_nothing(
    before: dict[int, bytes], after: dict[int, bytes], snapshot: bool, digest: bytes
) -> None:
    held, wanted = AccessList(4, before), AccessList(5, after)
    right = change(held, wanted, snapshot=snapshot)
    wrong = ListChange(right.from_version, 5, snapshot, right.removes, right.upserts, digest)
    with pytest.raises(RemoteProtocolError, match="digest"):
        held.changed(wrong)


@given(LISTS)
def test_the_digest_is_over_hashes_in_the_order_of_ids(entries: dict[int, bytes]) -> None:
    pairs = [(number, entry_hash(raw)) for number, raw in entries.items()]
    assert AccessList(1, entries).digest == list_digest(pairs) == list_digest(reversed(pairs))
    assert AccessList(2, dict(reversed(entries.items()))).digest == list_digest(pairs)
    assert (AccessList(1, entries).digest == EMPTY_DIGEST) == (not entries)


@pytest.mark.parametrize("to_version", [3, 4])
def test_a_delta_never_goes_back_or_stays(to_version: int) -> None:
    with pytest.raises(RemoteProtocolError, match="I hold 4"):
        AccessList(4).changed(ListChange(4, to_version, False, frozenset(), (), EMPTY_DIGEST))


@pytest.mark.parametrize("from_version", [0, 3, 5])
def test_a_delta_starts_where_the_lock_is(from_version: int) -> None:
    with pytest.raises(RemoteProtocolError, match="I hold 4"):
        AccessList(4).changed(ListChange(from_version, 6, False, frozenset(), (), EMPTY_DIGEST))


def test_a_snapshot_may_stay_but_never_goes_back() -> None:
    held = AccessList(4, {1: encode_entry(ListEntry(1, CredentialType.PIN, b"v", 0, 9, 9))})
    assert held.changed(ListChange(0, 4, True, frozenset(), (), EMPTY_DIGEST)) == AccessList(4)
    with pytest.raises(RemoteProtocolError, match="I hold 4"):
        held.changed(ListChange(0, 3, True, frozenset(), (), EMPTY_DIGEST))


def part(number: int, of: int, *, to_version: int = 5) -> AccessListPart:
    return AccessListPart(4, to_version, False, number, of, (), (), EMPTY_DIGEST)


@pytest.mark.parametrize(("number", "of"), [(0, 0), (1, 1), (5, 2), (0, MAX_PARTS + 1)])
def test_impossible_parts_are_refused(number: int, of: int) -> None:
    with pytest.raises(RemoteProtocolError, match="part number"):
        Staging().with_part(part(number, of))


def test_a_part_of_another_change_starts_over() -> None:
    staging = Staging().with_part(part(0, 2)).with_part(part(1, 2, to_version=6))
    assert staging.complete() is None
    assert staging.with_part(part(0, 2, to_version=6)).complete() is not None


GOOD = [1, 2, b"v", 0, 9, 9, False, False]
NO_ENTRIES: dict[str, Any] = {
    "a number": 7,
    "text": "12345678",
    "seven parts": GOOD[:7],
    "a truth value as id": [True, *GOOD[1:]],
    "a negative id": [-1, *GOOD[1:]],
    "an unknown type": [1, 77, *GOOD[2:]],
    "text as material": [1, 2, "v", *GOOD[3:]],
    "a time of 2^62": [1, 2, b"v", 1 << 62, *GOOD[4:]],
    "a number as flag": [*GOOD[:6], 0, 0],
    "a float as time": [1, 2, b"v", 0.5, *GOOD[4:]],
    "text as schedules": [*GOOD, "mornings"],
    "a kind of schedule nobody knows": [*GOOD, [[2, 1, 2]]],
    "an eighth day": [*GOOD, [[0, 128, 0, 60]]],
    "a day of 25 hours": [*GOOD, [[0, 1, 0, 1500]]],
    "seventeen schedules": [*GOOD, [[0, 1, 0, 60]] * 17],
    "a truth value as a minute": [*GOOD, [[0, 1, True, 60]]],
    "half a schedule": [*GOOD, [[1, 5]]],
    "a number of times": [*GOOD, [], 1],
}


@pytest.mark.parametrize("said", NO_ENTRIES.values(), ids=NO_ENTRIES)
def test_what_is_no_entry_refuses_the_change(said: Any) -> None:
    assert decode_entry(cbor2.dumps(GOOD))
    with pytest.raises(RemoteProtocolError, match="entry"):
        AccessList().changed(ListChange(0, 1, True, frozenset(), (cbor2.dumps(said),), EMPTY_DIGEST))
