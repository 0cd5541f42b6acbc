"""One boot of a lock as keys, counters and windows: seals what goes up, opens what comes down."""

from dataclasses import dataclass, field

from firmware_protocol.codec import decode_down, encode
from firmware_protocol.errors import FrameRefusal, RemoteProtocolError
from firmware_protocol.keys import Holder, KeyLabel, exchange, frame_key, public_key, session_id
from firmware_protocol.messages import Birth, DownMessage, UpMessage, Will
from firmware_protocol.replay import ReplayWindow
from firmware_protocol.sealing import FrameKind, Header, Seal, parse
from firmware_protocol.topics import Direction, LockId


@dataclass(frozen=True, slots=True)
class LockIdentity:
    """The lock's half of the keys. Keys: 32-byte scalar, 65-byte point. A lock without a signing key signs no heads."""

    lock: LockId
    private_key: bytes = field(repr=False)
    service_public_key: bytes
    key_epoch: int = 1
    signing_key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Boot:
    """What a boot begins with: its number (persisted, rising) and a fresh ephemeral scalar."""

    number: int
    ephemeral_key: bytes = field(repr=False)


class LockSession:
    """Must be made once a boot: the frame counter starts with it, and the ephemeral key must not see a counter twice."""

    __slots__ = ("_counter", "_down", "_ephemeral", "_holder", "_identity", "_secret", "_session", "_up", "_window")

    def __init__(self, identity: LockIdentity, boot: Boot) -> None:
        self._identity = identity
        self._ephemeral = public_key(boot.ephemeral_key)
        self._session = session_id(self._ephemeral)
        self._secret = exchange(identity.private_key, identity.service_public_key) + exchange(
            boot.ephemeral_key, identity.service_public_key
        )
        self._up = self._seal(KeyLabel.UP)
        self._counter = 0
        self._holder: Holder | None = None
        self._down: Seal | None = None
        self._window = ReplayWindow()

    def will(self, birth_number: int) -> bytes:
        """The will's frame, under a key of its own; its counter is the birth number, so each number once."""
        header = Header(FrameKind.WILL, self._session, birth_number)
        return self._seal(KeyLabel.WILL).seal(header, encode(Will(birth_number)))

    def birth(self, birth: Birth) -> bytes:
        """The birth's frame, with the ephemeral key in its header."""
        return self._up.seal(
            Header(FrameKind.BIRTH, self._session, self._next_counter(), self._ephemeral), encode(birth)
        )

    def frame(self, message: UpMessage) -> bytes:
        """The frame of any other message."""
        plain = encode(message)
        return self._up.seal(Header(FrameKind.SESSION, self._session, self._next_counter()), plain)

    def open(self, raw: bytes) -> DownMessage:
        """What the service says; RemoteProtocolError refuses the frame and leaves everything as it was."""
        frame = parse(raw)
        said_by = frame.header.holder
        if said_by is None or frame.header.session != self._session:
            raise RemoteProtocolError(FrameRefusal.UNKNOWN_SESSION)
        same = said_by == self._holder
        if not same and self._holder is not None and said_by.generation <= self._holder.generation:
            raise RemoteProtocolError(FrameRefusal.OLD_HOLDER)
        seal = self._down if same and self._down else self._seal(KeyLabel.DOWN, said_by)
        plain = seal.open(frame)
        window = (self._window if same else ReplayWindow()).accept(frame.header.counter)
        if window is None:
            raise RemoteProtocolError(FrameRefusal.REPLAYED)
        message = decode_down(plain)
        self._holder, self._down, self._window = said_by, seal, window
        return message

    def _next_counter(self) -> int:
        self._counter += 1
        return self._counter - 1

    def _seal(self, label: KeyLabel, holder: Holder | None = None) -> Seal:
        identity = self._identity
        key = frame_key(self._secret, label, identity.lock, identity.key_epoch, self._session, holder)
        return Seal(key, identity.lock, Direction.DOWN if label is KeyLabel.DOWN else Direction.UP)
