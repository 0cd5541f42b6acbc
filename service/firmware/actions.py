"""Firmware releases: take one into stock, and hand its image out."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.manifest import Manifest, ManifestRefused, verify
from service.audit import actions as audit
from service.audit.rules import Act
from service.errors import BadInput, Conflict
from service.firmware import records
from service.firmware.records import Release
from service.firmware.rules import ReleaseId

SHELF_BYTES = 64 << 20


@dataclass(slots=True)
class Shelf:
    """Images that were asked for lately, in memory; the database has them all."""

    _images: dict[bytes, bytes] = field(default_factory=dict)

    def image(self, session: Session, digest: bytes) -> bytes | None:
        """The image with this digest, or None where no release has it."""
        found = self._images.pop(digest, None) or records.image_of(session, digest)
        if found is not None:
            self._images[digest] = found
            while sum(map(len, self._images.values())) > SHELF_BYTES and len(self._images) > 1:
                del self._images[next(iter(self._images))]
        return found


def add_release(
    session: Session, image: bytes, envelope: bytes, *, vendor_key: bytes, now: datetime
) -> tuple[ReleaseId, Manifest]:
    """Take a release into stock. BadInput where the manifest is not the vendor's or not this image's, Conflict where it is known."""
    try:
        manifest = verify(envelope, vendor_key)
    except (ManifestRefused, ValueError) as refused:
        raise BadInput(f"The manifest cannot be used: {refused}.", code="firmware_manifest") from refused
    if not manifest.describes(image):
        raise BadInput("The manifest is for another file: digest or size differ.", code="firmware_image")
    release = records.append_release(session, manifest, envelope, image, now)
    if release is None:
        raise Conflict("This image, or another with the same sequence for the same hardware, has been added before.")
    audit.record(session, None, Act.FIRMWARE_ADDED, str(release), now=now, sequence=manifest.sequence)
    return release, manifest


def releases(session: Session) -> list[Release]:
    """What is in stock, newest first."""
    return records.releases(session)
