"""The default engine: YuNet finds, SFace describes. Score = cosine of two unit vectors, -1 to 1."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from face_engine.engine import SFACE_ID, DetectorTraits, Embedding, EngineName, FaceBox, Image, Thresholds
from face_engine.model_files import SFACE, read_checked
from face_engine.pool import NetPool
from face_engine.yunet import YuNet

SFACE_THRESHOLDS = Thresholds(
    engine_id=SFACE_ID,
    one_to_one_accept=0.40,
    one_to_one_review=0.30,
    one_to_many_accept=0.45,
    one_to_many_accept_large=0.50,
    margin=0.05,
)
CROP_PX = 112
# Where SFace was trained to see the eyes, the nose tip and the mouth corners of a 112 x 112 crop.
CROP_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


class SFaceEngine:
    """The engine `sface`."""

    name = EngineName.SFACE
    engine_id = SFACE_ID
    model_hash = SFACE.short_hash
    thresholds = SFACE_THRESHOLDS
    # Upside-down faces were seen as upright ones with a confidence of up to 0.91, truly upright ones with 0.91 to 0.95.
    detector = DetectorTraits(sure_from=0.92, second_from=0.80, landmarks_drift=True)

    def __init__(self) -> None:
        model = np.frombuffer(read_checked(SFACE), np.uint8)
        self._detector = YuNet()
        # Not cv2.FaceRecognizerSF: in OpenCV 5.0 its feature() fails on this quantised file.
        self._pool = NetPool(lambda: cv2.dnn.readNetFromONNX(model))

    def detect(self, image: Image) -> tuple[FaceBox, ...]:
        """All faces, the largest first."""
        return self._detector.detect(image)

    def embed(self, image: Image, face: FaceBox) -> Embedding:
        """The unit embedding of a face that `detect` found in this very picture."""
        crop = cv2.warpAffine(image, _alignment(np.array(face.points)), (CROP_PX, CROP_PX))
        blob = cv2.dnn.blobFromImage(crop, 1.0, (CROP_PX, CROP_PX), (0, 0, 0), swapRB=True, crop=False)
        with self._pool.borrow() as net:
            net.setInput(blob, "data")
            features = np.asarray(net.forward(), np.float32).reshape(-1)
        return _unit(features)

    def combine(self, embeddings: Sequence[Embedding]) -> Embedding:
        """The mean of unit embeddings, brought back to unit length."""
        return _unit(np.mean(np.stack(embeddings), axis=0))

    def score(self, a: Embedding, b: Embedding) -> float:
        """The cosine of the angle between two embeddings."""
        return float(np.dot(_unit(a), _unit(b)))


def _unit(vector: NDArray[np.float32]) -> Embedding:
    return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)


def _alignment(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The turn, scale and shift that best carries five landmarks onto CROP_POINTS (Umeyama 1991), as a 2 x 3 matrix."""
    centre, goal_centre = points.mean(axis=0), CROP_POINTS.mean(axis=0)
    source, goal = points - centre, CROP_POINTS - goal_centre
    left, spread, right = np.linalg.svd(goal.T @ source)
    mirror = np.array([1.0, np.sign(np.linalg.det(left @ right)) or 1.0])
    scale = float((spread * mirror).sum() / max(float((source**2).sum()), 1e-9))
    turn = scale * (left * mirror) @ right
    return np.hstack([turn, (goal_centre - turn @ centre)[:, None]])
