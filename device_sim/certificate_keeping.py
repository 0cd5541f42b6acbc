"""The lock's certificate in flash: the one it has, the pair it asks with, and the one that is tried. One value, whole or not at all.

The factory's, in its file, counts until the first that was welcomed, and again where the factory puts in one that lives longer.
"""

import hashlib
from collections.abc import Callable
from dataclasses import astuple, dataclass, field, replace
from enum import Enum

import cbor2

from device_sim.certificate import HeldCertificate, end_of, is_ours, request_for
from device_sim.flash.chip import Flash
from device_sim.key_keeping import KEY_ENTROPY_BYTES
from device_sim.start import Start
from device_sim.timekeeping import Timekeeper
from firmware_protocol.certificate_messages import CERTIFICATE_CAPABILITY, CertificateAnswer, CertificateRequest
from firmware_protocol.keys import private_key
from firmware_protocol.messages import UpMessage
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import ClockQuality

ASK_AGAIN_S = 3_600.0
MOST_TRIES = 3
TRIED_FOR_S = 300.0
# A broker that is away looks like one that refuses: once the old one works again, the new one has a second chance.
SECOND_CHANCE_S = 600.0
MOST_FAILURES = 2
QUIET_S = 86_400


class NextOne(Enum):
    """How far the next certificate is."""

    NONE = "none"
    ASKED = "asked"
    TRIED = "tried"
    RESTING = "resting"


@dataclass(frozen=True, slots=True)
class Renewal:
    """What is in flash. New fields only at the end: this is a layout. Empty: there is none; `taken_s`, `quiet_until_s`: Unix."""

    chain: bytes = b""
    key: bytes = field(default=b"", repr=False)
    request: bytes = b""
    request_key: bytes = field(default=b"", repr=False)
    coming: bytes = b""
    """The chain that was signed for `request_key` and is being tried."""
    tries: int = 0
    taken_s: int = 0
    quiet_until_s: int = 0
    failures: int = 0
    """How often the new one was given up for the old."""
    resting: bool = False
    """Whether it is given up at present."""

    def settled(self, quiet_until_s: int) -> "Renewal":
        """Back to what it has: nothing asked for and nothing tried, and silent until then."""
        return Renewal(self.chain, self.key, quiet_until_s=quiet_until_s)


