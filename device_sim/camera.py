"""The lock's eye: a picture from a file, from bytes, or from a camera of this machine, and what is seen in it.

The sensor that tells a living face from a picture of one (infrared, depth) is simulated: whoever holds the picture up
says what it would say.
"""

from pathlib import Path

import cv2
import numpy as np

from device_sim.errors import BadRequest
from device_sim.faces import Sight
from face_engine.engine import FaceEngine, Image
from face_engine.errors import UnusableImage
from face_engine.finding import FoundFace, find_one_face
from face_engine.images import decode_image
from face_engine.quality import DOOR_LIMITS, PORTRAIT_LIMITS, FaceProblem
from firmware_protocol.vocabulary import Liveness

# The first pictures of a webcam are too dark: it has to find its exposure.
_WARM_UP_FRAMES = 8


def picture_from_bytes(raw: bytes) -> Image:
    """A JPEG, PNG or WebP; BadRequest says why it cannot be used."""
    try:
        return decode_image(raw)
    except UnusableImage as unusable:
        raise BadRequest(str(unusable)) from unusable


def picture_from_file(path: Path) -> Image:
    """The picture in a file."""
    try:
        return picture_from_bytes(path.read_bytes())
    except OSError as unreadable:
        raise BadRequest(f"{path}: {unreadable.strerror}") from unreadable


def picture_from_webcam(number: int) -> Image:
    """One picture of a camera of this machine."""
    camera = cv2.VideoCapture(number)
    try:
        for _ in range(_WARM_UP_FRAMES):
            camera.grab()
        taken, picture = camera.read()
    finally:
        camera.release()
    if not taken:
        raise BadRequest(f"camera {number} of this machine gives no picture. Is it plugged in, and free?")
    return np.asarray(picture, np.uint8)


def read_portrait(engine: FaceEngine | None, picture: Image | None) -> FoundFace | None:
    """The face on the portrait that a card's chip gives, where the reader gives one; the picture is not kept."""
    if engine is None or picture is None:
        return None
    found = find_one_face(engine, picture, limits=PORTRAIT_LIMITS)
    if isinstance(found, FaceProblem):
        raise BadRequest(f"the card's portrait cannot be used: {found.value.replace('_', ' ')}")
    return found


def look(engine: FaceEngine | None, picture: Image, *, is_living: bool) -> Sight:
    """What a lock with this engine sees in the picture; the picture is not kept."""
    if engine is None:
        raise BadRequest("this lock has no camera: the simulator was started without a face engine")
    verdict = Liveness.PASSED if is_living else Liveness.FAILED
    return Sight(find_one_face(engine, picture, limits=DOOR_LIMITS), verdict)
