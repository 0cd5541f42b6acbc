"""A list that has just come counts from the service's word that it is the latest: how a lock waits for that word, and asks again."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import pytest

from device_sim.installation import Installation
from device_sim.lock import Lock
from device_sim.report import is_checking, report_answer
from device_sim.timekeeping import ASK_AGAIN_S
from device_sim.words import CHECKING, REASONS
from firmware_protocol.lock_side import TIME_ROUND_TRIP_S
from firmware_protocol.vocabulary import RefusalReason
from tests.device.rig import DOCUMENT, Rig, card, connected_rig

LATE_S = TIME_ROUND_TRIP_S + 0.5


@dataclass
class AsInstalled:
    """What a report wants to know of an installation."""

    lock: Lock
    linked: bool
    has_power: bool = True


class SlowService(Rig):
    """A rig whose answers come late while `late`; time goes by only as the lock's own deadlines say."""

    late = True

    def exchange(self) -> None:
        while self.linked and (up := self.lock.to_send(self.now)):
            answers = self.ingest.receive(up)
            if self.late:
                self.now += LATE_S
            self.deliver(answers)

    def to_next_deadline(self) -> None:
        self.now = max(self.now, self.lock.deadline())
        self.lock.expire(self.now)
        self.exchange()


@pytest.fixture
def slow() -> SlowService:
    """A lock that holds its first list and has not been answered in time."""
    rig = SlowService()
    rig.connect()
    rig.give(card())
    return rig


def told(rig: Rig) -> tuple[RefusalReason | None, Any]:
    """What somebody with a card is told at the door."""
    installed = cast(Installation, AsInstalled(rig.lock, rig.linked))
    answer = rig.lock.doorway.show_card(DOCUMENT, rig.now)
    return answer.reason, report_answer(answer, checking=is_checking(installed))["words"]


def test_until_it_is_answered_a_new_list_opens_nothing_and_the_words_say_wait(slow: SlowService) -> None:
    assert slow.ingest.durable.confirmed == 1
    assert not slow.lock.time.confirmed
    assert told(slow) == (RefusalReason.OFFLINE_LEASE_OVER, CHECKING._asdict())
    slow.disconnect()
    assert told(slow)[1] == REASONS[RefusalReason.OFFLINE_LEASE_OVER]._asdict()


def test_a_question_answered_too_late_is_asked_again_by_itself(slow: SlowService) -> None:
    slow.late, began = False, slow.now
    while not slow.lock.time.confirmed and slow.now < began + 60:
        slow.to_next_deadline()
    assert slow.lock.time.confirmed
    assert slow.now - began <= ASK_AGAIN_S[0]
    assert slow.lock.doorway.show_card(DOCUMENT, slow.now).opened


def test_questions_that_stay_unanswered_come_ever_more_seldom(slow: SlowService) -> None:
    times = slow.lock.time
    times.ask_soon(slow.now)
    asked: list[float] = []
    while len(asked) < 9:
        if times.is_question_due(slow.now):
            asked.append(slow.now)
        slow.now = times.deadline() or 0.0
    assert [after - before for before, after in pairwise(asked)] == [
        5,
        10,
        20,
        40,
        80,
        160,
        300,
        300,
    ]


def test_another_list_has_to_be_confirmed_anew() -> None:
    rig = connected_rig(card())
    assert rig.lock.time.confirmed
    rig.lock.time.list_changed(rig.now)
    assert not rig.lock.time.confirmed


def test_a_lock_without_a_line_asks_nobody() -> None:
    rig = connected_rig(card())
    rig.disconnect()
    rig.pass_time(3 * 3600)
    assert rig.lock.time.deadline() is None
    before = rig.drawn
    rig.pass_time(3600)
    assert rig.drawn == before
    rig.lock.time.list_changed(rig.now)
    rig.connect()
    assert rig.lock.time.confirmed
