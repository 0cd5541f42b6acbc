"""How a head is held, as ratios taken from five landmarks: free of its place, its tilt and its size in the picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from face_engine.engine import Point

LANDMARKS = 5
"""Both eyes, the nose tip, both mouth corners; of each pair the picture-left one first."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A head at one moment; lengths in multiples of the distance from the eyes to the mouth."""

    aside: float
    """How far the nose tip lies beside the line from eyes to mouth; above zero where the person turned to their left."""
    nose_at: float
    """How far down from the eyes (0) to the mouth (1) the nose tip lies; looking down moves it towards the mouth."""
    size_px: float
    """From the middle of the eyes to the middle of the mouth."""
    centre: Point

    def shift_from(self, earlier: "Pose") -> float:
        """How far the head moved since an earlier moment, in lengths from eyes to mouth of that moment."""
        return math.dist(self.centre, earlier.centre) / earlier.size_px


def pose_of(points: Sequence[Point]) -> Pose:
    """The pose shown by five landmarks."""
    left_eye, right_eye, nose, left_mouth, right_mouth = (np.array(point, np.float64) for point in points)
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    size = max(math.dist(eyes, mouth), 1e-6)
    down = (mouth - eyes) / size
    across = np.array([down[1], -down[0]])
    middle = (eyes + mouth) / 2
    return Pose(
        aside=float((nose - eyes) @ across) / size,
        nose_at=float((nose - eyes) @ down) / size,
        size_px=size,
        centre=(float(middle[0]), float(middle[1])),
    )
