"""1:N on drawn galleries: how often a tenant is found or taken for another, how often a stranger gets in."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from face_engine import (
    Embedding,
    FaceEngine,
    FoundFace,
    Identified,
    Template,
    Thresholds,
    identify,
    pack_template,
    unpack_template,
)
from tests.faces.collection import Seen

GALLERY = 50
DRAWS = 40


@dataclass(frozen=True, slots=True)
class Crowd:
    """People with a template and a further picture each, and people without one."""

    enrolled: Sequence[tuple[Template, Embedding]]
    strangers: Sequence[Embedding]


def measure_galleries(engine: FaceEngine, clean: Sequence[Seen]) -> Iterator[str]:
    """Lines of figures, for one and for two pictures a template."""
    for pictures in (1, 2):
        crowd = _crowd(engine, clean, pictures)
        yield (
            f"  1:N, {len(crowd.enrolled)} people with a template of {pictures} picture(s), {len(crowd.strangers)} strangers, "
            f"{DRAWS} galleries of {GALLERY}"
        )
        for threshold in (engine.thresholds.one_to_many_accept, engine.thresholds.one_to_many_accept_large):
            for margin in (0.0, 0.05, 0.10):
                yield _line(crowd, replace(engine.thresholds, one_to_many_accept=threshold, margin=margin))


def _crowd(engine: FaceEngine, clean: Sequence[Seen], pictures: int) -> Crowd:
    people: dict[str, list[Embedding]] = {}
    for each in clean:
        if isinstance(each.found, FoundFace):
            people.setdefault(each.photograph.identity, []).append(each.found.embedding)
    enrolled = [
        (unpack_template(pack_template(engine, engine.combine(faces[:pictures]))), faces[pictures])
        for faces in people.values()
        if len(faces) > pictures
    ]
    return Crowd(enrolled, [faces[0] for faces in people.values() if len(faces) <= pictures])


def _line(crowd: Crowd, limits: Thresholds) -> str:
    tenants: Counter[str] = Counter()
    strangers: Counter[str] = Counter()
    for draw in range(DRAWS):
        drawn = random.Random(draw).sample(crowd.enrolled, GALLERY)
        gallery = [(at, template) for at, (template, _) in enumerate(drawn)]
        tenants.update(_answer(gallery, probe, at, limits) for at, (_, probe) in enumerate(drawn))
        strangers.update(_answer(gallery, probe, -1, limits) for probe in crowd.strangers)
    tried, came = tenants.total(), strangers.total()
    return (
        f"    from {limits.one_to_many_accept:.2f}, margin {limits.margin:.2f}: tenant found {tenants['right'] / tried:.2%}, "
        f"ambiguous {tenants['ambiguous'] / tried:.2%}, taken for another {tenants['wrong']} of {tried}; "
        f"strangers admitted {strangers['wrong']} of {came} ({strangers['wrong'] / came:.3%})"
    )


def _answer(gallery: Sequence[tuple[int, Template]], probe: Embedding, who: int, limits: Thresholds) -> str:
    answer = identify(gallery, probe, limits)
    if isinstance(answer, Identified):
        return "right" if answer.candidate_id == who else "wrong"
    return answer.reason.value
