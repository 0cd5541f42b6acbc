"""The shorter way to read a live event says what the long way says, or nothing."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_protocol.codec import _UP, BLOCK_BYTES, _decode, encode
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.live_event import read_live_event
from firmware_protocol.messages import Event, Events

# Around every length a number can have.
EDGES = [
    edge + near
    for edge in (0, 24, 1 << 8, 1 << 16, 1 << 32, 1 << 53, 1 << 63)
    for near in (-1, 0, 1)
    if edge + near >= 0
]
NUMBERS = st.sampled_from([edge for edge in EDGES if edge < 1 << 63]) | st.integers(0, (1 << 63) - 1)
FIELDS = st.dictionaries(st.integers(0, 30), NUMBERS | st.booleans() | st.binary(max_size=32) | st.just(-1), max_size=7)
EVENT = st.builds(
    Event,
    st.integers(0, 65_535),
    st.integers(1, (1 << 63) - 1),
    NUMBERS,
    st.integers(0, (1 << 53) - 1),
    st.integers(0, 255),
    FIELDS,
)


def the_long_way(plain: bytes) -> Any:
    try:
        return _decode(plain, _UP)
    except RemoteProtocolError:
        return None


@given(NUMBERS, EVENT)
def test_a_live_event_is_read_as_it_was_written(epoch: int, event: Event) -> None:
    said = Events(epoch, True, (event,))
    read = read_live_event(encode(said))
    assert read in (said, None)
    usual = all(type(value) is int and value >= 0 and key < 24 for key, value in event.fields.items())
    assert (read is not None) == usual


@given(EVENT, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), min_size=1, max_size=3))
@example(Event(2, 1, 1, 1, 1, {}), [(4, 24)])
def test_damaged_it_is_read_as_the_long_way_reads_it_or_not_at_all(event: Event, damage: list[tuple[int, int]]) -> None:
    plain = bytearray(encode(Events(7, True, (event,))))
    for at, value in damage:
        plain[at] = value
    read = read_live_event(bytes(plain))
    if read is not None:
        assert read == the_long_way(bytes(plain))


@given(st.binary(max_size=BLOCK_BYTES - 4))
def test_nothing_that_begins_like_it_is_read_more_widely(rest: bytes) -> None:
    plain = (b"\x82\x04\xa3\x01" + rest).ljust(BLOCK_BYTES, b"\0")
    read = read_live_event(plain)
    if read is not None:
        assert read == the_long_way(plain)


@pytest.mark.parametrize(
    "said",
    [
        Events(7, False, (Event(2, 1, 1, 1, 1, {}),)),
        Events(7, False, (Event(2, 1, 1, 1, 1, {}), Event(2, 2, 1, 1, 1, {}))),
    ],
)
def test_what_is_not_one_live_event_goes_the_long_way(said: Events) -> None:
    assert read_live_event(encode(said)) is None


def test_it_saves_what_it_is_there_for() -> None:
    """Not a measurement: the long way is not asked at all."""
    plain = encode(Events(7, True, (Event(2, 300, 1, 1_772_000_000_000, 2, {0: 1, 1: 8, 2: 1, 3: 70_000, 4: 1}),)))
    assert read_live_event(plain) == the_long_way(plain)
