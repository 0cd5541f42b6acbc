"""Stages, thresholds and what a lock's update may become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.firmware import FirmwareRefusal
from firmware_protocol.topics import LockId
from service.rollout.rules import (
    BAD,
    SETTLED,
    UPDATE_TRANSITIONS,
    Counts,
    Plan,
    UpdateState,
    UpdateStep,
    Verdict,
    assign,
    counts_of,
    decide,
    late_stage,
    next_update,
    step_of_answer,
    step_of_outcome,
)

PLANS = st.builds(
    Plan,
    st.sets(st.integers(1, 99), max_size=6).map(lambda shares: (*sorted(shares), 100)),
    st.integers(1, 100),
    st.integers(0, 99),
)
STATES = st.dictionaries(st.sampled_from(UpdateState), st.integers(0, 40), max_size=9)
LOCKS = st.sets(st.integers(0, 500), min_size=1, max_size=60).map(lambda ids: [LockId(f"L-{one:012}") for one in ids])


@given(PLANS, STATES, st.data())
def test_too_many_errors_stop_it_and_nothing_else_does(
    plan: Plan, states: dict[UpdateState, int], data: st.DataObject
) -> None:
    stage = data.draw(st.integers(0, len(plan.stages) - 1))
    counts = counts_of(states)
    verdict = decide(plan, stage, counts)
    assert (verdict is Verdict.STOP) == (counts.total > 0 and counts.bad / counts.total * 100 > plan.error_percent)
    if verdict is Verdict.ADVANCE:
        assert stage + 1 < len(plan.stages)
        assert counts.installed * 100 >= plan.success_percent * counts.total
    if verdict is Verdict.DONE:
        assert stage + 1 == len(plan.stages)
        assert counts.settled == counts.total


@given(PLANS, STATES)
def test_one_more_failure_never_helps(plan: Plan, states: dict[UpdateState, int]) -> None:
    before = decide(plan, 0, counts_of(states))
    worse = {**states, UpdateState.FELL_BACK: states.get(UpdateState.FELL_BACK, 0) + 1}
    worse[UpdateState.INSTALLED] = max(0, worse.get(UpdateState.INSTALLED, 0) - 1)
    after = decide(plan, 0, counts_of(worse))
    assert after is Verdict.STOP or before is not Verdict.STOP or counts_of(worse).total > counts_of(states).total
    assert not (before is Verdict.WAIT and after is Verdict.ADVANCE)


def test_a_stage_opens_the_next_when_enough_have_it() -> None:
    plan = Plan((10, 100), success_percent=90, error_percent=10)
    assert decide(plan, 0, Counts(10, 8, 0, 8)) is Verdict.WAIT
    assert decide(plan, 0, Counts(10, 9, 1, 10)) is Verdict.ADVANCE
    assert decide(plan, 0, Counts(10, 8, 2, 10)) is Verdict.STOP
    assert decide(plan, 1, Counts(100, 95, 5, 100)) is Verdict.DONE


@given(LOCKS, PLANS, st.binary(min_size=4, max_size=4))
def test_every_lock_has_a_stage_and_no_stage_more_than_its_share(locks: list[LockId], plan: Plan, seed: bytes) -> None:
    stages = assign(locks, plan, seed)
    assert stages.keys() == set(locks)
    assert 0 in stages.values()
    for at, share in enumerate(plan.stages):
        begun = sum(stage <= at for stage in stages.values())
        assert begun == -(-len(locks) * share // 100)
    assert assign(list(reversed(locks)), plan, seed) == stages


@pytest.mark.parametrize(
    "plan",
    [
        Plan(()),
        Plan((5, 5, 100)),
        Plan((50,)),
        Plan((0, 100)),
        Plan((50, 20, 100)),
        Plan((100,), 0),
        Plan((100,), 90, 100),
    ],
)
def test_a_plan_that_makes_no_sense_is_named(plan: Plan) -> None:
    assert plan.problem()


def test_a_plan_with_no_room_is_named() -> None:
    assert Plan((100,), at_once=0).problem()
    assert Plan((*range(1, 12), 100)).problem()
    assert Plan((5, 25, 100)).problem() is None


@given(st.sampled_from(UpdateState), st.sampled_from(UpdateStep))
def test_what_the_table_does_not_name_changes_nothing(state: UpdateState, step: UpdateStep) -> None:
    assert next_update(state, step) is UPDATE_TRANSITIONS.get((state, step), state)


@given(st.sampled_from(UpdateState))
def test_what_the_lock_s_log_says_is_believed_in_every_state(state: UpdateState) -> None:
    assert next_update(state, UpdateStep.CONFIRMED) is UpdateState.INSTALLED
    assert next_update(state, UpdateStep.FELL_BACK) is UpdateState.FELL_BACK


@given(st.sampled_from(sorted(SETTLED)), st.sampled_from([UpdateStep.OFFER, UpdateStep.ASKED, UpdateStep.CALLED_OFF]))
def test_what_has_settled_is_not_begun_again(state: UpdateState, step: UpdateStep) -> None:
    assert next_update(state, step) is state
    assert BAD < SETTLED


def test_answers_are_understood() -> None:
    assert step_of_answer(0) is step_of_answer(FirmwareRefusal.DOOR_IN_USE) is UpdateStep.ASKED
    assert step_of_answer(FirmwareRefusal.BATTERY_LOW) is UpdateStep.POSTPONED
    assert step_of_answer(FirmwareRefusal.NOT_SIGNED) is step_of_answer(15) is UpdateStep.REFUSED
    assert step_of_answer(999) is UpdateStep.ASKED
    assert [step_of_outcome(one) for one in (0, 1, 2, 3, -1)] == [
        UpdateStep.TRIED,
        UpdateStep.CONFIRMED,
        UpdateStep.FELL_BACK,
        None,
        None,
    ]


@given(PLANS, st.binary(min_size=8, max_size=8))
def test_late_locks_keep_to_the_shares_of_the_stages(plan: Plan, seed: bytes) -> None:
    stages = [late_stage(LockId(f"L-{number:012}"), plan, seed) for number in range(400)]
    for at, share in enumerate(plan.stages):
        assert abs(sum(stage <= at for stage in stages) / 4 - share) < 14
