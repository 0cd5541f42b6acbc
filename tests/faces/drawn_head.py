"""A head of five points in space, turned and seen by a camera: landmark tracks without a person."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face_engine import Moment

# Millimetres from the nose tip: x to the picture's right, y down, z away from the camera. Eyes, nose tip, mouth corners.
HEAD = np.array([(-31, -36, 26), (31, -36, 26), (0, 0, 0), (-25, 31, 23), (25, 31, 23)], np.float64)
FLAT = HEAD * (1, 1, 0)
NECK_MM = 90.0


@dataclass(frozen=True, slots=True)
class Held:
    """How a head is held: turned to its own left, bowed forward and tilted, in degrees; its distance in millimetres."""

    left: float = 0.0
    bowed: float = 0.0
    tilted: float = 0.0
    distance: float = 500.0
    x: float = 0.0


def seen(held: Held, shape: NDArray[np.float64] = HEAD) -> tuple[tuple[float, float], ...]:
    """The five points in the pixels of a 640 x 480 camera."""
    turned = (shape - (0, 0, NECK_MM)) @ _turn(held).T + (held.x, 0, NECK_MM + held.distance)
    return tuple((320 + 600 * x / z, 240 + 600 * y / z) for x, y, z in turned)


def track(poses: Sequence[Held], *, every_s: float = 0.2, shape: NDArray[np.float64] = HEAD) -> list[Moment]:
    """The poses as moments at equal distances in time."""
    return [Moment(at * every_s, seen(pose, shape)) for at, pose in enumerate(poses)]


def _turn(held: Held) -> NDArray[np.float64]:
    a, b, c = (math.radians(v) for v in (held.left, held.bowed, held.tilted))
    # The person's left is the picture's right: the nose, nearest to the camera, moves towards larger x.
    about_y = np.array([(math.cos(a), 0, -math.sin(a)), (0, 1, 0), (math.sin(a), 0, math.cos(a))])
    about_x = np.array([(1, 0, 0), (0, math.cos(b), -math.sin(b)), (0, math.sin(b), math.cos(b))])
    about_z = np.array([(math.cos(c), -math.sin(c), 0), (math.sin(c), math.cos(c), 0), (0, 0, 1)])
    return np.asarray(about_z @ about_x @ about_y, np.float64)
