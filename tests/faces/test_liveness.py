"""The active challenge on drawn heads and, for what it cannot do, on a photograph."""

import random
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from face_engine import (
    Challenge,
    FaceEngine,
    Image,
    Liveness,
    LivenessChecker,
    LivenessReason,
    Moment,
    Step,
    draw_challenge,
    follow,
    judge_challenge,
)
from tests.faces.collection import photographs
from tests.faces.drawn_head import FLAT, Held, track

FACING = [Held()] * 3


def there_and_back(field: str, most: float, start: float = 0.0) -> list[Held]:
    """A movement to its furthest point and back again."""
    way = np.linspace(start, most, 6)
    return [Held(**{field: float(value)}) for value in (*way, *way[::-1])]


SHOWN = {
    Step.TURN_LEFT: there_and_back("left", 35),
    Step.TURN_RIGHT: there_and_back("left", -35),
    Step.NOD: there_and_back("bowed", 25),
    Step.COME_CLOSER: there_and_back("distance", 300, 500),
}
ORDERS = [(one, two) for one in Step for two in Step if one is not two]


def zoomed(image: Image, zoom: float) -> Image:
    return np.asarray(cv2.resize(image, None, fx=zoom, fy=zoom), np.uint8)


def judged(steps: tuple[Step, ...], moments: list[Moment]) -> tuple[Liveness, LivenessReason]:
    checker: LivenessChecker = judge_challenge
    verdict = checker(Challenge(steps), moments)
    return verdict.outcome, verdict.reason


PASSED = (Liveness.PASSED, LivenessReason.AS_ASKED)
REFUSED = (Liveness.FAILED, LivenessReason.NOT_AS_ASKED)


@pytest.mark.parametrize("steps", ORDERS)
def test_doing_what_is_asked_passes_and_in_another_order_does_not(steps: tuple[Step, Step]) -> None:
    first, second = steps
    moments = track([*FACING, *SHOWN[first], *SHOWN[second]])
    assert judged(steps, moments) == PASSED
    assert judged((second, first), moments) == REFUSED
    assert judged((first, first), moments) == REFUSED


@pytest.mark.parametrize("asked", list(Step))
@pytest.mark.parametrize("tilted", [-20.0, 20.0])
def test_a_tilted_head_is_judged_alike(asked: Step, tilted: float) -> None:
    shown = [Held(p.left, p.bowed, tilted, p.distance) for p in (*FACING, *SHOWN[asked])]
    assert judged((asked,), track(shown)) == PASSED


@pytest.mark.parametrize("asked", list(Step))
def test_holding_still_fails(asked: Step) -> None:
    assert judged((asked,), track(FACING * 4)) == REFUSED


@pytest.mark.parametrize(("asked", "opposite"), [(Step.TURN_LEFT, Step.TURN_RIGHT), (Step.TURN_RIGHT, Step.TURN_LEFT)])
def test_trying_the_other_way_first_fails(asked: Step, opposite: Step) -> None:
    assert judged((asked,), track([*FACING, *SHOWN[opposite], *SHOWN[asked]])) == REFUSED


def test_not_coming_back_fails() -> None:
    assert judged((Step.TURN_LEFT,), track([*FACING, *SHOWN[Step.TURN_LEFT][:6]])) == REFUSED


def test_beginning_turned_away_fails() -> None:
    assert judged((Step.TURN_LEFT,), track(SHOWN[Step.TURN_LEFT][5:] + SHOWN[Step.TURN_LEFT])) == REFUSED


def test_a_cut_in_the_film_fails() -> None:
    moments = track([*FACING, *SHOWN[Step.TURN_LEFT]])
    far = track([*FACING, *(Held(left=p.left, x=260) for p in SHOWN[Step.TURN_LEFT])])
    assert judged((Step.TURN_LEFT,), moments[:3] + far[3:]) == (Liveness.FAILED, LivenessReason.JUMPED)


def test_a_face_that_was_lost_fails() -> None:
    moments = track([*FACING, *SHOWN[Step.TURN_LEFT]])
    assert judged((Step.TURN_LEFT,), moments[:3] + moments[9:]) == (Liveness.FAILED, LivenessReason.LOST_FACE)
    assert judged((Step.TURN_LEFT,), moments[::-1]) == (Liveness.FAILED, LivenessReason.LOST_FACE)


def test_taking_too_long_fails() -> None:
    slow = track([*FACING * 10, *SHOWN[Step.NOD]], every_s=0.5)
    assert judged((Step.NOD,), slow) == (Liveness.FAILED, LivenessReason.TOO_SLOW)


@pytest.mark.parametrize(
    ("steps", "moments", "reason"),
    [
        ((Step.NOD,), track(FACING), LivenessReason.TOO_FEW_PICTURES),
        ((Step.NOD,), [], LivenessReason.TOO_FEW_PICTURES),
        ((), track(FACING * 4), LivenessReason.NOTHING_ASKED),
        ((Step.NOD,), [Moment(at, ((0.0, 0.0),)) for at in range(9)], LivenessReason.NO_LANDMARKS),
    ],
)
def test_what_cannot_be_judged_is_not_checked(
    steps: tuple[Step, ...], moments: list[Moment], reason: LivenessReason
) -> None:
    assert judged(steps, moments) == (Liveness.NOT_CHECKED, reason)


@given(
    st.sampled_from([Step.TURN_LEFT, Step.TURN_RIGHT]),
    st.lists(st.tuples(st.floats(-50, 50), st.floats(-40, 40), st.floats(-30, 30)), min_size=6, max_size=20),
)
def test_a_flat_picture_turned_about_never_shows_a_turn(asked: Step, waved: list[tuple[float, float, float]]) -> None:
    poses = [Held(left, bowed, tilted) for left, bowed, tilted in waved]
    assert judged((asked,), track([*FACING, *poses, *FACING], shape=FLAT))[0] is not Liveness.PASSED


@given(st.integers(), st.integers(1, 5))
def test_a_drawn_challenge_asks_for_a_turn_and_repeats_nothing_at_once(seed: int, steps: int) -> None:
    drawn = draw_challenge(random.Random(seed), steps=steps).steps
    assert len(drawn) == steps
    assert {Step.TURN_LEFT, Step.TURN_RIGHT} & set(drawn)
    assert all(one is not two for one, two in pairwise(drawn))


def test_a_photograph_held_still_fails_but_moved_closer_it_has_come_closer(
    sface: FaceEngine, needs_photographs: None
) -> None:
    """Why every drawn challenge holds a turn, and why nothing is claimed about attacks."""
    image = photographs("face")[0].image
    still = follow(sface, [(at * 0.2, image) for at in range(8)])
    assert len(still) == 8
    assert judged((Step.TURN_LEFT,), list(still)) == REFUSED
    facing = next(each.image for each in photographs("face") if each.identity == "Joe_Biden")[::2, ::2]
    zooms = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.5]
    closer = follow(sface, [(at * 0.2, zoomed(facing, zoom)) for at, zoom in enumerate(zooms)])
    assert judged((Step.COME_CLOSER,), list(closer)) == PASSED


def test_the_second_engine_has_no_landmarks_to_follow(dlib: FaceEngine, needs_photographs: None) -> None:
    image = photographs("face")[0].image
    with pytest.raises(ValueError, match="sface"):
        follow(dlib, [(0.0, image)])
