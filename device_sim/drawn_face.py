"""Faces that nobody has: drawn heads which the default engine finds and tells apart, for a camera that nobody stands before."""

from dataclasses import dataclass

import cv2
import numpy as np

from face_engine.engine import Image

Colour = tuple[int, int, int]
_SIDE = 480


@dataclass(frozen=True, slots=True)
class Features:
    """What makes one drawn person another; lengths in pixels of a picture of 480 x 480, colours blue-green-red."""

    skin: Colour
    hair: Colour
    eyes_apart: int
    mouth: int
    nose: float
    width: int = 108
    glasses: bool = False
    beard: bool = False


# Every two of them score below 0.26 with the default engine, each with themselves above 0.95.
MEI = Features((85, 124, 207), (95, 83, 44), eyes_apart=55, mouth=32, nose=0.5, width=125)
BO = Features((51, 51, 60), (118, 160, 71), eyes_apart=69, mouth=98, nose=2.2, width=113, glasses=True)
ANNA = Features((73, 221, 224), (20, 143, 93), eyes_apart=36, mouth=100, nose=1.0, width=124, beard=True)


def drawn(one: Features, look: int = 0, *, light: float = 1.0) -> Image:
    """The person's head from the front; another `look` is another moment of the same camera."""
    picture = np.full((_SIDE, _SIDE, 3), (205, 200, 195), np.uint8)
    cv2.ellipse(picture, (240, 470), (190, 130), 0, 0, 360, (90, 60, 40), -1)
    cv2.rectangle(picture, (195, 330), (285, 420), _darker(one.skin, 0.85), -1)
    cv2.ellipse(picture, (240, 215), (one.width + 22, 170), 0, 0, 360, one.hair, -1)
    cv2.ellipse(picture, (240, 240), (one.width, 148), 0, 0, 360, one.skin, -1)
    if one.beard:
        cv2.ellipse(picture, (240, 320), (82, 68), 0, 0, 360, one.hair, -1)
    _draw_eyes(picture, one)
    shade = _darker(one.skin, 0.7)
    cv2.line(picture, (236, 215), (228, 275), shade, 4)
    cv2.ellipse(picture, (240, 280), (int(24 * one.nose), 12), 0, 10, 170, shade, 5)
    cv2.ellipse(picture, (240, 328), (one.mouth // 2 + 8, 14), 0, 0, 360, (90, 80, 190), -1)
    cv2.line(picture, (234 - one.mouth // 2, 327), (246 + one.mouth // 2, 327), (50, 40, 110), 3)
    return _taken(picture, look, light)


def nobody() -> Image:
    """The wall opposite."""
    return _taken(np.full((_SIDE, _SIDE, 3), (205, 200, 195), np.uint8), 0, 1.0)


def _draw_eyes(picture: Image, one: Features) -> None:
    for x in (240 - one.eyes_apart, 240 + one.eyes_apart):
        cv2.ellipse(picture, (x, 215), (26, 12), 0, 0, 360, (245, 245, 245), -1)
        cv2.circle(picture, (x, 215), 11, (60, 50, 30), -1)
        cv2.circle(picture, (x, 215), 5, (0, 0, 0), -1)
        cv2.ellipse(picture, (x, 213), (28, 14), 0, 180, 360, (50, 50, 70), 3)
        cv2.ellipse(picture, (x, 190), (34, 10), 0, 190, 350, one.hair, 7)
        if one.glasses:
            cv2.circle(picture, (x, 217), 38, (20, 20, 20), 6)


def _taken(picture: Image, look: int, light: float) -> Image:
    """As a sensor gives it: soft, and a little different each time."""
    soft = cv2.GaussianBlur(picture, (0, 0), 1.6).astype(np.float64) * light
    noise = np.random.default_rng(look).normal(0, 4, picture.shape)
    return np.asarray(np.clip(soft + noise, 0, 255), np.uint8)


def _darker(colour: Colour, by: float) -> Colour:
    blue, green, red = (int(part * by) for part in colour)
    return blue, green, red
