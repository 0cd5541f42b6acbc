"""Everything the lock said: opened with the kit's own keys, whatever the service would have made of it, and judged piece by piece."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from anmen.conformance.line import Heard
from firmware_protocol import RemoteProtocolError, ServiceIdentity
from firmware_protocol.cbor_subset import NotOurs, read_first
from firmware_protocol.codec import decode_up
from firmware_protocol.errors import FrameRefusal
from firmware_protocol.keys import Holder, KeyLabel, exchange, frame_key, session_id
from firmware_protocol.messages import Birth, Event, Events, UpMessage, Will
from firmware_protocol.sealing import FrameKind, Header, Seal, SealedFrame, parse_any
from firmware_protocol.topics import Direction
from firmware_protocol.vocabulary import AlarmCode, EventType, Field

M = TypeVar("M", bound=UpMessage)


@dataclass(frozen=True, slots=True)
class Said:
    """One frame. `plain` and `message` are None where it could not be opened or read, and `trouble` says why."""

    at: float
    raw: bytes
    qos: int
    retained: bool
    header: Header | None = None
    plain: bytes | None = None
    message: UpMessage | None = None
    trouble: str = ""

    @property
    def events(self) -> tuple[Event, ...]:
        """The events in it."""
        return self.message.events if isinstance(self.message, Events) else ()

    @property
    def epoch(self) -> int:
        """The log epoch of its events; 0 without any."""
        return self.message.log_epoch if isinstance(self.message, Events) else 0


@dataclass(slots=True)
class Boot:
    """One session's keys as the kit derives them; `ephemeral` is the lock's public key of that boot."""

    ephemeral: bytes
    secret: bytes
    up: Seal
    will: Seal
    identity: ServiceIdentity

    @property
    def key_epoch(self) -> int:
        """The key epoch of the static keys it speaks under."""
        return self.identity.key_epoch


@dataclass(slots=True)
class Transcript:
    """All frames in the order in which they came, and the keys of every boot heard."""

    identity: ServiceIdentity
    said: list[Said] = field(default_factory=list)
    boots: dict[bytes, Boot] = field(default_factory=dict)
    # Keys that it may speak under besides: those that it was offered and has answered, or those that it had before.
    other: ServiceIdentity | None = None
    # For each event of a log epoch the place in the transcript at which it was first said.
    first_said: dict[tuple[int, int], int] = field(default_factory=dict)

    def take(self, heard: Heard) -> Said:
        """Open and keep one frame."""
        one = self.read(heard)
        self.note(one)
        self.said.append(one)
        return one

    def note(self, one: Said) -> None:
        """Remember where in the transcript its events were said first, heard or not."""
        for event in one.events:
            self.first_said.setdefault((one.epoch, event.sequence), len(self.said))

    @property
    def static_points(self) -> set[bytes]:
        """The lock's static public keys, of every session heard."""
        return {boot.identity.lock_public_key for boot in self.boots.values()}

    def of(self, kind: type[M], since: int = 0) -> Iterator[tuple[Said, M]]:
        """Every message of a kind, from the given place in the transcript on."""
        for one in self.said[since:]:
            if isinstance(one.message, kind):
                yield one, one.message

    def events(self, since: int = 0) -> Iterator[tuple[Said, Event]]:
        """Every event, as often as it was sent."""
        for one in self.said[since:]:
            for event in one.events:
                yield one, event

    def find(self, holds: Callable[[Said], bool], since: int = 0) -> Said | None:
        """The first frame for which it holds."""
        return next((one for one in self.said[since:] if holds(one)), None)

    def down_seal(self, session: bytes, holder: Holder) -> Seal:
        """Seals what a holder says to a boot."""
        identity = self.identity
        key = frame_key(self.boots[session].secret, KeyLabel.DOWN, identity.lock, identity.key_epoch, session, holder)
        return Seal(key, identity.lock, Direction.DOWN)

    def read(self, heard: Heard) -> Said:
        """Open one frame without keeping it."""
        header, plain = None, None
        try:
            frame = parse_any(heard.payload)
            header = frame.header
            boot = self._boot_of(frame)
            plain = (boot.will if header.kind is FrameKind.WILL else boot.up).open(frame)
            message = decode_up(plain)
            _check_kind(header.kind, message)
        except RemoteProtocolError as refused:
            return Said(heard.at, heard.payload, heard.qos, heard.retained, header, plain, None, str(refused))
        return Said(heard.at, heard.payload, heard.qos, heard.retained, header, plain, message)

    def _boot_of(self, frame: SealedFrame) -> Boot:
        header = frame.header
        boot = self.boots.get(header.session)
        if boot is None and header.ephemeral is not None and session_id(header.ephemeral) == header.session:
            boot = self.boots[header.session] = self._derive(self.identity, header.session, header.ephemeral)
            if self.other is not None and not _opens(boot, frame):
                boot = self.boots[header.session] = self._derive(self.other, header.session, header.ephemeral)
        if boot is None:
            raise RemoteProtocolError(FrameRefusal.UNKNOWN_SESSION, "a session whose birth was never heard")
        return boot

    @staticmethod
    def _derive(identity: ServiceIdentity, session: bytes, ephemeral: bytes) -> Boot:
        static = exchange(identity.private_key, identity.lock_public_key)
        secret = static + exchange(identity.private_key, ephemeral)

        def seal(label: KeyLabel) -> Seal:
            key = frame_key(secret, label, identity.lock, identity.key_epoch, session)
            return Seal(key, identity.lock, Direction.UP)

        return Boot(ephemeral, secret, seal(KeyLabel.UP), seal(KeyLabel.WILL), identity)


def _opens(boot: Boot, frame: SealedFrame) -> bool:
    try:
        boot.up.open(frame)
    except RemoteProtocolError:
        return False
    return True


def _check_kind(kind: FrameKind, message: UpMessage) -> None:
    belongs = {FrameKind.BIRTH: isinstance(message, Birth), FrameKind.WILL: isinstance(message, Will)}
    if not belongs.get(kind, not isinstance(message, Birth | Will)):
        raise RemoteProtocolError(
            FrameRefusal.BAD_CONTENT, f"a {type(message).__name__} in a frame of kind {kind.name.lower()}"
        )


def item_of(one: Said) -> tuple[bytes, bytes]:
    """The plain bytes of an opened frame, and the one item they begin with."""
    plain = one.plain or b""
    try:
        return plain, plain[: read_first(plain)[1]]
    except NotOurs:
        return plain, plain.rstrip(b"\0")


def named(one: Said) -> str:
    """What to call a frame in a report."""
    return type(one.message).__name__ if one.message else f"a frame ({one.trouble})"


def holds(sequence: int) -> Callable[[Said], bool]:
    """Whether a frame holds the event of that number."""
    return lambda said: any(event.sequence == sequence for event in said.events)


def calls_for_help(one: Said) -> bool:
    """Whether it is one live frame of an event and the alarm of a duress PIN that belongs to it."""
    if not isinstance(one.message, Events) or not one.message.live or len(one.events) != 2:
        return False
    before, alarm = one.events
    forced = alarm.type == EventType.ALARM_RAISED and alarm.get(Field.CODE) == AlarmCode.FORCED_USER
    return forced and alarm.sequence == before.sequence + 1
