"""Firmware update on the lock: takes offers, fetches, verifies, waits for a quiet moment, switches, and takes the new image or
goes back. What it does in which state is the table in firmware_protocol/firmware_states.py.

Nothing here touches the door. The one thing that others notice is `restart_due`.
"""

from dataclasses import dataclass

from device_sim.flash.images import SLOT_BYTES, Images
from device_sim.recording import Recorder
from firmware_protocol.firmware import LONGEST_SOAK_S, TRIAL_S, UPDATE_NEEDS_PERCENT, FirmwareCause, FirmwareRefusal
from firmware_protocol.firmware_download import Download
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareOffer, FirmwareWanted
from firmware_protocol.firmware_states import FirmwareState, FirmwareStep, next_firmware
from firmware_protocol.manifest import Manifest, ManifestRefused, Running, class_id, judge
from firmware_protocol.vocabulary import EventType, Field

HARDWARE = "Anmen simulated lock 1"
LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made the lock: the public key that is in it from the factory (65-byte point), and the maker's id."""

    public_key: bytes
    vendor_id: bytes


@dataclass(frozen=True, slots=True)
class Fitness:
    """What of the door matters to an update."""

    at_rest: bool
    battery_percent: float

    @property
    def refusal(self) -> FirmwareRefusal:
        """Why not to switch just now."""
        if self.battery_percent < UPDATE_NEEDS_PERCENT:
            return FirmwareRefusal.BATTERY_LOW
        return FirmwareRefusal.NONE if self.at_rest else FirmwareRefusal.DOOR_IN_USE


