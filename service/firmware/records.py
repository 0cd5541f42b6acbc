"""Table and SQL of releases."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.manifest import Manifest
from service.firmware.rules import ReleaseId


class Release(NamedTuple):
    """One release, without its image."""

    id: ReleaseId
    vendor_id: bytes
    class_id: bytes
    sequence: int
    version: str
    digest: bytes
    size: int
    added_at: datetime


def append_release(
    session: Session, manifest: Manifest, envelope: bytes, image: bytes, now: datetime
) -> ReleaseId | None:
    """The new release, or None where this image, or this sequence of this class, is there already."""
    found = session.execute(
        text(
            "INSERT INTO firmware_release (vendor_id, class_id, sequence, version, digest, envelope, image, added_at)"
            " VALUES (:vendor, :class, :sequence, :version, :digest, :envelope, :image, :now) ON CONFLICT DO NOTHING RETURNING id"
        ),
        {
            "vendor": manifest.vendor_id,
            "class": manifest.class_id,
            "sequence": manifest.sequence,
            "version": manifest.version,
            "digest": manifest.digest,
            "envelope": envelope,
            "image": image,
            "now": now,
        },
    ).scalar()
    return None if found is None else ReleaseId(found)


_RELEASE = (
    "SELECT id, vendor_id, class_id, sequence, version, digest, octet_length(image), added_at FROM firmware_release"
)


def find_releases(session: Session, version: str) -> list[Release]:
    """Releases of that version, newest first."""
    rows = session.execute(text(f"{_RELEASE} WHERE version = :version ORDER BY id DESC"), {"version": version})
    return [Release(*row) for row in rows]


def releases(session: Session) -> list[Release]:
    """All releases, newest first."""
    return [Release(*row) for row in session.execute(text(f"{_RELEASE} ORDER BY id DESC"))]


def image_of(session: Session, digest: bytes) -> bytes | None:
    """A release's image."""
    found = session.execute(text("SELECT image FROM firmware_release WHERE digest = :digest"), {"digest": digest})
    return found.scalar()
