"""Tables and SQL of roll-outs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.firmware.records import Release
from service.firmware.rules import ReleaseId
from service.rollout.rules import (
    OFFER_AGAIN_S,
    POSTPONED_S,
    Plan,
    RolloutId,
    RolloutState,
    UpdateState,
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


class Update(NamedTuple):
    """One lock in one roll-out, with what identifies the image."""

    rollout_id: RolloutId
    rollout_state: RolloutState
    lock_id: LockId
    state: UpdateState
    release_id: ReleaseId
    digest: bytes
    sequence: int
    reason: int
    have: int


def locks_for(session: Session, release: Release) -> list[LockId]:
    """Locks of the release's maker and class that run something older, by their births; compared as JSON, since a cast fails on words."""
    rows = session.execute(
        text(
            "SELECT id FROM lock WHERE revoked_at IS NULL AND capabilities->>'firmware_class' = :class"
            " AND capabilities->>'firmware_vendor' = :vendor"
            " AND capabilities->'firmware' BETWEEN '0' AND to_jsonb(CAST(:sequence AS bigint) - 1) ORDER BY id"
        ),
        {"class": release.class_id.hex(), "vendor": release.vendor_id.hex(), "sequence": release.sequence},
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
    if found is not None:
        session.execute(
            text(
                "INSERT INTO firmware_update (rollout_id, lock_id, stage, state, changed_at)"
                " SELECT :rollout, l.id, l.stage, 'waiting', :now"
                " FROM unnest(CAST(:locks AS text[]), CAST(:stages AS smallint[])) AS l (id, stage)"
            ),
            {"rollout": found, "locks": list(stages), "stages": list(stages.values()), "now": now},
        )
    return None if found is None else RolloutId(found)


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


def count_states(session: Session, rollout: RolloutId, up_to_stage: int) -> dict[UpdateState, int]:
    """How many locks of the stages begun are in which state."""
    rows = session.execute(
        text("SELECT state, count(*) FROM firmware_update WHERE rollout_id = :id AND stage <= :stage GROUP BY state"),
        {"id": rollout, "stage": up_to_stage},
    )
    return {UpdateState(state): count for state, count in rows}


def move_all(session: Session, rollout: RolloutId, moves: Mapping[UpdateState, UpdateState], now: datetime) -> None:
    """Every lock of the roll-out that is in one of these states goes to the other."""
    session.execute(
        text(
            "UPDATE firmware_update u SET state = m.becomes, changed_at = :now"
            " FROM unnest(CAST(:was AS text[]), CAST(:becomes AS text[])) AS m (was, becomes)"
            " WHERE u.rollout_id = :id AND u.state = m.was"
        ),
        {
            "id": rollout,
            "was": [one.value for one in moves],
            "becomes": [one.value for one in moves.values()],
            "now": now,
        },
    )


def updates_of(session: Session, locks: Iterable[LockId]) -> dict[LockId, list[Update]]:
    """All updates of these locks, newest first."""
    rows = session.execute(
        text(
            "SELECT u.rollout_id, o.state, u.lock_id, u.state, o.release_id, r.digest, r.sequence, u.reason, u.have"
            " FROM firmware_update u JOIN firmware_rollout o ON o.id = u.rollout_id JOIN firmware_release r ON r.id = o.release_id"
            " WHERE u.lock_id = ANY(CAST(:locks AS text[])) ORDER BY u.rollout_id DESC"
        ),
        {"locks": list(locks)},
    )
    found: dict[LockId, list[Update]] = {}
    for rollout, rollout_state, lock, state, release, digest, sequence, reason, have in rows:
        update = Update(
            rollout, RolloutState(rollout_state), lock, UpdateState(state), release, digest, sequence, reason, have
        )
        found.setdefault(LockId(lock), []).append(update)
    return found


def write_updates(session: Session, updates: Sequence[Update], now: datetime) -> None:
    """Store state, reason and progress of these, one row each."""
    session.execute(
        text(
            "UPDATE firmware_update u SET state = n.state, reason = n.reason, have = n.have, changed_at = :now"
            " FROM unnest(CAST(:rollouts AS bigint[]), CAST(:locks AS text[]), CAST(:states AS text[]), CAST(:reasons AS smallint[]),"
            " CAST(:have AS bigint[])) AS n (rollout_id, lock_id, state, reason, have)"
            " WHERE u.rollout_id = n.rollout_id AND u.lock_id = n.lock_id"
        ),
        {
            "now": now,
            "rollouts": [one.rollout_id for one in updates],
            "locks": [one.lock_id for one in updates],
            "states": [one.state.value for one in updates],
            "reasons": [one.reason for one in updates],
            "have": [one.have for one in updates],
        },
    )


def take_offers(session: Session, rollout: Rollout, shards: Iterable[int], now: datetime) -> list[tuple[LockId, bytes]]:
    """Locks of these shards that are to be offered the image now, and its envelope: those offered in vain, and new ones.

    All are marked as offered, up to the roll-out's bound; one that fell silent counts against it until it speaks again.
    """
    rows = session.execute(
        text(
            "WITH busy AS (SELECT count(*) AS n FROM firmware_update WHERE rollout_id = :id AND state IN ('offered', 'downloading')),"
            " silent AS (SELECT u.lock_id FROM firmware_update u JOIN lock l ON l.id = u.lock_id WHERE u.rollout_id = :id"
            "  AND u.state IN ('offered', 'downloading') AND u.changed_at < :silent_since AND l.link = 'live' AND l.shard = ANY(:shards)),"
            " fresh AS (SELECT u.lock_id FROM firmware_update u JOIN lock l ON l.id = u.lock_id, busy WHERE u.rollout_id = :id"
            "  AND u.state = 'waiting' AND u.stage <= :stage AND l.link = 'live' AND l.revoked_at IS NULL AND l.shard = ANY(:shards)"
            "  AND (u.reason = 0 OR u.changed_at < :postponed_until) ORDER BY u.lock_id"
            "  LIMIT (SELECT greatest(0, :at_once - n) FROM busy)),"
            " taken AS (UPDATE firmware_update u SET changed_at = :now, state = CASE WHEN u.state = 'waiting' THEN 'offered' ELSE u.state END"
            "  WHERE u.rollout_id = :id AND u.lock_id IN (SELECT lock_id FROM silent UNION ALL SELECT lock_id FROM fresh)"
            "  RETURNING u.lock_id)"
            " SELECT t.lock_id, r.envelope FROM taken t, firmware_release r WHERE r.id = :release"
        ),
        {
            "id": rollout.id,
            "release": rollout.release_id,
            "shards": list(shards),
            "stage": rollout.stage,
            "at_once": rollout.plan.at_once,
            "now": now,
            "silent_since": now - timedelta(seconds=OFFER_AGAIN_S),
            "postponed_until": now - timedelta(seconds=POSTPONED_S),
        },
    )
    return [(LockId(lock), envelope) for lock, envelope in rows]


def take_withdrawals(session: Session, shards: Iterable[int], now: datetime) -> list[LockId]:
    """Live locks of these shards that must hear that their update was called off; marked as told."""
    rows = session.execute(
        text(
            "UPDATE firmware_update u SET state = 'withdrawn', changed_at = :now FROM lock l WHERE l.id = u.lock_id"
            " AND u.rollout_id IN (SELECT id FROM firmware_rollout WHERE state IN ('stopped', 'aborted'))"
            " AND u.state = 'withdrawing' AND l.link = 'live' AND l.shard = ANY(:shards) RETURNING u.lock_id"
        ),
        {"shards": list(shards), "now": now},
    )
    return [LockId(row[0]) for row in rows]


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
