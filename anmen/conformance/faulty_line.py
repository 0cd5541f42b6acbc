"""A line as a bad day has it: what a broker and its connections really do with QoS 1, drawn from a seed, and nothing worse.

Whatever the service would say again (a lock that comes back is told what is outstanding) is said again here; whatever it answers by
itself may be lost without a word, because the protocol heals that. So a lock that conforms passes its checks all the same.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from anmen.conformance.line import Heard, Line
from anmen.conformance.operators import Operator
from anmen.conformance.verdict import NotTried
from firmware_protocol import RemoteProtocolError
from firmware_protocol.sealing import FrameKind, parse_any


class LineFault(StrEnum):
    """What befalls a frame, or the connection."""

    TWICE = "frames delivered twice"
    LATER = "frames delivered again behind later ones, also after a torn connection"
    LATE = "frames up to 0.4 s late"
    OVERTAKEN = "announcements of the holder overtaken by frames, doubled, or out of the blue"
    REPEATED = "commands said again in another frame"
    TORN = "connections torn, with the frame that was on its way"
    LOST = "answers of the service, or what it answers, lost without a word"


ALL = frozenset(LineFault)
# One in so many frames, and the least time between two faults that need the same healing.
ONE_IN = {
    LineFault.TWICE: 6,
    LineFault.LATER: 8,
    LineFault.LATE: 10,
    LineFault.OVERTAKEN: 25,
    LineFault.REPEATED: 3,
    LineFault.TORN: 40,
    LineFault.LOST: 15,
}
APART_S = {LineFault.TORN: 20.0, LineFault.LOST: 40.0}
LATEST_S, AWAY_S = 0.4, (0.3, 3.0)
# How long nothing is heard before a connection is torn, and how long that is waited for.
QUIET_S, ANSWERS_S = 0.5, 3.0
# From the network to the birth, where a lock tries again after a minute at most (ANM-SES-025).
BACK_S = 120.0
REMEMBERED = 8
ANNOUNCEMENT = b"\x81\x01"


@dataclass(slots=True)
class FaultyLine:
    """A Line around another one. `draw`: seeded; `heals`: whether the protocol heals the loss of what was heard.

    `allowed` is what may befall it just now, `barred` whether a check keeps the lock away itself. Nothing befalls a lock that has
    said no birth since.
    """

    line: Line
    operator: Operator
    draw: Callable[[int], bytes]
    heals: Callable[[Heard], bool]
    allowed: frozenset[LineFault] = frozenset()
    barred: bool = False
    _is_there: bool = False
    befell: Counter[LineFault] = field(default_factory=Counter)
    _waiting: deque[Heard] = field(default_factory=deque)
    _said: deque[bytes] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _last: dict[LineFault, float] = field(default_factory=dict)
    _held: bytes | None = None

    def now(self) -> float:
        """The line's clock."""
        return self.line.now()

    def unix_ms(self) -> int:
        """The right time of day."""
        return self.line.unix_ms()

    def say(self, frame: bytes) -> None:
        """Deliver it at least once, in its place or a little late; where the connection is torn, when the lock is back."""
        if self._befalls(LineFault.LATE):
            self._pass(LATEST_S * self._part())
        if self._befalls(LineFault.TORN):
            if self._below(2):
                self._deliver(frame)
            self._tear()
        self._deliver(frame)
        if self._befalls(LineFault.TWICE):
            self.line.say(frame)
        if self._befalls(LineFault.LATER):
            self.line.say(self._said[self._below(len(self._said))])
        if self._befalls(LineFault.OVERTAKEN):
            self.line.announce(ANNOUNCEMENT)
        self._let_go()

    def answer(self, frame: bytes) -> None:
        """What the service says by itself, upon something that it heard."""
        if not self._befalls(LineFault.LOST):
            self.say(frame)

    def announce(self, payload: bytes) -> None:
        """At once, or behind the next frame."""
        self._let_go()
        if self._befalls(LineFault.OVERTAKEN):
            self._held = payload
        else:
            self.line.announce(payload)

    def next(self, until: float) -> Heard | None:
        """The next message, where it is not lost; a connection may be torn before it, and it be lost with it."""
        while (heard := self._pull(until)) is not None:
            self._is_there = not self.barred and (self._is_there or _is_birth(heard))
            if not self.heals(heard):
                return heard
            if self._befalls(LineFault.LOST):
                continue
            if not self._befalls(LineFault.TORN):
                return heard
            self._tear()
        return None

    def bar(self, *, away: bool) -> None:
        """A check takes the lock's way to the broker, or gives it back."""
        self.barred, self._is_there = away, False

    def repeats(self) -> bool:
        """Whether the service says the command that it has just said again."""
        return self._befalls(LineFault.REPEATED)

    def _pull(self, until: float) -> Heard | None:
        if self._waiting:
            return self._waiting.popleft()
        if self._held is not None:
            soon = min(until, self.now() + LATEST_S)
            heard = self.line.next(soon)
            if heard is not None or soon == until:
                return heard
            self._let_go()
        return self.line.next(until)

    def _deliver(self, frame: bytes) -> None:
        self.line.say(frame)
        # What nobody was there to hear, the broker does not keep (a clean session), and it must not come later.
        if not self.barred:
            self._said.append(frame)

    def _let_go(self) -> None:
        payload, self._held = self._held, None
        if payload is not None:
            self.line.announce(payload)

    def _tear(self) -> None:
        """Cut, wait, restore, until the lock has said its birth; now and then old frames come once more behind it.

        What the lock would say again goes down with the connection.
        """
        try:
            self._await_quiet()
            self.operator.cut_network()
            self._pass(AWAY_S[0] + (AWAY_S[1] - AWAY_S[0]) * self._part(), sinks=True)
            self.operator.restore_network()
        except NotTried:
            self.allowed -= {LineFault.TORN}
            return
        said, end = tuple(self._said), self.now() + BACK_S
        while (heard := self.line.next(end)) is not None:
            self._waiting.append(heard)
            if _is_birth(heard):
                break
        if self._befalls(LineFault.LATER):
            for frame in said:
                self.line.say(frame)

    def _await_quiet(self) -> None:
        """What cannot be said again has arrived, on either side, before a connection is torn."""
        end = self.now() + ANSWERS_S
        while self.now() < end and (heard := self.line.next(self.now() + QUIET_S)) is not None:
            if not self.heals(heard):
                self._waiting.append(heard)

    def _pass(self, seconds: float, *, sinks: bool = False) -> None:
        end = self.now() + seconds
        while (heard := self.line.next(end)) is not None:
            if not (sinks and self.heals(heard)):
                self._waiting.append(heard)

    def _befalls(self, fault: LineFault) -> bool:
        if fault not in self.allowed or not self._is_there or self._below(ONE_IN[fault]):
            return False
        if self.now() < self._last.get(fault, -BACK_S) + APART_S.get(fault, 0.0):
            return False
        self._last[fault] = self.now()
        self.befell[fault] += 1
        return True

    def _below(self, limit: int) -> int:
        return int.from_bytes(self.draw(4), "big") % limit

    def _part(self) -> float:
        return self._below(1000) / 1000


def _is_birth(heard: Heard) -> bool:
    try:
        return parse_any(heard.payload).header.kind is FrameKind.BIRTH
    except RemoteProtocolError:
        return False
