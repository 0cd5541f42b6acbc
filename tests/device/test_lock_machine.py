"""A whole lock with its flash, and the service, through every fault at once: once all is well they agree on list and events.

The wire loses, delays, repeats, shuffles and damages; the lock reboots, loses its power in the middle of any write and runs out of flash;
the ingest process dies before and after its commit, another one takes the shard, the database comes back from a backup. The
model is the list of what the lock has recorded.
"""

import os
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.device.faulty_world import World
from tests.device.rig import DOCUMENT, PIN
from tests.figures import FigureBook
from tests.protocol.fake_ingest import Dies
from tests.protocol.pair import counters_used_twice

SOME = st.integers(0, 40)
LONG = int(os.environ.get("ANMEN_TEST_EXAMPLES", "1500"))
SEEN = {"runs": 0, "events compared": 0, "rightly declared lost": 0, "boots": 0}


class Faults(RuleBasedStateMachine):
    """Rules are what may happen; `teardown` heals and compares."""

    @initialize(seed=st.integers(0, 1 << 16))
    def begin(self, seed: int) -> None:
        self.world = World(Random(seed))
        self.world.connect()

    @rule(deed=st.sampled_from(["pin", "card", "wrong", "handle"]), times=st.integers(1, 25))
    def somebody_at_the_door(self, deed: str, times: int) -> None:
        world = self.world
        for _ in range(times):
            door = world.lock.doorway
            world.powered(
                {
                    "pin": lambda door=door: door.enter_pin(PIN, world.now),
                    "card": lambda door=door: door.show_card(DOCUMENT, world.now),
                    "wrong": lambda door=door: door.enter_pin("000000", world.now),
                    "handle": lambda door=door: door.turn_handle(world.now),
                }[deed]
            )

    @rule(credentials=st.sets(st.integers(2, 60), max_size=30))
    def change_list(self, credentials: set[int]) -> None:
        self.world.change_list(sorted(credentials))

    @rule(at=st.integers(0, 9))
    def power_will_go(self, at: int) -> None:
        """At that write from now."""
        self.world.medium.cut_at = self.world.medium.writes + at

    @rule()
    def reboot(self) -> None:
        self.world.powered(self.world.boot)

    @rule(seconds=st.sampled_from([0.02, 1.0, 5.0, 61.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.advance(seconds)

    @rule(linked=st.booleans())
    def link(self, *, linked: bool) -> None:
        if linked:
            self.world.connect()
        else:
            self.world.disconnect()

    @rule()
    def exchange(self) -> None:
        self.world.exchange()

    @rule(count=st.integers(1, 8), dies=st.sampled_from([None, None, Dies.BEFORE_COMMIT, Dies.AFTER_COMMIT]))
    def deliver_up(self, count: int, dies: Dies | None) -> None:
        frames, self.world.up = self.world.up[:count], self.world.up[count:]
        self.world.to_service(frames, dies)

    @rule(count=st.integers(1, 8))
    def deliver_down(self, count: int) -> None:
        frames, self.world.down = self.world.down[:count], self.world.down[count:]
        self.world.to_lock(frames)

    @rule(at=SOME, up=st.booleans())
    def lose(self, at: int, *, up: bool) -> None:
        wire = self.world.up if up else self.world.down
        if wire:
            wire.pop(at % len(wire))

    @rule(at=SOME, up=st.booleans(), bit=st.integers(0, 192 * 8 - 1))
    def damage(self, at: int, bit: int, *, up: bool) -> None:
        wire = self.world.up if up else self.world.down
        if wire:
            spoilt = bytearray(wire[at % len(wire)])
            spoilt[bit // 8 % len(spoilt)] ^= 1 << bit % 8
            wire[at % len(wire)] = bytes(spoilt)

    @rule(chance=st.randoms(use_true_random=False))
    def shuffle(self, chance: Random) -> None:
        chance.shuffle(self.world.up)
        chance.shuffle(self.world.down)

    @rule(at=SOME, up=st.booleans())
    def repeat(self, at: int, *, up: bool) -> None:
        """Any frame that was ever sent."""
        heard = self.world.heard_up if up else self.world.heard_down
        if heard:
            (self.world.to_service if up else self.world.to_lock)([heard[at % len(heard)]])

    @rule()
    def a_batch_fails(self) -> None:
        self.world.ingest.forget()

    @rule(announced=st.booleans())
    def another_holder(self, *, announced: bool) -> None:
        self.world.ingest.take_lease()
        if announced and self.world.linked:
            self.world.powered(lambda: self.world.lock.announced(self.world.now))

    @rule()
    def back_up(self) -> None:
        self.world.backup = self.world.ingest.durable

    @rule()
    def restore(self) -> None:
        self.world.restore()

    @invariant()
    def the_list_held_is_one_that_was_wanted(self) -> None:
        if hasattr(self, "world"):
            held, wanted = self.world.lock.held, self.world.ingest.durable.wanted
            assert held.version != wanted.version or self.world.was_restored or held.digest == wanted.digest

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.heal()
        assert not self.world.unaccounted()
        assert not counters_used_twice(self.world.heard_up)
        assert not counters_used_twice(self.world.heard_down)
        self._count()

    def _count(self) -> None:
        SEEN["runs"] += 1
        SEEN["events compared"] += len(self.world.safe)
        SEEN["rightly declared lost"] += len(self.world.excused)
        SEEN["boots"] += self.world.lock.flash.remembered.boot_number


def machine_settings(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@pytest.mark.daily
def test_they_agree_whatever_happens() -> None:
    run_state_machine_as_test(Faults, settings=machine_settings(40, 40))


@pytest.mark.full(seconds=220)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("half", [1, 2])
def test_they_agree_whatever_happens_for_long(figures: FigureBook, half: int) -> None:
    before = dict(SEEN)
    with figures.noting(f"lock and service through every fault ({half} of 2)") as noted:
        run_state_machine_as_test(Faults, settings=machine_settings(LONG // 2, 80))
        noted.update({what: seen - before[what] for what, seen in SEEN.items()})
