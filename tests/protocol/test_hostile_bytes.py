"""Every decoder on random, damaged and malicious bytes: refused as the other side's fault, quickly, with nothing changed."""

import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.access_list import decode_entry
from firmware_protocol.codec import decode_down, decode_up, encode
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.keys import exchange
from firmware_protocol.messages import Events, Message
from firmware_protocol.sealing import MAX_FRAME_BYTES, parse
from firmware_protocol.topics import Direction, draw_lock_id, frame_topic, lock_id, lock_of, shard_of
from tests.protocol.drawn import DOWN, UP
from tests.protocol.pair import LOCK, LOCK_KEY, LockPair

DECODERS: dict[str, Callable[[bytes], Any]] = {
    "decode_up": decode_up,
    "decode_down": decode_down,
    "parse": parse,
    "decode_entry": decode_entry,
    "exchange": lambda raw: exchange(LOCK_KEY, raw),
    "lock_of": lambda raw: lock_of(raw.decode("latin-1")),
}


def block(raw: bytes) -> bytes:
    return raw + b"\0" * (-len(raw) % 192)


BOMBS = {
    "12,000 deep": b"\x81" * 12_000,
    "a regular expression that takes a minute": b"\x82\x03\xd8\x23\x79\x17\x70"
    + b"(?i)[\0-\xef\xbf\xbf]"[:6_000].ljust(6_000, b"x"),
    "a decimal of an exponent of 2^62": b"\x82\x03\xc4\x82\x1b\x3f" + b"\xff" * 7 + b"\x01",
    "a big float of an exponent of 2^62": b"\x82\x03\xc5\x82\x1b\x3f" + b"\xff" * 7 + b"\x01",
    "a rational with nothing below": bytes.fromhex("8203d81e820100"),
    "a MIME message": b"\x82\x03\xd8\x24\x65A: B\n",
    "a date beyond dates": bytes.fromhex("8203c11b7fffffffffffffff"),
    "a list within itself": bytes.fromhex("8203d81c81d81d00"),
    "an array of 2^64": bytes.fromhex("82039bffffffffffffffff"),
    "a string of 2^63": bytes.fromhex("82035b8000000000000000"),
    "a bignum of 6 kB": b"\x82\x03\xc2\x59\x17\x70" + b"\xff" * 6_000,
    "endless": b"\x9f" * 6_000,
    "maps of maps": b"\xa1\x01" * 6_000,
    "a set of lists": bytes.fromhex("8203d9010281818101"),
}


def refuses_or_reads(decoder: Callable[[bytes], Any], raw: bytes) -> None:
    """Anything but a RemoteProtocolError fails the test by itself."""
    with suppress(RemoteProtocolError):
        decoder(raw)


@pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)
@given(raw=st.binary(max_size=600))
def test_random_bytes(decoder: Callable[[bytes], Any], raw: bytes) -> None:
    refuses_or_reads(decoder, raw)
    refuses_or_reads(decoder, block(raw))


@given(st.one_of(UP, DOWN), st.data())
def test_damaged_messages(message: Message, data: st.DataObject) -> None:
    if isinstance(message, Events):
        message = Events(message.log_epoch, False, message.events)
    plain = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        plain[data.draw(st.integers(0, min(len(plain) - 1, 400)))] = data.draw(st.integers(0, 255))
    for decoder in (decode_up, decode_down):
        refuses_or_reads(decoder, bytes(plain))


@settings(max_examples=40)
@given(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 65, 66, 67, 68, 69, 70, 71]), st.data())
def test_right_shape_and_wrong_values(tag: int, data: st.DataObject) -> None:
    odd = st.sampled_from([None, 1.5, float("nan"), datetime(2026, 1, 1, tzinfo=UTC), Decimal("1e999"), 1 << 70])
    leaves = st.one_of(odd, st.booleans(), st.integers(), st.binary(max_size=9), st.text(max_size=9))
    values = st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=7), st.dictionaries(st.integers(0, 9), inner, max_size=4)),
    )
    written = data.draw(st.dictionaries(st.integers(1, 15), values, max_size=15))
    plain = block(cbor2.dumps([tag, written]))
    refuses_or_reads(decode_up, plain)
    refuses_or_reads(decode_down, plain)


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("decoder", [decode_up, decode_down, parse, decode_entry])
def test_bombs_are_refused_in_milliseconds_and_kilobytes(decoder: Callable[[bytes], Any], raw: bytes) -> None:
    for bomb in (raw, block(raw), b"\xd0" + raw, raw.ljust(MAX_FRAME_BYTES, raw[-1:])):
        tracemalloc.start()
        began = time.process_time()
        with pytest.raises(RemoteProtocolError):
            decoder(bomb)
        assert time.process_time() - began < 0.25
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
        tracemalloc.stop()


@given(st.binary(max_size=300))
def test_both_ends_survive_anything(raw: bytes) -> None:
    pair = LockPair()
    pair.settle()
    sessions, held = pair.ingest.side.sessions.copy(), pair.lock.held
    pair.to_service([raw])
    pair.to_lock([raw])
    assert (pair.ingest.side.sessions, pair.lock.held) == (sessions, held)
    assert not pair.down
    assert not pair.up


@given(st.text(max_size=40))
def test_what_is_no_lock_id_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="twelve characters"):
        lock_id(text)


@given(st.binary(min_size=8, max_size=8))
def test_topics_come_back(entropy: bytes) -> None:
    lock = lock_id(draw_lock_id(entropy))
    assert lock_of(frame_topic(lock, Direction.UP)) == lock
    assert 0 <= shard_of(lock) < 64


NO_TOPICS = [
    "",
    "anmen/1/up",
    frame_topic(LOCK, Direction.DOWN),
    frame_topic(LOCK, Direction.UP) + "/up",
    frame_topic(LOCK, Direction.UP).replace("anmen/1", "anmen/2"),
    frame_topic(LOCK, Direction.UP).replace(f"/{shard_of(LOCK):02d}/", f"/{(shard_of(LOCK) + 1) % 64:02d}/"),
    frame_topic(LOCK, Direction.UP).lower(),
]


@pytest.mark.parametrize("topic", NO_TOPICS)
def test_a_frame_on_a_topic_that_is_not_its_own_is_refused(topic: str) -> None:
    with pytest.raises(RemoteProtocolError, match="topic"):
        lock_of(topic)