class CertificateKeeper:
    """The value of region `certificate`, and one boot's dealings with it; `now` is uptime."""

    def __init__(
        self, flash: Flash, lock: LockId, start: Start, *, time: Timekeeper, draw: Callable[[int], bytes]
    ) -> None:
        self._slots = flash.slots("certificate")
        self._lock, self._time, self._draw = lock, time, draw
        self._factory, self._ask_before_s = start.certificate, start.ask_before_s
        self._ask_at = start.now
        self._give_up_at: float | None = None
        self._second_chance_at: float | None = None
        self.reconnect_due = False
        raw = self._slots.read()
        self.kept = Renewal(*cbor2.loads(raw)) if raw else Renewal()
        if self._factory is not None and self.kept.chain and self._factory.until > end_of(self.kept.chain):
            self._slots.erase()
            self.kept = Renewal()

    @property
    def has(self) -> HeldCertificate | None:
        """The one that holds until another is welcomed; None where the lock knows of none."""
        kept = self.kept
        return HeldCertificate(kept.chain, kept.key, end_of(kept.chain)) if kept.chain else self._factory

    @property
    def used(self) -> HeldCertificate | None:
        """The one to connect with."""
        kept = self.kept
        return HeldCertificate(kept.coming, kept.request_key, end_of(kept.coming)) if self._is_trying else self.has

    @property
    def next_one(self) -> NextOne:
        """How far the next one is."""
        if self.kept.coming:
            return NextOne.RESTING if self.kept.resting else NextOne.TRIED
        return NextOne.ASKED if self.kept.request else NextOne.NONE

    @property
    def capability(self) -> dict[str, int]:
        """Until when it may connect; nothing where it cannot ask for more."""
        return {CERTIFICATE_CAPABILITY: self.used.until} if self.used else {}

    def connecting(self, now: float) -> HeldCertificate | None:
        """The certificate for the next connect, None for the factory's; a new one has three connects and five minutes."""
        self.reconnect_due = False
        if self.kept.resting and self._old_has_ended(now):
            self._keep(replace(self.kept, resting=False, tries=0))
        if self._is_trying and self.kept.tries >= MOST_TRIES:
            self._go_back(now)
        if self._is_trying:
            self._keep(replace(self.kept, tries=self.kept.tries + 1))
            self._give_up_at = now + TRIED_FOR_S if self._give_up_at is None else self._give_up_at
        return None if self.used is self._factory else self.used

    def welcomed(self, now: float) -> None:
        """The service has welcomed this boot: what it is connected with is good, and what is due may be asked again."""
        self._ask_at = now
        if self.kept.resting:
            self._second_chance_at = now + SECOND_CHANCE_S
        elif self._is_trying and not self.reconnect_due:
            self._give_up_at = None
            self._keep(Renewal(self.kept.coming, self.kept.request_key))

    def disconnected(self) -> None:
        """Nothing is tried while it is not known that the old one works."""
        self._second_chance_at = None

    def ask(self, say: Callable[[UpMessage], None], now: float) -> None:
        """Ask where it is time to; the pair is in flash before anybody hears of it."""
        clock_s, has = self._clock_s(now), self.has
        if clock_s is None or has is None or now < self._ask_at or self.kept.coming:
            return
        if clock_s < max(self.kept.quiet_until_s, has.until - self._ask_before_s):
            return
        self._ask_at = now + ASK_AGAIN_S
        if not self.kept.request:
            key = private_key(self._draw(KEY_ENTROPY_BYTES))
            self._keep(replace(self.kept, request=request_for(self._lock, key), request_key=key))
        say(CertificateRequest(self.kept.request))

    def hear(self, answer: CertificateAnswer, now: float) -> None:
        """Take what was signed for it, and nothing else."""
        clock_s, kept, has = self._clock_s(now), self.kept, self.has
        asked = kept.request and hashlib.sha256(kept.request).digest() == answer.request_digest
        if clock_s is None or has is None or not asked or kept.coming:
            return
        if answer.refusal:
            self._keep(kept.settled(clock_s + QUIET_S))
        elif is_ours(answer.chain, self._lock, kept.request_key, now_s=clock_s, longer_than=has.until):
            self._keep(replace(kept, coming=answer.chain, tries=0, taken_s=clock_s))
            self.reconnect_due = True

    def deadline(self) -> float | None:
        """When there is something to do."""
        return min((at for at in (self._give_up_at, self._second_chance_at) if at is not None), default=None)

    def expire(self, now: float) -> None:
        """Five minutes without a welcome under the new one, or ten with the old one after that."""
        if self._give_up_at is not None and now >= self._give_up_at:
            self._go_back(now)
            self.reconnect_due = True
        if self._second_chance_at is not None and now >= self._second_chance_at:
            self._second_chance_at = None
            self._keep(replace(self.kept, resting=False, tries=0))
            self.reconnect_due = True

    @property
    def _is_trying(self) -> bool:
        return self.kept.coming != b"" and not self.kept.resting

    def _go_back(self, now: float) -> None:
        """A clock that has stopped meanwhile must not make a day shorter. There is no way back to what has ended."""
        self._give_up_at = None
        kept = self.kept
        if self._old_has_ended(now):
            self._keep(replace(kept, tries=0))
        elif kept.failures + 1 >= MOST_FAILURES:
            self._keep(kept.settled(max(self._clock_s(now) or 0, kept.taken_s) + QUIET_S))
        else:
            self._keep(replace(kept, failures=kept.failures + 1, resting=True))

    def _old_has_ended(self, now: float) -> bool:
        clock_s, has = self._clock_s(now), self.has
        return clock_s is not None and has is not None and has.until <= clock_s

    def _clock_s(self, now: float) -> int | None:
        clock = self._time.clock
        return None if clock.quality is ClockQuality.UNSET else clock.now_s(now)

    def _keep(self, renewal: Renewal) -> None:
        self._slots.write(cbor2.dumps(list(astuple(renewal))))
        self.kept = renewal
