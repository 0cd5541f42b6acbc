"""The labelled photographs beside the checkout, and what an engine makes of them."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from face_engine import (
    LIVE_LIMITS,
    FaceEngine,
    FaceProblem,
    FoundFace,
    FrameLimits,
    Image,
    decode_image,
    find_one_face,
)

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "faces"
CLEAN = "face"


@dataclass(frozen=True, slots=True)
class Photograph:
    """One row of labels.csv; `base` is the clean picture that a spoilt one was made from."""

    file: str
    identity: str
    kind: str
    base: str

    @property
    def image(self) -> Image:
        """The picture, decoded as the product would."""
        return decode_image((FOLDER / self.file).read_bytes())


@dataclass(frozen=True, slots=True)
class Seen:
    """A photograph and what an engine found on it."""

    photograph: Photograph
    found: FoundFace | FaceProblem


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of all pairs of the same person, and of different people in rising order."""

    genuine: NDArray[np.float64]
    impostor: NDArray[np.float64]

    def missed_at(self, threshold: float) -> float:
        """FNMR: the share of genuine pairs below a threshold."""
        return float((self.genuine < threshold).mean())

    def mistaken_at(self, threshold: float) -> float:
        """FMR: the share of impostor pairs at or above a threshold."""
        return float((self.impostor >= threshold).mean())

    def threshold_at(self, mistaken: float) -> float:
        """The threshold at which that share of impostor pairs passes."""
        return float(self.impostor[-max(1, int(len(self.impostor) * mistaken))])


def photographs(*kinds: str) -> tuple[Photograph, ...]:
    """All photographs of these kinds, in the order of labels.csv."""
    with (FOLDER / "labels.csv").open(encoding="utf-8", newline="") as opened:
        rows = [row for row in csv.DictReader(opened) if row["kind"] in kinds]
    return tuple(Photograph(row["file"], row["identity"], row["kind"], row["base"]) for row in rows)


def by_identity(pictures: Iterable[Photograph], *, at_least: int) -> dict[str, list[Photograph]]:
    """The people with so many pictures, and their pictures."""
    people: dict[str, list[Photograph]] = defaultdict(list)
    for picture in pictures:
        people[picture.identity].append(picture)
    return {identity: files for identity, files in people.items() if len(files) >= at_least}


def look(engine: FaceEngine, pictures: Iterable[Photograph], limits: FrameLimits = LIVE_LIMITS) -> list[Seen]:
    """What the engine finds on each."""
    return [Seen(picture, find_one_face(engine, picture.image, limits=limits)) for picture in pictures]


def faces_of(seen: Iterable[Seen]) -> list[tuple[str, FoundFace]]:
    """Those on which a face was found, with whose it is."""
    return [(each.photograph.identity, each.found) for each in seen if isinstance(each.found, FoundFace)]


def all_pairs(engine: FaceEngine, seen: Sequence[Seen]) -> Scores:
    """Every pair of pictures scored."""
    faces = faces_of(seen)
    vectors = np.stack([face.embedding for _, face in faces]).astype(np.float64)
    identities = np.array([identity for identity, _ in faces])
    products = vectors @ vectors.T
    squares = np.diagonal(products)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2.0 * products, 0.0))
    scores = products if engine.engine_id == 1 else 1.0 - distances
    above = np.triu_indices(len(faces), 1)
    same = (identities[:, None] == identities[None, :])[above]
    return Scores(scores[above][same], np.sort(scores[above][~same]))


def outcomes(seen: Iterable[Seen]) -> Counter[str]:
    """How often each problem was found; `usable` for none."""
    return Counter(each.found.value if isinstance(each.found, FaceProblem) else "usable" for each in seen)
