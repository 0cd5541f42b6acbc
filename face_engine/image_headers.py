"""Reads what a picture file declares about itself, before any decoder is let loose on it."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from face_engine.errors import ImageProblem, UnusableImage

MAX_SCANS = 32
"""A progressive JPEG needs about ten passes over the picture; a hostile one holds thousands."""
HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
_END_OF_PICTURE = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class DeclaredSize:
    """Width and height in pixels as the header states them, before any turning."""

    width: int
    height: int


def declared_size(raw: bytes) -> DeclaredSize:
    """The size a JPEG, PNG or WebP declares; UnusableImage for anything else and for broken headers."""
    try:
        if raw.startswith(b"\xff\xd8\xff"):
            return _jpeg_size(raw)
        if raw.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png_size(raw)
        if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
            return _webp_size(raw)
    except (struct.error, IndexError) as error:
        raise _damaged() from error
    if raw[4:8] == b"ftyp" and raw[8:12] in HEIC_BRANDS:
        raise UnusableImage(
            ImageProblem.HEIC,
            "HEIC and AVIF pictures cannot be read. Set the phone's camera to 'most compatible' or send a JPEG.",
        )
    raise UnusableImage(ImageProblem.NOT_AN_IMAGE, "This file is not a picture. Send a JPEG, PNG or WebP.")


def _jpeg_size(raw: bytes) -> DeclaredSize:
    sizes, scan_at = [], 2
    for marker, at in _jpeg_segments(raw):
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", raw, at + 3)
            sizes.append(DeclaredSize(width, height))
        scan_at = at
    if len(sizes) != 1 or raw.find(_END_OF_PICTURE, scan_at) < 0:
        raise _damaged()
    # Inside a scan 0xFF is always followed by a zero or a restart, so each of these really begins another scan.
    if raw.count(b"\xff\xda", scan_at) > MAX_SCANS:
        raise UnusableImage(
            ImageProblem.TOO_MANY_PIXELS, "This JPEG is built in too many layers. Save it again as a plain JPEG."
        )
    return sizes[0]


def _jpeg_segments(raw: bytes) -> Iterator[tuple[int, int]]:
    """The marker and the offset behind it of each segment up to and with the first scan."""
    at, marker = 2, 0
    while marker != _START_OF_SCAN:
        while raw[at] == raw[at + 1] == 0xFF:
            at += 1
        if raw[at] != 0xFF:
            raise _damaged()
        marker, at = raw[at + 1], at + 2
        if marker in _NO_LENGTH:
            continue
        yield marker, at
        (length,) = struct.unpack_from(">H", raw, at)
        at += max(length, 2)


def _png_size(raw: bytes) -> DeclaredSize:
    width, height = struct.unpack_from(">II", raw, 16)
    first_pixels = raw.find(b"IDAT")
    if raw[12:16] != b"IHDR" or first_pixels < 0 or raw.find(b"IEND", first_pixels) < 0:
        raise _damaged()
    if b"acTL" in raw[:first_pixels]:
        raise _animated()
    return DeclaredSize(width, height)


def _webp_size(raw: bytes) -> DeclaredSize:
    kind = raw[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", raw, 26)
        return DeclaredSize(width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", raw, 21)
        return DeclaredSize((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        if raw[20] & 0x02:
            raise _animated()
        width, height = (int.from_bytes(raw[at : at + 3], "little") + 1 for at in (24, 27))
        return DeclaredSize(width, height)
    raise _damaged()


def _damaged() -> UnusableImage:
    return UnusableImage(ImageProblem.DAMAGED, "This picture is damaged or was cut off on its way. Send it again.")


def _animated() -> UnusableImage:
    return UnusableImage(ImageProblem.ANIMATED, "This is a moving picture. Send a single photograph.")
