"""Who gets an image when, when a roll-out goes on, when it stops by itself, and what each lock's update may become. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, NewType

from firmware_protocol.firmware import LONGEST_SOAK_S, SOAK_S, FirmwareOutcome, FirmwareRefusal
from firmware_protocol.topics import LockId

RolloutId = NewType("RolloutId", int)

AT_ONCE = 50
OFFER_AGAIN_S = 60
POSTPONED_S = 600
MOST_STAGES = 10
# From this reason on a lock would have it, only not now.
FIRST_PASSING = 16


class UpdateState(StrEnum):
    """One lock in one roll-out; the values are stored and never change."""

    WAITING = "waiting"
    OFFERED = "offered"
    DOWNLOADING = "downloading"
    ON_TRIAL = "on_trial"
    INSTALLED = "installed"
    FELL_BACK = "fell_back"
    FAILED = "failed"
    WITHDRAWING = "withdrawing"
    WITHDRAWN = "withdrawn"


class UpdateStep(StrEnum):
    """What moves it."""

    OFFER = "offer"
    """An offer goes down."""
    ASKED = "asked"
    """The lock asks for chunks, or says that it waits for a quiet moment."""
    POSTPONED = "postponed"
    REFUSED = "refused"
    TRIED = "tried"
    CONFIRMED = "confirmed"
    FELL_BACK = "fell_back"
    CALLED_OFF = "called_off"
    """The roll-out ended before its time."""
    TOLD = "told"
    """The lock has been told so."""


_S, _T = UpdateState, UpdateStep
# What is not named here changes nothing. What the lock's log says is true in every state.
UPDATE_TRANSITIONS: dict[tuple[UpdateState, UpdateStep], UpdateState] = {
    (_S.WAITING, _T.OFFER): _S.OFFERED,
    (_S.OFFERED, _T.ASKED): _S.DOWNLOADING,
    (_S.OFFERED, _T.POSTPONED): _S.WAITING,
    (_S.DOWNLOADING, _T.POSTPONED): _S.WAITING,
    (_S.OFFERED, _T.REFUSED): _S.FAILED,
    (_S.DOWNLOADING, _T.REFUSED): _S.FAILED,
    (_S.WAITING, _T.CALLED_OFF): _S.WITHDRAWN,
    (_S.OFFERED, _T.CALLED_OFF): _S.WITHDRAWING,
    (_S.DOWNLOADING, _T.CALLED_OFF): _S.WITHDRAWING,
    (_S.WITHDRAWING, _T.TOLD): _S.WITHDRAWN,
    **{(state, _T.TRIED): _S.ON_TRIAL for state in _S if state not in {_S.ON_TRIAL, _S.INSTALLED, _S.FELL_BACK}},
    **{(state, _T.CONFIRMED): _S.INSTALLED for state in _S if state is not _S.INSTALLED},
    **{(state, _T.FELL_BACK): _S.FELL_BACK for state in _S if state is not _S.FELL_BACK},
}
SETTLED = frozenset({_S.INSTALLED, _S.FELL_BACK, _S.FAILED, _S.WITHDRAWN})
BAD = frozenset({_S.FELL_BACK, _S.FAILED})


class RolloutState(StrEnum):
    """A roll-out as a whole; the values are stored and never change."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    """By itself: too many locks came back."""
    ABORTED = "aborted"
    DONE = "done"


OPEN_ROLLOUTS = frozenset({RolloutState.RUNNING, RolloutState.PAUSED})


class Verdict(StrEnum):
    """What becomes of a roll-out now."""

    WAIT = "wait"
    ADVANCE = "advance"
    STOP = "stop"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Plan:
    """Shares in percent of all locks, rising to 100; a stage opens the next when so many percent of all begun have it.

    `error_percent`: the roll-out stops when more than this share of the locks begun came back or failed.
    """

    stages: tuple[int, ...]
    success_percent: int = 90
    error_percent: int = 10
    at_once: int = AT_ONCE
    soak_s: int = SOAK_S

    def problem(self) -> str | None:
        """What is wrong with it, in a sentence; None where nothing is."""
        rising = all(low < high for low, high in zip(self.stages, self.stages[1:], strict=False))
        if not self.stages or not rising or self.stages[0] < 1 or self.stages[-1] != 100:
            return "Stages are percentages that rise to 100, such as 5,25,100."
        if len(self.stages) > MOST_STAGES:
            return f"At most {MOST_STAGES} stages."
        if not (1 <= self.success_percent <= 100 and 0 <= self.error_percent < 100):
            return "The success threshold lies between 1 and 100 percent, the error threshold between 0 and 99."
        if not 0 <= self.soak_s <= LONGEST_SOAK_S:
            return f"An image is on trial for 0 to {LONGEST_SOAK_S} seconds."
        return None if 1 <= self.at_once <= 10_000 else "Between 1 and 10,000 locks may download at once."


class Counts(NamedTuple):
    """Locks of the stages begun."""

    total: int
    installed: int
    bad: int
    settled: int


def counts_of(states: Mapping[UpdateState, int]) -> Counts:
    """The counts that a verdict needs."""
    return Counts(
        total=sum(states.values()),
        installed=states.get(UpdateState.INSTALLED, 0),
        bad=sum(states.get(one, 0) for one in BAD),
        settled=sum(states.get(one, 0) for one in SETTLED),
    )


def decide(plan: Plan, stage: int, counts: Counts) -> Verdict:
    """Stop on too many errors; else open the next stage once enough have it; done when the last one has settled."""
    if counts.bad * 100 > plan.error_percent * counts.total:
        return Verdict.STOP
    if stage + 1 < len(plan.stages):
        return Verdict.ADVANCE if counts.installed * 100 >= plan.success_percent * counts.total else Verdict.WAIT
    return Verdict.DONE if counts.settled == counts.total else Verdict.WAIT


def assign(locks: Iterable[LockId], plan: Plan, seed: bytes) -> dict[LockId, int]:
    """Each lock's stage: an order that nobody chose and that is another in every roll-out; a first stage is never empty."""
    order = sorted(locks, key=lambda lock: hashlib.sha256(seed + lock.encode()).digest())
    stages = {}
    for rank, lock in enumerate(order):
        stages[lock] = next(at for at, share in enumerate(plan.stages) if rank < -(-len(order) * share // 100))
    return stages


def late_stage(lock: LockId, plan: Plan, seed: bytes) -> int:
    """The stage of a lock that came when the roll-out had begun, by the same shares: an order that nobody chose, and no lock for good."""
    drawn = int.from_bytes(hashlib.sha256(seed + lock.encode()).digest()[:8], "big") * 100 >> 64
    return next(at for at, share in enumerate(plan.stages) if drawn < share)


def next_update(state: UpdateState, step: UpdateStep) -> UpdateState:
    """The state after the step; the same where the table does not name the pair."""
    return UPDATE_TRANSITIONS.get((state, step), state)


def step_of_answer(reason: int) -> UpdateStep:
    """What a firmware-wanted means: chunks are asked for, or why not."""
    if reason == FirmwareRefusal.BATTERY_LOW:
        return UpdateStep.POSTPONED
    return UpdateStep.REFUSED if 0 < reason < FIRST_PASSING else UpdateStep.ASKED


def step_of_outcome(outcome: int) -> UpdateStep | None:
    """What event 20 means for the update; None where a newer lock says something else."""
    steps = {
        FirmwareOutcome.ON_TRIAL: UpdateStep.TRIED,
        FirmwareOutcome.CONFIRMED: UpdateStep.CONFIRMED,
        FirmwareOutcome.FELL_BACK: UpdateStep.FELL_BACK,
    }
    return steps.get(FirmwareOutcome(outcome)) if outcome in list(FirmwareOutcome) else None
