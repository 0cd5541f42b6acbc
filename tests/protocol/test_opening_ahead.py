"""A frame opened ahead of its turn means what it means in its turn, and counts once."""

import os

import pytest

from firmware_protocol import LockIdentity, RemoteProtocolError
from firmware_protocol.errors import FrameRefusal
from firmware_protocol.keys import Holder, private_key, public_key, session_id
from firmware_protocol.lock_session import Boot, LockSession
from firmware_protocol.messages import Event, Events
from firmware_protocol.service_side import ServiceIdentity, ServiceSide, SessionState
from firmware_protocol.standing import Standing
from firmware_protocol.topics import draw_lock_id

NONCE = b"n" * 16
EPOCH = 7


class Ends:
    """A lock's session, and the service's side of it as often as it is built."""

    def __init__(self) -> None:
        own, self._ours, ephemeral = (private_key(os.urandom(48)) for _ in range(3))
        self._lock, self._lock_key, point = draw_lock_id(os.urandom(8)), public_key(own), public_key(ephemeral)
        self.session = LockSession(LockIdentity(self._lock, own, public_key(self._ours)), Boot(1, ephemeral))
        self._state = SessionState(session_id(point), point, 1, 1, EPOCH, proven=True)
        self._holder = Holder(1, os.urandom(16))

    def service(self) -> ServiceSide:
        """As loaded from the database; it has heard the lock once, or it knows no keys yet."""
        side = ServiceSide(ServiceIdentity(self._lock, self._ours, self._lock_key), self._holder, (self._state,))
        side.receive(self.event(1), nonce=NONCE)
        return side

    def event(self, sequence: int) -> bytes:
        """A live event's frame."""
        return self.session.frame(Events(EPOCH, True, (Event(2, sequence, 1, 1_772_000_000_000, 2, {0: 1}),)))


@pytest.fixture
def ends() -> Ends:
    return Ends()


def test_opened_ahead_and_taken_is_received_once(ends: Ends) -> None:
    side = ends.service()
    frame = ends.event(2)
    before = dict(side.sessions)
    opened = side.open_ahead(frame)
    assert opened is not None
    assert side.sessions == before
    assert side.take(opened).message == opened.message
    with pytest.raises(RemoteProtocolError) as refused:
        side.take(opened)
    assert refused.value.reason is FrameRefusal.REPLAYED
    with pytest.raises(RemoteProtocolError) as refused:
        side.receive(frame, nonce=NONCE)
    assert refused.value.reason is FrameRefusal.REPLAYED


def test_what_one_side_opened_another_one_takes(ends: Ends) -> None:
    """A failed batch rebuilds the sides from the database; what was opened before stays authentic."""
    opened = ends.service().open_ahead(ends.event(2))
    assert opened is not None
    assert ends.service().take(opened).message == opened.message


def test_what_belongs_to_a_session_that_is_gone_is_refused(ends: Ends) -> None:
    side = ends.service()
    opened = side.open_ahead(ends.event(2))
    assert opened is not None
    side.sessions.clear()
    with pytest.raises(RemoteProtocolError) as refused:
        side.take(opened)
    assert refused.value.reason is FrameRefusal.UNKNOWN_SESSION


def test_only_authentic_frames_of_a_known_session_are_opened_ahead(ends: Ends) -> None:
    side, stranger = ends.service(), Ends()
    good = ends.event(2)
    standing = Standing(0, bytes(32), 88, 1, 1_772_000_000_000, 2, "h", "1")
    birth = ends.session.birth(standing.birth(2, 1, NoLog()))
    assert [side.open_ahead(raw) for raw in (good[:-1] + bytes([good[-1] ^ 1]), b"", good[:40])] == [None] * 3
    assert side.open_ahead(stranger.event(1)) is None
    assert side.open_ahead(birth) is None
    assert side.open_ahead(ends.session.will(2)) is None
    assert side.open_ahead(good) is not None


class NoLog:
    """An empty log, for a birth."""

    epoch = EPOCH
    next_sequence = oldest_sequence = 1
    stored_up_to = 0

    def read(self, first: int, limit: int) -> list[Event]:
        return []

    def alarms(self, first: int, limit: int) -> list[Event]:
        return []
