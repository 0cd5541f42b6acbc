"""The power of a whole lock goes away at every write of many stories: no safe event is lost, no list is half there.

A short story in two sizes of flash every day; in the long form 140 stories, which are ten thousand cuts.
"""

from contextlib import suppress

import pytest

from device_sim.door import Bolt
from device_sim.flash.event_log import Geometry
from device_sim.flash.memory import PowerCut
from firmware_protocol.vocabulary import EventType
from tests.device.cut_story import ROOMY, TIGHT, cut, writes_of
from tests.device.rig import DOCUMENT, card, connected_rig
from tests.figures import FigureBook

# Ten thousand cuts, in two halves.
STORIES, HALVES = range(100, 240), 2


@pytest.mark.daily
@pytest.mark.parametrize("geometry", [ROOMY, TIGHT], ids=["roomy", "tight"])
def test_at_every_write_of_a_story(geometry: Geometry) -> None:
    for at in range(writes_of(103, geometry)):
        cut(103, geometry, at)


def test_the_bolt_stays_where_it_is_until_the_event_is_safe() -> None:
    """Whoever was let in is in flash, wherever in the writing of it the power goes away."""
    at, moved = 0, False
    while not moved:
        rig = connected_rig(card())
        rig.medium.cut_at = rig.medium.writes + at
        with suppress(PowerCut):
            rig.lock.doorway.show_card(DOCUMENT, rig.now)
        moved = rig.lock.doorway.door.bolt is not Bolt.LOCKED
        before = rig.lock.flash.log.next_sequence - 1
        rig.medium = rig.medium.after_power_cut()
        rig.boot()
        opened = [event for event in rig.events_of(EventType.LOCK_OPERATED) if event.sequence <= before]
        assert len(opened) == 1 or not moved
        at += 1
    assert at > 2


@pytest.mark.full(seconds=240)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("half", range(HALVES))
def test_ten_thousand_cuts(figures: FigureBook, half: int) -> None:
    noted = {"cuts": 0, "stories": 0, "safe events found again": 0, "safe events lost": 0, "half lists": 0}
    with figures.noting(f"power cuts of a lock, at every write ({half + 1} of {HALVES})") as written:
        for seed in STORIES[half * len(STORIES) // HALVES : (half + 1) * len(STORIES) // HALVES]:
            geometry = (ROOMY, TIGHT)[seed % 2]
            for at in range(writes_of(seed, geometry)):
                story = cut(seed, geometry, at)
                noted["cuts"] += 1
                noted["safe events found again"] += len(story.safe)
            noted["stories"] += 1
            written.update(noted)
