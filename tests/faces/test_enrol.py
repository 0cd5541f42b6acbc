"""Three pictures into one enrolment, and the one picture that has to be taken again."""

import numpy as np
import pytest

from face_engine import (
    Enrolled,
    EnrolmentProblem,
    EnrolmentRefused,
    FaceEngine,
    FaceProblem,
    FoundFace,
    FrameFault,
    Identified,
    Image,
    Match,
    NotIdentified,
    compare_one_to_one,
    enrol,
    find_one_face,
    identify,
    pack_template,
    unpack_template,
)
from tests.faces.collection import CLEAN, photographs

pytestmark = pytest.mark.usefixtures("needs_photographs")


def pictures_of(identity: str, count: int) -> list[Image]:
    return [each.image for each in photographs(CLEAN) if each.identity == identity][:count]


def test_three_pictures_make_an_enrolment_that_finds_a_fourth(engine: FaceEngine) -> None:
    *frames, fourth = pictures_of("Barack_Obama", 4)
    enrolled = enrol(engine, frames)
    assert isinstance(enrolled, Enrolled)
    assert len(enrolled.qualities) == 3
    assert enrolled.lowest_score >= engine.thresholds.one_to_one_accept
    probe = find_one_face(engine, fourth)
    assert isinstance(probe, FoundFace)
    assert compare_one_to_one(engine, enrolled.embedding, probe.embedding).match is Match.MATCH
    gallery = [(5, unpack_template(pack_template(engine, enrolled.embedding), engine=engine))]
    answer = identify(gallery, probe.embedding, engine.thresholds)
    assert isinstance(answer, Identified)
    assert answer.candidate_id == 5


def test_a_stranger_is_nobody(sface: FaceEngine) -> None:
    enrolled = enrol(sface, pictures_of("Gerhard_Schroeder", 3))
    stranger = find_one_face(sface, pictures_of("Barack_Obama", 1)[0])
    assert isinstance(enrolled, Enrolled)
    assert isinstance(stranger, FoundFace)
    assert compare_one_to_one(sface, enrolled.embedding, stranger.embedding).match is Match.NO_MATCH
    gallery = [(5, unpack_template(pack_template(sface, enrolled.embedding)))]
    assert isinstance(identify(gallery, stranger.embedding, sface.thresholds), NotIdentified)


def test_the_mean_is_of_unit_length(sface: FaceEngine) -> None:
    enrolled = enrol(sface, pictures_of("Barack_Obama", 3))
    assert isinstance(enrolled, Enrolled)
    assert np.linalg.norm(enrolled.embedding) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_the_picture_of_somebody_else_is_named(sface: FaceEngine, odd: int) -> None:
    frames = pictures_of("Gerhard_Schroeder", 2)
    frames.insert(odd, pictures_of("Barack_Obama", 1)[0])
    assert enrol(sface, frames) == EnrolmentRefused((FrameFault(odd, EnrolmentProblem.ANOTHER_PERSON),))


def test_every_unusable_picture_is_named(sface: FaceEngine) -> None:
    good = pictures_of("Barack_Obama", 1)[0]
    frames = [photographs("dark")[0].image, good, photographs("multi")[0].image, photographs("nonface")[0].image]
    assert enrol(sface, frames) == EnrolmentRefused(
        (
            FrameFault(0, FaceProblem.TOO_DARK),
            FrameFault(2, FaceProblem.SEVERAL_FACES),
            FrameFault(3, FaceProblem.NO_FACE),
        )
    )


def test_two_pictures_are_too_few(sface: FaceEngine) -> None:
    refused = enrol(sface, pictures_of("Barack_Obama", 2))
    assert refused == EnrolmentRefused((FrameFault(2, EnrolmentProblem.TOO_FEW_FRAMES),))


def test_thresholds_of_another_engine_are_not_applied(sface: FaceEngine, dlib: FaceEngine) -> None:
    vector = np.full(128, 128**-0.5, np.float32)
    with pytest.raises(ValueError, match="engine 2"):
        compare_one_to_one(sface, vector, vector, thresholds=dlib.thresholds)
    with pytest.raises(ValueError, match="engine 2"):
        enrol(sface, pictures_of("Barack_Obama", 3), thresholds=dlib.thresholds)
