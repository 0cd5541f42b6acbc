"""Broken locks: firmware, from the offer to the way back."""

from dataclasses import replace
from typing import Any

from device_sim import installation, updating
from device_sim.door import Door
from device_sim.flash import images
from device_sim.flash.images import Images
from device_sim.lock import Lock
from device_sim.recording import Recorder
from device_sim.updating import Fitness, Updater
from firmware_protocol import firmware_download, manifest
from firmware_protocol.firmware import FirmwareOutcome, FirmwareRefusal
from firmware_protocol.firmware_download import Download
from firmware_protocol.firmware_messages import FirmwareOffer, FirmwareWanted
from firmware_protocol.firmware_states import FirmwareState
from firmware_protocol.manifest import Manifest, ManifestRefused
from firmware_protocol.vocabulary import EventType, Field
from tests.conformance.memory_line import MemoryWire
from tests.conformance.sabotage import Patch, around, breaks, nothing


@breaks("FWU-001")
def names_no_vendor(patch: Patch, wire: MemoryWire) -> None:
    def said(self: Updater) -> dict[str, int | str]:
        return {"firmware": self._images.record.running.sequence}

    patch.setattr(Updater, "capabilities", property(said))


@breaks("FWU-003")
def reads_before_it_verifies(patch: Patch, wire: MemoryWire) -> None:
    def verify(real: Any, envelope: bytes, vendor_key: bytes) -> Manifest:
        manifest.decode_manifest(manifest._opened(envelope)[0])
        return real(envelope, vendor_key)  # type: ignore[no-any-return]  # the function it wraps gives one

    around(patch, manifest, "verify", verify)


@breaks("FWU-003")
def believes_anybody(patch: Patch, wire: MemoryWire) -> None:
    around(patch, manifest, "verify", lambda _, envelope, key: manifest.decode_manifest(manifest._opened(envelope)[0]))


@breaks("FWU-004")
def overlooks_later_conditions(patch: Patch, wire: MemoryWire) -> None:
    around(patch, manifest, "read", lambda real, said: _positive(real(said)))


@breaks("FWU-004")
def refuses_whatever_it_does_not_know(patch: Patch, wire: MemoryWire) -> None:
    def read(real: Any, said: bytes) -> Any:
        written = real(said)
        if isinstance(written, dict) and 60 in written:
            raise ManifestRefused(FirmwareRefusal.NOT_READABLE)
        return written

    around(patch, manifest, "read", read)


@breaks("FWU-005")
def looks_at_no_class(patch: Patch, wire: MemoryWire) -> None:
    def judge(real: Any, envelope: bytes, lock: Any) -> Any:
        said = manifest.verify(envelope, lock.vendor_key)
        return real(envelope, replace(lock, class_id=said.class_id))

    around(patch, updating, "judge", judge)


@breaks("FWU-005")
def tries_again_what_failed_it(patch: Patch, wire: MemoryWire) -> None:
    around(patch, updating, "judge", lambda real, envelope, lock: real(envelope, replace(lock, fell_back_from=0)))


