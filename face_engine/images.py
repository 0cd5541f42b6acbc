"""From bytes that anybody may have sent to an upright picture of bounded size, and back to bytes without metadata."""

import cv2
import numpy as np

from face_engine.engine import Image
from face_engine.errors import ImageProblem, UnusableImage
from face_engine.image_headers import DeclaredSize, declared_size

MIN_SIDE_PX = 48
JPEG_QUALITY = 92
_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


def decode_image(
    raw: bytes, *, max_bytes: int = 8_000_000, max_pixels: int = 24_000_000, max_side_px: int = 1280
) -> Image:
    """A JPEG, PNG or WebP as an upright picture no side of which is above `max_side_px`; UnusableImage says why not.

    The declared size is checked before anything is decoded; the EXIF orientation is obeyed.
    """
    if not raw:
        raise UnusableImage(ImageProblem.EMPTY, "The picture is empty. Choose a photograph and send it again.")
    if len(raw) > max_bytes:
        raise UnusableImage(
            ImageProblem.TOO_MANY_BYTES, f"The picture has {len(raw):,} bytes; at most {max_bytes:,} are accepted."
        )
    size = declared_size(raw)
    _check_size(size, max_pixels)
    return _bounded(_decode(raw, size, max_side_px), max_side_px)


def encode_jpeg(image: Image) -> bytes:
    """The picture as JPEG: pixels only, so no EXIF, no place, no thumbnail of the original."""
    written, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not written:
        raise UnusableImage(ImageProblem.DAMAGED, "The picture could not be written as JPEG.")
    return buffer.tobytes()


def _check_size(size: DeclaredSize, max_pixels: int) -> None:
    if size.width * size.height > max_pixels:
        raise UnusableImage(
            ImageProblem.TOO_MANY_PIXELS,
            f"The picture claims {size.width} x {size.height} pixels; at most {max_pixels:,} in all are accepted.",
        )
    if min(size.width, size.height) < MIN_SIDE_PX:
        raise UnusableImage(
            ImageProblem.TOO_FEW_PIXELS,
            f"The picture is {size.width} x {size.height} pixels; each side must have at least {MIN_SIDE_PX}.",
        )


def _decode(raw: bytes, size: DeclaredSize, max_side_px: int) -> Image:
    longest = max(size.width, size.height)
    # JPEG can be decoded at a fraction of its size, which saves most of the time and memory of a large photograph.
    mode = next((flag for factor, flag in _REDUCED if longest >= factor * max_side_px), cv2.IMREAD_COLOR)
    try:
        image = cv2.imdecode(np.frombuffer(raw, np.uint8), mode)
    except (cv2.error, MemoryError) as error:
        raise _undecodable() from error
    if image is None or image.dtype != np.uint8:
        raise _undecodable()
    return np.asarray(image, np.uint8)


def _bounded(image: Image, max_side_px: int) -> Image:
    height, width = image.shape[:2]
    scale = max_side_px / max(height, width)
    if scale >= 1.0:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _undecodable() -> UnusableImage:
    return UnusableImage(ImageProblem.DAMAGED, "This picture is damaged and cannot be read. Send it again.")
