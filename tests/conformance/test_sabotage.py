"""For each sentence that is checked a lock that breaks it: the kit sees that one, and only it and what cannot hold without it.

The usual run asks for the broken sentence alone and looks for it among the failures; the long form runs everything against every
broken lock and compares exactly.
"""

import pytest

from anmen.conformance.registry import CHECKS, WATCHES
from anmen.conformance.run import run
from anmen.conformance.verdict import Outcome
from tests.conformance import (
    sabotage_of_certificates,
    sabotage_of_chain,
    sabotage_of_claims,
    sabotage_of_coming_back,
    sabotage_of_commands,
    sabotage_of_door_modes,
    sabotage_of_enrolment,
    sabotage_of_firmware,
    sabotage_of_frames,
    sabotage_of_keys,
    sabotage_of_sessions,
    sabotage_of_the_door,
    sabotage_of_wiping,
)
from tests.conformance.memory_line import memory_stand
from tests.conformance.sabotage import SABOTAGES, Sabotage

FILES = (
    sabotage_of_certificates,
    sabotage_of_chain,
    sabotage_of_claims,
    sabotage_of_commands,
    sabotage_of_coming_back,
    sabotage_of_door_modes,
    sabotage_of_enrolment,
    sabotage_of_firmware,
    sabotage_of_frames,
    sabotage_of_keys,
    sabotage_of_sessions,
    sabotage_of_the_door,
    sabotage_of_wiping,
)
# What shows at a lock from the factory only.
CLAIMED = frozenset({"ANM-CLM-003", "ANM-CLM-008", "ANM-CLM-011", "ANM-CLM-012", "ANM-CLM-019"})
# A watch looks at what other checks make the lock say: these make it say something of each kind.
TALKATIVE = frozenset({"ANM-SES-003", "ANM-SES-016", "ANM-SES-017", "ANM-EVT-008", "ANM-TIM-006", "ANM-LST-015"})


def failures(one: Sabotage, patch: pytest.MonkeyPatch, only: frozenset[str]) -> set[str]:
    """What fails with the lock that is broken in this way."""
    wire, stand = memory_stand(boxed=one.breaks in CLAIMED)
    one.do(patch, wire)
    wire.installed.power_on()
    return {verdict.number for verdict in run(stand, only=only) if verdict.outcome is Outcome.FAILED}


@pytest.mark.parametrize("one", SABOTAGES, ids=lambda one: f"{one.breaks}-{one.name}")
def test_a_broken_lock_is_seen(one: Sabotage, monkeypatch: pytest.MonkeyPatch) -> None:
    only = frozenset({one.breaks}) | (TALKATIVE if one.breaks in WATCHES else frozenset())
    assert one.breaks in failures(one, monkeypatch, only)


@pytest.mark.full(seconds=8)
@pytest.mark.parametrize("one", SABOTAGES, ids=lambda one: f"{one.breaks}-{one.name}")
def test_only_what_is_broken_is_seen(one: Sabotage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failures(one, monkeypatch, frozenset()) == {one.breaks, *one.also}


def test_every_check_has_its_sabotage() -> None:
    assert CHECKS.keys() | WATCHES.keys() == {one.breaks for one in SABOTAGES}