@breaks("FWU-005")
def has_room_for_everything(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(updating, "SLOT_BYTES", 1 << 40)


@breaks("FWU-007")
def takes_nothing_back(patch: Patch, wire: MemoryWire) -> None:
    def hear(real: Any, self: Updater, message: Any, *more: Any) -> None:
        if not isinstance(message, FirmwareOffer) or message.envelope:
            real(self, message, *more)

    around(patch, Updater, "hear", hear)


@breaks("FWU-008")
def asks_for_as_many_as_it_is_offered(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(firmware_download, "MOST_CHUNKS_AT_ONCE", 1000)


@breaks("FWU-008")
def asks_for_four_whatever_is_offered(patch: Patch, wire: MemoryWire) -> None:
    def pace(_: Any, self: Download, chunks: int, pause_ms: int) -> None:
        self._chunks_at_once, self._pause_s = 4, pause_ms / 1000

    around(patch, Download, "pace", pace)


@breaks("FWU-009")
def takes_any_chunk(patch: Patch, wire: MemoryWire) -> None:
    def takes(_: Any, self: Download, chunk: Any) -> bool:
        return bool(chunk.digest == self.digest and 0 <= chunk.offset < self.size and chunk.offset % 1024 == 0)

    around(patch, Download, "takes", takes)


@breaks("FWU-009")
def complains_of_strange_chunks(patch: Patch, wire: MemoryWire) -> None:
    def take(real: Any, self: Updater, chunk: Any, now: float) -> None:
        if self._download is not None and not self._download.takes(chunk):
            self._to_say.append(FirmwareWanted(chunk.digest, 0, 0, int(FirmwareRefusal.NOT_READABLE)))
        real(self, chunk, now)

    around(patch, Updater, "_take", take)


@breaks("FWU-010", "FWU-011")
def pauses_as_it_likes(patch: Patch, wire: MemoryWire) -> None:
    def pace(real: Any, self: Download, chunks: int, pause_ms: int) -> None:
        real(self, chunks, 0)

    around(patch, Download, "pace", pace)


@breaks("FWU-010")
def asks_again_every_five_seconds(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(firmware_download, "ASK_AGAIN_S", (5.0, 5.0))


@breaks("FWU-010", "FWU-009")
def begins_the_question_again(patch: Patch, wire: MemoryWire) -> None:
    def ask(real: Any, self: Download, now: float) -> Any:
        was_asked = self._asked
        wanted = real(self, now)
        return replace(wanted, offset=wanted.offset - 1024) if wanted is not None and was_asked else wanted

    around(patch, Download, "ask", ask)


@breaks("FWU-011")
def lets_events_wait_for_a_question(patch: Patch, wire: MemoryWire) -> None:
    def send(real: Any, self: Lock, now: float) -> list[bytes]:
        download = self.updater._download
        is_busy = download is not None and self.updater.state is FirmwareState.DOWNLOADING and self.updater._online
        if download is None or not is_busy:
            return real(self, now)  # type: ignore[no-any-return]  # the function it wraps gives them
        if now < download._ask_at:
            return []
        for message in self.updater.to_say(now):
            self._side.say(message)
        return self._side.to_send(now)

    around(patch, Lock, "to_send", send)


@breaks("FWU-012")
def forgets_an_offer_with_its_power(patch: Patch, wire: MemoryWire) -> None:
    def boot(real: Any, self: Updater, kept: Images, *more: Any, **others: Any) -> None:
        kept.drop_update()
        real(self, kept, *more, **others)

    around(patch, Updater, "__init__", boot)


@breaks("FWU-013", "FWU-003", "FWU-004", "FWU-005", "FWU-014", "FWU-016", "FWU-017", "FWU-020")
def refuses_without_a_word(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Updater, "_refuse", nothing)


@breaks("FWU-013")
def names_no_digest(patch: Patch, wire: MemoryWire) -> None:
    around(patch, Updater, "_refuse", lambda real, self, _, reason: real(self, bytes(32), reason))


@breaks("FWU-014", "FWU-017")
def looks_at_the_door_once(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(updating, "LOOK_AGAIN_S", 1e6)


@breaks("FWU-015")
def writes_over_what_it_runs(patch: Patch, wire: MemoryWire) -> None:
    def write(_: Any, self: Images, offset: int, content: bytes) -> None:
        self._medium.patch(images._region(self.record.active), offset, content)

    around(patch, Images, "write", write)


@breaks("FWU-016")
def trusts_its_slot(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Images, "is_whole", lambda *_: True)


@breaks("FWU-017", "FWU-014")
def switches_with_the_door_open(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(Door, "is_at_rest", True)


@breaks("FWU-017")
def switches_without_a_link(patch: Patch, wire: MemoryWire) -> None:
    def expire(real: Any, self: Updater, fitness: Fitness, now: float) -> None:
        was, self._online = self._online, self._online or self.state is FirmwareState.READY
        real(self, fitness, now)
        self._online = was

    around(patch, Updater, "expire", expire)


@breaks("FWU-018", "FWU-020")
def takes_an_image_for_good_when_it_is_welcomed(patch: Patch, wire: MemoryWire) -> None:
    def begin(real: Any, self: Images, envelope: bytes, soak_s: int = 0) -> None:
        real(self, envelope, 0)

    around(patch, Images, "begin", begin)


@breaks("FWU-018", "FWU-019")
def needs_no_welcome(patch: Patch, wire: MemoryWire) -> None:
    def boot(real: Any, self: Updater, *more: Any, **others: Any) -> None:
        real(self, *more, **others)
        if self.state is FirmwareState.ON_TRIAL:
            self._welcomed, self._look_at = True, self._images.record.soak_s

    around(patch, Updater, "__init__", boot)


@breaks("FWU-019", "FWU-005", "FWU-022")
def starts_a_bad_image_for_ever(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(images, "TRIAL_BOOTS", 1000)


@breaks("FWU-019")
def waits_for_its_welcome_for_ever(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(updating, "TRIAL_S", 1e6)


@breaks("FWU-019")
def has_no_watchdog(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(installation, "WATCHDOG_S", 1e6)


@breaks("FWU-020")
def takes_up_offers_on_trial(patch: Patch, wire: MemoryWire) -> None:
    def offered(real: Any, self: Updater, *more: Any) -> None:
        was, self.state = self.state, FirmwareState.SETTLED
        real(self, *more)
        if self.state is FirmwareState.SETTLED:
            self.state = was

    around(patch, Updater, "_offered", offered)


@breaks("FWU-022")
def records_no_fall_back(patch: Patch, wire: MemoryWire) -> None:
    def record(real: Any, self: Recorder, kind: Any, fields: Any, now: float) -> Any:
        is_back = kind == EventType.FIRMWARE_CHANGED and fields[Field.OUTCOME] == FirmwareOutcome.FELL_BACK
        return None if is_back else real(self, kind, fields, now)

    around(patch, Recorder, "record", record)


@breaks("FWU-022")
def tells_its_sequences_the_wrong_way_round(patch: Patch, wire: MemoryWire) -> None:
    def record(real: Any, self: Recorder, kind: Any, fields: Any, now: float) -> Any:
        if kind == EventType.FIRMWARE_CHANGED and fields[Field.OUTCOME] == FirmwareOutcome.ON_TRIAL:
            was, to = fields[Field.FIRMWARE_FROM], fields[Field.FIRMWARE_TO]
            fields = {**fields, Field.FIRMWARE_FROM: to, Field.FIRMWARE_TO: was}
        return real(self, kind, fields, now)

    around(patch, Recorder, "record", record)


def _positive(written: Any) -> Any:
    return {key: value for key, value in written.items() if key > 0} if isinstance(written, dict) else written
