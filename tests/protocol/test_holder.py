"""Counters of the way down are never used twice, and a frame opened ahead of its turn is taken as if it were not."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_protocol import RemoteProtocolError, keys
from firmware_protocol.errors import FrameRefusal
from firmware_protocol.keys import Holder
from tests.protocol.pair import LockPair

NONCE = b"n" * 16


@given(st.lists(st.integers(0, 9), max_size=200))
@example([0, 0, 0, 1, 2, 3, 4, 5, 0])
def test_no_counter_twice_however_many_sessions_are_forgotten(sessions: list[int]) -> None:
    holder, used = Holder(1, NONCE), set[tuple[int, int]]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "SESSIONS_COUNTED", 4)
        for session in sessions:
            counted = (session, holder.next_counter(b"%08d" % session))
            assert counted not in used
            used.add(counted)
    assert len(holder._spoken) <= 5


def test_holders_are_told_apart_by_what_is_on_the_wire() -> None:
    one, same, other = Holder(1, NONCE), Holder(1, NONCE), Holder(2, NONCE)
    one.next_counter(b"session8")
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert "session8" not in repr(one)


@given(st.permutations(range(8)))
def test_opened_ahead_in_any_order_and_taken_in_turn(order: list[int]) -> None:
    pair = LockPair()
    pair.settle()
    for kind in range(8):
        pair.record(kind)
    frames, side = pair.up, pair.ingest.side
    ahead = {at: side.open_ahead(frames[at]) for at in order}
    before = dict(side.sessions)
    assert side.sessions == before
    for at in range(8):
        opened = ahead[at]
        assert opened is not None
        message = side.take(opened).message
        assert message == opened.message
        with pytest.raises(RemoteProtocolError, match="replayed"):
            side.receive(frames[at], nonce=NONCE)
        with pytest.raises(RemoteProtocolError, match="replayed"):
            side.take(opened)


def test_only_frames_of_a_known_session_are_opened_ahead() -> None:
    pair = LockPair()
    pair.connect()
    side = pair.ingest.side
    assert side.open_ahead(pair.up[0]) is None
    assert side.open_ahead(pair.heard_up[0]) is None
    assert side.open_ahead(b"nonsense") is None


def test_a_session_that_ended_meanwhile_is_not_taken() -> None:
    pair = LockPair()
    pair.settle()
    pair.record()
    opened = pair.ingest.side.open_ahead(pair.up[0])
    assert opened is not None
    pair.disconnect()
    pair.lock.boot()
    pair.settle()
    with pytest.raises(RemoteProtocolError) as refused:
        pair.ingest.side.take(opened)
    assert refused.value.reason is FrameRefusal.UNKNOWN_SESSION
