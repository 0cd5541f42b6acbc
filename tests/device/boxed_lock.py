"""A lock from the factory on a table: flash in memory, a button, and words that a service would answer with."""

from dataclasses import dataclass, field
from pathlib import Path

from device_sim.door import Door
from device_sim.flash.chip import Flash
from device_sim.flash.memory import MemoryMedium
from device_sim.given_keys import load_keys
from device_sim.hardware import Hardware
from device_sim.lock import Lock
from device_sim.provision import Provision
from firmware_protocol import LockIdentity, ServiceIdentity
from firmware_protocol.claim import claimed_frame, draw_secret, is_claim, open_claim
from firmware_protocol.key_messages import LockKeys, ServiceKeys
from firmware_protocol.keys import private_key, public_key
from tests.device.rig import LOCK
from tests.protocol.fake_ingest import NOW_MS, FakeIngest

SECRET = draw_secret(b"secret under cover")
SERVICE = private_key(b"landlord" * 6)
BOXED = Provision(
    lock=LOCK,
    certificate=Path("lock.pem"),
    certificate_key=Path("lock.key"),
    authority=Path("ca.pem"),
    broker_host="localhost",
    broker_port=8883,
    claim_secret=SECRET,
)


@dataclass
class Box:
    """A lock from the factory with its flash in memory; `boots` it as often as one likes."""

    medium: MemoryMedium = field(default_factory=MemoryMedium)
    drawn: int = 0
    now: float = 0.0
    lock: Lock = field(init=False)

    def __post_init__(self) -> None:
        self.boot()

    def draw(self, size: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(size, "big")

    def boot(self) -> None:
        hardware = Hardware(draw=self.draw, chip_ms=lambda: NOW_MS, medium=lambda _: self.medium)
        self.lock = hardware.boot(BOXED, Path(), Door())
        self.now = 0.0

    def press(self) -> bytes:
        """The button; the first claim that goes up."""
        self.lock.connected(self.now)
        self.lock.claiming.press(self.now)
        [frame] = filter(is_claim, self.lock.to_send(self.now))
        return frame

    def claimed(self) -> bytes:
        """Pressed, answered and started again under the new keys; the claim that was answered."""
        frame = self.press()
        self.lock.receive(answered(frame), 1.0)
        assert self.lock.restart_due
        self.boot()
        return frame

    def holds(self, written: str) -> bool:
        """Whether these characters are anywhere in its flash, what was given up for reuse left out."""
        return any(written.encode() in self.medium.read(name) for name in self.medium.names())

    def keys(self) -> LockIdentity | None:
        flash = Flash(self.medium.after_power_cut(), draw=self.draw)
        return load_keys(flash, LOCK)


def answered(frame: bytes, secret: str = SECRET, key_epoch: int = 1) -> bytes:
    session, _ = open_claim(LOCK, secret, frame)
    return claimed_frame(LOCK, secret, session, ServiceKeys(key_epoch, public_key(SERVICE)))


def said(frame: bytes, secret: str = SECRET) -> LockKeys:
    return open_claim(LOCK, secret, frame)[1]


def meets(box: Box, lock_public: bytes, key_epoch: int = 1) -> bool:
    """The lock comes in at a service that holds this half of it; whether the two prove themselves to each other."""
    ingest = FakeIngest(ServiceIdentity(LOCK, SERVICE, lock_public, key_epoch))
    assert box.lock.connecting()
    box.lock.connected(0.0)
    while up := [frame for frame in box.lock.to_send(0.0) if not is_claim(frame)]:
        for down in ingest.receive(up):
            box.lock.receive(down, 0.0)
    return box.lock.proven
