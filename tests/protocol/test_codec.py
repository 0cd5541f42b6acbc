"""Messages and bytes: round trips, unknown keys, padding, and what is refused."""

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.cbor_subset import read_first
from firmware_protocol.codec import BLOCK_BYTES, MAX_BLOCKS, decode_down, decode_up, encode
from firmware_protocol.errors import FrameRefusal, LocalProtocolError, RemoteProtocolError
from firmware_protocol.messages import (
    DOWN_MESSAGES,
    UP_MESSAGES,
    AccessListRefused,
    Birth,
    Challenge,
    Event,
    Events,
    Heartbeat,
    Message,
    Proof,
)
from firmware_protocol.vocabulary import EventType, Field
from tests.protocol.drawn import DOWN, UP

DIGEST = b"d" * 32
EVENT = Event(2, 1, 1, 1_790_000_000_000, 2, {0: 1})


def padded(said: Any) -> bytes:
    plain = cbor2.dumps(said)
    return plain + b"\0" * (-len(plain) % BLOCK_BYTES)


def refusal(plain: bytes) -> FrameRefusal:
    with pytest.raises(RemoteProtocolError) as refused:
        decode_up(plain)
    return refused.value.reason


@given(UP)
def test_up_messages_come_back(message: Message) -> None:
    try:
        plain = encode(message)
    except LocalProtocolError:
        assert isinstance(message, Events)
        assert message.live
        return
    assert decode_up(plain) == message
    assert len(plain) % BLOCK_BYTES == 0


@given(st.one_of(UP, DOWN))
def test_there_is_one_way_to_write_a_message(message: Message) -> None:
    if isinstance(message, Events):
        message = Events(message.log_epoch, False, message.events)
    plain = encode(message)
    assert cbor2.dumps(cbor2.loads(plain), canonical=True) == plain[: read_first(plain)[1]]


@given(DOWN)
def test_down_messages_come_back(message: Message) -> None:
    assert decode_down(encode(message)) == message


@given(UP, st.dictionaries(st.integers(40, 70_000), st.integers(0, 9), max_size=3))
def test_unknown_keys_are_skipped(message: Message, unknown: dict[int, int]) -> None:
    plain = encode(message) if not isinstance(message, Events) else encode(Events(1, False, message.events))
    tag, written = cbor2.loads(plain)
    assert decode_up(padded([tag, {**written, **unknown}])) == decode_up(plain)


def test_unknown_event_types_and_fields_are_kept() -> None:
    event = Event(4711, 9, 1, 5, 77, {999: b"new", 7: "words", 998: "ü" * 150, 1000: True, 1001: -5})
    assert decode_up(encode(Events(1, False, (event,)))) == Events(1, False, (event,))


def test_fields_that_are_not_said_have_their_default() -> None:
    tag, written = cbor2.loads(encode(Birth(1, 1, 1, 1, 1, 0, DIGEST, "h", "f", 0)))
    for key in (11, 12, 13, 14):
        del written[key]
    assert decode_up(padded([tag, written])) == Birth(1, 1, 1, 1, 1, 0, DIGEST, "h", "f", 0)


def test_a_message_of_the_other_direction_is_unknown() -> None:
    assert refusal(encode(Challenge(b"n" * 16))) is FrameRefusal.UNKNOWN_MESSAGE
    with pytest.raises(RemoteProtocolError, match="unknown_message"):
        decode_down(encode(Proof(b"n" * 16)))


def test_tags_are_not_shared() -> None:
    tags = [message.TAG for message in (*UP_MESSAGES, *DOWN_MESSAGES)]
    assert len(tags) == len(set(tags))
    assert all(tag < 64 for tag in tags[: len(UP_MESSAGES)])


MALFORMED = {
    "nothing": b"",
    "half a block": cbor2.dumps([2, {1: bytes(16)}]),
    "more after the padding": padded([2, {1: bytes(16)}])[:-1] + b"\1",
    "no pair": padded([2]),
    "three": padded([2, {1: bytes(16)}, 3]),
    "a truth value as tag": padded([True, {1: bytes(16)}]),
    "text for a pair": padded("ab"),
    "an array for the fields": padded([2, [b"n"]]),
    "a map": padded({2: {1: bytes(16)}}),
}


@pytest.mark.parametrize("plain", MALFORMED.values(), ids=MALFORMED)
def test_malformed(plain: bytes) -> None:
    assert refusal(plain) is FrameRefusal.MALFORMED


