"""1:1: is the person before the camera the person on the document."""

from dataclasses import dataclass
from enum import StrEnum

from face_engine.engine import Embedding, FaceEngine, Thresholds, thresholds_for


class Match(StrEnum):
    """What a score means."""

    MATCH = "match"
    REVIEW = "review"
    NO_MATCH = "no_match"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a comparison and the score it rests on; REVIEW is for a person to decide."""

    match: Match
    score: float


def compare_one_to_one(
    engine: FaceEngine, live: Embedding, portrait: Embedding, *, thresholds: Thresholds | None = None
) -> Verdict:
    """Compares a live face with a document's portrait; both embeddings must come from this engine."""
    limits = thresholds_for(engine, thresholds)
    score = engine.score(live, portrait)
    if score >= limits.one_to_one_accept:
        return Verdict(Match.MATCH, score)
    return Verdict(Match.REVIEW if score >= limits.one_to_one_review else Match.NO_MATCH, score)
