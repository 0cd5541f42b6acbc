"""The second engine: dlib's HOG detector, five landmarks and ResNet, the parts behind `face_recognition`.

dlib is used directly and loads only the five-point landmark file (CC0). The 68-point file of the same package comes from
iBUG 300-W, which excludes commercial use; nothing here opens it.

dlib measures a Euclidean distance, where lower is more alike. The score is `1 - distance`: falling distances give rising
scores, equal steps stay equal, and the well-known limit of 0.6 becomes a score of 0.40.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from face_engine.engine import DLIB_ID, DetectorTraits, Embedding, EngineName, FaceBox, Image, Thresholds, largest_first
from face_engine.errors import ModelMissing
from face_engine.model_files import DLIB_FIVE_POINTS, DLIB_RESNET, locate, read_checked
from face_engine.pool import NetPool

DLIB_THRESHOLDS = Thresholds(
    engine_id=DLIB_ID,
    one_to_one_accept=0.50,
    one_to_one_review=0.40,
    one_to_many_accept=0.55,
    one_to_many_accept_large=0.60,
    margin=0.05,
)
DETECTION_SIDE_PX = 640
UPSAMPLE = 1


@dataclass(frozen=True, slots=True)
class _Nets:
    find: Any
    landmarks: Any
    describe: Any


class DlibEngine:
    """The engine `face_recognition`."""

    name = EngineName.FACE_RECOGNITION
    engine_id = DLIB_ID
    model_hash = DLIB_RESNET.short_hash
    thresholds = DLIB_THRESHOLDS
    # Its landmarks follow a tilted head by themselves: levelling changed nothing when measured and costs 100 ms.
    detector = DetectorTraits(sure_from=0.0, second_from=0.0, landmarks_drift=False)

    def __init__(self) -> None:
        # dlib has no type information, so it is imported as an untyped module in this one place.
        try:
            self._dlib: Any = importlib.import_module("dlib")
        except ImportError as error:
            raise ModelMissing("dlib is not installed. Install it with: pip install dlib-bin==20.0.1.post1") from error
        for model in (DLIB_FIVE_POINTS, DLIB_RESNET):
            read_checked(model)
        self._pool = NetPool(self._load)

    def _load(self) -> _Nets:
        return _Nets(
            self._dlib.get_frontal_face_detector(),
            self._dlib.shape_predictor(str(locate(DLIB_FIVE_POINTS))),
            self._dlib.face_recognition_model_v1(str(locate(DLIB_RESNET))),
        )

    def detect(self, image: Image) -> tuple[FaceBox, ...]:
        """All faces, the largest first; a picture with a side above 640 px is searched on a smaller copy."""
        scale = max(1.0, max(image.shape[:2]) / DETECTION_SIDE_PX)
        size = round(image.shape[1] / scale), round(image.shape[0] / scale)
        small = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
        with self._pool.borrow() as nets:
            found, scores, _ = nets.find.run(small, UPSAMPLE, 0.0)
            shapes = [nets.landmarks(small, rectangle) for rectangle in found]
        return largest_first([_face(shape, score, scale) for shape, score in zip(shapes, scores, strict=True)])

    def embed(self, image: Image, face: FaceBox) -> Embedding:
        """The embedding (not of unit length) of a face that `detect` found in this very picture."""
        box = self._dlib.rectangle(*(round(v) for v in (face.x, face.y, face.x + face.width, face.y + face.height)))
        points = [self._dlib.point(round(x), round(y)) for x, y in face.points]
        shape = self._dlib.full_object_detection(box, points)
        picture = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        with self._pool.borrow() as nets:
            return np.array(list(nets.describe.compute_face_descriptor(picture, shape)), np.float32)

    def combine(self, embeddings: Sequence[Embedding]) -> Embedding:
        """The plain mean: distances are Euclidean, so the length matters and is kept."""
        return np.asarray(np.mean(np.stack(embeddings), axis=0), np.float32)

    def score(self, a: Embedding, b: Embedding) -> float:
        """One minus the Euclidean distance."""
        return 1.0 - float(np.linalg.norm(a - b))


def _face(shape: Any, score: float, scale: float) -> FaceBox:
    points = tuple((part.x * scale, part.y * scale) for part in shape.parts())
    # dlib's five points: the outer and inner corner of the eye on the right, those on the left, the base of the nose.
    right, left = (tuple(np.mean(points[i : i + 2], axis=0)) for i in (0, 2))
    return FaceBox(
        x=shape.rect.left() * scale,
        y=shape.rect.top() * scale,
        width=shape.rect.width() * scale,
        height=shape.rect.height() * scale,
        confidence=float(score),
        points=points,
        left_eye=(float(left[0]), float(left[1])),
        right_eye=(float(right[0]), float(right[1])),
    )