def beat(**changed: Any) -> list[Any]:
    tag, written = cbor2.loads(encode(Heartbeat(5, 1, b"d" * 32, 90, 60, 1000, 2)))
    return [tag, {**written, **{int(key[1:]): value for key, value in changed.items()}}]


def said(*event: Any, epoch: Any = 1, live: Any = False) -> list[Any]:
    return [Events.TAG, {1: epoch, 2: live, 3: [list(event)]}]


BAD_CONTENT: dict[str, Any] = {
    "a field is missing": [2, {}],
    "a truth value for a number": beat(k1=True),
    "a negative number": beat(k1=-1),
    "2^63": beat(k1=1 << 63),
    "text for bytes": beat(k3="d" * 32),
    "a long digest": beat(k3=b"d" * 33),
    "a NUL in a text": [AccessListRefused.TAG, {1: 1, 2: DIGEST, 3: "a\0b"}],
    "a long text": [AccessListRefused.TAG, {1: 1, 2: DIGEST, 3: "é" * 101}],
    "no events": [Events.TAG, {1: 1, 2: False, 3: []}],
    "too many events": [Events.TAG, {1: 1, 2: False, 3: [list(EVENT)] * 33}],
    "an event that is a number": [Events.TAG, {1: 1, 2: False, 3: [7]}],
    "an event of five": said(2, 1, 1, 5, 2),
    "sequence 0": said(2, 0, 1, 5, 2, {}),
    "a truth value as sequence": said(2, True, 1, 5, 2, {}),
    "type 65536": said(65536, 1, 1, 5, 2, {}),
    "quality 256": said(2, 1, 1, 5, 256, {}),
    "a time beyond 2^53": said(2, 1, 1, 1 << 53, 2, {}),
    "fields in an array": said(2, 1, 1, 5, 2, []),
    "a field of an array": said(2, 1, 1, 5, 2, {1: [1]}),
    "a field key of text": said(2, 1, 1, 5, 2, {"a": 1}),
    "a field key of 65536": said(2, 1, 1, 5, 2, {65536: 1}),
    "a field of 2^63": said(2, 1, 1, 5, 2, {1: 1 << 63}),
    "too many fields": said(2, 1, 1, 5, 2, dict.fromkeys(range(65), 1)),
    "live is a number": said(2, 1, 1, 5, 2, {}, live=1),
}


@pytest.mark.parametrize("message", BAD_CONTENT.values(), ids=BAD_CONTENT)
def test_bad_content(message: Any) -> None:
    assert refusal(padded(message)) is FrameRefusal.BAD_CONTENT


# Beside the fields up to UPTIME_MS, which any event may have: what only some have. Byte strings with their length.
SIZES = {Field.DIGEST: 32, Field.COMMAND: 16}
OF_SOME = {
    EventType.LOCK_OPERATED: (Field.COMMAND,),
    EventType.COMMAND_DONE: (Field.COMMAND, Field.COMMAND_KIND, Field.COMMAND_STATE),
    EventType.FIRMWARE_CHANGED: tuple(Field(number) for number in range(20, 24)),
}


def test_every_kind_of_event_fits_one_block_with_all_its_fields() -> None:
    of_all = [key for key in Field if key <= Field.UPTIME_MS]
    for kind in EventType:
        # What names a command says nothing of a face or a range of numbers.
        bare = [Field.CODE, Field.DIGEST, *list(Field)[:5]] if Field.COMMAND in OF_SOME.get(kind, ()) else of_all
        keys = (*bare, *OF_SOME.get(kind, ()))
        full = {int(key): b"d" * SIZES[key] if key in SIZES else (1 << 32) - 1 for key in keys}
        event = Event(kind, (1 << 48) - 1, 1 << 31, 1_790_000_000_000, 2, full)
        assert len(encode(Events((1 << 63) - 1, True, (event,)))) == BLOCK_BYTES


def test_what_does_not_fit_a_frame_is_our_own_mistake() -> None:
    big = Event(2, 1, 1, 5, 2, {200: b"x" * (BLOCK_BYTES * MAX_BLOCKS)})
    with pytest.raises(LocalProtocolError, match="does not fit"):
        encode(Events(1, False, (big,)))
    with pytest.raises(LocalProtocolError, match="does not fit"):
        encode(Events(1, True, (Event(2, 1, 1, 5, 2, {200: b"x" * BLOCK_BYTES}),)))
