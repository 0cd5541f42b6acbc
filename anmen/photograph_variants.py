"""Another picture of the same person, made from one: a little lighter or darker, cropped, slightly turned, never mirrored."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from face_engine import decode_image, encode_jpeg


@dataclass(frozen=True, slots=True)
class _Change:
    light: float
    turn_deg: float
    zoom: float
    shift: tuple[float, float]


_CHANGES = (
    _Change(light=0.90, turn_deg=2.0, zoom=1.05, shift=(0.01, 0.00)),
    _Change(light=1.08, turn_deg=-2.5, zoom=1.03, shift=(-0.01, 0.01)),
    _Change(light=0.84, turn_deg=1.0, zoom=1.08, shift=(0.00, -0.01)),
    _Change(light=1.04, turn_deg=3.5, zoom=1.06, shift=(-0.02, 0.00)),
)


def write_variant(original: Path, variant: Path, number: int) -> Path:
    """Writes the variant of that number (there are four) as JPEG and returns its path."""
    image, change = decode_image(original.read_bytes()), _CHANGES[number % len(_CHANGES)]
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), change.turn_deg, change.zoom)
    turn[:, 2] += np.array([change.shift[0] * width, change.shift[1] * height])
    moved = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    lit = np.clip(moved.astype(np.float32) * change.light, 0, 255).astype(np.uint8)
    variant.parent.mkdir(parents=True, exist_ok=True)
    variant.write_bytes(encode_jpeg(lit))
    return variant
