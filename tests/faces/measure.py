"""Prints the figures of docs/faces.md: `python -m tests.faces.measure [sface|face_recognition]`, some minutes."""

import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from face_engine import (
    DOOR_LIMITS,
    LIVE_LIMITS,
    PORTRAIT_LIMITS,
    EngineName,
    FaceEngine,
    FoundFace,
    find_one_face,
    load_engine,
    pack_template,
    unpack_template,
)
from tests.faces.collection import CLEAN, Seen, all_pairs, faces_of, look, outcomes, photographs
from tests.faces.measure_galleries import measure_galleries
from tests.faces.measure_limits import measure_limits

SPOILT = ("idchip", "dark", "blur", "rot30", "rot90", "rot180", "occl", "backlit", "multi", "nonface")


def main() -> None:
    """Measures one engine on all photographs."""
    engine = load_engine(EngineName(sys.argv[1]) if len(sys.argv) > 1 else EngineName.SFACE)
    clean = look(engine, photographs(CLEAN))
    for lines in (
        _pairs(engine, clean),
        _kinds(engine, clean),
        measure_limits(engine),
        measure_galleries(engine, clean),
        _rounding(engine, clean),
        _speed(engine),
    ):
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _pairs(engine: FaceEngine, clean: Sequence[Seen]) -> Iterator[str]:
    scores = all_pairs(engine, clean)
    yield f"{engine.name}, {len(clean)} clean pictures: {dict(outcomes(clean))}"
    yield f"  {len(scores.genuine)} genuine pairs, {len(scores.impostor)} impostor pairs"
    for mistaken in (1e-2, 1e-3, 1e-4):
        threshold = scores.threshold_at(mistaken)
        yield f"  FMR {mistaken:.0e}: threshold {threshold:.3f}, FNMR {scores.missed_at(threshold):.2%}"
    for threshold in (0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60):
        yield f"  at {threshold:.2f}: FMR {scores.mistaken_at(threshold):.1e}, FNMR {scores.missed_at(threshold):.2%}"


def _kinds(engine: FaceEngine, clean: Sequence[Seen]) -> Iterator[str]:
    known = [(each.photograph, each.found) for each in clean if isinstance(each.found, FoundFace)]
    for kind in SPOILT:
        seen = look(engine, photographs(kind), PORTRAIT_LIMITS)
        genuine = np.array(
            [
                engine.score(each.found.embedding, face.embedding)
                for each in seen
                if isinstance(each.found, FoundFace)
                for photograph, face in known
                if photograph.identity == each.photograph.identity and photograph.file != each.photograph.base
            ]
        )
        limits = engine.thresholds
        yield f"  {kind} (portrait limits): {dict(outcomes(seen))}" + (
            f"; {len(genuine)} pairs with clean ones, below accept {(genuine < limits.one_to_one_accept).mean():.1%}, "
            f"below review {(genuine < limits.one_to_one_review).mean():.1%}"
            if len(genuine)
            else ""
        )


def _rounding(engine: FaceEngine, clean: Sequence[Seen]) -> Iterator[str]:
    faces = [face.embedding for _, face in faces_of(clean)][:300]
    kept = [unpack_template(pack_template(engine, face)).embedding for face in faces]
    changes = [
        abs(engine.score(a, b) - engine.score(a, kept_b))
        for a in faces[::5]
        for b, kept_b in zip(faces, kept, strict=True)
    ]
    yield f"  int8 templates change a score by at most {max(changes):.4f} ({len(changes)} pairs)"


def _speed(engine: FaceEngine) -> Iterator[str]:
    images = [picture.image for picture in photographs(CLEAN)[:40]]
    for name, limits in (("a person's own picture", LIVE_LIMITS), ("the camera at the door", DOOR_LIMITS)):
        began = time.process_time()
        for image in images:
            find_one_face(engine, image, limits=limits)
        spent = (time.process_time() - began) / len(images)
        yield f"  find_one_face, {name}: {spent * 1000:.0f} ms of processor a picture"


if __name__ == "__main__":
    main()
