"""A lock with its maker's key, and a service that offers one image: whatever the wire and the power do, over many boots."""

import hashlib
from dataclasses import dataclass, field

from device_sim.door import Door
from device_sim.firmware_image import Behaviour, FirmwareImage, write_image
from device_sim.flash.memory import MemoryMedium
from device_sim.updating import HARDWARE, Maker
from firmware_protocol import ServiceIdentity
from firmware_protocol.firmware import CHUNK_BYTES
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareOffer, FirmwareWanted
from firmware_protocol.firmware_states import FirmwareState
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.manifest import describe, sign, vendor_id
from firmware_protocol.messages import DownMessage, Proof, UpMessage
from firmware_protocol.vocabulary import EventType, Field
from tests.device.rig import LOCK, LOCK_KEY, SERVICE_KEY, Rig
from tests.protocol.fake_ingest import FakeIngest

VENDOR_KEY, VENDOR = private_key(b"vendor" * 8), vendor_id("locks.example")
MAKER = Maker(public_key(VENDOR_KEY), VENDOR)


def image_of(version: str = "1.1.0", behaviour: Behaviour = Behaviour.GOOD, size: int = 5000) -> bytes:
    return write_image(FirmwareImage(version, behaviour), size)


def envelope_of(image: bytes, sequence: int = 2, *, key: bytes = VENDOR_KEY, needs: int = 0) -> bytes:
    manifest = describe(image, sequence=sequence, version="1.1.0", vendor=VENDOR, hardware=HARDWARE, needs=needs)
    return sign(manifest, key)


@dataclass(slots=True)
class Distributing(FakeIngest):
    """The model of the service, with one image to give away; `wanted` is what the lock has asked or answered."""

    image: bytes = b""
    envelope: bytes = b""
    wanted: list[FirmwareWanted] = field(default_factory=list)
    chunks: int = 0
    soak_s: int = 0

    def _act_on(self, session: bytes, message: UpMessage) -> list[DownMessage]:
        answers = FakeIngest._act_on(self, session, message)
        if isinstance(message, Proof) and self.envelope:
            answers.append(self.offer)
        if isinstance(message, FirmwareWanted):
            self.wanted.append(message)
            self.chunks += message.chunks
            starts = [message.offset + number * CHUNK_BYTES for number in range(message.chunks)]
            answers += [FirmwareChunk(message.digest, at, self.image[at : at + CHUNK_BYTES]) for at in starts]
        return answers

    @property
    def offer(self) -> FirmwareOffer:
        return FirmwareOffer(self.envelope, soak_s=self.soak_s)

    def publish(self, image: bytes, envelope: bytes | None = None, sequence: int = 2) -> None:
        """This is the image from now on; offered at the next proof."""
        self.image, self.envelope = image, envelope if envelope is not None else envelope_of(image, sequence)

    def say(self, message: DownMessage) -> list[bytes]:
        """Something said out of turn."""
        assert self.side.current is not None
        return self._seal([(self.side.current.session, message)])


@dataclass
class UpdateRig(Rig):
    """A rig whose lock starts again when it says so."""

    maker: Maker | None = MAKER
    ingest: Distributing = field(
        default_factory=lambda: Distributing(ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY)))
    )
    starts: int = 0

    def offer(self, image: bytes, envelope: bytes | None = None, sequence: int = 2) -> None:
        """The service offers the image now."""
        self.ingest.publish(image, envelope, sequence)
        self.deliver(self.ingest.say(self.ingest.offer))

    def live(self, seconds: float, door: Door | None = None) -> None:
        """Time passes, with every restart the lock asks for; what an image does is done."""
        end = self.now + seconds
        while self.now < end:
            self.pass_time(min(0.5, end - self.now))
            if self.lock.restart_due:
                self.start(door)
                end -= self.now

    def start(self, door: Door | None = None) -> None:
        """Power on; the link comes up unless the image has no radio."""
        self.starts += 1
        kept = door or self.lock.doorway.door
        self.boot(door=kept)
        if self.behaviour is Behaviour.GOOD:
            self.connect()

    @property
    def behaviour(self) -> Behaviour:
        return self.lock.flash.images.image.behaviour

    @property
    def state(self) -> FirmwareState:
        return self.lock.updater.state

    @property
    def version(self) -> str:
        return self.lock.flash.images.image.version

    @property
    def changes(self) -> list[tuple[int, ...]]:
        """Event 20, in order: from, to, outcome, cause."""
        keys = (Field.FIRMWARE_FROM, Field.FIRMWARE_TO, Field.OUTCOME, Field.CAUSE)
        return [tuple(event.fields[key] for key in keys) for event in self.events_of(EventType.FIRMWARE_CHANGED)]

    @property
    def reasons(self) -> list[int]:
        """Why the lock did not take something, as the service heard it."""
        return [one.reason for one in self.ingest.wanted if one.reason]


def connected() -> UpdateRig:
    rig = UpdateRig(medium=MemoryMedium())
    rig.connect()
    return rig


def digest_of(image: bytes) -> bytes:
    return hashlib.sha256(image).digest()
