"""Frames: what is sealed opens, what is changed in one bit does not, and the short way of parsing is the long way."""

from collections.abc import Callable

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.codec import BLOCK_BYTES, MAX_BLOCKS
from firmware_protocol.errors import FrameRefusal, LocalProtocolError, RemoteProtocolError
from firmware_protocol.keys import FrameKey, Holder
from firmware_protocol.sealing import MAX_FRAME_BYTES, READABLE, FrameKind, Header, Seal, SealedFrame, parse, parse_any
from firmware_protocol.topics import Direction, LockId
from tests.protocol.pair import LOCK

KEY = FrameKey(b"k" * 16, b"i" * 12)
SEAL = Seal(KEY, LOCK, Direction.UP)
SESSION = b"session8"
COUNTERS = st.integers(0, (1 << 63) - 1)


def header_of(kind: FrameKind, session: bytes, counter: int, more: bytes, generation: int) -> Header:
    ephemeral = b"\x04" + more * 4 if kind in (FrameKind.BIRTH, FrameKind.CLAIM) else None
    return Header(kind, session, counter, ephemeral, Holder(generation, more) if kind is FrameKind.DOWN else None)


HEADERS = st.builds(
    header_of,
    st.sampled_from(FrameKind),
    st.binary(min_size=8, max_size=8),
    COUNTERS,
    st.binary(min_size=16, max_size=16),
    COUNTERS,
)
PLAIN = st.integers(1, 4).flatmap(lambda blocks: st.binary(min_size=192 * blocks, max_size=192 * blocks))


def parsed(raw: bytes, how: Callable[[bytes], SealedFrame] = parse) -> SealedFrame | FrameRefusal:
    try:
        return how(raw)
    except RemoteProtocolError as refusal:
        return refusal.reason


def opened(raw: bytes) -> bytes | FrameRefusal:
    try:
        return SEAL.open(parse(raw))
    except RemoteProtocolError as refusal:
        return refusal.reason


@given(HEADERS, PLAIN)
def test_what_is_sealed_opens(header: Header, plain: bytes) -> None:
    raw = SEAL.seal(header, plain)
    assert parse(raw).header == header
    assert opened(raw) == plain
    assert len(raw) <= MAX_FRAME_BYTES
    assert cbor2.loads(cbor2.loads(raw).value[0]).keys() <= READABLE
    assert cbor2.dumps(cbor2.loads(raw)) == raw


@given(HEADERS, PLAIN, st.data())
def test_the_short_way_of_parsing_is_the_long_way(header: Header, plain: bytes, data: st.DataObject) -> None:
    raw = bytearray(SEAL.seal(header, plain[:BLOCK_BYTES]))
    for _ in range(data.draw(st.integers(0, 2))):
        raw[data.draw(st.integers(0, 40))] = data.draw(st.integers(0, 255))
    assert parsed(bytes(raw)) == parsed(bytes(raw), parse_any)


@pytest.mark.parametrize("kind", FrameKind)
def test_every_flipped_bit_is_refused(kind: FrameKind) -> None:
    raw = SEAL.seal(header_of(kind, SESSION, 1 << 40, b"n" * 16, 300), b"\x82" + b"p" * 191)
    for bit in range(8 * len(raw)):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert opened(bytes(flipped)) in {FrameRefusal.MALFORMED, FrameRefusal.NOT_AUTHENTIC}
    assert opened(raw) == b"\x82" + b"p" * 191


@given(PLAIN, st.data())
def test_cut_or_lengthened_frames_are_refused(plain: bytes, data: st.DataObject) -> None:
    raw = SEAL.seal(Header(FrameKind.SESSION, SESSION, 7), plain)
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]
    assert opened(cut) is FrameRefusal.MALFORMED
    assert opened(raw + data.draw(st.binary(min_size=1, max_size=20))) is FrameRefusal.MALFORMED


def test_another_key_lock_or_direction_does_not_open_it() -> None:
    raw = SEAL.seal(Header(FrameKind.SESSION, SESSION, 7), bytes(192))
    others = [
        Seal(FrameKey(b"K" * 16, KEY.iv), LOCK, Direction.UP),
        Seal(FrameKey(KEY.key, b"I" * 12), LOCK, Direction.UP),
        Seal(KEY, LockId("L-000000000000"), Direction.UP),
        Seal(KEY, LOCK, Direction.DOWN),
    ]
    for other in others:
        with pytest.raises(RemoteProtocolError, match="not_authentic"):
            other.open(parse(raw))


