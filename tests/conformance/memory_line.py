"""The simulated lock in this process, on a wire without a broker, with time as a number: a wait of an hour takes none."""

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from anmen.conformance.authority import DAY_S, common_name, draw_authority
from anmen.conformance.line import Heard
from anmen.conformance.operators import Json, SimulatorOperator
from anmen.conformance.releases import MadeReleases
from anmen.conformance.stand import Stand
from device_sim import requests
from device_sim.certificate import HeldCertificate, split
from device_sim.claiming import nobodys_keys
from device_sim.door import Door
from device_sim.errors import FirmwareHangs
from device_sim.firmware_image import Behaviour
from device_sim.flash.chip import Flash
from device_sim.flash.event_log import Geometry
from device_sim.flash.memory import MemoryMedium
from device_sim.given_keys import load_keys
from device_sim.hardware import Hardware
from device_sim.installation import Installation
from device_sim.lock import Lock
from device_sim.provision import Provision
from device_sim.start import Start
from device_sim.updating import Maker
from face_engine import EngineName, FaceEngine, encode_jpeg, load_engine
from firmware_protocol import ServiceIdentity
from firmware_protocol.claim import draw_secret
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.manifest import vendor_id
from firmware_protocol.topics import draw_lock_id
from tests.faces.drawn_face import MEI, drawn

T = TypeVar("T")
FACE = encode_jpeg(drawn(MEI))
LOCK = draw_lock_id(b"\x0f\x1e\x2d\x3c\x4b\x5a\x69\x78")
LOCK_KEY, SERVICE_KEY = private_key(b"kit lock" * 6), private_key(b"kit serv" * 6)
SIGNING_KEY = private_key(b"kit sign" * 6)
MAKER_KEY = private_key(b"kit make" * 6)
IDENTITY = ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY))
SECRET = draw_secret(b"under the cover")
BEGAN_MS = 1_790_000_000_000
AUTHORITY = draw_authority(BEGAN_MS // 1000)
# Small, so that a full flash is a matter of some hundred events.
GEOMETRY = Geometry(sector_bytes=4096, sectors=4)


@cache
def factory_certificate(days: int = 30) -> HeldCertificate:
    """Of the authority that the wire trusts, and so many days from its end when the wire's time begins."""
    key, ends_s = private_key(b"kit cert" * 6), BEGAN_MS // 1000 + days * DAY_S
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key(key))
    leaf = AUTHORITY.sign(common_name(LOCK), point, begins_s=ends_s - 300 * DAY_S, ends_s=ends_s)
    return HeldCertificate(AUTHORITY.chain(leaf), key, ends_s)


def is_trusted(certificate: HeldCertificate | None) -> bool:
    """What a broker would say of it; one that has none to show is let in by other means."""
    if certificate is None:
        return True
    try:
        x509.load_der_x509_certificate(split(certificate.chain)[0]).verify_directly_issued_by(AUTHORITY.certificate)
    except (ValueError, InvalidSignature):
        return False
    return True


@dataclass
class MemoryHardware:
    """What Hardware is, with flash in memory and the wire's time."""

    wire: "MemoryWire"
    medium: MemoryMedium = field(default_factory=MemoryMedium)
    engine: FaceEngine = field(default_factory=lambda: load_engine(EngineName.SFACE))
    drawn: int = 0
    # None: it knows of none, and asks for no other.
    certificate: HeldCertificate | None = field(default_factory=factory_certificate)

    def uptime_s(self) -> float:
        return self.wire.clock_s

    def draw(self, size: int) -> bytes:
        self.drawn += 1
        return hashlib.shake_128(b"hardware %d" % self.drawn).digest(size)

    def boot(self, provision: Provision, folder: Path, door: Door, *, clock_kept: bool = True) -> Lock:
        self.medium = self.medium.after_power_cut()
        flash = Flash(self.medium, GEOMETRY, draw=self.draw)
        if flash.images.image.behaviour is Behaviour.HANGS:
            raise FirmwareHangs("the image hangs")
        given = load_keys(flash, LOCK)
        boxed = provision.claim_secret if given is None else None
        identity = given or (nobodys_keys(LOCK, self.draw) if boxed else provision.identity)
        start = Start(0.0, self.wire.unix_ms() if clock_kept else None, door, provision.maker, boxed, self.certificate)
        return Lock(identity, flash, start, engine=self.engine, draw=self.draw)


