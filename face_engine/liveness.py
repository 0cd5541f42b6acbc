"""An active challenge: the person is asked to turn, nod or come closer, and the track of their landmarks is judged.

What this is worth against attacks was not measured and nothing is claimed: no set of attacks was at hand. It is a question
asked of a person in good faith; a door that must resist spoofing needs a depth or infrared camera's own verdict.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

from face_engine.challenge_steps import Step, follow_steps
from face_engine.engine import SFACE_ID, FaceEngine, Image, Point
from face_engine.landmark_pose import LANDMARKS, Pose, pose_of
from face_engine.levelling import level

MIN_MOMENTS = 6
MAX_GAP_S = 1.0
MAX_SHIFT = 1.5
"""How far a face may move from one picture to the next, in lengths from eyes to mouth."""
MAX_GROWTH = 1.6
"""By what factor a face may grow or shrink from one picture to the next."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is asked, in this order, and how many seconds it may take in all."""

    steps: tuple[Step, ...]
    within_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the five landmarks were at one time: eyes, nose tip, mouth corners, each picture-left one first."""

    at_s: float
    points: tuple[Point, ...]


class Liveness(StrEnum):
    """The outcome of a check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


class LivenessReason(StrEnum):
    """Why a check came out as it did."""

    AS_ASKED = "as_asked"
    NOT_AS_ASKED = "not_as_asked"
    TOO_SLOW = "too_slow"
    LOST_FACE = "lost_face"
    JUMPED = "jumped"
    TOO_FEW_PICTURES = "too_few_pictures"
    NO_LANDMARKS = "no_landmarks"
    NOTHING_ASKED = "nothing_asked"


@dataclass(frozen=True, slots=True)
class LivenessVerdict:
    """What a check found; NOT_CHECKED must never be read as passed."""

    outcome: Liveness
    reason: LivenessReason


class LivenessChecker(Protocol):
    """Anything that judges a track against a challenge; `judge_challenge` is the default."""

    def __call__(self, challenge: Challenge, track: Sequence[Moment]) -> LivenessVerdict:
        """Whether the person did what was asked."""


def draw_challenge(dice: random.Random, *, steps: int = 2) -> Challenge:
    """A random challenge with at least one turn, and no movement asked for twice running."""
    drawn = [dice.choice((Step.TURN_LEFT, Step.TURN_RIGHT))]
    while len(drawn) < steps:
        drawn.append(dice.choice([step for step in Step if step is not drawn[-1]]))
    if dice.getrandbits(1):
        drawn.reverse()
    return Challenge(tuple(drawn))


def follow(engine: FaceEngine, frames: Iterable[tuple[float, Image]]) -> tuple[Moment, ...]:
    """The landmark track of the largest face in timed frames; ValueError unless the engine is sface (dlib has no mouth corners)."""
    if engine.engine_id != SFACE_ID:
        raise ValueError("liveness needs the landmarks of the engine sface, whichever engine compares the faces")
    seen = ((at_s, image, engine.detect(image)) for at_s, image in frames)
    return tuple(Moment(at_s, level(engine, image, faces[0]).face.points) for at_s, image, faces in seen if faces)


def judge_challenge(challenge: Challenge, track: Sequence[Moment]) -> LivenessVerdict:
    """Whether a track shows the movements asked for, in order, facing the camera before and after each of them."""
    unusable = _unusable(challenge, track)
    if unusable is not None:
        return LivenessVerdict(Liveness.NOT_CHECKED, unusable)
    poses = [pose_of(moment.points) for moment in track]
    broken = _broken(challenge, track, poses)
    if broken is not None:
        return LivenessVerdict(Liveness.FAILED, broken)
    if not follow_steps(challenge.steps, poses):
        return LivenessVerdict(Liveness.FAILED, LivenessReason.NOT_AS_ASKED)
    return LivenessVerdict(Liveness.PASSED, LivenessReason.AS_ASKED)


def _unusable(challenge: Challenge, track: Sequence[Moment]) -> LivenessReason | None:
    if not challenge.steps:
        return LivenessReason.NOTHING_ASKED
    if len(track) < MIN_MOMENTS:
        return LivenessReason.TOO_FEW_PICTURES
    if any(len(moment.points) != LANDMARKS for moment in track):
        return LivenessReason.NO_LANDMARKS
    return None


def _broken(challenge: Challenge, track: Sequence[Moment], poses: Sequence[Pose]) -> LivenessReason | None:
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(track)]
    if not all(0.0 < gap <= MAX_GAP_S for gap in gaps):
        return LivenessReason.LOST_FACE
    if track[-1].at_s - track[0].at_s > challenge.within_s:
        return LivenessReason.TOO_SLOW
    if any(_jumped(earlier, later) for earlier, later in pairwise(poses)):
        return LivenessReason.JUMPED
    return None


def _jumped(earlier: Pose, later: Pose) -> bool:
    growth = later.size_px / earlier.size_px
    return later.shift_from(earlier) > MAX_SHIFT or not 1 / MAX_GROWTH <= growth <= MAX_GROWTH
