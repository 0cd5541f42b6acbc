"""Each fault of a fleet by itself and all together: it happens, it follows from the seed, and nothing is missing afterwards."""

from dataclasses import fields
from pathlib import Path

import pytest

from device_sim.fleet.faults import Faults, parse_faults
from firmware_protocol.vocabulary import EventType
from tests.fleet.imagined import Counted, ImaginedFleet

LIVES_S = 30.0
FAULTS: dict[str, Counted] = {
    "loss=0.2": lambda fleet: fleet.world.figures.frames_lost,
    "delay=1": lambda fleet: fleet.world.figures.frames_delayed,
    "duplicate=0.3": lambda fleet: fleet.world.figures.frames_doubled,
    "reorder=0.3": lambda fleet: fleet.world.figures.frames_delayed,
    "power=6": lambda fleet: fleet.world.figures.power_cuts,
    "half_list=0.7": lambda fleet: fleet.world.figures.lists_cut_short,
    # The service's clock stands still in this model, so that a drift shows as the first setting of the clock.
    "drift=200": lambda fleet: len({hung.lock.clock.shows_ms(fleet.now) for hung in fleet.locks}),
    "jump=6": lambda fleet: fleet.world.figures.clock_jumps,
    "full=1,loss=0.5": lambda fleet: fleet.world.figures.declared_lost,
    "rot=30,loss=0.5": lambda fleet: fleet.world.figures.declared_lost,
    "old=0.6": lambda fleet: sum(hung.lock.old for hung in fleet.locks),
    "clone=1": lambda fleet: sum(hung.lock.boots for hung in fleet.clones),
}
TOGETHER = "loss=0.1,delay=0.3,duplicate=0.1,reorder=0.1,power=4,half_list=0.3,drift=200,jump=3,full=0.5,rot=6,old=0.3,clone=0.5"


def lived(folder: Path, text: str, *, seed: int = 1) -> ImaginedFleet:
    fleet = ImaginedFleet(folder, parse_faults(text), seed=seed)
    fleet.live(LIVES_S)
    fleet.heal()
    return fleet


@pytest.mark.parametrize("text", ["", *FAULTS, TOGETHER])
def test_it_happens_and_nothing_is_missing_afterwards(text: str, tmp_path: Path) -> None:
    fleet = lived(tmp_path / "fleet", text)
    assert text not in FAULTS or FAULTS[text](fleet) > 0
    found = fleet.audit()
    assert found["stored"] > 40
    assert (found["missing"], found["changed"]) == (0, 0)
    assert fleet.lists_agree()
    may_lose = "full" in text or "rot" in text
    assert found["lost"] == 0 or may_lose


@pytest.mark.parametrize("text", ["", TOGETHER])
def test_a_seed_decides_all_of_it(text: str, tmp_path: Path) -> None:
    first = lived(tmp_path / "first", text, seed=7).truth()
    assert lived(tmp_path / "again", text, seed=7).truth() == first
    assert lived(tmp_path / "other", text, seed=8).truth() != first


@pytest.mark.parametrize(
    ("slots", "alarmed", "connects_at"), [(True, False, 6.0), (False, False, 1.0), (True, True, 1.0)]
)
def test_after_a_power_cut_a_lock_waits_for_its_turn(
    slots: bool, alarmed: bool, connects_at: float, tmp_path: Path
) -> None:
    fleet = ImaginedFleet(tmp_path / "fleet", Faults(), locks=1)
    fleet.world.quiet, fleet.world.slots = True, slots
    fleet.live(0.5)
    [hung] = fleet.locks
    hung.lock.slot_s = 5.0
    if alarmed:
        hung.hang_up()
        hung.lock.record(EventType.ALARM_RAISED, {}, fleet.now)
    hung.power_off(fleet.now, 1.0)
    while hung.lock.side is None or not hung.lock.linked:
        fleet.live(0.05)
    fleet.world.truth.close()
    assert connects_at <= fleet.now < connects_at + 0.2


def test_every_fault_there_is_has_its_test() -> None:
    tried = {part.split("=")[0] for text in FAULTS for part in text.split(",")}
    assert tried == {one.name for one in fields(Faults)}
