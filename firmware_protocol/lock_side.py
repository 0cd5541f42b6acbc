"""LockSide: the lock's end of the protocol. No clock, no dice, no socket, no flash: time, entropy and the log are handed in.

    connecting() -> will          before the link is opened
    connected(now)                the link is up: a birth is queued
    receive(frame, now)           -> what happened, for the device to act on
    recorded(event, now)          the device has written an event to its flash
    to_send(now) -> frames        everything that should go out now
    deadline() / expire(now)      when to call again, and that it is time

`now` is seconds of uptime. An event is sent at once and kept until the service says "stored up to n"; a PUBACK of the
broker proves nothing and is not even looked at.
"""

from dataclasses import dataclass, field

from firmware_protocol.access_list import ListChange, Staging
from firmware_protocol.codec import decode_down, encode
from firmware_protocol.errors import FrameRefusal, RemoteProtocolError
from firmware_protocol.keys import Holder, KeyLabel, exchange, frame_key, public_key, session_id
from firmware_protocol.messages import (
    AccessListPart,
    AccessListRefused,
    Birth,
    Challenge,
    DownMessage,
    Event,
    Heartbeat,
    Missing,
    Proof,
    Rebirth,
    Stored,
    TimeAnswer,
    TimeRequest,
    UpMessage,
    Welcome,
    Will,
)
from firmware_protocol.replay import ReplayWindow
from firmware_protocol.sealing import FrameKind, Header, Seal, parse
from firmware_protocol.sending import EventLog, SendWindow
from firmware_protocol.standing import Standing
from firmware_protocol.topics import Direction, LockId

BIRTH_RETRY_S = (5.0, 300.0)
HEARTBEAT_S = 60.0
# An answer to "what time is it" is believed only this soon after the question.
TIME_ROUND_TRIP_S = 2.0


@dataclass(frozen=True, slots=True)
class LockIdentity:
    """The lock's half of the keys. Keys: 32-byte scalar, 65-byte point."""

    lock: LockId
    private_key: bytes = field(repr=False)
    service_public_key: bytes
    key_epoch: int = 1


@dataclass(frozen=True, slots=True)
class Boot:
    """What a boot begins with: its number (persisted, rising) and a fresh ephemeral scalar."""

    number: int
    ephemeral_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredUpTo:
    """The service has everything up to this number; that flash may be used again."""

    sequence: int


@dataclass(frozen=True, slots=True)
class ListComplete:
    """All parts of a change are here: apply it atomically, then record AccessListApplied; or say why not by refuse_list."""

    change: ListChange


