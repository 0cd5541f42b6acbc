"""A whole simulated lock joined to a model of the service by a fake wire, with flash in memory and time as a number."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from device_sim.certificate import HeldCertificate
from device_sim.door import Door
from device_sim.flash.chip import Flash
from device_sim.flash.event_log import USUAL, Geometry
from device_sim.flash.memory import MemoryMedium
from device_sim.lock import Lock
from device_sim.start import Start
from device_sim.updating import Maker
from face_engine.engine import FaceEngine
from firmware_protocol import LockIdentity, ServiceIdentity
from firmware_protocol.access_list import ListEntry, encode_entry
from firmware_protocol.credentials import card_material, pin_material
from firmware_protocol.keys import credential_key, exchange, private_key, public_key
from firmware_protocol.messages import Event
from firmware_protocol.topics import draw_lock_id
from firmware_protocol.vocabulary import CredentialType, EventType
from tests.protocol.fake_ingest import NOW_MS, FakeIngest

LOCK = draw_lock_id(b"\x11\x23\x45\x67\x89\xab\xcd\xef")
LOCK_KEY, SERVICE_KEY = private_key(b"lock" * 12), private_key(b"service!" * 6)
IDENTITY = LockIdentity(LOCK, LOCK_KEY, public_key(SERVICE_KEY))
CREDENTIAL_KEY = credential_key(exchange(SERVICE_KEY, public_key(LOCK_KEY)), LOCK, 1)
NOW_S = NOW_MS // 1000
DAY_S = 86_400
DOCUMENT, PIN = "11010519491231002X", "402816"


def card(number: int = 1, document: str = DOCUMENT, key: bytes = CREDENTIAL_KEY) -> ListEntry:
    """A tenant's card, lawful for a month around now."""
    material = card_material(key, document)
    return ListEntry(number, CredentialType.RFID, material, NOW_S - DAY_S, NOW_S + 30 * DAY_S, 30 * DAY_S)


def pin(number: int = 2, digits: str = PIN) -> ListEntry:
    """The same tenant's PIN."""
    return replace(card(number), type=CredentialType.PIN, material=pin_material(CREDENTIAL_KEY, digits))


def face(number: int, template: bytes) -> ListEntry:
    """The same tenant's face."""
    return replace(card(number), type=CredentialType.FACE, material=template)


@dataclass
class Rig:
    """`now` is uptime, `unix_ms` what a right clock shows; `points` are the failpoints passed."""

    geometry: Geometry = USUAL
    engine: FaceEngine | None = None
    medium: MemoryMedium = field(default_factory=MemoryMedium)
    ingest: FakeIngest = field(
        default_factory=lambda: FakeIngest(ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY)))
    )
    points: list[str] = field(default_factory=list)
    maker: Maker | None = None
    identity: LockIdentity = IDENTITY
    certificate: HeldCertificate | None = None
    now: float = 0.0
    linked: bool = False
    drawn: int = 0
    lock: Lock = field(init=False)

    def __post_init__(self) -> None:
        self.boot()

    def boot(self, chip_ms: int | None = NOW_MS, door: Door | None = None) -> None:
        """Power on, with whatever the flash holds."""
        self.now, self.linked = 0.0, False
        flash = Flash(self.medium, self.geometry, draw=self.draw, reached=self.points.append)
        start = Start(self.now, chip_ms, door or Door(), self.maker, certificate=self.certificate)
        self.lock = Lock(self.identity, flash, start, engine=self.engine, draw=self.draw, reached=self.points.append)

    def draw(self, size: int) -> bytes:
        self.drawn += 1
        return hashlib.shake_128(b"rig %d" % self.drawn).digest(size)

    def connect(self) -> None:
        """The link comes up, and both sides say what they have to say."""
        self.lock.connecting()
        self.lock.certificates.connecting(self.now)
        self.lock.connected(self.now)
        self.linked = True
        self.exchange()

    def disconnect(self) -> None:
        self.lock.disconnected()
        self.linked = False

    def exchange(self) -> None:
        """Deliver both ways until it is silent."""
        while self.linked and (up := self.lock.to_send(self.now)):
            self.deliver(self.ingest.receive(up))

    def deliver(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            self.lock.receive(frame, self.now)

    def give(self, *entries: ListEntry) -> None:
        """The service wants exactly these entries on the lock."""
        raw = {entry.credential_id: encode_entry(entry) for entry in entries}
        frames = self.ingest.change_list(raw)
        if self.linked:
            self.deliver(frames)
            self.exchange()

    def pass_time(self, seconds: float) -> None:
        """Time goes by, with every deadline kept."""
        until = self.now + seconds
        while self.lock.deadline() < until:
            self.now = max(self.now, self.lock.deadline())
            self.lock.expire(self.now)
            self.exchange()
        self.now = until
        self.lock.expire(self.now)
        self.exchange()

    @property
    def events(self) -> list[Event]:
        """All that flash holds."""
        return self.lock.flash.log.read(1, 100_000)

    def events_of(self, kind: EventType) -> list[Event]:
        return [event for event in self.events if event.type == kind]

    @property
    def register(self) -> list[Event]:
        """All that the service has, in order."""
        return [event for _, event in sorted(self.ingest.durable.register.items())]


def connected_rig(*entries: ListEntry, engine: FaceEngine | None = None) -> Rig:
    """A rig on the line, its lock holding these entries."""
    rig = Rig(engine=engine)
    rig.connect()
    rig.give(*entries)
    return rig
