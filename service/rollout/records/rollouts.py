"""SQL of roll-outs: which there are, and which locks belong to one."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.firmware.records import Release
from service.firmware.rules import ReleaseId
from service.rollout.rules import (
    Plan,
    RolloutId,
    RolloutState,
)


class Rollout(NamedTuple):
    """One roll-out of a release."""

    id: RolloutId
    release_id: ReleaseId
    plan: Plan
    stage: int
    state: RolloutState
    started_at: datetime
    changed_at: datetime


def locks_for(session: Session, release: Release, *, not_in: RolloutId | None = None) -> list[LockId]:
    """Locks of the release's maker and class that run something older, by their births; compared as JSON, since a cast fails on words.

    `not_in`: leave out those that this roll-out has already.
    """
    rows = session.execute(
        text(
            "SELECT id FROM lock WHERE revoked_at IS NULL AND capabilities->>'firmware_class' = :class"
            " AND capabilities->>'firmware_vendor' = :vendor"
            " AND capabilities->'firmware' BETWEEN '0' AND to_jsonb(CAST(:sequence AS bigint) - 1)"
            " AND NOT EXISTS (SELECT FROM firmware_update u WHERE u.lock_id = lock.id AND u.rollout_id = :rollout) ORDER BY id"
        ),
        {
            "rollout": not_in,
            "class": release.class_id.hex(),
            "vendor": release.vendor_id.hex(),
            "sequence": release.sequence,
        },
    )
    return [LockId(row[0]) for row in rows]


def insert_rollout(
    session: Session, release: Release, plan: Plan, stages: Mapping[LockId, int], *, now: datetime
) -> RolloutId | None:
    """The new roll-out with all its locks waiting, or None where another of this class is open."""
    found = session.execute(
        text(
            "INSERT INTO firmware_rollout (release_id, class_id, stages, success_percent, error_percent, at_once, soak_s, state,"
            " started_at, changed_at) VALUES (:release, :class, :stages, :success, :error, :at_once, :soak_s, 'running', :now, :now)"
            " ON CONFLICT DO NOTHING RETURNING id"
        ),
        {
            "release": release.id,
            "class": release.class_id,
            "stages": list(plan.stages),
            "success": plan.success_percent,
            "error": plan.error_percent,
            "at_once": plan.at_once,
            "soak_s": plan.soak_s,
            "now": now,
        },
    ).scalar()
    if found is None:
        return None
    add_locks(session, RolloutId(found), stages, now=now)
    return RolloutId(found)


def add_locks(session: Session, rollout: RolloutId, stages: Mapping[LockId, int], *, now: datetime) -> None:
    """These locks wait in the roll-out, each in its stage."""
    session.execute(
        text(
            "INSERT INTO firmware_update (rollout_id, lock_id, stage, state, changed_at)"
            " SELECT :rollout, l.id, l.stage, 'waiting', :now"
            " FROM unnest(CAST(:locks AS text[]), CAST(:stages AS smallint[])) AS l (id, stage) ON CONFLICT DO NOTHING"
        ),
        {"rollout": rollout, "locks": list(stages), "stages": list(stages.values()), "now": now},
    )


_ROLLOUT = (
    "SELECT id, release_id, stages, success_percent, error_percent, at_once, soak_s, stage, state, started_at, changed_at"
    " FROM firmware_rollout"
)


def rollouts(session: Session, states: Iterable[RolloutState] = tuple(RolloutState)) -> list[Rollout]:
    """Roll-outs in these states, newest first."""
    rows = session.execute(
        text(f"{_ROLLOUT} WHERE state = ANY(:states) ORDER BY id DESC"), {"states": [one.value for one in states]}
    )
    return [_rollout(row) for row in rows]


def claim_rollouts(session: Session) -> list[Rollout]:
    """Running roll-outs, held until the transaction ends; those that another process is at are left to it."""
    return [
        _rollout(row) for row in session.execute(text(f"{_ROLLOUT} WHERE state = 'running' FOR UPDATE SKIP LOCKED"))
    ]


def _rollout(row: Any) -> Rollout:
    number, release, stages, success, error, at_once, soak_s, stage, state, started, changed = row
    plan = Plan(tuple(stages), success, error, at_once, soak_s)
    return Rollout(RolloutId(number), ReleaseId(release), plan, stage, RolloutState(state), started, changed)


def change_rollout(session: Session, rollout: RolloutId, state: RolloutState, stage: int, now: datetime) -> None:
    """Its new state and stage."""
    session.execute(
        text("UPDATE firmware_rollout SET state = :state, stage = :stage, changed_at = :now WHERE id = :id"),
        {"id": rollout, "state": state.value, "stage": stage, "now": now},
    )


def anything_open(session: Session) -> bool:
    """Whether any roll-out runs, or any lock is still to be told that one does not."""
    found = session.execute(
        text(
            "SELECT EXISTS (SELECT FROM firmware_rollout WHERE state = 'running')"
            " OR EXISTS (SELECT FROM firmware_rollout o JOIN firmware_update u ON u.rollout_id = o.id AND u.state = 'withdrawing'"
            " WHERE o.state IN ('stopped', 'aborted'))"
        )
    )
    return bool(found.scalar())
