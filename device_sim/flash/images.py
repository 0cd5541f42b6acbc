"""Two slots for images, the record that says which one is booted, and the bootloader's decision.

    image.a, image.b   the slots; one is booted, the other is written or is the way back
    boot               which slot is booted, what lies in each, how often an image on trial was started, what the log must still be told
    update             the offer that is being fetched, and how much of it is safe

`boot` and `update` are values that change whole or not at all (slots.py). An image becomes the one to boot in one such
change, after its digest was computed over the slot as it lies in flash.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import NamedTuple

import cbor2

from device_sim.firmware_image import FirmwareImage, read_image, write_image
from device_sim.flash.medium import Medium
from device_sim.flash.slots import SlotPair
from firmware_protocol.firmware import SOAK_S, TRIAL_BOOTS, FirmwareCause, FirmwareOutcome
from firmware_protocol.manifest import Manifest

SLOT_BYTES = 1 << 20
FACTORY = write_image(FirmwareImage())
FACTORY_SEQUENCE = 1
_OTHER = {"a": "b", "b": "a"}


class SlotImage(NamedTuple):
    """An image as it should lie in a slot."""

    sequence: int
    digest: bytes
    size: int


class FirmwareChange(NamedTuple):
    """What event 20 tells."""

    was: int
    to: int
    outcome: FirmwareOutcome
    cause: FirmwareCause = FirmwareCause.NONE


class Update(NamedTuple):
    """An offer on its way into the other slot; `have` bytes of it are safe. `soak_s`: how long it must run on trial."""

    envelope: bytes
    have: int
    soak_s: int = SOAK_S


@dataclass(frozen=True, slots=True)
class BootRecord:
    """What the bootloader goes by. `trial_boots` is None where the active image is there for good."""

    active: str
    slots: tuple[tuple[str, SlotImage], ...]
    trial_boots: int | None = None
    fell_back_from: int = 0
    untold: tuple[FirmwareChange, ...] = ()
    soak_s: int = 0

    def image(self, slot: str) -> SlotImage | None:
        """What should lie in the slot."""
        return dict(self.slots).get(slot)

    @property
    def running(self) -> SlotImage:
        """What the active slot should hold."""
        return dict(self.slots)[self.active]

    def fallen_back(self, cause: FirmwareCause) -> "BootRecord":
        """The slot before is active again; the same record where there is no other image."""
        before = self.image(_OTHER[self.active])
        if before is None:
            return self
        failed = self.running.sequence
        told = FirmwareChange(failed, before.sequence, FirmwareOutcome.FELL_BACK, cause)
        return BootRecord(_OTHER[self.active], ((_OTHER[self.active], before),), None, failed, (*self.untold, told))


class Images:
    """The slots of one lock; making it is what the bootloader does at power-on."""

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self._boot_slots = SlotPair(medium, "boot")
        self._update_slots = SlotPair(medium, "update")
        self._kept = _unpack_boot(self._boot_slots.read())
        self.record = self._kept or self._from_factory()
        self._keep(self._bootable())
        self.update = _unpack_update(self._update_slots.read())
        content = self.content(self.record.active)
        self.image = read_image(content if content is not None else b"")

    @property
    def on_trial(self) -> bool:
        """Whether the image that runs has not been welcomed yet."""
        return self.record.trial_boots is not None

    def content(self, slot: str) -> bytes | None:
        """The image in the slot, if it is whole."""
        wanted = self.record.image(slot)
        if wanted is None:
            return None
        raw = self._medium.read(_region(slot), 0, wanted.size)
        return raw if hashlib.sha256(raw).digest() == wanted.digest else None

    def begin(self, envelope: bytes, soak_s: int = 0) -> None:
        """Empty the other slot for an image; what lay there can never be booted again."""
        self._forget_update()
        other = _OTHER[self.record.active]
        self._keep(replace(self.record, slots=tuple(one for one in self.record.slots if one[0] != other)))
        self._medium.write(_region(other), b"")
        self._medium.sync(_region(other))
        self._note_update(Update(envelope, 0, soak_s))

    def write(self, offset: int, content: bytes) -> None:
        """Put a piece into the other slot; it is safe only after `save`."""
        self._medium.patch(_region(_OTHER[self.record.active]), offset, content)

    def save(self, have: int) -> None:
        """Make safe what was written, and write down that there is so much of it."""
        self._medium.sync(_region(_OTHER[self.record.active]))
        if self.update is not None:
            self._note_update(self.update._replace(have=have))

    def is_whole(self, manifest: Manifest) -> bool:
        """Whether the other slot holds exactly this image."""
        raw = self._medium.read(_region(_OTHER[self.record.active]), 0, manifest.size)
        return len(raw) == manifest.size and hashlib.sha256(raw).digest() == manifest.digest

    def switch(self, manifest: Manifest) -> None:
        """Boot the other slot from now on, on trial."""
        other = _OTHER[self.record.active]
        new = SlotImage(manifest.sequence, manifest.digest, manifest.size)
        told = FirmwareChange(self.record.running.sequence, manifest.sequence, FirmwareOutcome.ON_TRIAL)
        slots = ((self.record.active, self.record.running), (other, new))
        soak_s, untold = self.update.soak_s if self.update else 0, (*self.record.untold, told)
        self._keep(replace(self.record, active=other, slots=slots, trial_boots=0, untold=untold, soak_s=soak_s))
        self._forget_update()

    def confirm(self) -> None:
        """The image that runs has been welcomed: it is there for good."""
        before = self.record.image(_OTHER[self.record.active])
        was = before.sequence if before is not None else 0
        told = FirmwareChange(was, self.record.running.sequence, FirmwareOutcome.CONFIRMED)
        self._keep(replace(self.record, trial_boots=None, untold=(*self.record.untold, told)))

    def give_up(self, cause: FirmwareCause) -> None:
        """Boot the slot before, from the next start on."""
        self._keep(self.record.fallen_back(cause))

    def told(self) -> None:
        """All that was untold is in the log. A power cut before this line tells it twice; the other order could lose it."""
        if self.record.untold:
            self._keep(replace(self.record, untold=()))

    def drop_update(self) -> None:
        """Fetch it no more."""
        self._forget_update()

    def _from_factory(self) -> BootRecord:
        self._medium.write(_region("a"), FACTORY)
        self._medium.sync(_region("a"))
        return BootRecord("a", (("a", SlotImage(FACTORY_SEQUENCE, hashlib.sha256(FACTORY).digest(), len(FACTORY))),))

    def _bootable(self) -> BootRecord:
        """The bootloader: count a start on trial, and go back from what was started too often or is damaged."""
        record = self.record
        if record.trial_boots is not None and record.trial_boots >= TRIAL_BOOTS:
            return record.fallen_back(FirmwareCause.BOOTS_USED_UP)
        if self.content(record.active) is None and self.content(_OTHER[record.active]) is not None:
            return record.fallen_back(FirmwareCause.IMAGE_DAMAGED)
        return record if record.trial_boots is None else replace(record, trial_boots=record.trial_boots + 1)

    def _keep(self, record: BootRecord) -> None:
        if record != self._kept:
            self._boot_slots.write(_pack_boot(record))
        self.record = self._kept = record

    def _note_update(self, update: Update) -> None:
        self._update_slots.write(cbor2.dumps(list(update)))
        self.update = update

    def _forget_update(self) -> None:
        if self.update is not None:
            self._update_slots.write(b"")
            self.update = None


def _region(slot: str) -> str:
    return f"image.{slot}"


def _pack_boot(record: BootRecord) -> bytes:
    slots = {slot: list(image) for slot, image in record.slots}
    untold = [[int(part) for part in one] for one in record.untold]
    return cbor2.dumps([record.active, slots, record.trial_boots, record.fell_back_from, untold, record.soak_s])


def _unpack_boot(raw: bytes | None) -> BootRecord | None:
    if raw is None:
        return None
    active, slots, trial, fell_back, untold, *more = cbor2.loads(raw)
    changes = tuple(FirmwareChange(was, to, FirmwareOutcome(how), FirmwareCause(why)) for was, to, how, why in untold)
    kept = tuple((slot, SlotImage(*image)) for slot, image in slots.items())
    return BootRecord(active, kept, trial, fell_back, changes, more[0] if more else SOAK_S)


def _unpack_update(raw: bytes | None) -> Update | None:
    return Update(*cbor2.loads(raw)[:3]) if raw else None
