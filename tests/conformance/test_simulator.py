"""The simulated lock does everything the kit can see, in the core profile and in the full one, on a wire without a broker."""

import pytest

from anmen.conformance.registry import AWAITED, Profile
from anmen.conformance.run import run
from anmen.conformance.verdict import Outcome
from tests.conformance.memory_line import memory_stand

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
