"""A whole lock's story, seeded, with the power going away in the middle of a write: what was safe then must never be lost.

A story is played once to count the writes of its flash, then again with a cut at each of them, and every third time with
another cut while the lock recovers from the first.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from device_sim.flash.event_log import Geometry
from device_sim.flash.memory import PowerCut
from firmware_protocol.access_list import AccessList
from firmware_protocol.cursor import holds
from firmware_protocol.messages import Event
from tests.device.rig import DOCUMENT, PIN, Rig, card, pin

ROOMY = Geometry(sector_bytes=4096, sectors=16)
TIGHT = Geometry(sector_bytes=600, sectors=4)
STEPS = 18


@dataclass
class Story:
    """One story; `safe` is every event that was recorded before the power went, `lists` what the service ever wanted."""

    seed: int
    geometry: Geometry = ROOMY
    safe: dict[int, Event] = field(default_factory=dict)
    lists: dict[int, bytes] = field(default_factory=lambda: {0: AccessList().digest})
    held_version: int = 0
    credentials: int = 2

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.rig = Rig(geometry=self.geometry)
        self.rig.connect()
        self.note()
        self.rig.medium.writes = 0

    def play(self, cut_at: int | None = None) -> bool:
        """Live until the end of the story (True), or until the power goes away at that write."""
        self.rig.medium.cut_at = cut_at
        deeds = self._deeds()
        try:
            for _ in range(STEPS):
                self.dice.choice(deeds)()
                self.note()
        except PowerCut:
            return False
        return True

    def note(self) -> None:
        """What is safe by now; a number must always mean the same event."""
        for event in self.rig.events:
            assert self.safe.setdefault(event.sequence, event) == event, "a number was given twice"
        self.held_version = self.rig.lock.held.version

    def power_returns(self, again_at: int | None) -> None:
        """The power comes back; with `again_at` it goes once more at that write of the recovery."""
        self.note()
        dice = Random(self.seed)
        self.rig.medium = self.rig.medium.after_power_cut(dice)
        if again_at is not None:
            self.rig.medium.cut_at = again_at
            with suppress(PowerCut):
                self.rig.boot()
            self.rig.medium = self.rig.medium.after_power_cut(dice)
        self.rig.boot()

    def check_list(self) -> None:
        """The list held is one the service wanted, whole, and none older than what was held when the power went."""
        held = self.rig.lock.held
        assert self.held_version <= held.version
        assert self.lists[held.version] == held.digest

    def check_events(self) -> None:
        """Once the link is back everything that was safe is in the register, or named by a tombstone where flash overflowed."""
        self.rig.connect()
        self.rig.pass_time(30)
        log, durable = self.rig.lock.flash.log, self.rig.ingest.durable
        cursor = self.rig.ingest.cursor(log.epoch)
        assert (cursor.up_to, cursor.above) == (log.next_sequence - 1, ())
        for number, event in self.safe.items():
            stored = durable.register.get((log.epoch, number))
            assert stored == event or (stored is None and self.geometry is TIGHT and holds(cursor.lost, number))
        assert self.rig.lock.held.digest == durable.wanted.digest

    def _deeds(self) -> list[Callable[[], object]]:
        rig, dice = self.rig, self.dice
        usual: list[Callable[[], object]] = [
            lambda: rig.lock.doorway.show_card(DOCUMENT, rig.now),
            lambda: rig.lock.doorway.enter_pin(PIN, rig.now),
            lambda: rig.lock.doorway.enter_pin("000000", rig.now),
            lambda: rig.lock.doorway.turn_handle(rig.now),
            lambda: rig.pass_time(dice.choice((0.5, 6.0, 40.0))),
            self._change_list,
            self._toggle_link,
            rig.exchange,
        ]
        return [*usual, *usual, *usual, self._reboot]

    def _change_list(self) -> None:
        self.credentials += self.dice.randrange(3)
        cards = [card(number) for number in range(2, self.credentials + 1) if self.dice.random() < 0.8]
        try:
            self.rig.give(pin(1), *cards)
        finally:
            wanted = self.rig.ingest.durable.wanted
            self.lists[wanted.version] = wanted.digest

    def _toggle_link(self) -> None:
        if self.rig.linked:
            self.rig.disconnect()
        else:
            self.rig.connect()

    def _reboot(self) -> None:
        self.rig.lock.close()
        self.rig.boot()


def writes_of(seed: int, geometry: Geometry) -> int:
    """How many writes the story has when nothing happens to it."""
    story = Story(seed, geometry)
    assert story.play()
    return story.rig.medium.writes


def cut(seed: int, geometry: Geometry, at: int) -> Story:
    """Play the story with a cut at that write, and check all there is to check."""
    story = Story(seed, geometry)
    assert not story.play(at), "the cut came too late to strike"
    story.power_returns(at % 12 if at % 3 == 0 else None)
    story.check_list()
    story.check_events()
    return story
