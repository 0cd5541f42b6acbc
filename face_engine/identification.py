"""1:N at the door: which of the people on this lock's list is it, if any."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from face_engine.engine import DLIB_ID, EMBEDDING_SIZE, Embedding, Thresholds
from face_engine.errors import TemplateForeign
from face_engine.template import Template

LARGE_GALLERY = 200
"""Above so many templates the stricter threshold holds: each one more is a chance for a stranger."""


class NotIdentifiedReason(StrEnum):
    """Why nobody was named."""

    NO_TEMPLATES = "no_templates"
    BELOW_THRESHOLD = "below_threshold"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Identified:
    """The one candidate it is."""

    candidate_id: int
    score: float


@dataclass(frozen=True, slots=True)
class NotIdentified:
    """Nobody, and how near the nearest was (None on an empty list)."""

    reason: NotIdentifiedReason
    best_score: float | None


def identify(
    gallery: Sequence[tuple[int, Template]], probe: Embedding, thresholds: Thresholds
) -> Identified | NotIdentified:
    """The candidate whose template is most like the probe, if it is like enough and clearly ahead of anybody else.

    Templates with the same candidate id are one person's; a person listed under two ids would be ambiguous for ever.
    TemplateForeign unless all templates are of the engine that the thresholds (and so the probe) belong to.
    """
    if not gallery:
        return NotIdentified(NotIdentifiedReason.NO_TEMPLATES, None)
    if any(template.engine_id != thresholds.engine_id for _, template in gallery):
        raise TemplateForeign(f"the gallery holds templates of other engines than {thresholds.engine_id}")
    scores = _scores([template for _, template in gallery], probe)
    people, person_of = np.unique([candidate for candidate, _ in gallery], return_inverse=True)
    best = np.full(len(people), -np.inf)
    np.maximum.at(best, person_of, scores)
    order = np.argsort(best)[::-1]
    top = float(best[order[0]])
    accept = thresholds.one_to_many_accept if len(gallery) <= LARGE_GALLERY else thresholds.one_to_many_accept_large
    if not top >= accept:
        return NotIdentified(NotIdentifiedReason.BELOW_THRESHOLD, top)
    if len(order) > 1 and top - float(best[order[1]]) < thresholds.margin:
        return NotIdentified(NotIdentifiedReason.AMBIGUOUS, top)
    return Identified(int(people[order[0]]), top)


def _scores(templates: Sequence[Template], probe: Embedding) -> NDArray[np.float32]:
    """One multiplication of all templates with the probe, on the scale of the engine's own `score`."""
    raw = b"".join(template.values for template in templates)
    values = np.frombuffer(raw, np.int8).reshape(-1, EMBEDDING_SIZE).astype(np.float32)
    products, squares = values @ probe, np.einsum("ij,ij->i", values, values)
    if templates[0].engine_id == DLIB_ID:
        scales = np.array([template.scale for template in templates], np.float32)
        distances = squares * scales**2 - 2.0 * scales * products + float(probe @ probe)
        return np.asarray(1.0 - np.sqrt(np.maximum(distances, 0.0)), np.float32)
    return np.asarray(products / (np.sqrt(squares) * max(float(np.linalg.norm(probe)), 1e-12)), np.float32)
