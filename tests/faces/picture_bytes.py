"""Picture files made byte by byte, honest and hostile."""

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from face_engine import Image


def marked(width: int = 400, height: int = 300) -> Image:
    """A grey picture with a red upper left corner, so that it shows which way up it is."""
    image = np.full((height, width, 3), 128, np.uint8)
    image[: height // 4, : width // 4] = (0, 0, 255)
    return image


def red_corner(image: Image) -> str:
    """Where the red corner is now: top-left, top-right, bottom-left or bottom-right."""
    corners = {(v, h): image[y, x] for v, y in (("top", 8), ("bottom", -8)) for h, x in (("left", 8), ("right", -8))}
    (corner,) = [f"{v}-{h}" for (v, h), pixel in corners.items() if pixel[2] > 200 and pixel[0] < 80]
    return corner


def encoded(image: NDArray[np.uint8] | NDArray[np.uint16], suffix: str = ".jpg") -> bytes:
    """The picture as a file of that kind."""
    return cv2.imencode(suffix, image)[1].tobytes()


def tiff(orientation: int) -> bytes:
    """The EXIF body that says nothing but an orientation."""
    return b"MM\x00*\x00\x00\x00\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)


def jpeg_with_exif(image: Image, orientation: int) -> bytes:
    """A JPEG whose EXIF tells how the camera was held."""
    raw, exif = encoded(image), b"Exif\x00\x00" + tiff(orientation)
    return raw[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + raw[2:]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(side: int) -> bytes:
    """A real PNG of side x side white pixels, one bit each: small as a file, enormous once decoded to colour."""
    rows = zlib.compress((b"\x00" + b"\xff" * ((side + 7) // 8)) * side, 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def webp_canvas(width: int, height: int, *, flags: int = 0) -> bytes:
    """A WebP that only claims a canvas."""
    body = b"VP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0])
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def jpeg_of_many_scans(scans: int) -> bytes:
    """A JPEG that begins the same scan again and again."""
    raw = encoded(marked())
    scan = raw[raw.index(b"\xff\xda") : -2]
    return raw[:-2] + scan * scans + b"\xff\xd9"
