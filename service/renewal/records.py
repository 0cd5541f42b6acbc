"""SQL of requests for certificates. Chains are written by the process that signs, and by no statement here."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId

_LATEST = text("SELECT max(issued_at) FROM certificate_request WHERE lock_id = :lock")
_FIND = text("SELECT chain FROM certificate_request WHERE lock_id = :lock AND digest = :digest")
_APPEND = text(
    "WITH asked AS (INSERT INTO certificate_request (lock_id, digest, request, received_at)"
    " VALUES (:lock, :digest, :request, :now) ON CONFLICT DO NOTHING RETURNING 1)"
    " SELECT pg_notify('anmen_certificate_request', '') FROM asked"
)
# `holds`: the lock's birth has said that its certificate runs as long as this one.
_DUE = text(
    "SELECT r.lock_id, r.digest, r.chain, r.answers,"
    " jsonb_typeof(l.capabilities -> 'certificate_until') = 'number'"
    " AND l.capabilities -> 'certificate_until' >= to_jsonb(extract(epoch FROM r.ends_at))"
    " FROM certificate_request r JOIN lock l ON l.id = r.lock_id"
    " WHERE r.answer_at <= :now AND l.shard = ANY(CAST(:shards AS smallint[])) AND l.link = 'live' AND l.revoked_at IS NULL"
    " ORDER BY r.answer_at LIMIT :most FOR UPDATE OF r SKIP LOCKED"
)
_ANSWERED = text(
    "UPDATE certificate_request r SET answers = r.answers + 1, answer_at = a.again"
    " FROM unnest(CAST(:locks AS text[]), CAST(:digests AS bytea[]), CAST(:again AS timestamptz[])) AS a (lock_id, digest, again)"
    " WHERE (r.lock_id, r.digest) = (a.lock_id, a.digest)"
)


class IssuedChain(NamedTuple):
    """A certificate on its way to its lock."""

    lock: LockId
    digest: bytes
    chain: bytes
    answers: int
    holds: bool | None


def latest_issued_at(session: Session, lock: LockId) -> datetime | None:
    """When the lock was last given a certificate over the link."""
    found: datetime | None = session.execute(_LATEST, {"lock": lock}).scalar_one()
    return found


def find(session: Session, lock: LockId, digest: bytes) -> tuple[bytes | None] | None:
    """The chain for a request that is known, None in it where it waits; None where it is not known."""
    row = session.execute(_FIND, {"lock": lock, "digest": digest}).first()
    return None if row is None else (row[0],)


def append(session: Session, lock: LockId, digest: bytes, *, request: bytes, now: datetime) -> bool:
    """A request waits to be signed; False where another of this lock waits already."""
    asked = {"lock": lock, "digest": digest, "request": request, "now": now}
    return session.execute(_APPEND, asked).first() is not None


def due(session: Session, shards: Iterable[int], now: datetime, most: int) -> list[IssuedChain]:
    """What is to be brought to live locks of these shards; nobody else brings it meanwhile."""
    rows = session.execute(_DUE, {"shards": list(shards), "now": now, "most": most})
    return [IssuedChain(LockId(row[0]), row[1], row[2], row[3], row[4]) for row in rows]


def note_answers(session: Session, again: Sequence[tuple[IssuedChain, datetime | None]]) -> None:
    """These were said, and are to be said again then; None: no more."""
    asked = {
        "locks": [one.lock for one, _ in again],
        "digests": [one.digest for one, _ in again],
        "again": [at for _, at in again],
    }
    session.execute(_ANSWERED, asked)