class MemoryLink:
    """The lock's way out. What a sabotaged lock does to its broker is a flag here."""

    def __init__(self, wire: "MemoryWire") -> None:
        self.wire = wire
        self.will: bytes | None = None
        self.up = False
        self.qos, self.retained, self.clean = 1, False, True
        self.will_qos = 1
        self.has_will = True
        self.connect_at: float | None = None
        self.certificate: HeldCertificate | None = None
        self.kept: list[bytes] = []

    def connect(self, will: bytes, certificate: HeldCertificate | None = None) -> None:
        self.will = will if self.has_will and will else None
        self.connect_at = self.wire.clock_s + 0.02
        self.certificate = certificate or self.wire.hardware.certificate

    def arrive(self) -> None:
        """The broker lets the lock in and acknowledges its subscriptions, where its certificate is of the authority it trusts."""
        self.connect_at = None
        if not is_trusted(self.certificate):
            self.wire.installed.went_down("the broker does not take its certificate")
            return
        self.up = True
        self.wire.installed.came_up()
        kept, self.kept = self.kept, []
        for frame in kept:
            self.wire.installed.receive(frame)

    def publish(self, frame: bytes) -> None:
        if self.up:
            self.wire.queue.append(Heard(frame, self.wire.clock_s, self.qos, self.retained))
            self.wire.acknowledged(frame)

    def drop(self) -> None:
        was_up, self.up, self.connect_at = self.up, False, None
        if was_up and self.will is not None:
            self.wire.queue.append(Heard(self.will, self.wire.clock_s, self.will_qos))

    def close(self) -> None:
        self.up = False


class MemoryWire:
    """A Line (anmen.conformance.line) with one installed lock behind it."""

    def __init__(self, *, boxed: bool = False) -> None:
        self.clock_s = 1000.0
        self.queue: deque[Heard] = deque()
        self.acknowledged: Callable[[bytes], None] = lambda _: None
        provision = Provision(
            lock=LOCK,
            private_key=b"" if boxed else LOCK_KEY,
            signing_key=None if boxed else SIGNING_KEY,
            service_public_key=b"" if boxed else public_key(SERVICE_KEY),
            claim_secret=SECRET if boxed else None,
            certificate=Path(),
            certificate_key=Path(),
            authority=Path(),
            broker_host="",
            broker_port=0,
            maker=Maker(public_key(MAKER_KEY), vendor_id("locks.example")),
        )
        self.link = MemoryLink(self)
        self.hardware = MemoryHardware(self)
        hardware: Hardware = self.hardware  # type: ignore[assignment]  # the same members, other parts
        self.installed = Installation(provision, Path(), hardware=hardware, link=self.link)
        self.provision, self.engine = provision, self.hardware.engine

    def now(self) -> float:
        return self.clock_s

    def unix_ms(self) -> int:
        return BEGAN_MS + round(self.clock_s * 1000)

    def say(self, frame: bytes) -> None:
        if self.link.up:
            self.installed.receive(frame)
            self.installed.drive()
        elif not self.link.clean:
            self.link.kept.append(frame)

    def announce(self, payload: bytes) -> None:
        if self.link.up:
            self.installed.announced()
            self.installed.drive()

    def next(self, until: float) -> Heard | None:
        while not self.queue:
            if self.clock_s >= until:
                return None
            self._step(until)
        return self.queue.popleft()

    def _step(self, until: float) -> None:
        """On to whatever is due first."""
        wait_s = self.installed.wait_s()
        dates = [until]
        if wait_s is not None:
            dates.append(self.clock_s + max(wait_s, 0.001))
        if self.link.connect_at is not None:
            dates.append(self.link.connect_at)
        self.clock_s = min(dates)
        if self.link.connect_at is not None and self.clock_s >= self.link.connect_at:
            self.link.arrive()
        self.installed.drive()

    def call(self, work: Callable[[Installation], T]) -> T:
        """As a LockRunner does: for the simulator's own table of requests."""
        result = work(self.installed)
        self.installed.drive()
        return result

    def ask(self, request: Json) -> Json:
        """As the control socket answers."""
        return requests.answer({LOCK: self}, request)  # type: ignore[dict-item]  # the part of a LockRunner that is used


def memory_stand(*, boxed: bool = False) -> tuple[MemoryWire, Stand]:
    """A powered lock on a fresh stand; `boxed`: as it comes from the factory, its secret being told to the kit."""
    wire = MemoryWire(boxed=boxed)
    drawn = iter(range(1, 1 << 60))

    def draw(size: int) -> bytes:
        return hashlib.shake_128(b"kit %d" % next(drawn)).digest(size)

    stand = Stand(wire, SimulatorOperator(LOCK, wire.ask, FACE), IDENTITY, draw)
    stand.releases, stand.may_wipe = MadeReleases(MAKER_KEY), True
    stand.boxed_secret, stand.authority = SECRET if boxed else None, AUTHORITY
    return wire, stand
