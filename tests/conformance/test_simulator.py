"""The simulated lock does everything the kit can see, in the core profile and in the full one, on a wire without a broker."""

from collections import deque
from typing import Any

import pytest

from anmen.conformance.line import Heard
from anmen.conformance.registry import AWAITED, Profile
from anmen.conformance.run import run
from anmen.conformance.verdict import Outcome
from device_sim.obedience import Obedience
from firmware_protocol.commands import CommandState
from tests.conformance.memory_line import MemoryWire, memory_stand
from tests.conformance.sabotage import around

GOOD = {Outcome.PASSED, Outcome.DECLARED, Outcome.NOT_APPLICABLE}


@pytest.mark.parametrize("profile", Profile)
def test_the_simulator_passes(profile: Profile) -> None:
    wire, stand = memory_stand(boxed=profile is Profile.FULL)
    wire.installed.power_on()
    stand.profile = profile
    verdicts = run(stand)
    assert [one for one in verdicts if one.outcome not in GOOD and one.number not in AWAITED] == []
    assert sum(one.outcome is Outcome.PASSED for one in verdicts) > 40


def test_a_lock_without_power_is_not_tried_and_does_not_pass() -> None:
    _, stand = memory_stand()
    stand.operator.power_on = lambda **_: None  # type: ignore[method-assign]  # whoever is asked does nothing
    (verdict,) = run(stand, only=frozenset({"ANM-SES-016"}))
    assert verdict.outcome is Outcome.NOT_TRIED
    assert "birth" in verdict.seen


class SlowLine:
    """What the lock says arrives a while after it was said, as on a busy machine."""

    def __init__(self, wire: MemoryWire, late_s: float) -> None:
        self.wire, self.late_s = wire, late_s
        self.on_their_way: deque[Heard] = deque()
        self.now, self.unix_ms, self.say, self.announce = wire.now, wire.unix_ms, wire.say, wire.announce

    def next(self, until: float) -> Heard | None:
        while True:
            due = self.on_their_way[0].at + self.late_s if self.on_their_way else until
            if due <= self.now() and self.on_their_way:
                return self.on_their_way.popleft()
            heard = self.wire.next(min(due, until))
            if heard is not None:
                self.on_their_way.append(heard)
            elif due > until or not self.on_their_way:
                return None


def test_what_was_on_its_way_before_an_announcement_is_not_held_against_the_lock() -> None:
    wire, stand = memory_stand()
    wire.installed.power_on()
    stand.line = stand.service.line = SlowLine(wire, 0.8)
    (verdict,) = run(stand, only=frozenset({"ANM-EVT-008"}))
    assert verdict.outcome is Outcome.PASSED, verdict


def test_a_wipe_need_not_be_said_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def say(real: Any, self: Obedience, one: Any, **more: Any) -> None:
        if one.state is not CommandState.RUNNING:
            real(self, one, **more)

    around(monkeypatch, Obedience, "_say", say)
    wire, stand = memory_stand()
    wire.installed.power_on()
    verdicts = run(stand, only=frozenset({"ANM-CMD-021", "ANM-CMD-022"}))
    assert {one.outcome for one in verdicts} == {Outcome.PASSED}, verdicts
