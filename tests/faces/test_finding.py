"""One face in a picture, the right way up, or the right word about why not."""

import numpy as np
import pytest

from face_engine import (
    DOOR_LIMITS,
    LIVE_LIMITS,
    PORTRAIT_LIMITS,
    FaceEngine,
    FaceProblem,
    FoundFace,
    Match,
    compare_one_to_one,
    find_one_face,
)
from tests.faces.collection import CLEAN, Photograph, by_identity, look, outcomes, photographs

pytestmark = pytest.mark.usefixtures("needs_photographs")
IN_COLOUR = 10
"""The first so many pictures of each spoilt kind are in colour."""


def other_clean_picture(spoilt: Photograph) -> Photograph:
    """A clean picture of the same person that the spoilt one was not made from."""
    same = by_identity(photographs(CLEAN), at_least=2)[spoilt.identity]
    return next(picture for picture in same if picture.file != spoilt.base)


def matches(engine: FaceEngine, spoilt: Photograph) -> bool:
    """Whether a spoilt picture is still taken for its person, or at least left to a person to decide."""
    found = find_one_face(engine, spoilt.image, limits=PORTRAIT_LIMITS)
    clean = find_one_face(engine, other_clean_picture(spoilt).image)
    if not isinstance(found, FoundFace) or not isinstance(clean, FoundFace):
        return False
    return compare_one_to_one(engine, found.embedding, clean.embedding).match is not Match.NO_MATCH


@pytest.mark.parametrize("kind", ["rot30", "rot90", "rot180"])
def test_a_tilted_or_turned_picture_is_put_upright(sface: FaceEngine, kind: str) -> None:
    turned = photographs(kind)[:IN_COLOUR]
    assert sum(matches(sface, picture) for picture in turned) >= len(turned) - 1


def test_a_picture_turned_by_quarters_says_so(sface: FaceEngine) -> None:
    image = photographs(CLEAN)[0].image
    turned = find_one_face(sface, np.ascontiguousarray(np.rot90(image, 3)))
    assert isinstance(turned, FoundFace)
    assert turned.quarter_turns == 1


def test_the_camera_at_the_door_does_not_try_other_ways_up(sface: FaceEngine) -> None:
    image = np.ascontiguousarray(np.rot90(photographs("rot90")[1].image, 0))
    assert find_one_face(sface, image, limits=DOOR_LIMITS) is FaceProblem.NO_FACE
    assert isinstance(find_one_face(sface, image, limits=LIVE_LIMITS), FoundFace)


def test_the_small_portrait_of_an_id_chip_is_compared(sface: FaceEngine) -> None:
    chips = photographs("idchip")[:12]
    assert sum(matches(sface, picture) for picture in chips) >= len(chips) - 1


@pytest.mark.parametrize(
    ("kind", "problems", "at_least"),
    [
        ("dark", {FaceProblem.TOO_DARK}, 24),
        ("blur", {FaceProblem.BLURRED, FaceProblem.NO_FACE}, 20),
        ("multi", {FaceProblem.SEVERAL_FACES}, 6),
        ("nonface", {FaceProblem.NO_FACE, FaceProblem.TOO_DARK}, 9),
    ],
)
def test_unusable_pictures_are_named_for_what_they_are(
    sface: FaceEngine, kind: str, problems: set[FaceProblem], at_least: int
) -> None:
    counted = outcomes(look(sface, photographs(kind)))
    assert sum(counted[problem] for problem in problems) >= at_least


def test_both_engines_see_the_same_problems(engine: FaceEngine) -> None:
    assert find_one_face(engine, photographs("multi")[0].image) is FaceProblem.SEVERAL_FACES
    assert find_one_face(engine, photographs("nonface")[0].image) is FaceProblem.NO_FACE
    assert find_one_face(engine, photographs("dark")[0].image) is FaceProblem.TOO_DARK


def test_a_burnt_out_face_is_too_bright(sface: FaceEngine) -> None:
    image = photographs(CLEAN)[0].image
    burnt = np.clip(image.astype(np.float32) * 3 + 30, 0, 255).astype(np.uint8)
    assert find_one_face(sface, burnt) is FaceProblem.TOO_BRIGHT


def test_a_small_face_is_refused_live_but_not_on_a_document(sface: FaceEngine) -> None:
    chip = next(
        picture
        for picture in photographs("idchip")
        if find_one_face(sface, picture.image, limits=LIVE_LIMITS) is FaceProblem.TOO_SMALL
    )
    assert isinstance(find_one_face(sface, chip.image, limits=PORTRAIT_LIMITS), FoundFace)
