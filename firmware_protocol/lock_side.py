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

from firmware_protocol.access_list import Staging
from firmware_protocol.happenings import (
    FOR_THE_DEVICE,
    ClockOffered,
    Contacted,
    Happening,
    ListComplete,
    StoredUpTo,
    Welcomed,
)
from firmware_protocol.lock_session import Boot, LockIdentity, LockSession
from firmware_protocol.messages import (
    AccessListPart,
    AccessListRefused,
    Challenge,
    DownMessage,
    Event,
    Missing,
    Proof,
    Rebirth,
    Stored,
    TimeAnswer,
    TimeRequest,
    UpMessage,
    Welcome,
)
from firmware_protocol.sending import EventLog, SendWindow
from firmware_protocol.standing import Standing

__all__ = [
    "Boot",
    "ClockOffered",
    "Contacted",
    "Happening",
    "ListComplete",
    "LockIdentity",
    "LockSide",
    "StoredUpTo",
    "Welcomed",
]

BIRTH_RETRY_S = (5.0, 300.0)
# Somebody is there now who was not there to hear the birth; whoever floods announcements gets two births a second.
ANNOUNCED_BIRTH_S = 0.5
SHORTEST_HEARTBEAT_S = 1.0
# No service may keep a lock away for longer, whatever it says.
LONGEST_SLOT_S = 600.0
# The service answers every heartbeat. After this many without a word it may have lost our session: say the birth again.
SILENT_HEARTBEATS = 3
# An answer to "what time is it" is believed only this soon after the question.
TIME_ROUND_TRIP_S = 2.0


