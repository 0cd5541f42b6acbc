"""Receipts are coalesced: sixteen events or a second, later under load, at once where somebody waits for it."""

import os
from dataclasses import dataclass, field

import pytest

from firmware_protocol.cursor import Receipt
from firmware_protocol.keys import Holder, private_key, public_key, session_id
from firmware_protocol.lock_session import Boot, LockIdentity, LockSession
from firmware_protocol.messages import DownMessage, Missing, Stored
from firmware_protocol.service_side import ServiceIdentity, ServiceSide, SessionState
from firmware_protocol.topics import LockId, draw_lock_id
from service.edges.outbox import RECEIPT_EVENTS, RECEIPT_S, RECEIPT_UNDER_LOAD_S, Outbox

EPOCH = 7


@dataclass
class Hall:
    """An outbox, and locks that understand what it says."""

    sides: dict[LockId, ServiceSide] = field(default_factory=dict)
    ends: dict[str, LockSession] = field(default_factory=dict)
    heard: list[tuple[str, DownMessage]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self._publish, self.sides.get)

    def add_lock(self) -> LockId:
        lock, (own, ours, ephemeral) = draw_lock_id(os.urandom(8)), (private_key(os.urandom(48)) for _ in range(3))
        point = public_key(ephemeral)
        state = SessionState(session_id(point), point, 1, 1, EPOCH, proven=True)
        self.sides[lock] = ServiceSide(
            ServiceIdentity(lock, ours, public_key(own)), Holder(1, os.urandom(16)), (state,)
        )
        self.ends[lock] = LockSession(LockIdentity(lock, own, public_key(ours)), Boot(1, ephemeral))
        return lock

    def owe(self, lock: LockId, up_to: int, *, events: int = 1, now: float, gap: tuple[int, int] | None = None) -> None:
        [session] = self.sides[lock].sessions
        self.outbox.owe(lock, Receipt(session, EPOCH, up_to, gap), events, now)

    def _publish(self, topic: str, frame: bytes) -> None:
        lock = topic.split("/")[3]
        self.heard.append((lock, self.ends[lock].open(frame)))


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_a_receipt_waits_a_second_and_tells_the_latest(hall: Hall) -> None:
    lock = hall.add_lock()
    hall.owe(lock, 1, now=0.0)
    hall.owe(lock, 2, now=0.9)
    hall.outbox.send_due(RECEIPT_S - 0.01, loaded=False)
    assert hall.heard == []
    hall.outbox.send_due(RECEIPT_S, loaded=False)
    assert hall.heard == [(lock, Stored(EPOCH, 2))]
    hall.outbox.send_due(10.0, loaded=False)
    assert len(hall.heard) == 1


def test_sixteen_events_do_not_wait_unless_there_is_better_to_do(hall: Hall) -> None:
    lock, other = hall.add_lock(), hall.add_lock()
    hall.owe(other, 1, now=0.0)
    hall.owe(lock, 8, events=RECEIPT_EVENTS - 1, now=0.1)
    hall.outbox.send_due(0.1, loaded=False)
    hall.owe(lock, 9, now=0.1)
    hall.outbox.send_due(0.1, loaded=True)
    assert hall.heard == []
    hall.outbox.send_due(0.1, loaded=False)
    assert hall.heard == [(lock, Stored(EPOCH, 9))]


def test_under_load_receipts_wait_longer_but_not_for_ever(hall: Hall) -> None:
    lock = hall.add_lock()
    hall.owe(lock, 1, now=0.0)
    hall.outbox.send_due(RECEIPT_UNDER_LOAD_S - 0.01, loaded=True)
    assert hall.heard == []
    hall.outbox.send_due(RECEIPT_UNDER_LOAD_S, loaded=True)
    assert hall.heard == [(lock, Stored(EPOCH, 1))]


def test_whoever_waits_is_told_at_once_and_a_gap_is_asked_for_once_in_a_while(hall: Hall) -> None:
    lock = hall.add_lock()
    for now in (0.0, 0.5, 2.5):
        hall.owe(lock, 4, now=now, gap=(5, 6))
        hall.outbox.send_due(now, loaded=True, at_once={lock})
    stored, missing = (lock, Stored(EPOCH, 4)), (lock, Missing(EPOCH, 5, 6))
    assert hall.heard == [stored, missing, stored, stored, missing]
