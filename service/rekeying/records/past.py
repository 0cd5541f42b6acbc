"""SQL of the chain keys of past key epochs."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId

_KEEP = text(
    "INSERT INTO past_chain_key (lock_id, key_epoch, key_sealed, retired_at, look_again_at)"
    " VALUES (:lock, :epoch, :sealed, :now, :later) ON CONFLICT DO NOTHING"
)
_FIND = text("SELECT key_sealed FROM past_chain_key WHERE lock_id = :lock AND key_epoch = :epoch")
_DUE = text(
    "SELECT lock_id, key_epoch FROM past_chain_key WHERE look_again_at <= :now ORDER BY look_again_at LIMIT :most"
    " FOR UPDATE SKIP LOCKED"
)
# The first head under later keys vouches for what was recorded under these and no head of theirs had covered.
_FORGET = text(
    "DELETE FROM past_chain_key k"
    " USING unnest(CAST(:locks AS text[]), CAST(:epochs AS integer[])) AS d (lock_id, key_epoch)"
    " WHERE k.lock_id = d.lock_id AND k.key_epoch = d.key_epoch"
    " AND NOT EXISTS (SELECT FROM chain_head h WHERE h.lock_id = k.lock_id AND h.key_epoch = k.key_epoch AND h.entries_erased_at IS NULL)"
    " AND NOT EXISTS (SELECT FROM (SELECT h.entries_erased_at FROM chain_head h WHERE h.lock_id = k.lock_id AND h.key_epoch > k.key_epoch"
    " ORDER BY h.key_epoch, h.log_epoch, h.sequence LIMIT 1) next WHERE next.entries_erased_at IS NULL)"
    " AND NOT EXISTS (SELECT FROM entry e WHERE e.lock_id = k.lock_id AND e.recorded_at <= k.retired_at)"
)
_LATER = text(
    "UPDATE past_chain_key k SET look_again_at = :later"
    " FROM unnest(CAST(:locks AS text[]), CAST(:epochs AS integer[])) AS d (lock_id, key_epoch)"
    " WHERE k.lock_id = d.lock_id AND k.key_epoch = d.key_epoch"
)


def keep(
    session: Session, lock: LockId, key_epoch: int, sealed: bytes, *, now: datetime, look_again: timedelta
) -> None:
    """Keep the sealed chain key of a key epoch that is about to end; the first one kept stays."""
    session.execute(_KEEP, {"lock": lock, "epoch": key_epoch, "sealed": sealed, "now": now, "later": now + look_again})


def find(session: Session, lock: LockId, key_epoch: int) -> bytes | None:
    """The sealed chain key of a past key epoch, or None."""
    return session.execute(_FIND, {"lock": lock, "epoch": key_epoch}).scalar()


def forget_needless(session: Session, *, now: datetime, look_again: timedelta, most: int) -> int:
    """Of the keys whose turn it is, delete those that nothing needs; how many. The others are looked at again later."""
    due = session.execute(_DUE, {"now": now, "most": most}).all()
    asked = {"locks": [row[0] for row in due], "epochs": [row[1] for row in due]}
    gone = session.execute(_FORGET, asked)
    session.execute(_LATER, {**asked, "later": now + look_again})
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it; text() cannot say so
