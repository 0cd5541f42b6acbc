"""SQL of updates: where each lock stands in a roll-out, what it is to be offered, and what is called off."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.firmware.rules import ReleaseId
from service.rollout.records.rollouts import Rollout
from service.rollout.rules import OFFER_AGAIN_S, POSTPONED_S, RolloutId, RolloutState, UpdateState


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
