"""From a picture to the one face in it: found, levelled, judged, described."""

from dataclasses import dataclass

import cv2

from face_engine.engine import Embedding, FaceBox, FaceEngine, Image
from face_engine.levelling import View, level, look
from face_engine.quality import LIVE_LIMITS, FaceProblem, FaceQuality, FrameLimits, judge, measure

_BLACK_BELOW, _WHITE_ABOVE = 30.0, 235.0


@dataclass(frozen=True, slots=True)
class FoundFace:
    """The one usable face of a picture; `box` is in the picture turned by `quarter_turns` x 90 degrees anticlockwise."""

    box: FaceBox
    quality: FaceQuality
    embedding: Embedding
    quarter_turns: int = 0


def find_one_face(engine: FaceEngine, image: Image, *, limits: FrameLimits = LIVE_LIMITS) -> FoundFace | FaceProblem:
    """The one face of a picture with its embedding, or why there is none to be used."""
    view = look(engine, image, try_quarter_turns=limits.try_quarter_turns)
    if not view.faces:
        return _why_no_face(image)
    if _has_second_person(engine, view, limits):
        return FaceProblem.SEVERAL_FACES
    levelled = level(engine, view.image, view.faces[0])
    quality = measure(view.image, levelled)
    problem = judge(quality, limits)
    if problem is not None:
        return problem
    return FoundFace(levelled.face, quality, engine.embed(view.image, levelled.face), view.quarter_turns)


def _has_second_person(engine: FaceEngine, view: View, limits: FrameLimits) -> bool:
    largest, *others = view.faces
    return any(
        face.height >= limits.second_face_from * largest.height and face.confidence >= engine.detector.second_from
        for face in others
    )


def _why_no_face(image: Image) -> FaceProblem:
    light = float(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).mean())
    if light < _BLACK_BELOW:
        return FaceProblem.TOO_DARK
    return FaceProblem.TOO_BRIGHT if light > _WHITE_ABOVE else FaceProblem.NO_FACE
