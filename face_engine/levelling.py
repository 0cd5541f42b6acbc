"""Turns pictures the right way up and finds the eyes of tilted heads exactly.

Measured on YuNet: its landmarks are right only when the face fills 200 pixels or more of what it looks at, and even then
it pulls the eyes of a tilted head towards the level. So a face is looked at again in a window of its own, turned by the
tilt seen so far, until nothing is left; the landmarks are then carried back, so that nothing is drawn twice.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from face_engine.engine import FaceBox, FaceEngine, Image

LEVEL_WITHIN_DEG = 5.0
MOST_LOOKS = 3
FACE_IN_WINDOW_PX = 320
LARGE_FACE_PX = 200
_WINDOW_PX = round(1.8 * FACE_IN_WINDOW_PX)
_DETECTION_SIDE_PX = 640


@dataclass(frozen=True, slots=True)
class View:
    """A picture turned by quarter turns (anticlockwise) and the faces in it, the largest first."""

    image: Image
    faces: tuple[FaceBox, ...]
    quarter_turns: int = 0

    @property
    def confidence(self) -> float:
        """How sure the detector is of its largest face; below zero when it found none."""
        return self.faces[0].confidence if self.faces else -1.0


@dataclass(frozen=True, slots=True)
class Levelled:
    """A face with exact landmarks, in the pixels of the picture it was found in."""

    face: FaceBox
    left_over_roll_deg: float


def look(engine: FaceEngine, image: Image, *, try_quarter_turns: bool) -> View:
    """The picture as it came, or turned by the quarter turns in which its face is seen most surely."""
    upright = View(image, engine.detect(image))
    if not try_quarter_turns or upright.confidence >= engine.detector.sure_from:
        return upright
    return max((upright, *_turned_views(engine, image)), key=lambda view: view.confidence)


def level(engine: FaceEngine, image: Image, face: FaceBox) -> Levelled:
    """The face with the eyes where they really are, however the head is tilted."""
    if not engine.detector.landmarks_drift:
        return Levelled(face, 0.0)
    shown_px = face.width * min(1.0, _DETECTION_SIDE_PX / max(image.shape[:2]))
    current, angle, left_over = face, 0.0, face.roll_deg
    for at in range(MOST_LOOKS):
        if abs(left_over) < LEVEL_WITHIN_DEG and (at > 0 or shown_px >= LARGE_FACE_PX):
            break
        angle += left_over
        into = _window(face, angle)
        again = engine.detect(_drawn(image, into))
        if not again:
            break
        nearest = min(again, key=lambda box: math.dist(box.centre, (_WINDOW_PX / 2, _WINDOW_PX / 2)))
        current, left_over = _carried_back(face, nearest, into), nearest.roll_deg
    return Levelled(current, left_over)


def _turned_views(engine: FaceEngine, image: Image) -> Iterator[View]:
    for turns in (1, 2, 3):
        turned = np.ascontiguousarray(np.rot90(image, turns))
        yield View(turned, engine.detect(turned), turns)


def _window(face: FaceBox, angle_deg: float) -> NDArray[np.float64]:
    (x, y), scale = face.centre, FACE_IN_WINDOW_PX / max(face.width, face.height)
    into = np.asarray(cv2.getRotationMatrix2D((x, y), angle_deg, scale), np.float64)
    into[:, 2] += np.array([_WINDOW_PX / 2 - x, _WINDOW_PX / 2 - y])
    return into


def _drawn(image: Image, into: NDArray[np.float64]) -> Image:
    # Black outside the picture: a repeated border makes strangers alike (false matches tripled when measured).
    return np.asarray(cv2.warpAffine(image, into, (_WINDOW_PX, _WINDOW_PX)), np.uint8)


def _carried_back(face: FaceBox, seen: FaceBox, into: NDArray[np.float64]) -> FaceBox:
    back = np.asarray(cv2.invertAffineTransform(into), np.float64)
    moved = np.array([*seen.points, seen.left_eye, seen.right_eye]) @ back[:, :2].T + back[:, 2]
    points = tuple((float(x), float(y)) for x, y in moved)
    return replace(face, points=points[:-2], left_eye=points[-2], right_eye=points[-1])
