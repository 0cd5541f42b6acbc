"""SQL of signed heads, and of where a day lies in a log."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.cursor import Ranges
from firmware_protocol.key_messages import ChainHead
from firmware_protocol.topics import LockId
from service.completeness.rules import HeadState

MOST_LINKS = 4


class StoredHead(NamedTuple):
    """A head as a lock signed it, and what came of checking it."""

    lock: LockId
    head: ChainHead
    received_at: datetime
    state: HeadState
    erased: bool
    commitments: bytes | None
    key_epoch: int


class LogSpan(NamedTuple):
    """A log of a lock: how far it is stored, what it declared lost, and the day's lowest and highest number in it."""

    log_epoch: int
    stored_up_to: int
    lost: Ranges
    first: int | None
    last: int | None


_APPEND = text(
    "INSERT INTO chain_head (lock_id, log_epoch, sequence, link, signed_ms, clock_quality, signature, key_epoch, received_at)"
    " SELECT DISTINCT ON (h.lock_id, h.log_epoch, h.sequence, h.link) h.*, CAST(:now AS timestamptz)"
    " FROM unnest(CAST(:locks AS text[]), CAST(:epochs AS bigint[]), CAST(:sequences AS bigint[]), CAST(:links AS bytea[]),"
    " CAST(:signed AS bigint[]), CAST(:qualities AS smallint[]), CAST(:signatures AS bytea[]), CAST(:key_epochs AS integer[]))"
    " AS h (lock_id, log_epoch, sequence, link, signed_ms, clock_quality, signature, key_epoch)"
    # Two links for a number are a fork; more of them tell nobody anything.
    " WHERE (SELECT count(*) FROM chain_head k WHERE (k.lock_id, k.log_epoch, k.sequence) = (h.lock_id, h.log_epoch, h.sequence)"
    " AND k.link <> h.link) < :most_links"
    " ORDER BY h.lock_id, h.log_epoch, h.sequence, h.link, h.signed_ms DESC"
    " ON CONFLICT (lock_id, log_epoch, sequence, link) DO UPDATE SET signed_ms = excluded.signed_ms,"
    " clock_quality = excluded.clock_quality, signature = excluded.signature, received_at = excluded.received_at"
    " WHERE chain_head.signed_ms < excluded.signed_ms"
)
_HEAD = (
    "SELECT h.lock_id, h.log_epoch, h.sequence, h.link, h.signed_ms, h.clock_quality, h.signature, h.received_at, h.state,"
    " h.entries_erased_at IS NOT NULL, h.commitments, h.key_epoch FROM chain_head h"
)
# Every lock's first, then every lock's second: one that signs without end waits for itself.
_TURN = (
    "WITH turn AS (SELECT h.lock_id, h.log_epoch, h.sequence, h.link,"
    " row_number() OVER (PARTITION BY h.lock_id ORDER BY h.log_epoch, h.sequence) AS place FROM chain_head h"
    " JOIN entry_cursor c ON c.lock_id = h.lock_id AND c.log_epoch = h.log_epoch AND c.stored_up_to >= h.sequence"
    " WHERE h.state = 'waiting')"
)
_DUE = text(
    f"{_TURN} {_HEAD} JOIN turn USING (lock_id, log_epoch, sequence, link)"
    " WHERE h.state = 'waiting' ORDER BY turn.place, h.lock_id LIMIT :most FOR UPDATE OF h SKIP LOCKED"
)
_BEFORE = text(
    f"{_HEAD} WHERE h.lock_id = :lock AND h.log_epoch = :epoch AND h.sequence < :sequence AND h.state <> 'unsigned'"
    " ORDER BY h.sequence DESC, h.received_at DESC LIMIT 1"
)
_OF_LOG = text(f"{_HEAD} WHERE h.lock_id = :lock AND h.log_epoch = :epoch ORDER BY h.sequence, h.received_at")
_CHECKED = text(
    "UPDATE chain_head SET state = :state, checked_at = :now, commitments = :commitments WHERE lock_id = :lock"
    " AND log_epoch = :epoch AND sequence = :sequence AND link = :link"
)
_ANOTHER = text(
    "SELECT EXISTS (SELECT FROM chain_head WHERE lock_id = :lock AND log_epoch = :epoch AND sequence = :sequence"
    " AND link <> :link AND state NOT IN ('waiting', 'unsigned'))"
)
_LAST_DECLARED = text(
    "SELECT max(sequence) FROM entry WHERE lock_id = :lock AND log_epoch = :epoch AND sequence > :after AND type = :lost"
)
_SPANS = text(
    "SELECT c.log_epoch, c.stored_up_to, c.lost, min(e.sequence), max(e.sequence) FROM entry_cursor c"
    " LEFT JOIN entry e ON e.lock_id = c.lock_id AND e.log_epoch = c.log_epoch"
    " AND e.occurred_at >= :begins_at AND e.occurred_at < :ends_at"
    " WHERE c.lock_id = :lock GROUP BY c.log_epoch, c.stored_up_to, c.lost ORDER BY c.log_epoch"
)


