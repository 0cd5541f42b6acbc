"""Several pictures of one person into one embedding: the mean of three misses ten times less often than one picture.

Every two of them must be alike enough to be accepted 1:1. Anything laxer lets two people share one template: the mean of both
would open the door to either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np

from face_engine.engine import Embedding, FaceEngine, Image, Thresholds, thresholds_for
from face_engine.finding import FoundFace, find_one_face
from face_engine.quality import LIVE_LIMITS, FaceProblem, FaceQuality, FrameLimits

MIN_FRAMES = 3


class EnrolmentProblem(StrEnum):
    """Why pictures that are each in order make no enrolment together."""

    TOO_FEW_FRAMES = "too_few_frames"
    ANOTHER_PERSON = "another_person"


@dataclass(frozen=True, slots=True)
class FrameFault:
    """What is wrong with one picture; `frame` counts from 0."""

    frame: int
    problem: FaceProblem | EnrolmentProblem


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One embedding for a person and what it was made of."""

    embedding: Embedding
    qualities: tuple[FaceQuality, ...]
    lowest_score: float
    """The score of the two pictures that are least alike."""


@dataclass(frozen=True, slots=True)
class EnrolmentRefused:
    """Why nothing was enrolled: one entry for each picture to be taken again."""

    faults: tuple[FrameFault, ...]


def enrol(
    engine: FaceEngine,
    frames: Sequence[Image],
    *,
    limits: FrameLimits = LIVE_LIMITS,
    thresholds: Thresholds | None = None,
) -> Enrolled | EnrolmentRefused:
    """One embedding from at least three pictures, each with one usable face, all of the same person."""
    same_from = thresholds_for(engine, thresholds).one_to_one_accept
    found = [find_one_face(engine, frame, limits=limits) for frame in frames]
    faults = [FrameFault(at, face) for at, face in enumerate(found) if isinstance(face, FaceProblem)]
    if len(frames) < MIN_FRAMES:
        faults.append(FrameFault(len(frames), EnrolmentProblem.TOO_FEW_FRAMES))
    if faults:
        return EnrolmentRefused(tuple(faults))
    faces = [face for face in found if isinstance(face, FoundFace)]
    return _joined(engine, faces, same_from)


def enrol_faces(
    engine: FaceEngine, faces: Sequence[FoundFace], *, thresholds: Thresholds | None = None
) -> Enrolled | EnrolmentRefused:
    """The same for faces that were found one after another, their pictures gone: a lock keeps none."""
    if len(faces) < MIN_FRAMES:
        return EnrolmentRefused((FrameFault(len(faces), EnrolmentProblem.TOO_FEW_FRAMES),))
    return _joined(engine, faces, thresholds_for(engine, thresholds).one_to_one_accept)


def _joined(engine: FaceEngine, faces: Sequence[FoundFace], same_from: float) -> Enrolled | EnrolmentRefused:
    embeddings = [face.embedding for face in faces]
    scores = np.full((len(faces), len(faces)), np.nan)
    for a, b in combinations(range(len(faces)), 2):
        scores[a, b] = scores[b, a] = engine.score(embeddings[a], embeddings[b])
    odd = _odd_ones(scores, same_from)
    if odd:
        return EnrolmentRefused(tuple(FrameFault(at, EnrolmentProblem.ANOTHER_PERSON) for at in odd))
    qualities = tuple(face.quality for face in faces)
    return Enrolled(engine.combine(embeddings), qualities, float(np.nanmin(scores)))


def _odd_ones(scores: np.ndarray[tuple[int, int], np.dtype[np.float64]], same_from: float) -> list[int]:
    """The pictures to take again so that all that remain are one person, the least fitting picture first."""
    odd: list[int] = []
    rest = list(range(len(scores)))
    while len(rest) > 1 and np.nanmin(scores[np.ix_(rest, rest)]) < same_from:
        least = min(rest, key=lambda at: float(np.nanmean(scores[at, [other for other in rest if other != at]])))
        rest.remove(least)
        odd.append(least)
    return odd
