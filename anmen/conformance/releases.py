"""Images that a lock's maker has signed for the kit: drawn up on the spot with the maker's key, or read from a folder.

A folder holds <role>.bin, the image, for the roles that are installed, and <role>-<sequence>.manifest, the signed manifest. What has to be
signed is listed by `anmen conformance images`.
"""

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import cbor2

from anmen.conformance.verdict import NotTried
from device_sim.firmware_image import Behaviour, FirmwareImage, write_image
from firmware_protocol.firmware import LARGEST_IMAGE
from firmware_protocol.manifest import Manifest, encode_manifest, seal_manifest

# Above every sequence that is installed; a refused image raises nothing.
NEVER_RUN = (1 << 31) - 1
GOOD_ONES = 16
# More chunks than may be asked for at once, twice.
SIMULATED_BYTES = 40_000


class Role(StrEnum):
    """What an image is for. Those that are never installed need a manifest only."""

    GOOD = "good"
    HANGS = "hangs"
    LATER = "later"
    CONDITION = "condition"
    WRONG_VENDOR = "wrong-vendor"
    WRONG_CLASS = "wrong-class"
    OLD = "old"
    NEEDS_NEWER = "needs-newer"
    TOO_LARGE = "too-large"


WHAT = {
    Role.GOOD: f"the firmware as it is, under {GOOD_ONES} sequences that follow the one that runs; it is installed again and again",
    Role.HANGS: "firmware that does nothing from its first instruction on; the lock must come back from it by itself",
    Role.LATER: "the good image; its manifest has unknown keys more: 60: 7 and 200: [1, h'00']",
    Role.CONDITION: "the good image; its manifest has an unknown negative key more: -1: 1",
    Role.WRONG_VENDOR: "the good image for another vendor id",
    Role.WRONG_CLASS: "the good image for another class id",
    Role.OLD: "the good image under the sequence 1",
    Role.NEEDS_NEWER: f"the good image with {NEVER_RUN} as the lowest sequence that may be running (key 121)",
    Role.TOO_LARGE: f"any digest, and the largest size there is, {LARGEST_IMAGE:,} bytes",
}
INSTALLED = (Role.GOOD, Role.HANGS)


@dataclass(frozen=True, slots=True)
class Model:
    """What a lock says of itself in its birth: the sequence that runs, and for whose hardware images must be."""

    sequence: int
    vendor_id: bytes
    class_id: bytes


@dataclass(frozen=True, slots=True)
class Release:
    """One image with its signed manifest; `image` is empty where it is never installed."""

    sequence: int
    digest: bytes
    envelope: bytes
    image: bytes = b""

    def damaged(self) -> bytes:
        """The image with one bit flipped in its last byte."""
        return self.image[:-1] + bytes([self.image[-1] ^ 1])


class Releases(Protocol):
    """Where signed images come from."""

    def release(self, role: Role, model: Model, spent: Collection[int] = ()) -> Release:
        """An image of that role for the lock, under none of the spent sequences; NotTried where there is none."""


@dataclass(frozen=True, slots=True)
class MadeReleases:
    """Simulated images, signed with the maker's private key (32 bytes)."""

    key: bytes

    def release(self, role: Role, model: Model, spent: Collection[int] = ()) -> Release:
        """As it is needed."""
        sequence = NEVER_RUN - (role is Role.HANGS)
        if role is Role.GOOD:
            sequence = next(one for one in range(model.sequence + 1, NEVER_RUN) if one not in spent)
        return signed(role, sequence, model, image=simulated(role), key=self.key)


@dataclass(frozen=True, slots=True)
class FolderReleases:
    """What the maker has signed, in a folder."""

    folder: Path

    def release(self, role: Role, model: Model, spent: Collection[int] = ()) -> Release:
        """The lowest sequence that fits."""
        floor = model.sequence if role is Role.GOOD else 0
        fitting = {number: path for number, path in self._of(role).items() if number > floor and number not in spent}
        if not fitting:
            raise NotTried(
                f"{self.folder} has no {role.value}-<sequence>.manifest that fits (sequence {model.sequence} runs); "
                "see anmen conformance images"
            )
        sequence = min(fitting)
        image = self._image(role) if role in INSTALLED else b""
        envelope = fitting[sequence].read_bytes()
        return Release(sequence, _digest(envelope), envelope, image)

    def _image(self, role: Role) -> bytes:
        path = self.folder / f"{role.value}.bin"
        if not path.is_file():
            raise NotTried(f"{path} is missing; see anmen conformance images")
        return path.read_bytes()

    def _of(self, role: Role) -> dict[int, Path]:
        names = {
            path.stem.removeprefix(f"{role.value}-"): path for path in self.folder.glob(f"{role.value}-*.manifest")
        }
        return {int(number): path for number, path in names.items() if number.isdecimal()}


def simulated(role: Role) -> bytes:
    """An image for a simulated lock."""
    behaviour = Behaviour.HANGS if role is Role.HANGS else Behaviour.GOOD
    return write_image(FirmwareImage("of the kit", behaviour), SIMULATED_BYTES)


def signed(role: Role, sequence: int, model: Model, *, image: bytes, key: bytes) -> Release:
    """The image under a manifest as its role wants it, signed."""
    manifest = _manifest(role, sequence, model, image)
    said = cbor2.loads(encode_manifest(manifest))
    more: dict[Role, dict[int, object]] = {Role.LATER: {60: 7, 200: [1, b"\0"]}, Role.CONDITION: {-1: 1}}
    # Deterministic encoding orders keys by their bytes: the negative ones come last.
    whole = dict(sorted({**said, **more.get(role, {})}.items(), key=lambda pair: cbor2.dumps(pair[0])))
    return Release(manifest.sequence, manifest.digest, seal_manifest(cbor2.dumps(whole), key), image)


def _digest(envelope: bytes) -> bytes:
    """What a manifest says of its image; NotTried where it is none."""
    try:
        return bytes(cbor2.loads(cbor2.loads(envelope).value[2])[103])
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, cbor2.CBORDecodeError) as garbled:
        raise NotTried("a signed manifest of the kit's images cannot be read") from garbled


def _manifest(role: Role, sequence: int, model: Model, image: bytes) -> Manifest:
    usual = Manifest(
        sequence, model.vendor_id, model.class_id, hashlib.sha256(image).digest(), len(image), f"kit {role.value}"
    )
    match role:
        case Role.WRONG_VENDOR:
            return replace(usual, vendor_id=bytes(reversed(model.vendor_id)))
        case Role.WRONG_CLASS:
            return replace(usual, class_id=bytes(reversed(model.class_id)))
        case Role.OLD:
            return replace(usual, sequence=1)
        case Role.NEEDS_NEWER:
            return replace(usual, needs_running=NEVER_RUN)
        case Role.TOO_LARGE:
            return replace(usual, size=LARGEST_IMAGE, digest=os.urandom(32))
    return usual
