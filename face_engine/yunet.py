"""YuNet, the face detector of the default engine and of the liveness challenge."""

import cv2
import numpy as np

from face_engine.engine import FaceBox, Image, largest_first
from face_engine.model_files import YUNET, read_checked
from face_engine.pool import NetPool

DETECTION_SIDE_PX = 640
SCORE_FROM = 0.7
NMS_FROM = 0.3
KEEP = 200


class YuNet:
    """Finds faces with five landmarks each (eyes, nose tip, mouth corners)."""

    def __init__(self) -> None:
        model = np.frombuffer(read_checked(YUNET), np.uint8)
        nothing = np.empty(0, np.uint8)
        self._pool = NetPool(
            lambda: cv2.FaceDetectorYN.create("onnx", model, nothing, (320, 320), SCORE_FROM, NMS_FROM, KEEP)
        )

    def detect(self, image: Image) -> tuple[FaceBox, ...]:
        """All faces, the largest first; a picture with a side above 640 px is searched on a smaller copy."""
        height, width = image.shape[:2]
        scale = min(1.0, DETECTION_SIDE_PX / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = image if scale == 1.0 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        with self._pool.borrow() as net:
            net.setInputSize(size)
            rows = net.detect(small)[1]
        if rows is None:
            return ()
        return largest_first([_face(row, width / size[0], height / size[1]) for row in np.asarray(rows)])


def _face(row: np.ndarray[tuple[int], np.dtype[np.float32]], across: float, down: float) -> FaceBox:
    x, y, width, height = (float(value) for value in row[:4])
    points = tuple((float(row[i]) * across, float(row[i + 1]) * down) for i in range(4, 14, 2))
    return FaceBox(
        x=x * across,
        y=y * down,
        width=width * across,
        height=height * down,
        confidence=float(row[14]),
        points=points,
        left_eye=points[0],
        right_eye=points[1],
    )
