"""What a comparison still achieves on ever darker, brighter and more blurred pictures: where the limits belong."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import cv2
import numpy as np

from face_engine import FaceEngine, FaceQuality, FoundFace, FrameLimits, Image, find_one_face
from tests.faces.collection import CLEAN, by_identity, photographs

NO_LIMITS = FrameLimits(min_brightness=0.0, max_burnt_share=2.0, min_sharpness=0.0, try_quarter_turns=False)
EVERY = 5


def measure_limits(engine: FaceEngine) -> Iterator[str]:
    """Lines of figures: misses at the accept threshold against a clean picture, by what was measured on the spoilt one."""
    yield from _sweep(
        engine,
        "brightness",
        [partial(_darkened, light) for light in (0.05, 0.08, 0.12, 0.2, 0.3, 0.45)],
        (lambda quality: quality.brightness, (0, 16, 25, 30, 40, 60, 80)),
    )
    yield from _sweep(
        engine,
        "burnt_share",
        [partial(_burnt, gain) for gain in (1.0, 1.4, 1.7, 2.0, 2.6, 3.2)],
        (lambda quality: quality.burnt_share, (0, 0.1, 0.3, 0.4, 0.5, 0.6, 0.7, 1.01)),
    )
    yield from _sweep(
        engine,
        "sharpness",
        [partial(_blurred, blur) for blur in (0.01, 0.015, 0.02, 0.025, 0.03, 0.04)],
        (lambda quality: quality.sharpness, (0, 0.002, 0.003, 0.004, 0.005, 0.007, 0.01, 0.02, 0.1)),
    )


def _sweep(
    engine: FaceEngine,
    name: str,
    spoilers: list[Callable[[Image, float], Image]],
    measured: tuple[Callable[[FaceQuality], float], tuple[float, ...]],
) -> Iterator[str]:
    value, edges = measured
    points: list[tuple[float, float]] = []
    lost = 0
    for clean, other in [files[:2] for files in by_identity(photographs(CLEAN), at_least=2).values()][::EVERY]:
        reference, boxes = find_one_face(engine, other.image), engine.detect(clean.image)
        if not isinstance(reference, FoundFace) or not boxes:
            continue
        for spoil in spoilers:
            found = find_one_face(engine, spoil(clean.image, boxes[0].width), limits=NO_LIMITS)
            if isinstance(found, FoundFace):
                points.append((value(found.quality), engine.score(found.embedding, reference.embedding)))
            else:
                lost += 1
    yield f"  {name}: no face on {lost} of {lost + len(points)}"
    for low, high in pairwise(edges):
        scores = np.array([score for at, score in points if low <= at < high])
        if len(scores):
            missed = (scores < engine.thresholds.one_to_one_accept).mean()
            yield f"    {low:g} to {high:g}: {len(scores)} pictures, missed {missed:.0%}, mean score {scores.mean():.2f}"


def _darkened(light: float, image: Image, _: float) -> Image:
    noise = np.random.default_rng(1).normal(0, 3, image.shape)
    return np.asarray(np.clip(image.astype(np.float32) * light + noise, 0, 255), np.uint8)


def _burnt(gain: float, image: Image, _: float) -> Image:
    return np.asarray(np.clip(image.astype(np.float32) * gain + 15 * (gain - 1), 0, 255), np.uint8)


def _blurred(share: float, image: Image, face_px: float) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), share * face_px), np.uint8)
