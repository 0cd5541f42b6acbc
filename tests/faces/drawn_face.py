"""The drawn people of the simulator (device_sim/drawn_face.py), and what a test wants to hold before a camera besides."""

import numpy as np

from device_sim.drawn_face import ANNA, BO, MEI, Features, drawn, nobody
from face_engine.engine import Image

__all__ = ["ANNA", "BO", "MEI", "Features", "drawn", "nobody", "two_people"]


def two_people(left: Features, right: Features) -> Image:
    """Both before one camera."""
    return np.hstack([drawn(left), drawn(right)])
