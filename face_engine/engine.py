"""What a face engine is: the one interface both engines stand behind, and the values they speak in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""Height x width x 3, eight bits, blue-green-red, upright."""
Embedding: TypeAlias = NDArray[np.float32]
"""128 numbers; of unit length where the engine is sface."""
Point: TypeAlias = tuple[float, float]

EMBEDDING_SIZE = 128
SFACE_ID, DLIB_ID = 1, 2
"""Engine ids are written into templates on locks: never give one to another engine."""


class EngineName(StrEnum):
    """The engines that can be chosen by one setting."""

    SFACE = "sface"
    FACE_RECOGNITION = "face_recognition"


@dataclass(frozen=True, slots=True)
class FaceBox:
    """One face as an engine found it: pixels of the picture it was found in, x to the right, y downwards."""

    x: float
    y: float
    width: float
    height: float
    confidence: float
    points: tuple[Point, ...]
    """The engine's own five landmarks. sface: both eyes, nose tip, both mouth corners, picture-left one first."""
    left_eye: Point
    """Centre of the eye on the left of the picture."""
    right_eye: Point

    @property
    def centre(self) -> Point:
        """The middle of the box."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def roll_deg(self) -> float:
        """How far the eyes are from level, in degrees, clockwise positive as seen in the picture."""
        rise, run = self.right_eye[1] - self.left_eye[1], self.right_eye[0] - self.left_eye[0]
        return math.degrees(math.atan2(rise, run))


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Scores from which an engine's answer counts; on that engine's own scale and on no other."""

    engine_id: int
    one_to_one_accept: float
    one_to_one_review: float
    """From here up to `one_to_one_accept` a person decides."""
    one_to_many_accept: float
    one_to_many_accept_large: float
    """Instead of `one_to_many_accept` when the gallery holds more than `LARGE_GALLERY` templates."""
    margin: float
    """The best person must be this far ahead of the second person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorTraits:
    """What is known about how an engine's detector behaves."""

    sure_from: float
    """From this confidence a face is surely the right way up."""
    second_from: float
    """From this confidence a further face counts as a second person."""
    landmarks_drift: bool
    """Whether the landmarks of small or tilted faces need a second, closer look."""


class FaceEngine(Protocol):
    """Finds faces and turns them into embeddings; safe to share between threads."""

    @property
    def name(self) -> EngineName:
        """Which engine this is."""

    @property
    def engine_id(self) -> int:
        """1 = sface, 2 = face_recognition; written into every template."""

    @property
    def model_hash(self) -> bytes:
        """First four bytes of the SHA-256 of the embedding model file."""

    @property
    def thresholds(self) -> Thresholds:
        """Recommended thresholds; a caller may use others by `dataclasses.replace`."""

    @property
    def detector(self) -> DetectorTraits:
        """How far this engine's `detect` can be relied upon."""

    def detect(self, image: Image) -> tuple[FaceBox, ...]:
        """All faces of a picture, the largest first; empty when there is none."""

    def embed(self, image: Image, face: FaceBox) -> Embedding:
        """The embedding of a face that `detect` found in this very picture."""

    def combine(self, embeddings: Sequence[Embedding]) -> Embedding:
        """One embedding for several pictures of one person: their mean, in the form `embed` gives."""

    def score(self, a: Embedding, b: Embedding) -> float:
        """How alike two embeddings of this engine are; higher is more alike."""


def thresholds_for(engine: FaceEngine, chosen: Thresholds | None) -> Thresholds:
    """The chosen thresholds, or the engine's own where none were; ValueError when they belong to another engine."""
    if chosen is not None and chosen.engine_id != engine.engine_id:
        raise ValueError(f"these thresholds are for engine {chosen.engine_id}, not for {engine.name}")
    return chosen or engine.thresholds


def largest_first(faces: Sequence[FaceBox]) -> tuple[FaceBox, ...]:
    """The faces in falling order of area."""
    return tuple(sorted(faces, key=lambda face: face.width * face.height, reverse=True))