def append_heads(session: Session, heads: Sequence[tuple[LockId, ChainHead, int]], now: datetime) -> None:
    """Keep these heads, each with the key epoch it was said under; of the same link only the latest signature."""
    session.execute(
        _APPEND,
        {
            "now": now,
            "most_links": MOST_LINKS,
            "locks": [lock for lock, _, _ in heads],
            "epochs": [head.log_epoch for _, head, _ in heads],
            "sequences": [head.sequence for _, head, _ in heads],
            "links": [head.link for _, head, _ in heads],
            "signed": [head.signed_at_ms for _, head, _ in heads],
            "qualities": [head.clock_quality for _, head, _ in heads],
            "signatures": [head.signature for _, head, _ in heads],
            "key_epochs": [key_epoch for _, _, key_epoch in heads],
        },
    )


def due_heads(session: Session, most: int) -> list[StoredHead]:
    """Heads that wait although everything below them has arrived; nobody else checks them meanwhile."""
    return [_head(row) for row in session.execute(_DUE, {"most": most})]


def head_before(session: Session, lock: LockId, log_epoch: int, sequence: int) -> StoredHead | None:
    """The last head that the lock has signed below this number."""
    row = session.execute(_BEFORE, {"lock": lock, "epoch": log_epoch, "sequence": sequence}).first()
    return None if row is None else _head(row)


def heads_of(session: Session, lock: LockId, log_epoch: int) -> list[StoredHead]:
    """All heads of a log, in order."""
    return [_head(row) for row in session.execute(_OF_LOG, {"lock": lock, "epoch": log_epoch})]


def write_checked(
    session: Session, one: StoredHead, *, state: HeadState, commitments: bytes | None, now: datetime
) -> None:
    """What came of checking a head, and the commitments of its stretch."""
    head = one.head
    session.execute(
        _CHECKED,
        {
            "lock": one.lock,
            "epoch": head.log_epoch,
            "sequence": head.sequence,
            "link": head.link,
            "state": state.value,
            "commitments": commitments,
            "now": now,
        },
    )


def signed_another_link(session: Session, one: StoredHead) -> bool:
    """Whether the lock has also signed another link for the head's number."""
    head = one.head
    asked = {"lock": one.lock, "epoch": head.log_epoch, "sequence": head.sequence, "link": head.link}
    return bool(session.execute(_ANOTHER, asked).scalar_one())


def last_declared(session: Session, lock: LockId, log_epoch: int, after: int, *, kind: int) -> int:
    """The number of the latest tombstone (of that event type) above `after`, or 0."""
    asked = {"lock": lock, "epoch": log_epoch, "after": after, "lost": kind}
    return session.execute(_LAST_DECLARED, asked).scalar_one() or 0


def log_spans(session: Session, lock: LockId, begins_at: datetime, ends_at: datetime) -> list[LogSpan]:
    """Every log of the lock, with what of it happened in the span."""
    rows = session.execute(_SPANS, {"lock": lock, "begins_at": begins_at, "ends_at": ends_at})
    return [LogSpan(row[0], row[1], tuple((one.lower, one.upper) for one in row[2]), row[3], row[4]) for row in rows]


def _head(row: Sequence[object]) -> StoredHead:
    lock, epoch, sequence, link, signed_ms, quality, signature, received_at, state, erased, commitments, keys = row
    head = ChainHead(epoch, sequence, link, signed_ms, quality, signature)  # type: ignore[arg-type]  # a row has no types
    return StoredHead(LockId(str(lock)), head, received_at, HeadState(state), bool(erased), commitments, keys)  # type: ignore[arg-type]  # nor here