def test_too_large_is_refused_before_it_is_read() -> None:
    assert parsed(bytes(MAX_FRAME_BYTES + 1)) is FrameRefusal.TOO_LARGE
    largest = SEAL.seal(header_of(FrameKind.DOWN, SESSION, 1, b"n" * 16, 1 << 62), bytes(BLOCK_BYTES * MAX_BLOCKS))
    assert parse(largest)


def test_a_counter_that_is_used_up_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="exhausted"):
        SEAL.seal(Header(FrameKind.SESSION, SESSION, 1 << 63), bytes(192))


def written_otherwise(**changed: object) -> bytes:
    """A frame like ours with one thing written differently."""
    header = {1: 1, 4: SESSION, 6: bytes(8), -70001: 0}
    header |= {int(key[1:].replace("m", "-")): value for key, value in changed.items() if key[0] == "h"}
    header = {key: value for key, value in header.items() if value is not None}
    protected = changed.get("protected", cbor2.dumps(header))
    parts = changed.get("parts", [protected, changed.get("unprotected", {}), changed.get("ciphertext", bytes(208))])
    return bytes([0xC0 | int(str(changed.get("tag", 16)))]) + cbor2.dumps(parts)


OTHERWISE: dict[str, dict[str, object]] = {
    "another tag": {"tag": 17},
    "two parts": {"parts": [b"", {}]},
    "four parts": {"parts": [b"", {}, bytes(208), 0]},
    "no parts": {"parts": 7},
    "a protected header as map": {"protected": {1: 1}},
    "an empty protected header": {"protected": b""},
    "a protected header that is no map": {"protected": cbor2.dumps([1, 1, 4, SESSION])},
    "something unprotected": {"unprotected": {5: bytes(12)}},
    "a detached ciphertext": {"ciphertext": None},
    "an empty ciphertext": {"ciphertext": b""},
    "only a tag": {"ciphertext": bytes(16)},
    "half a block": {"ciphertext": bytes(112)},
    "another algorithm": {"h1": 3},
    "no algorithm": {"h1": None},
    "a truth value for the algorithm": {"h1": True},
    "no session": {"h4": None},
    "a short session": {"h4": b"sess"},
    "a text session": {"h4": "session8"},
    "a short counter": {"h6": b"\1"},
    "a counter of 2^63": {"h6": b"\x80" + bytes(7)},
    "no kind": {"hm70001": None},
    "an unknown kind": {"hm70001": 4},
    "a truth value for the kind": {"hm70001": False},
    "an unknown header": {"hm70009": 1},
    "a key in a session frame": {"hm70002": b"\x04" * 65},
    "a holder in a session frame": {"hm70003": [1, bytes(16)]},
    "a birth without its key": {"hm70001": 1},
    "a down frame without its holder": {"hm70001": 3},
    "a down frame whose holder is a number": {"hm70001": 3, "hm70003": 7},
    "a down frame whose holder is negative": {"hm70001": 3, "hm70003": [-1, bytes(16)]},
    "a down frame whose holder's nonce is short": {"hm70001": 3, "hm70003": [1, bytes(8)]},
    "a down frame whose holder says more": {"hm70001": 3, "hm70003": [1, bytes(16), 2]},
}


def test_written_like_ours_it_parses() -> None:
    assert parse(written_otherwise()).header == Header(FrameKind.SESSION, SESSION, 0)


@pytest.mark.parametrize("changed", OTHERWISE.values(), ids=OTHERWISE)
def test_written_otherwise_it_is_refused_before_any_key_is_tried(changed: dict[str, object]) -> None:
    assert parsed(written_otherwise(**changed)) is FrameRefusal.MALFORMED


def test_another_order_of_the_header_is_refused() -> None:
    protected = cbor2.dumps({4: SESSION, 1: 1, 6: bytes(8), -70001: 0})
    assert parsed(written_otherwise(protected=protected)) is FrameRefusal.MALFORMED
