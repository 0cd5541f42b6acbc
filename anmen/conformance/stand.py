"""What a check holds in its hands: a lock to hear out, the words for offering it frames, and the ways to bring it somewhere."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from anmen.conformance import lists
from anmen.conformance.authority import LockAuthority
from anmen.conformance.counterpart import USUAL, Manners
from anmen.conformance.faulty_line import FaultyLine
from anmen.conformance.listening import ANSWER_S, Listening
from anmen.conformance.registry import Profile
from anmen.conformance.releases import Releases
from anmen.conformance.transcript import Said
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol import ServiceIdentity
from firmware_protocol.access_list import ListChange
from firmware_protocol.codec import encode
from firmware_protocol.lockout import LOCKED_OUT_S, WITHIN_S
from firmware_protocol.messages import Birth, Challenge, DownMessage, Event, Proof, Rebirth
from firmware_protocol.vocabulary import AlarmCode, EventType, Field

__all__ = ["ANSWER_S", "BOOT_S", "SLACK_S", "Stand", "challenge", "within_tolerance"]

T = TypeVar("T")
# What a network and a busy lock may take where the protocol names a moment.
SLACK_S = 2.0
# From power to birth: a lock boots, finds its network, and waits at most a minute between two attempts.
BOOT_S = 120.0


@dataclass(slots=True)
class Stand(Listening):
    """One lock on the bench. Whatever a check changes, `settle` puts right before the next one."""

    profile: Profile = Profile.FULL
    # Images that the lock's maker has signed for the kit, and whether the lock may be wiped.
    releases: Releases | None = None
    may_wipe: bool = False
    # What signs locks' certificates that the lock's broker takes; None: nobody here does.
    authority: LockAuthority | None = None
    # The sentences of this run; empty: whoever asks is all there is.
    wanted: frozenset[str] = frozenset()
    # When a check that is over has left the lock locked out, on the line's clock.
    locked_out_at: float = -WITHIN_S
    # What stands under the cover of a lock from the factory; None for one whose keys are exchanged.
    boxed_secret: str | None = None
    # Where its keys are kept, and beside them those that are to come, before it is told: without them it would be scrap.
    keep_keys: Callable[[ServiceIdentity, ServiceIdentity | None], None] = lambda *_: None
    # What a bad day does to the line; None: nothing.
    weather: FaultyLine | None = None
    # What one check has observed at great length and another needs too.
    notes: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, observe: Callable[[], T]) -> T:
        """What was observed under this name, which is done the first time only."""
        if name not in self.notes:
            self.notes[name] = observe()
        return cast(T, self.notes[name])

    def wants(self, number: str) -> bool:
        """Whether the sentence is one of this run."""
        return number in self.wanted

    def await_open(self) -> None:
        """Wait until no lock-out holds: one that a check knows of, one that an alarm told of, or one that a boot began anew with."""
        heard: dict[int, float] = {}
        for said, event in self.transcript.events():
            if (event.type, event.get(Field.CODE)) == (EventType.ALARM_RAISED, AlarmCode.WRONG_CODE_ENTRY_LIMIT):
                heard.setdefault(event.sequence, said.at)
        alarm = max(heard.values(), default=-WITHIN_S)
        boots = {birth.boot_number: said.at for said, birth in reversed(list(self.transcript.of(Birth)))}
        again = [at for at in boots.values() if alarm <= at < alarm + WITHIN_S]
        since = max(self.locked_out_at, alarm, *again)
        self.listen(max(0.0, since + LOCKED_OUT_S + SLACK_S - self.line.now()))

    def take_keys(self, identity: ServiceIdentity) -> None:
        """Keys were exchanged: from now on the lock speaks, and is spoken to, under these."""
        self.boxed_secret = None
        self.service.take_keys(identity)

    def say(self, message: DownMessage) -> None:
        """Say something as the service does."""
        self.service.say(message)

    def behave(self, manners: Manners) -> None:
        """Answer in this way from now on."""
        self.service.manners = manners

    def announce(self, payload: bytes = b"\x81\x01") -> None:
        """A process announces itself as holder of the shard."""
        self.line.announce(payload)

    def answered(self, cases: Mapping[str, Callable[[bytes], bytes]], within: float = ANSWER_S) -> set[str]:
        """Offers frames, each made around a fresh challenge, then an honest challenge; which of them were answered.

        The wire keeps the order, so that everything before the honest answer has been heard by then: nobody has to wait.
        """
        since = self.mark()
        nonces = {name: self.draw(16) for name in cases}
        for name, make in cases.items():
            self.line.say(make(nonces[name]))
        last = self.draw(16)
        self.say(Challenge(last))
        expected = "an answer to an honest challenge behind the others"
        self.await_message(Proof, since, within, where=lambda proof: proof.nonce == last, expected=expected)
        proven = {proof.nonce for _, proof in self.transcript.of(Proof, since)} - {last}
        strange = {"one of them (with other bytes)"} if proven - set(nonces.values()) else set()
        return {name for name, nonce in nonces.items() if nonce in proven} | strange

    def refuses(self, cases: Mapping[str, Callable[[bytes], bytes]]) -> str:
        """Each of these frames must be refused; Failed names those that were acted on."""
        taken = self.answered(cases)
        if taken:
            raise Failed(expected="no answer to any of them", seen=f"the lock acted on: {', '.join(sorted(taken))}")
        return f"{len(cases)} offered, none acted on, the honest challenge behind them answered"

    def accepts(self, cases: Mapping[str, Callable[[bytes], bytes]]) -> str:
        """Each of these frames must be taken; Failed names those that were not."""
        left = cases.keys() - self.answered(cases)
        if left:
            raise Failed(expected="an answer to each of them", seen=f"the lock ignored: {', '.join(sorted(left))}")
        return f"{len(cases)} offered, all answered"

    def sealed(self, plain: bytes) -> bytes:
        """A frame around any bytes, as the present holder would seal it."""
        return self.service.frame(plain)

    def sealing(self, make: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        """For `refuses` and `accepts`: what `make` gives around a nonce, sealed."""
        return lambda nonce: self.sealed(make(nonce))

    def restart(self, *, clock_kept: bool = True, manners: Manners = USUAL) -> Birth:
        """Power off and on; the first birth of the new boot."""
        self.operator.power_off()
        self.listen(0.2)
        since = self.mark()
        self.behave(manners)
        self.operator.power_on(clock_kept=clock_kept)
        return self.await_message(Birth, since, BOOT_S, expected="a birth after power came back")[1]

    def reconnect(self, manners: Manners = USUAL, *, away_s: float = 1.0) -> Birth:
        """Cut the network and restore it; the birth of the new connect."""
        self.operator.cut_network()
        self.listen(away_s)
        since = self.mark()
        self.behave(manners)
        self.operator.restore_network()
        return self.await_message(Birth, since, BOOT_S, expected="a birth after the network came back")[1]

    def settle(self, manners: Manners = USUAL) -> None:
        """Bring the lock to where every check begins: born, proven, welcomed, every event stored, an empty list held."""
        self.behave(manners)
        if not self.service.session:
            self.restart(manners=manners)
        # What has arrived by now and was not read yet is no answer to what comes.
        self.listen(0.0)
        since = self.mark()
        self.service.take_lease()
        self.say(Rebirth())
        if not self.until(lambda: self.transcript.find(_is_birth, since) is not None, ANSWER_S):
            self.restart(manners=manners)
        self._bring_in_order(manners)
        self._keep_what_is_proven()
        self.say(self.service.receipt())
        if self.service.held != (self.service.wanted.version, lists.EMPTY) or self.service.wanted.entries:
            self.give()
        # Whatever is still on its way belongs to what was before.
        self.answered({})

    def give(self, *entries: bytes) -> Event:
        """Make the lock hold exactly these entries (as encoded), by a snapshot; the event in which it says so."""
        since = self.mark()
        for part in self.snapshot(*entries).parts():
            self.say(part)
        version = self.service.wanted.version
        event = self.await_event(
            EventType.ACCESS_LIST_APPLIED, since, 15.0, where=lambda one: one.get(Field.LIST_VERSION) == version
        )[1]
        self.until(lambda: self.service.has_all, 5.0)
        return event

    def issuer(self) -> lists.Issuer:
        """Makes entries around the present moment, by the lock's own clock where that is ahead."""
        told = self.birth.clock_ms if self.birth.clock_quality else 0
        return lists.Issuer(self.identity, max(self.line.unix_ms(), told) // 1000)

    def snapshot(self, *entries: bytes) -> ListChange:
        """The change that makes these entries the whole list, one version above what is held; it is wanted from now on."""
        version = max(self.service.held[0], self.service.wanted.version) + 1
        self.service.wanted = lists.list_of(version, entries)
        return lists.snapshot(self.service.wanted)

    def cause_events(self, count: int, *, pause_s: float = 0.0) -> None:
        """Have so many events recorded, each by a change of one entry; with nobody at the door."""
        for _ in range(count):
            change = lists.touched(self.service.wanted, self.draw(16))
            self.service.wanted = self.service.wanted.changed(change)
            for part in change.parts():
                self.say(part)
            self.listen(pause_s)

    def _bring_in_order(self, manners: Manners) -> None:
        """By asking, then by an announcement, then by a restart; NotTried where all three fail."""
        if self.until(self._is_in_order, 2.0):
            return
        self.announce()
        if self.until(self._is_in_order, ANSWER_S):
            return
        self.restart(manners=manners)
        if not self.until(self._is_in_order, 30.0):
            raise NotTried(self._why_not_in_order())

    def _keep_what_is_proven(self) -> None:
        """A lock that has proven itself under the keys to come needs the others no more (ANM-KEY-029)."""
        if self.service.takes_other and self.identity == self.transcript.other:
            self.keep_keys(self.identity, None)
            self.service.takes_other = False

    def _is_in_order(self) -> bool:
        service = self.service
        return service.proven and service.welcomed == self.birth.birth_number and service.has_all

    def _why_not_in_order(self) -> str:
        if not self.service.proven:
            return "the lock does not get through birth, challenge and proof"
        if self.service.has_all:
            return "the lock could not be welcomed"
        return f"the lock's events {self.service.up_to + 1} to {self.service.next_sequence - 1} do not arrive"


def challenge(nonce: bytes) -> bytes:
    """The plain bytes of an honest challenge."""
    return encode(Challenge(nonce))


def within_tolerance(measured: float, wanted: float) -> bool:
    """Whether a pace is kept: a tenth early, or a tenth and what a network takes late."""
    return wanted * 0.9 - 0.1 <= measured <= wanted * 1.1 + SLACK_S or math.isclose(measured, wanted)


def _is_birth(said: Said) -> bool:
    return isinstance(said.message, Birth)
