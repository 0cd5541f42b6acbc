"""Roll-outs: begin one, move it on, hear how each lock fares, hand out chunks."""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from firmware_protocol.firmware import CHUNK_BYTES, MOST_CHUNKS_AT_ONCE
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareOffer, FirmwareWanted
from firmware_protocol.topics import LockId
from service.audit import actions as audit
from service.audit.rules import Act
from service.errors import BadInput, Conflict, NotFound
from service.firmware import records as releases
from service.firmware.actions import Shelf
from service.firmware.records import Release
from service.rollout.records import rollouts as records
from service.rollout.records import updates
from service.rollout.records.rollouts import Rollout
from service.rollout.records.updates import Update
from service.rollout.rules import (
    OPEN_ROLLOUTS,
    Plan,
    RolloutId,
    RolloutState,
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

Down = FirmwareOffer | FirmwareChunk
_NOTHING = bytes(32)


class Told(NamedTuple):
    """Event 20 as the register has it."""

    lock: LockId
    was: int
    to: int
    outcome: int
    cause: int


class Progress(NamedTuple):
    """One roll-out with its release, and how many locks are where."""

    rollout: Rollout
    release: Release
    states: Mapping[UpdateState, int]


def start_rollout(session: Session, version: str, plan: Plan, *, now: datetime) -> tuple[RolloutId, int]:
    """Begin to roll a release out; returns the roll-out and its number of locks."""
    problem = plan.problem()
    if problem is not None:
        raise BadInput(problem, code="firmware_plan")
    found = releases.find_releases(session, version)
    if not found:
        raise NotFound(f"There is no release {version}; `anmen firmware add` takes one into stock.")
    stages = assign(records.locks_for(session, found[0]), plan, os.urandom(16))
    if not stages:
        raise Conflict("No lock that has said so runs anything older on this hardware.")
    rollout = records.insert_rollout(session, found[0], plan, stages, now=now)
    if rollout is None:
        raise Conflict("Another roll-out for this hardware is not finished; abort it first.")
    audit.record(session, None, Act.ROLLOUT_BEGUN, str(rollout), now=now, locks=len(stages), release=found[0].id)
    return rollout, len(stages)


def include_late(session: Session, *, now: datetime) -> int:
    """A job: locks that have said since a roll-out began that they run something older are in it, too; how many."""
    known = {one.id: one for one in releases.releases(session)}
    included = 0
    for rollout in records.claim_rollouts(session):
        late = records.locks_for(session, known[rollout.release_id], not_in=rollout.id)
        seed = rollout.id.to_bytes(8, "big")
        records.add_locks(session, rollout.id, {lock: late_stage(lock, rollout.plan, seed) for lock in late}, now=now)
        included += len(late)
    return included


def change_state(session: Session, wanted: RolloutState, *, now: datetime) -> RolloutId:
    """Pause, resume or abort the open roll-out; Conflict where there is not exactly one."""
    found = records.rollouts(session, OPEN_ROLLOUTS)
    if len(found) != 1:
        raise Conflict(
            "There is no open roll-out." if not found else "Several roll-outs are open; end them one by one."
        )
    rollout = found[0]
    records.change_rollout(session, rollout.id, wanted, rollout.stage, now)
    if wanted is RolloutState.ABORTED:
        _call_off(session, rollout, now)
    audit.record(session, None, Act.ROLLOUT_CHANGED, str(rollout.id), now=now, state=wanted.value)
    return rollout.id


def progress(session: Session) -> list[Progress]:
    """Every roll-out, newest first."""
    known = {one.id: one for one in releases.releases(session)}
    return [
        Progress(one, known[one.release_id], updates.count_states(session, one.id, len(one.plan.stages)))
        for one in records.rollouts(session)
    ]


def due(session: Session, shards: Iterable[int], now: datetime) -> list[tuple[LockId, FirmwareOffer]]:
    """Move the roll-outs on, and say what locks of these shards are to hear of it."""
    if not records.anything_open(session):
        return []
    held = list(shards)
    said: list[tuple[LockId, FirmwareOffer]] = []
    for rollout in records.claim_rollouts(session):
        after = _judged(session, rollout, now)
        if after.state is RolloutState.RUNNING:
            offers = updates.take_offers(session, after, held, now)
            said += [(lock, FirmwareOffer(envelope, soak_s=after.plan.soak_s)) for lock, envelope in offers]
    return said + [(lock, FirmwareOffer(b"")) for lock in updates.take_withdrawals(session, held, now)]


def answer(
    session: Session, asked: Mapping[LockId, FirmwareWanted], shelf: Shelf, now: datetime
) -> list[tuple[LockId, Down]]:
    """What locks have asked for, or why they do not: note it, and give chunks to those whose roll-out runs."""
    known = updates.updates_of(session, asked)
    changed: list[Update] = []
    down: list[tuple[LockId, Down]] = []
    for lock, wanted in asked.items():
        update = _meant(known.get(lock, ()), wanted.digest)
        if update is None or update.rollout_state in {RolloutState.STOPPED, RolloutState.ABORTED}:
            if wanted.chunks:
                down.append((lock, FirmwareOffer(b"")))
            continue
        state = next_update(update.state, step_of_answer(wanted.reason))
        after = update._replace(state=state, reason=min(wanted.reason, 32_767), have=max(update.have, wanted.offset))
        if after != update:
            changed.append(after)
        if wanted.chunks and update.rollout_state is not RolloutState.PAUSED:
            image = shelf.image(session, wanted.digest)
            down += [(lock, chunk) for chunk in _chunks(wanted, image or b"")]
    if changed:
        updates.write_updates(session, changed, now)
    return down


def follow(session: Session, told: Sequence[Told], now: datetime) -> None:
    """What the locks' logs say of their firmware."""
    known = updates.updates_of(session, {one.lock for one in told})
    after: dict[tuple[RolloutId, LockId], Update] = {}
    for one in told:
        step = step_of_outcome(one.outcome)
        # Of a fall-back the image that failed is the one before; of everything else the one after.
        sequence = one.was if step is UpdateStep.FELL_BACK else one.to
        update = next((each for each in known.get(one.lock, ()) if each.sequence == sequence), None)
        if step is None or update is None:
            continue
        now_is = after.get((update.rollout_id, one.lock), update)
        state = next_update(now_is.state, step)
        if state is not now_is.state:
            reason = min(one.cause, 32_767) if step is UpdateStep.FELL_BACK else 0
            after[update.rollout_id, one.lock] = now_is._replace(state=state, reason=reason)
    if after:
        updates.write_updates(session, list(after.values()), now)


def _meant(of_lock: Sequence[Update], digest: bytes) -> Update | None:
    """The update a lock speaks of; one that could not read its offer speaks of the latest."""
    if digest == _NOTHING:
        return of_lock[0] if of_lock else None
    return next((one for one in of_lock if one.digest == digest), None)


def _chunks(wanted: FirmwareWanted, image: bytes) -> list[FirmwareChunk]:
    starts = range(wanted.offset, wanted.offset + min(wanted.chunks, MOST_CHUNKS_AT_ONCE) * CHUNK_BYTES, CHUNK_BYTES)
    return [FirmwareChunk(wanted.digest, at, image[at : at + CHUNK_BYTES]) for at in starts if at < len(image)]


def _judged(session: Session, rollout: Rollout, now: datetime) -> Rollout:
    """The roll-out after its verdict; stages whose share is reached open at once."""
    verdict = Verdict.ADVANCE
    while verdict is Verdict.ADVANCE:
        counts = counts_of(updates.count_states(session, rollout.id, rollout.stage))
        verdict = decide(rollout.plan, rollout.stage, counts)
        if verdict is Verdict.WAIT:
            return rollout
        rollout = _after(rollout, verdict)
        records.change_rollout(session, rollout.id, rollout.state, rollout.stage, now)
    if rollout.state is RolloutState.STOPPED:
        _call_off(session, rollout, now)
    return rollout


def _after(rollout: Rollout, verdict: Verdict) -> Rollout:
    if verdict is Verdict.ADVANCE:
        return rollout._replace(stage=rollout.stage + 1)
    return rollout._replace(state=RolloutState.STOPPED if verdict is Verdict.STOP else RolloutState.DONE)


def _call_off(session: Session, rollout: Rollout, now: datetime) -> None:
    moves = {state: next_update(state, UpdateStep.CALLED_OFF) for state in UpdateState}
    updates.move_all(session, rollout.id, {was: to for was, to in moves.items() if was is not to}, now)
