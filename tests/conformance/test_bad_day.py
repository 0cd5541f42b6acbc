"""The kit over a line with seeded faults: the simulated lock stands them, and locks that fail on a bad day only are seen only then."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from anmen.conformance.command_parts import Wish, conduct, verified
from anmen.conformance.faulty_line import ALL, LineFault
from anmen.conformance.registry import CHECKS, Profile
from anmen.conformance.run import run
from anmen.conformance.spared import SPARED, allowed
from anmen.conformance.verdict import Outcome
from device_sim.command_memory import CommandMemory, Kept
from device_sim.flash.event_log import FlashLog
from firmware_protocol.lock_side import LockSide
from firmware_protocol.replay import ReplayWindow
from firmware_protocol.sending import SendWindow
from tests.conformance.memory_line import memory_stand
from tests.conformance.sabotage import Patch, around

BAD = {Outcome.FAILED, Outcome.NOT_TRIED}
Broken = Callable[[Patch], None]


def forgets_what_it_has_heard_at_a_new_connect(patch: Patch) -> None:
    def connected(real: Any, self: LockSide, *more: Any) -> None:
        self._session._window = ReplayWindow()
        real(self, *more)

    around(patch, LockSide, "connected", connected)


def drops_the_event_that_was_on_its_way(patch: Patch) -> None:
    gone: set[tuple[int, int]] = set()

    def pause(real: Any, self: SendWindow) -> None:
        if len(self._sent) == 1:
            gone.update((self._log.epoch, number) for number in self._sent)
        real(self)

    def read(real: Any, self: FlashLog, first: int, limit: int) -> Any:
        return [one for one in real(self, first, limit + len(gone)) if (self.epoch, one.sequence) not in gone][:limit]

    around(patch, SendWindow, "pause", pause)
    around(patch, FlashLog, "read", read)
    around(patch, FlashLog, "alarms", read)


def forgets_its_commands_when_it_is_off_the_line(patch: Patch) -> None:
    minds: list[CommandMemory] = []

    def begin(real: Any, self: CommandMemory, flash: Any) -> None:
        real(self, flash)
        minds.append(self)

    def disconnected(real: Any, self: LockSide) -> None:
        real(self)
        minds[-1].kept = Kept()

    around(patch, CommandMemory, "__init__", begin)
    around(patch, LockSide, "disconnected", disconnected)


BROKEN: tuple[Broken, ...] = (forgets_what_it_has_heard_at_a_new_connect, drops_the_event_that_was_on_its_way)

BROKEN_NOW_AND_THEN = forgets_its_commands_when_it_is_off_the_line


def failures(seed: str, profile: Profile, patch: Patch | None = None, broken: Broken | None = None) -> list[str]:
    """What is not as it should be at a lock in memory, on a day with this seed (empty: a good one)."""
    wire, stand = memory_stand(boxed=profile is Profile.FULL)
    if patch is not None and broken is not None:
        broken(patch)
    wire.installed.power_on()
    stand.profile = profile
    return [f"{one.number}: {one.seen}" for one in run(stand, faults=seed) if one.outcome in BAD]


def test_the_simulator_stands_a_bad_day() -> None:
    assert failures("monday", Profile.CORE) == []


@pytest.mark.full
@pytest.mark.parametrize("seed", ["a", "b", "c", "d", "1", "2", "3", "4"])
def test_the_simulator_stands_other_bad_days_in_full(seed: str) -> None:
    assert failures(seed, Profile.FULL) == []


@pytest.mark.parametrize("broken", BROKEN)
def test_a_lock_that_fails_on_a_bad_day_is_seen(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failures("tuesday", Profile.CORE, monkeypatch, broken)


@pytest.mark.full
def test_a_lock_that_forgets_its_commands_is_seen_on_some_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a connection that is torn after a command was done, and that command said again."""
    assert any("ANM-CMD-010" in one for one in failures("a", Profile.FULL, monkeypatch, BROKEN_NOW_AND_THEN))


@pytest.mark.full
@pytest.mark.parametrize("broken", [*BROKEN, BROKEN_NOW_AND_THEN])
def test_and_is_not_seen_on_a_good_one(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failures("", Profile.FULL, monkeypatch, broken) == []


def test_who_is_spared_something_is_checked_and_told_why() -> None:
    assert SPARED.keys() <= CHECKS.keys()
    assert all(faults and len(why) > 20 for faults, why in SPARED.values())
    # In a session nobody is spared everything: a frame that comes twice changes nothing.
    in_session = [number for number in CHECKS if not number.startswith("ANM-CLM")]
    assert all({LineFault.TWICE, LineFault.LATER, LineFault.LATE} <= allowed(number) for number in in_session)
    assert allowed("ANM-SES-010") == ALL


def test_the_report_tells_seed_faults_and_what_was_spared(tmp_path: Path) -> None:
    wire, stand = memory_stand()
    wire.installed.power_on()
    only = frozenset({"ANM-SES-015", "ANM-SES-016", "ANM-LST-010"})
    reports = (tmp_path / "r.json", tmp_path / "r.html")
    with (tmp_path / "out.txt").open("w", encoding="utf-8") as out:
        assert conduct(stand, Wish("core", None, reports, only, "monday"), Console(file=out, width=150))
    report = json.loads(reports[0].read_text(encoding="utf-8"))["report"]
    assert report["bad_day"]["seed"] == "monday"
    assert report["bad_day"]["befell"][LineFault.TWICE]
    spared = {one["sentence"]: one.get("spared", {}).get("faults", []) for one in report["results"]}
    assert spared == {
        "ANM-LST-010": [],
        "ANM-SES-015": [LineFault.TORN, LineFault.LOST],
        "ANM-SES-016": [LineFault.TORN],
    }
    assert "seed monday" in (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert "conforms" in verified(reports[1], None)
