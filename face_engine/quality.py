"""How good a found face is, in numbers that do not depend on the engine, and the limits below which it is refused.

There is no limit for light from behind: measured on the luminance of the face and of what surrounds it, a face against the
light cannot be told from a dark-skinned face before a white wall. Such pictures are left to the comparison's threshold.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from face_engine.engine import FaceBox, Image
from face_engine.levelling import Levelled

_CROP_PX = 112
_EYES_AT = ((38.3, 51.6), (73.5, 51.6))
_SKIN = slice(24, 104), slice(24, 88)
_BURNT_FROM = 250
_NO_VARIANCE = 1.0


class FaceProblem(StrEnum):
    """Why a picture's face is not used; each has one piece of advice for the person."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    TILTED = "tilted"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """What was measured on one face."""

    width_px: float
    roll_deg: float
    """The tilt of the head in the picture; harmless as far as it could be levelled."""
    left_over_roll_deg: float
    """What levelling could not take away."""
    brightness: float
    """Mean luminance of the face, 0 to 255."""
    burnt_share: float
    """Share of the face that is blown out, 0 to 1."""
    sharpness: float
    """Variance of the Laplacian after light smoothing, over the variance of the face itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLimits:
    """What a face must fulfil; figures and their cost are in docs/faces.md."""

    min_width_px: float = 60.0
    max_left_over_roll_deg: float = 25.0
    min_brightness: float = 30.0
    max_burnt_share: float = 0.5
    min_sharpness: float = 0.004
    second_face_from: float = 0.6
    """A second face counts when it is at least this high relative to the largest."""
    try_quarter_turns: bool = True
    """Also look at the picture turned by 90, 180 and 270 degrees when no face is surely found upright."""


LIVE_LIMITS = FrameLimits()
"""For a picture that a person just took of themselves."""
PORTRAIT_LIMITS = FrameLimits(min_width_px=36.0)
"""For the portrait on an ID document, whose chip holds 102 x 126 pixels."""
DOOR_LIMITS = FrameLimits(try_quarter_turns=False)
"""For a camera that is screwed to a wall and mostly sees nobody."""


def measure(image: Image, levelled: Levelled) -> FaceQuality:
    """The quality of a levelled face in the picture it was found in."""
    face = levelled.face
    grey = cv2.cvtColor(cv2.warpAffine(image, _eye_alignment(face), (_CROP_PX, _CROP_PX)), cv2.COLOR_BGR2GRAY)
    skin = grey[_SKIN].astype(np.float32)
    edges = cv2.Laplacian(cv2.GaussianBlur(skin, (0, 0), 1.0), cv2.CV_32F)
    return FaceQuality(
        width_px=face.width,
        roll_deg=face.roll_deg,
        left_over_roll_deg=levelled.left_over_roll_deg,
        brightness=float(skin.mean()),
        burnt_share=float((skin >= _BURNT_FROM).mean()),
        sharpness=float(edges.var() / max(float(skin.var()), _NO_VARIANCE)),
    )


def judge(quality: FaceQuality, limits: FrameLimits) -> FaceProblem | None:
    """The first limit that is not kept, or None."""
    broken = {
        FaceProblem.TOO_SMALL: quality.width_px < limits.min_width_px,
        FaceProblem.TILTED: abs(quality.left_over_roll_deg) > limits.max_left_over_roll_deg,
        FaceProblem.TOO_DARK: quality.brightness < limits.min_brightness,
        FaceProblem.TOO_BRIGHT: quality.burnt_share > limits.max_burnt_share,
        FaceProblem.BLURRED: quality.sharpness < limits.min_sharpness,
    }
    return next((problem for problem, is_broken in broken.items() if is_broken), None)


def _eye_alignment(face: FaceBox) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    (goal_x, goal_y), (goal_right, _) = _EYES_AT
    across, down = face.right_eye[0] - face.left_eye[0], face.right_eye[1] - face.left_eye[1]
    scale = (goal_right - goal_x) / max(math.hypot(across, down), 1.0)
    turn = cv2.getRotationMatrix2D(face.left_eye, face.roll_deg, scale)
    turn[:, 2] += np.array([goal_x - face.left_eye[0], goal_y - face.left_eye[1]])
    return np.asarray(turn, np.float64)