class Updater:
    """One boot of a lock, as far as its image goes; `now` is uptime in seconds."""

    def __init__(self, images: Images, maker: Maker | None, *, recorder: Recorder, now: float) -> None:
        self._images = images
        self._maker = maker
        self._recorder = recorder
        self._manifest: Manifest | None = None
        self._download: Download | None = None
        self._to_say: list[FirmwareWanted] = []
        self._said = FirmwareRefusal.NONE
        self._online = self._welcomed = False
        self._started_at = now
        self._look_at: float | None = now + TRIAL_S if images.on_trial else None
        self.state = FirmwareState.ON_TRIAL if images.on_trial else FirmwareState.SETTLED
        self.restart_due = False
        self._tell(now)
        if images.update is not None:
            self._take_up(images.update.envelope, now)

    @property
    def capabilities(self) -> dict[str, int | str]:
        """What the birth says of it; nothing where no maker's key is in the lock."""
        maker, running = self._maker, self._running
        if maker is None or running is None:
            return {}
        return {
            "firmware": running.sequence,
            "firmware_vendor": maker.vendor_id.hex(),
            "firmware_class": running.class_id.hex(),
        }

    @property
    def progress(self) -> tuple[int, int]:
        """Bytes that are here, of how many."""
        download = self._download
        return (download.have, download.size) if download is not None else (0, 0)

    def came_online(self, now: float) -> None:
        """The session is proven and the link is up: whoever is on trial has passed it, once it has run for long enough."""
        if self.state is FirmwareState.ON_TRIAL and not self.restart_due:
            self._welcomed = True
            self._look_at = max(now, self._started_at + self._images.record.soak_s)
        if not self._online and self._download is not None:
            self._download.resume(now)
        self._online = True

    def went_offline(self) -> None:
        """The link is down."""
        self._online = False
        self._to_say.clear()

    def hear(self, message: FirmwareOffer | FirmwareChunk, fitness: Fitness, now: float) -> None:
        """What the service says of firmware."""
        if isinstance(message, FirmwareChunk):
            self._take(message, now)
        elif not message.envelope:
            self._drop(FirmwareStep.WITHDRAWN)
        else:
            self._offered(message, fitness, now)

    def to_say(self, now: float) -> list[FirmwareWanted]:
        """Refusals, and the chunks that are due to be asked for."""
        said, self._to_say = self._to_say, []
        wanted = self._download.ask(now) if self._download is not None and self._online else None
        return [*said, wanted] if wanted is not None else said

    def deadline(self) -> float | None:
        """When there is something to say or do."""
        asks = self._download.deadline() if self._download is not None and self._online else None
        return min((at for at in (asks, self._look_at) if at is not None), default=None)

    def expire(self, fitness: Fitness, now: float) -> None:
        """Switch when nobody needs the door; give up an image that was not welcomed in time."""
        if self._look_at is None or now < self._look_at:
            return
        self._look_at = now + LOOK_AGAIN_S
        if self.state is FirmwareState.ON_TRIAL and self._welcomed:
            self._images.confirm()
            self._step(FirmwareStep.WELCOMED)
            self._look_at = None
            self._tell(now)
        elif self.state is FirmwareState.ON_TRIAL:
            self._images.give_up(FirmwareCause.NOT_WELCOMED)
            self._step(FirmwareStep.GIVEN_UP)
            self.restart_due, self._look_at = True, None
        elif self._manifest is not None and self.state is FirmwareState.READY and self._online:
            self._switch(self._manifest, fitness)

    @property
    def _running(self) -> Running | None:
        if self._maker is None:
            return None
        record, maker = self._images.record, self._maker
        kind = class_id(maker.vendor_id, HARDWARE)
        return Running(
            maker.public_key, maker.vendor_id, kind, record.running.sequence, SLOT_BYTES, record.fell_back_from
        )

    def _offered(self, offer: FirmwareOffer, fitness: Fitness, now: float) -> None:
        running = self._running
        if running is None:
            return
        try:
            manifest = judge(offer.envelope, running)
        except ManifestRefused as refused:
            self._refuse(refused.digest, refused.reason)
            return
        if self.state is FirmwareState.ON_TRIAL:
            self._refuse(manifest.digest, FirmwareRefusal.ON_TRIAL)
        elif fitness.battery_percent < UPDATE_NEEDS_PERCENT:
            self._refuse(manifest.digest, FirmwareRefusal.BATTERY_LOW)
        elif manifest != self._manifest:
            self._images.begin(offer.envelope, min(offer.soak_s, LONGEST_SOAK_S))
            self._take_up(offer.envelope, now)
        self._said = FirmwareRefusal.NONE
        if self._download is not None:
            self._download.pace(offer.chunks_at_once, offer.pause_ms)
            self._download.resume_if_silent(now)

    def _take_up(self, envelope: bytes, now: float) -> None:
        """Fetch what was offered, from where it stands; an offer that has been overtaken by what runs is dropped."""
        update, running = self._images.update, self._running
        try:
            manifest = judge(envelope, running) if running is not None and update is not None else None
        except ManifestRefused:
            manifest = None
        if manifest is None or update is None or self.state is FirmwareState.ON_TRIAL:
            self._images.drop_update()
            return
        self._manifest = manifest
        self._download = Download(manifest.digest, manifest.size, update.have, now)
        self._look_at = None
        self._step(FirmwareStep.OFFERED)
        if self._download.complete:
            self._verify(manifest, now)

    def _take(self, chunk: FirmwareChunk, now: float) -> None:
        download, manifest = self._download, self._manifest
        if download is None or manifest is None or not download.takes(chunk):
            return
        self._images.write(chunk.offset, chunk.content)
        if download.written(chunk, now):
            self._images.save(download.have)
        if download.complete:
            self._verify(manifest, now)

    def _verify(self, manifest: Manifest, now: float) -> None:
        if self._images.is_whole(manifest):
            self._step(FirmwareStep.WHOLE)
            self._look_at = now
        else:
            self._refuse(manifest.digest, FirmwareRefusal.DIGEST_DIFFERS)
            self._drop(FirmwareStep.DIFFERS)

    def _switch(self, manifest: Manifest, fitness: Fitness) -> None:
        if fitness.refusal is not FirmwareRefusal.NONE:
            if fitness.refusal is not self._said:
                self._refuse(manifest.digest, fitness.refusal)
            self._said = fitness.refusal
        elif not self._images.is_whole(manifest):
            self._refuse(manifest.digest, FirmwareRefusal.DIGEST_DIFFERS)
            self._drop(FirmwareStep.DIFFERS)
        else:
            self._images.switch(manifest)
            self._step(FirmwareStep.SWITCHED)
            self.restart_due, self._look_at = True, None

    def _drop(self, step: FirmwareStep) -> None:
        """Give up what has not been switched to; on trial there is nothing to drop."""
        if next_firmware(self.state, step) is self.state:
            return
        self._step(step)
        self._images.drop_update()
        self._manifest = self._download = self._look_at = None

    def _refuse(self, digest: bytes, reason: FirmwareRefusal) -> None:
        self._to_say.append(FirmwareWanted(digest, 0, 0, int(reason)))

    def _step(self, step: FirmwareStep) -> None:
        self.state = next_firmware(self.state, step)

    def _tell(self, now: float) -> None:
        """Record what the log has not been told; only then the flash forgets that it must be."""
        for change in self._images.record.untold:
            fields = {
                Field.FIRMWARE_FROM: change.was,
                Field.FIRMWARE_TO: change.to,
                Field.OUTCOME: change.outcome,
                Field.CAUSE: change.cause,
            }
            self._recorder.record(EventType.FIRMWARE_CHANGED, fields, now)
        self._images.told()