@dataclass(frozen=True, slots=True)
class ClockOffered:
    """The service's time (Unix ms) at the moment of the call, within the round trip's uncertainty."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Contacted:
    """An authentic frame of the service arrived: offline leases count from now."""


Happening = StoredUpTo | ListComplete | ClockOffered | Contacted


class LockSide:
    """One boot of one lock."""

    def __init__(self, identity: LockIdentity, boot: Boot, log: EventLog) -> None:
        self._identity = identity
        self._boot = boot
        self._log = log
        self._ephemeral = public_key(boot.ephemeral_key)
        self._session = session_id(self._ephemeral)
        self._secret = exchange(identity.private_key, identity.service_public_key) + exchange(
            boot.ephemeral_key, identity.service_public_key
        )
        self._up = self._seal(KeyLabel.UP)
        self._counter = 0
        self._connects = 0
        self._holder: Holder | None = None
        self._down: Seal | None = None
        self._down_window = ReplayWindow()
        self._staging = Staging()
        self._window = SendWindow(log)
        self._outgoing: list[bytes] = []
        self._asked_time: tuple[bytes, float] | None = None
        self._birth_at: float | None = None
        self._birth_wait = BIRTH_RETRY_S[0]
        self._heartbeat_s = HEARTBEAT_S
        self._heartbeat_at: float | None = None
        self.proven = False

    @property
    def birth_number(self) -> int:
        """Number of the present connect: rises over reboots and reconnects alike."""
        return self._boot.number << 20 | self._connects

    def connecting(self) -> bytes:
        """The will for the next CONNECT, sealed under its own key with the number of the birth that will follow."""
        self._connects += 1
        header = Header(FrameKind.WILL, self._session, self.birth_number)
        return self._seal(KeyLabel.WILL).seal(header, encode(Will(self.birth_number)))

    def connected(self, standing: Standing, now: float) -> None:
        """The link is up: say the birth, then whatever is not stored yet."""
        self._outgoing.clear()
        self._birth_wait = BIRTH_RETRY_S[0]
        self._say_birth(standing, now)
        self._window.rewind(now)

    def disconnected(self) -> None:
        """The link is down: nothing is sent until it is up again."""
        self._outgoing.clear()
        self._birth_at = self._heartbeat_at = None
        self._window.pause()

    def announced(self, now: float) -> None:
        """A process has announced itself as holder of this lock's shard: send again what is not stored."""
        self._window.rewind(now)

    def recorded(self, event: Event, now: float) -> None:
        """An event is in flash: send it live."""
        self._window.add_live(event, now)

    def ask_time(self, nonce: bytes, now: float) -> None:
        """Ask the service for the time; `nonce` is 8 fresh random bytes."""
        self._asked_time = (nonce, now)
        self._say(TimeRequest(nonce))

    def refuse_list(self, standing: Standing, problem: str) -> None:
        """Tell the service that a change could not be applied, and what is held instead."""
        self._say(AccessListRefused(standing.list_version, standing.list_digest, problem))

    def receive(self, raw: bytes, standing: Standing, now: float) -> tuple[Happening, ...]:
        """Take a frame that came down; RemoteProtocolError refuses it and leaves everything as it was."""
        frame = parse(raw)
        said_by = frame.header.holder
        if frame.header.kind is not FrameKind.DOWN or frame.header.session != self._session or said_by is None:
            raise RemoteProtocolError(FrameRefusal.UNKNOWN_SESSION)
        same = said_by == self._holder
        if not same and self._holder is not None and said_by.generation <= self._holder.generation:
            raise RemoteProtocolError(FrameRefusal.OLD_HOLDER)
        seal = self._down if same and self._down else self._seal(KeyLabel.DOWN, said_by)
        plain = seal.open(frame)
        window = (self._down_window if same else ReplayWindow()).accept(frame.header.counter)
        if window is None:
            raise RemoteProtocolError(FrameRefusal.REPLAYED)
        message = decode_down(plain)
        self._holder, self._down, self._down_window = said_by, seal, window
        return (Contacted(), *self._act_on(message, standing, now))

    def to_send(self, now: float) -> list[bytes]:
        """Frames to publish now, in this order."""
        frames, self._outgoing = self._outgoing, []
        return frames + [self._frame(message) for message in self._window.take(now)]

    def deadline(self) -> float | None:
        """When expire should be called at the latest, or None."""
        return min(
            (at for at in (self._birth_at, self._heartbeat_at, self._window.deadline()) if at is not None), default=None
        )

    def expire(self, standing: Standing, now: float) -> None:
        """Do what is due: repeat an unanswered birth, beat the heart, probe for a lost receipt."""
        if self._birth_at is not None and now >= self._birth_at:
            self._birth_wait = min(self._birth_wait * 2, BIRTH_RETRY_S[1])
            # A repeated birth needs a number of its own, so it counts as a connect.
            self._connects += 1
            self._say_birth(standing, now)
        if self._heartbeat_at is not None and now >= self._heartbeat_at:
            self._heartbeat_at = now + self._heartbeat_s
            self._say(standing.heartbeat(self._log.next_sequence))
        self._window.expire(now)

    def _act_on(self, message: DownMessage, standing: Standing, now: float) -> tuple[Happening, ...]:
        match message:
            case Challenge(nonce):
                self._say(Proof(nonce))
            case Welcome():
                self.proven = True
                self._birth_at = None
                self._heartbeat_s = float(message.heartbeat_s)
                self._heartbeat_at = now + self._heartbeat_s
                self._window.set_rate(message.backfill_per_s)
            case Rebirth():
                self._connects += 1
                self._say_birth(standing, now)
            case Stored(epoch, up_to) if epoch == self._log.epoch:
                self._window.stored(up_to, now)
                return (StoredUpTo(up_to),)
            case Missing(epoch, first, last) if epoch == self._log.epoch:
                self._window.missing(first, last, now)
            case AccessListPart():
                return self._stage(message)
            case TimeAnswer(nonce, now_ms):
                return self._believe_time(nonce, now_ms, now)
        return ()

    def _stage(self, part: AccessListPart) -> tuple[Happening, ...]:
        self._staging = self._staging.with_part(part)
        change = self._staging.complete()
        if change is None:
            return ()
        self._staging = Staging()
        return (ListComplete(change),)

    def _believe_time(self, nonce: bytes, now_ms: int, now: float) -> tuple[Happening, ...]:
        asked, self._asked_time = self._asked_time, None
        if asked is None or asked[0] != nonce or now - asked[1] > TIME_ROUND_TRIP_S:
            return ()
        return (ClockOffered(now_ms + round((now - asked[1]) * 500)),)

    def _say_birth(self, standing: Standing, now: float) -> None:
        birth: Birth = standing.birth(self.birth_number, self._boot.number, self._log)
        header = Header(FrameKind.BIRTH, self._session, self._take_counter(), self._ephemeral)
        self._outgoing.append(self._up.seal(header, encode(birth)))
        self._birth_at = now + self._birth_wait

    def _say(self, message: UpMessage) -> None:
        self._outgoing.append(self._frame(message))

    def _frame(self, message: UpMessage | Heartbeat) -> bytes:
        return self._up.seal(Header(FrameKind.SESSION, self._session, self._take_counter()), encode(message))

    def _take_counter(self) -> int:
        self._counter += 1
        return self._counter - 1

    def _seal(self, label: KeyLabel, holder: Holder | None = None) -> Seal:
        identity = self._identity
        key = frame_key(self._secret, label, identity.lock, identity.key_epoch, self._session, holder)
        return Seal(key, identity.lock, Direction.DOWN if label is KeyLabel.DOWN else Direction.UP)
