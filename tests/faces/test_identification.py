"""1:N on a lock's list, with embeddings drawn so that every score is known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from face_engine import (
    Embedding,
    FaceEngine,
    Identified,
    NotIdentified,
    NotIdentifiedReason,
    Template,
    TemplateForeign,
    identify,
    pack_template,
    unpack_template,
)


def unit(vector: NDArray[np.float64]) -> Embedding:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def drawn(seed: int, count: int = 1) -> list[Embedding]:
    return [unit(row) for row in np.random.default_rng(seed).normal(size=(count, 128))]


def near(target: Embedding, cosine: float, seed: int = 99) -> Embedding:
    """A unit vector at a given cosine from the target."""
    aside = np.random.default_rng(seed).normal(size=128)
    aside -= (aside @ target) * target
    return unit(cosine * target + np.sqrt(1 - cosine**2) * unit(aside))


def kept(engine: FaceEngine, embedding: Embedding) -> Template:
    return unpack_template(pack_template(engine, embedding), engine=engine)


def test_the_right_person_is_named(engine: FaceEngine) -> None:
    people = drawn(1, 40)
    gallery = [(100 + at, kept(engine, person)) for at, person in enumerate(people)]
    answer = identify(gallery, near(people[7], 0.95), engine.thresholds)
    assert isinstance(answer, Identified)
    assert answer.candidate_id == 107


def test_scores_are_the_engine_s_own_up_to_rounding(engine: FaceEngine) -> None:
    for seed in range(20):
        a, b = (vector * (1.0 if engine.engine_id == 1 else 1.4) for vector in (drawn(seed)[0], drawn(seed + 500)[0]))
        b = (0.8 * a + 0.2 * b).astype(np.float32) if engine.engine_id == 2 else near(a, 0.6, seed)
        always = replace(engine.thresholds, one_to_many_accept=-1.0)
        answer = identify([(1, kept(engine, a))], b, always)
        assert isinstance(answer, Identified)
        assert answer.score == pytest.approx(engine.score(a, b), abs=0.012)


def test_an_empty_list_names_nobody(sface: FaceEngine) -> None:
    answer = identify([], drawn(1)[0], sface.thresholds)
    assert answer == NotIdentified(NotIdentifiedReason.NO_TEMPLATES, None)


def test_a_stranger_is_below_the_threshold(sface: FaceEngine) -> None:
    person = drawn(1)[0]
    answer = identify([(1, kept(sface, person))], near(person, 0.44), sface.thresholds)
    assert isinstance(answer, NotIdentified)
    assert answer.reason is NotIdentifiedReason.BELOW_THRESHOLD
    assert answer.best_score == pytest.approx(0.44, abs=0.005)
    assert isinstance(identify([(1, kept(sface, person))], near(person, 0.46), sface.thresholds), Identified)


def test_two_people_too_close_together_are_ambiguous_but_two_templates_of_one_are_not(sface: FaceEngine) -> None:
    person = drawn(1)[0]
    twin = near(person, 0.97)
    templates = [kept(sface, person), kept(sface, twin)]
    probe = unit((person + twin).astype(np.float64))
    two = identify(list(zip([1, 2], templates, strict=True)), probe, sface.thresholds)
    assert isinstance(two, NotIdentified)
    assert two.reason is NotIdentifiedReason.AMBIGUOUS
    one = identify([(1, template) for template in templates], probe, sface.thresholds)
    assert isinstance(one, Identified)


def test_a_large_gallery_is_stricter(sface: FaceEngine) -> None:
    person, *others = drawn(3, 201)
    gallery = [(at, kept(sface, each)) for at, each in enumerate([person, *others])]
    probe = near(person, 0.47)
    assert isinstance(identify(gallery[:200], probe, sface.thresholds), Identified)
    assert isinstance(identify(gallery, probe, sface.thresholds), NotIdentified)


def test_templates_of_two_engines_are_never_compared(sface: FaceEngine, dlib: FaceEngine) -> None:
    person = drawn(1)[0]
    mixed = [(1, kept(sface, person)), (2, kept(dlib, person))]
    for engine in (sface, dlib):
        with pytest.raises(TemplateForeign):
            identify(mixed, person, engine.thresholds)
    with pytest.raises(TemplateForeign):
        identify([(1, kept(dlib, person))], person, sface.thresholds)


def test_a_broken_probe_names_nobody(sface: FaceEngine) -> None:
    gallery = [(1, kept(sface, drawn(1)[0]))]
    for value in (0.0, np.nan):
        assert isinstance(identify(gallery, np.full(128, value, np.float32), sface.thresholds), NotIdentified)
