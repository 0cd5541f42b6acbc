"""The movements a person can be asked for, as a table, and the rule by which a track follows them."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from face_engine.landmark_pose import Pose

FACING_WITHIN = 0.12
TURNED_FROM = 0.18
NODDED_FROM = 0.10
NOD_BACK_WITHIN = 0.05
CLOSER_FROM = 1.3


class Step(StrEnum):
    """One movement to ask for; left and right are the person's own."""

    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    NOD = "nod"
    COME_CLOSER = "come_closer"


_SHOWN: dict[Step, Callable[[Pose, Pose], bool]] = {
    Step.TURN_LEFT: lambda pose, _: pose.aside >= TURNED_FROM,
    Step.TURN_RIGHT: lambda pose, _: pose.aside <= -TURNED_FROM,
    Step.NOD: lambda pose, neutral: pose.nose_at - neutral.nose_at >= NODDED_FROM,
    Step.COME_CLOSER: lambda pose, neutral: pose.size_px >= CLOSER_FROM * neutral.size_px and _faces(pose),
}
_OPPOSITE = {Step.TURN_LEFT: Step.TURN_RIGHT, Step.TURN_RIGHT: Step.TURN_LEFT}


def follow_steps(steps: Sequence[Step], poses: Sequence[Pose]) -> bool:
    """Whether the poses begin facing the camera, show each step in order and face the camera again after each.

    Turning the opposite way first ends it: chance movements contain every movement sooner or later.
    """
    rest = list(poses)
    if not rest or not _faces(rest[0]):
        return False
    neutral = rest[0]
    for step in steps:
        after = _after_step(step, neutral, rest)
        if after is None:
            return False
        neutral, *rest = after
    return True


def _after_step(step: Step, neutral: Pose, poses: Sequence[Pose]) -> Sequence[Pose] | None:
    """The poses from the first that is neutral again after the step, or None when the step is not shown."""
    opposite = _OPPOSITE.get(step)
    for at, pose in enumerate(poses):
        if opposite is not None and _SHOWN[opposite](pose, neutral):
            return None
        if _SHOWN[step](pose, neutral):
            back = (later for later in range(at, len(poses)) if _is_back(poses[later], neutral))
            again = next(back, None)
            return None if again is None else poses[again:]
    return None


def _faces(pose: Pose) -> bool:
    return abs(pose.aside) <= FACING_WITHIN


def _is_back(pose: Pose, neutral: Pose) -> bool:
    return _faces(pose) and abs(pose.nose_at - neutral.nose_at) <= NOD_BACK_WITHIN