class LockSide:
    """One boot of one lock."""

    # A fleet has tens of thousands in one process.
    __slots__ = (
        "_asked_time",
        "_birth_at",
        "_birth_wait",
        "_boot",
        "_connects",
        "_heartbeat_at",
        "_heartbeat_s",
        "_linked",
        "_log",
        "_outgoing",
        "_session",
        "_silent_heartbeats",
        "_staging",
        "_window",
        "proven",
    )

    def __init__(self, identity: LockIdentity, boot: Boot, log: EventLog) -> None:
        self._boot = boot
        self._log = log
        self._session = LockSession(identity, boot)
        self._connects = 0
        self._staging = Staging()
        self._window = SendWindow(log)
        self._outgoing: list[bytes] = []
        self._asked_time: tuple[bytes, float] | None = None
        self._birth_at: float | None = None
        self._birth_wait = BIRTH_RETRY_S[0]
        self._heartbeat_s = SHORTEST_HEARTBEAT_S
        self._heartbeat_at: float | None = None
        self._silent_heartbeats = 0
        self._linked = False
        self.proven = False

    @property
    def birth_number(self) -> int:
        """Number of the present connect: rises over reboots and reconnects alike; a repeated birth keeps it, as does its will."""
        return (self._boot.number << 20) + self._connects

    def connecting(self) -> bytes:
        """The will for the next CONNECT, sealed under its own key with the number of the birth that will follow."""
        self._connects += 1
        return self._session.will(self.birth_number)

    def connected(self, standing: Standing, now: float) -> None:
        """The link is up: say the birth, then whatever is not stored yet."""
        self._linked = True
        self._outgoing.clear()
        self._birth_wait = BIRTH_RETRY_S[0]
        self._say_birth(standing, now)
        self._window.rewind(now)

    def disconnected(self) -> None:
        """The link is down: nothing is sent until it is up again."""
        self._linked = False
        self._outgoing.clear()
        self._birth_at = self._heartbeat_at = None
        self._window.pause()

    def announced(self, now: float) -> None:
        """A process has announced itself as holder of this lock's shard: send again what is not stored.

        The announcement is not sealed, so it moves nothing but what may be sent at any time.
        """
        if not self._linked:
            return
        self._window.rewind(now)
        if self._birth_at is not None:
            self._birth_wait = BIRTH_RETRY_S[0]
            self._birth_at = min(self._birth_at, now + ANNOUNCED_BIRTH_S)

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

    def say(self, message: UpMessage) -> None:
        """Tell the service something else, behind what waits to be sent; it is gone if the link breaks first."""
        self._say(message)

    def receive(self, raw: bytes, standing: Standing, now: float) -> tuple[Happening, ...]:
        """Take a frame that came down; RemoteProtocolError refuses it and leaves everything as it was."""
        message = self._session.open(raw)
        self._silent_heartbeats = 0
        if isinstance(message, FOR_THE_DEVICE):
            return (message,)
        return self._act_on(message, standing, now)

    def to_send(self, now: float) -> list[bytes]:
        """Frames to publish now, in this order."""
        frames, self._outgoing = self._outgoing, []
        return frames + [self._session.frame(message) for message in self._window.take(now)]

    def deadline(self) -> float | None:
        """When expire should be called at the latest, or None."""
        return min(
            (at for at in (self._birth_at, self._heartbeat_at, self._window.deadline()) if at is not None), default=None
        )

    def expire(self, standing: Standing, now: float) -> None:
        """Do what is due: repeat an unanswered birth, beat the heart, probe for a lost receipt."""
        if self._birth_at is not None and now >= self._birth_at:
            self._birth_wait = min(self._birth_wait * 2, BIRTH_RETRY_S[1])
            self._say_birth(standing, now)
        if self._heartbeat_at is not None and now >= self._heartbeat_at:
            self._heartbeat_at = now + self._heartbeat_s
            self._silent_heartbeats += 1
            if self._silent_heartbeats > SILENT_HEARTBEATS and self._birth_at is None:
                self._say_birth(standing, now)
            self._say(standing.heartbeat(self._log))
        self._window.expire(now)

    def _act_on(self, message: DownMessage, standing: Standing, now: float) -> tuple[Happening, ...]:
        match message:
            case Challenge(nonce):
                self._say(Proof(nonce))
            case Welcome() if message.birth_number == self.birth_number:
                self.proven = True
                self._birth_at = None
                self._heartbeat_s = max(float(message.heartbeat_s), SHORTEST_HEARTBEAT_S)
                self._heartbeat_at = now + self._heartbeat_s
                self._window.set_rate(message.backfill_per_s)
                return (Welcomed(min(message.reconnect_slot_ms / 1000, LONGEST_SLOT_S)),)
            case Rebirth():
                self._say_birth(standing, now)
            case Stored(epoch, up_to) if epoch == self._log.epoch and up_to < self._log.next_sequence:
                self._window.stored(up_to, now)
                return (StoredUpTo(up_to),)
            case Missing(epoch, first, last) if epoch == self._log.epoch:
                self._window.missing(first, last, now)
            case AccessListPart():
                return self._stage(message)
            case TimeAnswer():
                return self._believe_time(message, standing, now)
        return ()

    def _stage(self, part: AccessListPart) -> tuple[Happening, ...]:
        self._staging = self._staging.with_part(part)
        change = self._staging.complete()
        if change is None:
            return ()
        self._staging = Staging()
        return (ListComplete(change),)

    def _believe_time(self, answer: TimeAnswer, standing: Standing, now: float) -> tuple[Happening, ...]:
        asked = self._asked_time
        if asked is None or asked[0] != answer.nonce:
            return ()
        self._asked_time = None
        if now - asked[1] > TIME_ROUND_TRIP_S:
            return ()
        offered = ClockOffered(answer.now_ms + round((now - asked[1]) * 500))
        return (offered, Contacted()) if standing.list_version >= answer.list_version else (offered,)

    def _say_birth(self, standing: Standing, now: float) -> None:
        self._outgoing.append(self._session.birth(standing.birth(self.birth_number, self._boot.number, self._log)))
        self._birth_at = now + self._birth_wait

    def _say(self, message: UpMessage) -> None:
        self._outgoing.append(self._session.frame(message))
