"""Both ends behind the seal: what an authentic but mad (or taken over) other side could say, in bytes."""

from functools import cached_property

from device_sim.door import Door
from device_sim.flash.chip import Flash
from device_sim.flash.event_log import Geometry
from device_sim.flash.memory import MemoryMedium
from device_sim.lock import Lock
from device_sim.start import Start
from firmware_protocol import LockIdentity, ServiceIdentity, ServiceSide
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.keys import Holder, KeyLabel, exchange, frame_key, private_key, public_key
from firmware_protocol.sealing import FrameKind, Header, Seal, parse
from firmware_protocol.service_side import Received
from firmware_protocol.topics import Direction, draw_lock_id

LOCK = draw_lock_id(b"\x11\x23\x45\x67\x89\xab\xcd\xef")
LOCK_KEY, SERVICE_KEY = private_key(b"lock" * 12), private_key(b"service!" * 6)
BOOT_KEY = private_key(b"k" * 48)
HOLDER = Holder(1, bytes(16))
# How much one end is told before it is made anew: whatever grows must show within this.
LIVES = 300


class Ends:
    """A lock and the service's side of it, proven to each other; the fuzzer speaks for either."""

    def __init__(self) -> None:
        flash = Flash(MemoryMedium(), Geometry(4096, 8), draw=lambda size: b"k" * size)
        identity = LockIdentity(LOCK, LOCK_KEY, public_key(SERVICE_KEY))
        start = Start(0.0, 1_790_000_000_000, Door())
        self.lock = Lock(identity, flash, start, engine=None, draw=lambda size: b"k" * size)
        self.service = ServiceSide(ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY)), HOLDER)
        self.told = 0
        self.lock.connecting()
        self.lock.connected(0.0)
        for frame in self.lock.to_send(0.0):
            received = self.service.receive(frame, nonce=bytes(16))
            self.session = received.session
        self._counter = 1 << 40

    @cached_property
    def _secret(self) -> bytes:
        return exchange(SERVICE_KEY, public_key(LOCK_KEY)) + exchange(SERVICE_KEY, public_key(BOOT_KEY))

    @cached_property
    def _up(self) -> Seal:
        return Seal(frame_key(self._secret, KeyLabel.UP, LOCK, 1, self.session), LOCK, Direction.UP)

    @cached_property
    def _down(self) -> Seal:
        return Seal(frame_key(self._secret, KeyLabel.DOWN, LOCK, 1, self.session, HOLDER), LOCK, Direction.DOWN)

    def say_up(self, plain: bytes) -> Received | None:
        """The lock says this; what the service makes of it."""
        self.told += 1
        self._counter += 1
        frame = self._up.seal(Header(FrameKind.SESSION, self.session, self._counter), plain)
        try:
            return self.service.receive(frame, nonce=bytes(16))
        except RemoteProtocolError:
            return None

    def say_down(self, plain: bytes) -> list[bytes]:
        """The service says this; what the lock answers."""
        self.told += 1
        self._counter += 1
        header = Header(FrameKind.DOWN, self.session, self._counter, holder=HOLDER)
        now = self.told * 0.5
        self.lock.receive(self._down.seal(header, plain), now)
        self.lock.expire(now)
        answers = self.lock.to_send(now)
        for answer in answers:
            parse(answer)
        return answers
