"""Nobody is ever locked in: whatever list, clock, network, battery, flash and bolt are like, the inside handle opens."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from device_sim.door import Bolt, Door
from device_sim.flash.event_log import Geometry
from firmware_protocol.schedules import ALL_DAYS, WeeklySchedule
from firmware_protocol.vocabulary import CredentialType, DoorState, OverrideKind
from tests.device.rig import DOCUMENT, NOW_S, Rig, card, pin

TINY = Geometry(sector_bytes=600, sectors=2)


def obstruct(rig: Rig) -> None:
    rig.lock.doorway.door = replace(rig.lock.doorway.door, obstructed=True)


ALWAYS_OPEN = replace(
    card(30), type=CredentialType.PASSAGE, material=b"", schedules=(WeeklySchedule(ALL_DAYS, 0, 1440),)
)


def lock_out(rig: Rig) -> None:
    for _ in range(5):
        rig.lock.doorway.enter_pin("0000", rig.now)


def forge(rig: Rig) -> None:
    rig.lock.receive(b"\xd0\x83" + bytes(60), rig.now)


def run_out_of_power(rig: Rig) -> None:
    rig.lock.doorway.move(lambda door: door.drained(100), rig.now)


MISHAPS: dict[str, Callable[[Rig], object]] = {
    "a reboot": lambda rig: rig.boot(door=rig.lock.doorway.door),
    "a reboot without a clock": lambda rig: rig.boot(chip_ms=None, door=rig.lock.doorway.door),
    "a link": Rig.connect,
    "no link": Rig.disconnect,
    "an empty list": lambda rig: rig.give(),
    "a list": lambda rig: rig.give(card(), pin()),
    "a list that has ended": lambda rig: rig.give(replace(card(), ends_at=NOW_S)),
    "a lock-out": lock_out,
    "an entry": lambda rig: rig.lock.doorway.show_card(DOCUMENT, rig.now),
    "an empty battery": run_out_of_power,
    "a stuck bolt": obstruct,
    "a moment": lambda rig: rig.pass_time(0.3),
    "a minute": lambda rig: rig.pass_time(60),
    "a forged frame": forge,
    "privacy": lambda rig: rig.lock.doorway.press_button(rig.now),
    "a fire": lambda rig: rig.lock.doorway.override(OverrideKind.FIRE, rig.now),
    "the end of a fire": lambda rig: rig.lock.doorway.override(OverrideKind.FIRE, rig.now, lasts=False),
    "a locksmith": lambda rig: rig.lock.doorway.override(OverrideKind.LOCKSMITH, rig.now),
    "a passage": lambda rig: rig.give(card(), ALWAYS_OPEN),
    "a broken door": lambda rig: rig.lock.doorway.move(Door.force_leaf, rig.now),
    "a shut door": lambda rig: rig.lock.doorway.move(lambda door: door.close_leaf(rig.now), rig.now),
}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(sorted(MISHAPS)), max_size=12))
def test_the_handle_opens_after_anything(mishaps: list[str]) -> None:
    rig = Rig(geometry=TINY)
    for mishap in mishaps:
        MISHAPS[mishap](rig)
        answer = rig.lock.doorway.turn_handle(rig.now)
        assert answer.opened
        assert rig.lock.doorway.door.bolt is Bolt.UNLOCKED
        assert rig.lock.doorway.door.open_leaf(rig.now).door.leaf is not DoorState.CLOSED


class Watching(list[str]):
    """Notes where the bolt was at each failpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.bolts: dict[str, Bolt] = {}
        self.rig: Rig | None = None

    def append(self, point: str) -> None:
        if self.rig is not None:
            self.bolts[point] = self.rig.lock.doorway.door.bolt


def watched_rig() -> tuple[Rig, Watching]:
    watching = Watching()
    rig = Rig(points=watching)
    rig.connect()
    rig.give(card())
    watching.rig = rig
    return rig, watching


def test_from_outside_the_event_is_safe_before_the_bolt_moves() -> None:
    rig, watching = watched_rig()
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    assert watching.bolts["lock.event.after_flash"] is Bolt.LOCKED


def test_from_inside_the_bolt_moves_before_anything_is_recorded() -> None:
    rig, watching = watched_rig()
    rig.lock.doorway.turn_handle(rig.now)
    assert watching.bolts["lock.event.before_flash"] is Bolt.UNLOCKED
