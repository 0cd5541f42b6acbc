"""Changing keys through every fault at once: once all is well, lock and service agree on one pair."""

from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware_protocol.vocabulary import EventType, Field
from tests.device.rekeyed_rig import RekeyedRig
from tests.device.rig import card
from tests.protocol.fake_ingest import Dies


class KeyChanges(RuleBasedStateMachine):
    """Rules are what may happen; `teardown` heals and compares."""

    @initialize(seed=st.integers(0, 1 << 16), share=st.sampled_from([0.0, 0.2, 0.5]))
    def begin(self, seed: int, share: float) -> None:
        dice = Random(seed)
        self.rig = RekeyedRig()
        self.rig.connect()
        self.dice, self.share = dice, share
        self.rig.lost = lambda _: dice.random() < share

    @precondition(lambda self: not self.rig.ingest.durable.wanted.entries)
    @rule()
    def offer(self) -> None:
        self.rig.powered(lambda: self.rig.deliver(self.rig.ingest.offer()))

    @rule()
    def offer_again(self) -> None:
        self.rig.powered(lambda: self.rig.deliver(self.rig.ingest.offer_again()))

    @rule()
    def somebody_moves_in(self) -> None:
        """Whoever grants calls off what is under way."""
        self.rig.ingest.call_off()
        self.rig.powered(lambda: self.rig.give(card()))

    @rule()
    def everybody_moves_out(self) -> None:
        self.rig.powered(self.rig.give)

    @rule(seconds=st.sampled_from([0.5, 3.0, 30.0, 100.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.rig.live(seconds)

    @rule(at=st.integers(0, 12))
    def power_will_go(self, at: int) -> None:
        self.rig.medium.cut_at = self.rig.medium.writes + at

    @rule(dies=st.sampled_from(list(Dies)))
    def the_process_dies_in_a_batch(self, dies: Dies) -> None:
        rig = self.rig
        rig.powered(lambda: rig.ingest.receive(rig.lock.to_send(rig.now), dies))

    @rule()
    def another_process_takes_over(self) -> None:
        self.rig.ingest.take_lease()

    @rule(at=st.integers(0, 400))
    def the_broker_repeats_itself(self, at: int) -> None:
        rig = self.rig
        if rig.heard_down:
            rig.powered(lambda: rig.lock.receive(rig.heard_down[at % len(rig.heard_down)], rig.now))
        if rig.heard_up:
            rig.deliver(rig.ingest.receive([rig.heard_up[at % len(rig.heard_up)]]))

    @invariant()
    def one_of_the_locks_pairs_is_one_of_the_services(self) -> None:
        """Whatever is cut now, there is a pair that both have."""
        if not hasattr(self, "rig"):
            return
        keys, lock = self.rig.ingest.keys, self.rig.lock.keys.keyring
        ours = {keys.identity.key_epoch, *([keys.pending.key_epoch] if keys.pending else [])}
        theirs = {lock.current.key_epoch, *([lock.pending.key_epoch] if lock.pending else [])}
        assert ours & theirs

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        rig = self.rig
        rig.lost, rig.medium.cut_at = (lambda _: False), None
        if not rig.linked:
            rig.connect()
        for _ in range(30):
            rig.live(300.0)
            if rig.agreed:
                break
        assert rig.agreed
        assert not rig.lock.held.has_material or rig.lock.held.digest == rig.ingest.durable.wanted.digest
        told = [one.get(Field.KEY_EPOCH) for one in rig.events_of(EventType.KEYS_CHANGED)]
        assert told == sorted(set(told))
        assert rig.lock.keys.key_epoch == (told[-1] if told else 1)


TestKeyChanges = KeyChanges.TestCase
TestKeyChanges.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
