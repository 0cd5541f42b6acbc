"""The power of a whole lock goes away at every write of many stories: no safe event is lost, no list is half there.

A short story in two sizes of flash every day; in the long form until ten thousand cuts are done.
"""

from contextlib import suppress
from itertools import count

import pytest

from device_sim.door import Bolt
from device_sim.flash.event_log import Geometry
from device_sim.flash.memory import PowerCut
from firmware_protocol.vocabulary import EventType
from tests.device.cut_story import ROOMY, TIGHT, cut, writes_of
from tests.device.rig import DOCUMENT, card, connected_rig
from tests.figures import FigureBook

CUTS = 10_000


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


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_ten_thousand_cuts(figures: FigureBook) -> None:
    noted = {"cuts": 0, "stories": 0, "safe events found again": 0, "safe events lost": 0, "half lists": 0}
    with figures.noting("power cuts of a lock, at every write") as written:
        for seed in count(100):
            geometry = (ROOMY, TIGHT)[seed % 2]
            for at in range(writes_of(seed, geometry)):
                story = cut(seed, geometry, at)
                noted["cuts"] += 1
                noted["safe events found again"] += len(story.safe)
            noted["stories"] += 1
            written.update(noted)
            if noted["cuts"] >= CUTS:
                break
