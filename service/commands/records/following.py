"""SQL of bringing commands to locks and writing down what they answer, each as one statement for all that a batch concerns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.commands import CommandKind
from firmware_protocol.commands_followed import TOLD_AGAIN
from firmware_protocol.enrolment import MOST_ENTRIES
from firmware_protocol.topics import LockId
from service.commands.records.rows import Kept, load
from service.commands.rules import LET_AJAR_S, LET_RELOCK_S, ONLY_VACANT

# Not called off. Ordered of a vacant room, and since then somebody has been given a way in: what empties a lock is no longer said, nor times
# that nobody would be given who lives there.
_STILL_MEANT = (
    f"c.called_off_at IS NULL AND ((c.kind <> ALL(:emptying) AND (c.kind <> {CommandKind.SET_PARAMETERS:d}"
    f" OR (c.relock_s BETWEEN {LET_RELOCK_S[0]} AND {LET_RELOCK_S[1]} AND c.ajar_s BETWEEN {LET_AJAR_S[0]} AND {LET_AJAR_S[1]})))"
    " OR NOT EXISTS (SELECT FROM credential k WHERE k.lock_id = c.lock_id AND k.removed_version IS NULL))"
)
_EMPTYING = sorted(kind.value for kind in ONLY_VACANT)
_ENTRIES = text(
    "SELECT credential_id FROM credential WHERE lock_id = :lock AND person_id = :person AND removed_version IS NULL"
    " AND NOT visitor ORDER BY credential_id DESC LIMIT :most"
)


class Change(NamedTuple):
    """What is to be written of a command; None leaves what is there."""

    id: bytes
    state: str
    failure: int = 0
    told_at: datetime | None = None
    told_epoch: int | None = None
    ended_at: datetime | None = None
    answer: Mapping[str, Any] | None = None
    proof: bytes | None = None


def hold(session: Session, commands: Iterable[bytes]) -> dict[bytes, Kept]:
    """These commands, held until the transaction ends."""
    rows = load(session, "c.id = ANY(:ids) ORDER BY c.id FOR UPDATE OF c", ids=sorted(set(commands)))
    return {one.id: one for one in rows}


def entries_of(session: Session, lock: str, person: int | None) -> list[int]:
    """The ids of what opens this lock for the person, visitors' aside; for the lock alone."""
    return sorted(session.execute(_ENTRIES, {"lock": lock, "person": person, "most": MOST_ENTRIES}).scalars())


def hold_meant(session: Session, commands: Iterable[bytes]) -> dict[bytes, Kept]:
    """Those of the commands that may still be given, held until the transaction ends."""
    where = f"c.id = ANY(:ids) AND {_STILL_MEANT} ORDER BY c.id FOR UPDATE OF c"
    return {one.id: one for one in load(session, where, ids=sorted(set(commands)), emptying=_EMPTYING)}


def hold_untold(session: Session, shards: Iterable[int], *, told_before: datetime, now: datetime) -> list[Kept]:
    """What live locks of these shards have to be told, for the first time or again because they have not answered."""
    return load(
        session,
        "c.state = ANY(:states) AND c.expires_at > :now AND (c.told_at IS NULL OR c.told_at < :before)"
        " AND EXISTS (SELECT FROM lock l WHERE l.id = c.lock_id AND l.shard = ANY(:shards) AND l.link = 'live')"
        f" AND {_STILL_MEANT} ORDER BY c.id FOR UPDATE OF c SKIP LOCKED",
        emptying=_EMPTYING,
        states=[one.value for one in TOLD_AGAIN],
        now=now,
        before=told_before,
        shards=list(shards),
    )


def hold_outstanding(session: Session, locks: Iterable[LockId], now: datetime) -> list[Kept]:
    """What these locks have to be told, whenever they were told before."""
    return load(
        session,
        "c.lock_id = ANY(CAST(:locks AS text[])) AND c.state = ANY(:states) AND c.expires_at > :now"
        f" AND {_STILL_MEANT} ORDER BY c.id FOR UPDATE OF c",
        emptying=_EMPTYING,
        locks=list(locks),
        states=[one.value for one in TOLD_AGAIN],
        now=now,
    )


def hold_overdue(
    session: Session, shards: Iterable[int], *, unsent_before: datetime, silent_before: datetime
) -> list[Kept]:
    """What nobody was sent in time, and what was sent and has not been answered since its time was over."""
    return load(
        session,
        "((c.state = 'waiting' AND c.expires_at <= :unsent) OR (c.state IN ('sent', 'accepted', 'running')"
        " AND c.expires_at <= :silent)) AND EXISTS (SELECT FROM lock l WHERE l.id = c.lock_id AND l.shard = ANY(:shards))"
        " ORDER BY c.id FOR UPDATE OF c SKIP LOCKED",
        unsent=unsent_before,
        silent=silent_before,
        shards=list(shards),
    )


def write(session: Session, changes: Sequence[Change]) -> None:
    """Write these changes, in one statement."""
    if not changes:
        return
    session.execute(
        text(
            "UPDATE lock_command c SET state = n.state, failure = n.failure, told_at = coalesce(n.told_at, c.told_at),"
            " told_epoch = coalesce(n.told_epoch, c.told_epoch), ended_at = coalesce(n.ended_at, c.ended_at),"
            " answer = coalesce(CAST(n.answer AS jsonb), c.answer), proof = coalesce(n.proof, c.proof)"
            " FROM unnest(CAST(:ids AS bytea[]), CAST(:states AS text[]), CAST(:failures AS smallint[]),"
            " CAST(:told AS timestamptz[]), CAST(:epochs AS bigint[]), CAST(:ended AS timestamptz[]), CAST(:answers AS text[]),"
            " CAST(:proofs AS bytea[])) AS n (id, state, failure, told_at, told_epoch, ended_at, answer, proof)"
            " WHERE c.id = n.id"
        ),
        {
            "ids": [one.id for one in changes],
            "states": [one.state for one in changes],
            "failures": [one.failure for one in changes],
            "told": [one.told_at for one in changes],
            "epochs": [one.told_epoch for one in changes],
            "ended": [one.ended_at for one in changes],
            "answers": [None if one.answer is None else json.dumps(dict(one.answer)) for one in changes],
            "proofs": [one.proof for one in changes],
        },
    )
