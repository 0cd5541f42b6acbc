"""LockPair: both ends of the protocol joined by a fake wire. Loss, delay, duplicates and reorder are how you deliver a list."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware_protocol import LockIdentity, ServiceIdentity
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.sealing import parse
from firmware_protocol.topics import draw_lock_id
from tests.protocol.fake_ingest import Dies, FakeIngest
from tests.protocol.fake_lock import FakeLock, MemoryLog

LOCK = draw_lock_id(b"\x01\x23\x45\x67\x89\xab\xcd\xef")
LOCK_KEY, SERVICE_KEY = private_key(b"lock" * 12), private_key(b"service!" * 6)
LOCK_IDENTITY = LockIdentity(LOCK, LOCK_KEY, public_key(SERVICE_KEY))
SERVICE_IDENTITY = ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY))
BATCH = 8


@dataclass(slots=True)
class LockPair:
    """`up` and `down` are what is on the wire now; `heard_up` and `heard_down` all that ever was, for replays."""

    capacity: int = 1000
    up: list[bytes] = field(default_factory=list)
    down: list[bytes] = field(default_factory=list)
    heard_up: list[bytes] = field(default_factory=list)
    heard_down: list[bytes] = field(default_factory=list)
    lock: FakeLock = field(init=False)
    ingest: FakeIngest = field(init=False)

    def __post_init__(self) -> None:
        self.lock = FakeLock(LOCK_IDENTITY, self.capacity)
        self.ingest = FakeIngest(SERVICE_IDENTITY)

    def connect(self) -> None:
        """The lock's link comes up. The will is kept among what was heard: the broker may say it at any time."""
        self.heard_up.append(self.lock.connect())
        self.collect()

    def disconnect(self) -> None:
        """The link goes down; what was on its way is gone."""
        self.lock.disconnect()
        self.up.clear()
        self.down.clear()

    def collect(self) -> None:
        """Put on the wire what the lock says now."""
        frames = self.lock.frames()
        self.up += frames
        self.heard_up += frames

    def to_service(self, frames: Sequence[bytes], dies: Dies | None = None) -> None:
        """Deliver these frames to the service as one batch."""
        self.tell(self.ingest.receive(frames, dies))

    def tell(self, frames: Sequence[bytes]) -> None:
        """Put frames of the service on the wire."""
        self.heard_down += frames
        if self.lock.linked:
            self.down += frames

    def to_lock(self, frames: Sequence[bytes]) -> None:
        """Deliver these frames to the lock."""
        if self.lock.linked:
            for frame in frames:
                self.lock.receive(frame)
            self.collect()

    def record(self, kind: int = 2, **fields: int) -> None:
        """Something happens at the door."""
        self.lock.record(kind, {int(name.removeprefix("f")): value for name, value in fields.items()})
        self.collect()

    def advance(self, seconds: float) -> None:
        """Time passes on both ends."""
        self.lock.advance(seconds)
        self.collect()

    def announce(self) -> None:
        """The broker tells the lock, if it is there, that a process holds its shard."""
        self.lock.side.announced(self.lock.now)
        self.collect()

    def settle(self, for_s: float = 1500.0) -> None:
        """A faultless link until both ends agree; AssertionError if they do not within the time."""
        if not self.lock.linked:
            self.connect()
        until = self.lock.now + for_s
        while not self.agreed:
            self.exchange()
            if self.agreed:
                return
            wait = (self.lock.side.deadline() or self.lock.now) - self.lock.now
            self.advance(max(wait, 0.01))
            assert self.lock.now < until, f"no agreement: {self.differences}"

    def exchange(self) -> None:
        """Deliver what is on the wire, both ways, until it is silent."""
        while self.up or self.down:
            up, self.up = self.up[:BATCH], self.up[BATCH:]
            if up:
                self.to_service(up)
            down, self.down = self.down, []
            self.to_lock(down)

    @property
    def agreed(self) -> bool:
        return not self.differences

    @property
    def differences(self) -> list[str]:
        """What the two ends do not agree on, in words."""
        lock, ingest = self.lock, self.ingest
        wanted, current = ingest.durable.wanted, ingest.side.current
        checks = {
            "the lock is not proven": current is not None and current.boot_number == lock.boots and lock.side.proven,
            "events are missing": ingest.cursor(lock.log.epoch)[:2] == (lock.log.next_sequence - 1, ()),
            "a receipt is missing": lock.log.stored_up_to == lock.log.next_sequence - 1,
            "the lists differ": (lock.held.version, lock.held.digest) == (wanted.version, wanted.digest),
        }
        return [words for words, holds in checks.items() if not holds]

    def unaccounted(self, log: MemoryLog, up_to: int) -> list[int]:
        """Numbers up to `up_to` that are neither in the register as the lock recorded them nor declared lost."""
        lost = {number for first, end in self.ingest.cursor(log.epoch).lost for number in range(first, end)}
        register = self.ingest.durable.register
        return [
            number
            for number in range(1, up_to + 1)
            if register.get((log.epoch, number)) != log.account[number] and number not in lost & log.overwritten
        ]


def counters_used_twice(frames: Sequence[bytes]) -> list[bytes]:
    """Frames that share key and counter with an earlier, different one: the end of AES-GCM's promises."""
    seen: dict[tuple[object, ...], bytes] = {}
    twice = []
    for frame in frames:
        header = parse(frame).header
        holder = (header.holder.generation, header.holder.nonce) if header.holder else None
        # Births and session frames share a key; the will has its own.
        name = (header.kind.name == "WILL", header.session, holder, header.counter)
        if seen.setdefault(name, frame) != frame:
            twice.append(frame)
    return twice
