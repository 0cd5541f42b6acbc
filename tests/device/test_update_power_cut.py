"""The power goes away at every write of an update: download, digest, switch, trial, confirmation.

After any cut the lock boots one whole image, the old or the new one; no event and no list is lost; and the update ends well.
"""

import pytest

from device_sim.firmware_image import Behaviour
from device_sim.flash.images import Images
from device_sim.flash.memory import MemoryMedium, PowerCut
from tests.device.rig import card
from tests.device.update_rig import UpdateRig, connected, image_of

# Two cuts of three in the long form only: what is left of a write is none, half or all of it.
KEEPS = [pytest.param(0.5), pytest.param(0.0, marks=pytest.mark.full), pytest.param(1.0, marks=pytest.mark.full)]


def whole_image(rig: UpdateRig) -> str:
    """The version that would run if the lock were started now; AssertionError where nothing whole would."""
    images = Images(rig.medium.after_power_cut())
    assert images.content(images.record.active) is not None
    return images.image.version


def updated(rig: UpdateRig, version: str) -> None:
    """Let the lock live until it has settled with this version; AssertionError where it does not get there."""
    for _ in range(60):
        if rig.version == version and not rig.lock.flash.images.on_trial:
            return
        rig.live(1.0)
    raise AssertionError(f"still {rig.version}, {rig.state}")


def cut(at: int, keep: float, behaviour: Behaviour = Behaviour.GOOD) -> bool:
    """One update with a cut at that write, and what must hold; False where the cut came too late to strike."""
    rig = connected()
    rig.give(card())
    digest, events = rig.lock.held.digest, rig.lock.flash.log.next_sequence
    rig.medium.cut_at, rig.medium.keep, rig.medium.writes = at, keep, 0
    struck = False
    try:
        rig.offer(image_of(size=3000, behaviour=behaviour))
        updated(rig, "1.1.0")
    except PowerCut:
        struck = True
        assert whole_image(rig) in ("0.1.0", "1.1.0")
        rig.medium = rig.medium.after_power_cut()
        rig.start()
        updated(rig, "1.1.0")
    assert rig.lock.held.digest == digest
    rig.exchange()
    numbers = [event.sequence for event in rig.register]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > events
    assert rig.changes[-1][:3] == (1, 2, 1)
    return struck


@pytest.mark.parametrize("keep", KEEPS)
def test_a_cut_at_any_write_of_an_update(keep: float) -> None:
    at = 0
    while cut(at, keep):
        at += 1
    assert at > 40


@pytest.mark.parametrize("keep", KEEPS)
def test_a_cut_at_any_write_of_the_first_start(keep: float) -> None:
    at = 0
    while True:
        medium = MemoryMedium(cut_at=at, keep=keep)
        try:
            Images(medium)
        except PowerCut:
            assert Images(medium.after_power_cut()).image.version == "0.1.0"
        else:
            break
        at += 1
    assert at >= 4


@pytest.mark.parametrize("keep", KEEPS)
def test_a_cut_at_any_write_of_a_fall_back(keep: float) -> None:
    at, struck = 0, True
    while struck:
        rig = connected()
        rig.offer(image_of(behaviour=Behaviour.CRASHES))
        while not rig.lock.flash.images.on_trial:
            rig.live(1.0)
        rig.medium.cut_at, rig.medium.keep, rig.medium.writes = at, keep, 0
        struck = False
        for _ in range(9):
            try:
                rig.start()
            except PowerCut:
                struck = True
                rig.medium = rig.medium.after_power_cut()
                continue
            whole_image(rig)
            if rig.version == "0.1.0":
                break
        assert (rig.version, rig.changes[-1]) == ("0.1.0", (2, 1, 2, 2))
        at += 1
    assert at > 20
