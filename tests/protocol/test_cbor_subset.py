"""The strict reader: it reads what cbor2 writes, as cbor2 reads it, and refuses all else quickly."""

import time
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.cbor_subset import DEEPEST, NotOurs, byte_string, read, read_first

SCALARS = st.one_of(
    st.integers(-(1 << 64), (1 << 64) - 1),
    st.booleans(),
    st.binary(max_size=300),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
KEYS = st.one_of(st.integers(-(1 << 64), (1 << 64) - 1), st.text(max_size=5))
ITEMS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=30), st.dictionaries(KEYS, inner, max_size=30)),
    max_leaves=30,
)


def depth(item: Any) -> int:
    if isinstance(item, dict):
        return 1 + max(map(depth, item.values()), default=0)
    return 1 + max(map(depth, item), default=0) if isinstance(item, list) else 0


@given(ITEMS.filter(lambda item: depth(item) <= DEEPEST))
def test_reads_what_cbor2_writes(item: Any) -> None:
    raw = cbor2.dumps(item)
    assert read(raw) == item
    assert read_first(raw + b"\0\0") == (item, len(raw))


@given(ITEMS, st.data())
def test_what_it_reads_of_damaged_bytes_is_what_cbor2_reads(item: Any, data: st.DataObject) -> None:
    raw = bytearray(cbor2.dumps(item))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        value = read(bytes(raw))
    except NotOurs:
        return
    assert value == cbor2.loads(bytes(raw))
    assert len(cbor2.dumps(value)) == len(raw)


@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        value, end = read_first(raw)
    except NotOurs:
        return
    assert end <= len(raw)
    assert value == cbor2.loads(raw[:end])


REFUSED = {
    "nothing": b"",
    "a tag": bytes.fromhex("c11a514b67b0"),
    "a regular expression": cbor2.dumps(cbor2.CBORTag(35, "(a*)*b")),
    "a bignum": cbor2.dumps(1 << 64),
    "a decimal of a huge exponent": bytes.fromhex("c4821b7fffffffffffffff01"),
    "a shared reference": bytes.fromhex("d81c82d81d00d81d00"),
    "a half float": bytes.fromhex("f93e00"),
    "NaN": bytes.fromhex("f97e00"),
    "a double": bytes.fromhex("fb3ff8000000000000"),
    "null": b"\xf6",
    "undefined": b"\xf7",
    "simple 255": bytes.fromhex("f8ff"),
    "an indefinite array": bytes.fromhex("9f01ff"),
    "an indefinite map": bytes.fromhex("bf0101ff"),
    "an indefinite byte string": bytes.fromhex("5f4101ff"),
    "an indefinite text string": bytes.fromhex("7f6161ff"),
    "a break by itself": b"\xff",
    "a reserved head": bytes.fromhex("1c"),
    "a long zero": bytes.fromhex("1800"),
    "a long 255": bytes.fromhex("1900ff"),
    "a longer length than needed": bytes.fromhex("580161"),
    "a key twice": bytes.fromhex("a201010102"),
    "a truth value as key": bytes.fromhex("a1f501"),
    "bytes as key": bytes.fromhex("a1410101"),
    "an array as key": bytes.fromhex("a1800"[:4] + "01"),
    "text that is not UTF-8": bytes.fromhex("61ff"),
    "a surrogate": bytes.fromhex("63eda080"),
    "bytes after the item": bytes.fromhex("0101"),
    "a string cut short": bytes.fromhex("4301"),
    "a string of 2^64 bytes": bytes.fromhex("5bffffffffffffffff"),
    "an array of 2^64 items": bytes.fromhex("9bffffffffffffffff"),
    "a map of 2^63 pairs": bytes.fromhex("bb8000000000000000"),
    "a head cut short": bytes.fromhex("1b01"),
    "nine deep": b"\x81" * (DEEPEST + 1) + b"\x01",
    "very deep": b"\x81" * 12_000,
    "many empty arrays": b"\x99\xff\xff" + b"\x80" * 10,
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_refuses(raw: bytes) -> None:
    with pytest.raises(NotOurs):
        read(raw)


def test_twelve_thousand_bytes_cost_milliseconds_whatever_they_are() -> None:
    worst = [
        b"\x9a\x00\x00\x2e\xe0" + b"\x80" * 12_000,
        b"\x81" * 12_000,
        b"\xb9\x17\x70" + b"\x19\xff\xff\x01" * 3_000,
    ]
    for raw in worst:
        began = time.process_time()
        with pytest.raises(NotOurs):
            read(raw + b"\xff")
        assert time.process_time() - began < 0.25


@given(st.binary(max_size=70_000 // 100) | st.integers(0, 65_535).map(bytes))
def test_byte_strings(content: bytes) -> None:
    assert byte_string(content) == cbor2.dumps(content)
