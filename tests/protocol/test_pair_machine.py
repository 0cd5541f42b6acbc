"""Whatever the wire and the ends do to each other: once the link heals, every event is stored once and the lists agree."""

from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from firmware_protocol.access_list import ListEntry, encode_entry
from firmware_protocol.vocabulary import CredentialType
from tests.protocol.fake_ingest import Dies
from tests.protocol.pair import LockPair, counters_used_twice

SOME = st.integers(0, 30)


def entry(number: int, material: bytes) -> bytes:
    return encode_entry(ListEntry(number, CredentialType.RFID, material, 0, 4_000_000_000, 86_400))


class Faults(RuleBasedStateMachine):
    """The wire loses, delays, repeats and shuffles; lock and service die; the model is the lock's own account, a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = LockPair(capacity=24)
        self.entries: dict[int, bytes] = {}
        self.next_credential = 1

    @initialize(known=st.booleans())
    def begin(self, known: bool) -> None:
        """With a lock that has never spoken, or with one that has."""
        self.pair.connect()
        if known:
            self.pair.record()
            self.pair.settle()

    def _pick(self, wire: list[bytes], at: int) -> bytes | None:
        return wire.pop(at % len(wire)) if wire else None

    @rule(count=st.integers(1, 6), kind=st.sampled_from([0, 1, 2, 3, 99]))
    def record(self, count: int, kind: int) -> None:
        for _ in range(count):
            self.pair.record(kind, f7=kind, f200=5)

    @rule(size=st.integers(1, 40), again=st.booleans())
    def change_list(self, size: int, again: bool) -> None:
        if again and self.entries:
            self.entries = dict(list(self.entries.items())[size % 3 + 1 :])
        for _ in range(size):
            self.entries[self.next_credential] = entry(self.next_credential, b"m" * (1 + size))
            self.next_credential += 1
        self.pair.tell(self.pair.ingest.change_list(self.entries))

    @rule(seconds=st.sampled_from([0.02, 1.0, 5.0, 61.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.pair.advance(seconds)

    @rule()
    def exchange(self) -> None:
        self.pair.exchange()

    @rule(count=st.integers(1, 8), dies=st.sampled_from([None, None, Dies.BEFORE_COMMIT, Dies.AFTER_COMMIT]))
    def deliver_up(self, count: int, dies: Dies | None) -> None:
        frames, self.pair.up = self.pair.up[:count], self.pair.up[count:]
        self.pair.to_service(frames, dies)

    @rule(count=st.integers(1, 8))
    def deliver_down(self, count: int) -> None:
        frames, self.pair.down = self.pair.down[:count], self.pair.down[count:]
        self.pair.to_lock(frames)

    @rule(at=SOME)
    def lose_up(self, at: int) -> None:
        self._pick(self.pair.up, at)

    @rule(at=SOME)
    def lose_down(self, at: int) -> None:
        self._pick(self.pair.down, at)

    @rule(chance=st.randoms(use_true_random=False))
    def shuffle(self, chance: Random) -> None:
        chance.shuffle(self.pair.up)
        chance.shuffle(self.pair.down)

    @rule(at=SOME, dies=st.sampled_from([None, Dies.BEFORE_COMMIT]))
    def repeat_up(self, at: int, dies: Dies | None) -> None:
        """Any frame that was ever sent, a will or an old boot's birth among them."""
        if self.pair.heard_up:
            self.pair.to_service([self.pair.heard_up[at % len(self.pair.heard_up)]], dies)

    @rule(at=SOME)
    def repeat_down(self, at: int) -> None:
        if self.pair.heard_down:
            self.pair.to_lock([self.pair.heard_down[at % len(self.pair.heard_down)]])

    @rule(at=SOME, bit=st.integers(0, 400 * 8))
    def damage_up(self, at: int, bit: int) -> None:
        frame = self._pick(self.pair.up, at)
        if frame is not None:
            damaged = bytearray(frame)
            damaged[bit // 8 % len(frame)] ^= 1 << bit % 8
            self.pair.to_service([bytes(damaged)])

    @rule()
    def link_up(self) -> None:
        if self.pair.lock.linked:
            self.pair.disconnect()
        self.pair.connect()

    @rule()
    def link_down(self) -> None:
        self.pair.disconnect()

    @rule()
    def lock_reboots(self) -> None:
        self.pair.disconnect()
        self.pair.lock.boot()

    @rule()
    def lock_is_wiped(self) -> None:
        self.pair.disconnect()
        self.pair.lock.wipe()

    @rule()
    def a_batch_fails(self) -> None:
        self.pair.ingest.forget()

    @rule(announced=st.booleans())
    def another_holder(self, announced: bool) -> None:
        self.pair.ingest.take_lease()
        if announced:
            self.pair.announce()

    @invariant()
    def what_the_lock_may_forget_is_stored(self) -> None:
        log = self.pair.lock.log
        assert not self.pair.unaccounted(log, log.stored_up_to)

    @invariant()
    def the_list_never_goes_back(self) -> None:
        held = self.pair.lock.held
        wanted = self.pair.ingest.durable.wanted
        assert held.version <= wanted.version
        assert held.version < wanted.version or held.digest == wanted.digest

    def teardown(self) -> None:
        self.pair.settle()
        self._check_account()
        self._let_the_broker_say_it_all_again()
        assert not counters_used_twice(self.pair.heard_up)
        assert not counters_used_twice(self.pair.heard_down)

    def _let_the_broker_say_it_all_again(self) -> None:
        """What was recorded or held back changes nothing now, but that a log which was wiped may still tell something."""
        log, held = self.pair.lock.log, self.pair.lock.held
        for frame in self.pair.heard_up[:]:
            self.pair.to_service([frame])
        self.pair.to_lock(self.pair.heard_down[:])
        assert self.pair.ingest.side.current is not None
        assert self.pair.ingest.side.current.boot_number == self.pair.lock.boots
        assert self.pair.lock.held == held
        self.pair.settle()
        self._check_account()
        assert (self.pair.lock.log, self.pair.lock.held) == (log, held)

    def _check_account(self) -> None:
        log = self.pair.lock.log
        assert not self.pair.unaccounted(log, log.next_sequence - 1)
        for past in self.pair.lock.past_logs:
            stored = {
                n: event for (epoch, n), event in self.pair.ingest.durable.register.items() if epoch == past.epoch
            }
            assert stored.items() <= past.account.items()


TestFaults = Faults.TestCase
TestFaults.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
