"""What the browser's camera shows: somebody's photographs, as a film."""

from pathlib import Path

import cv2
import pytest

from face_engine import decode_image
from tests.faces.collection import FOLDER, Photograph, photographs

WHO = "Barack_Obama"
_SIZE = (640, 480)
_FRAMES_EACH = 10


def live_pictures() -> list[Path]:
    """Three clean photographs of one person; skips by name where the photographs are not beside the checkout."""
    return [FOLDER / one.file for one in _clean()[:3]]


def portrait() -> Path:
    """Another photograph of the same person, as small and poor as on an ID card."""
    chip = next(one for one in photographs("idchip") if one.identity == WHO)
    return FOLDER / chip.file


def stranger() -> list[Path]:
    """Three photographs of somebody else."""
    return [FOLDER / one.file for one in photographs("face") if one.identity not in {WHO, ""}][:3]


def write_film(path: Path) -> Path | None:
    """The person's live pictures one after the other as motion JPEG; None where there are no photographs."""
    if not (FOLDER / "labels.csv").is_file():
        return None
    with path.open("wb") as film:
        for picture in live_pictures():
            frame = decode_image(picture.read_bytes())
            scale = min(_SIZE[0] / frame.shape[1], _SIZE[1] / frame.shape[0])
            small = cv2.resize(frame, None, fx=scale, fy=scale)
            left, top = (_SIZE[0] - small.shape[1]) // 2, (_SIZE[1] - small.shape[0]) // 2
            whole = cv2.copyMakeBorder(
                small,
                top,
                _SIZE[1] - small.shape[0] - top,
                left,
                _SIZE[0] - small.shape[1] - left,
                cv2.BORDER_REPLICATE,
            )
            film.write(cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes() * _FRAMES_EACH)
    return path


def _clean() -> list[Photograph]:
    if not (FOLDER / "labels.csv").is_file():
        pytest.skip("needs the photographs in ../shared/faces")
    chip = next(one for one in photographs("idchip") if one.identity == WHO)
    return [one for one in photographs("face") if one.identity == WHO and one.file != chip.base]
