"""Table and SQL of locks: their rows for pages, and what the inbox writes down of many links at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Session, SQLModel, col, select

from firmware_protocol.messages import Birth, Heartbeat
from firmware_protocol.topics import LockId
from firmware_protocol.transitions import LinkState
from service.locks.rules import EndingCertificate, LinkNote, certificate_end_said, clock_offset_ms


class Lock(SQLModel, table=True):
    """A provisioned lock."""

    __tablename__ = "lock"

    id: str = Field(sa_column=Column(Text, primary_key=True))
    shard: int = Field(sa_column=Column(SmallInteger, nullable=False))
    public_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    service_key_wrapped: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    signing_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    key_epoch: int = 1
    offered_epoch: int = 0
    link: str = Field(default=LinkState.UNBORN.value, sa_column=Column(Text, nullable=False))
    birth_number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    last_seen_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    hardware: str | None = Field(default=None, sa_column=Column(Text))
    firmware: str | None = Field(default=None, sa_column=Column(Text))
    capabilities: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    battery_percent: int | None = Field(default=None, sa_column=Column(SmallInteger))
    clock_quality: int | None = Field(default=None, sa_column=Column(SmallInteger))
    clock_offset_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    rotated_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    provisioned_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    revoked_as: str | None = Field(default=None, sa_column=Column(Text))
    found_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


def find_lock(session: Session, lock: LockId, *, fresh: bool = False) -> Lock | None:
    """The lock's row, or None; `fresh`: as it is now, and not as this transaction has read it before."""
    return session.get(Lock, lock, populate_existing=fresh)


def count_locks(session: Session) -> int:
    """How many locks can come back: all that were not revoked."""
    return int(session.execute(text("SELECT count(*) FROM lock WHERE revoked_at IS NULL")).scalar_one())


def find_locks(session: Session, locks: Iterable[LockId]) -> Sequence[Lock]:
    """The rows of those locks that exist, by id."""
    return session.exec(select(Lock).where(col(Lock.id).in_(list(locks))).order_by(Lock.id)).all()


# What is no number, or none of a day, is left out; the order of the two conditions is the database's to choose, hence CASE.
_ENDING = text(
    "SELECT l.id, b.address, u.number, u.shared, l.capabilities FROM unit u JOIN building b ON b.id = u.building_id"
    " JOIN door d ON d.unit_id = u.id AND d.hung @> CAST(:now AS timestamptz) JOIN lock l ON l.id = d.lock_id"
    " WHERE l.revoked_at IS NULL AND CASE WHEN jsonb_typeof(l.capabilities->'certificate_until') = 'number'"
    " THEN CAST(l.capabilities->>'certificate_until' AS numeric) < extract(epoch FROM CAST(:before AS timestamptz)) ELSE false END"
    " ORDER BY CAST(l.capabilities->>'certificate_until' AS numeric), l.id LIMIT 200"
)


def ending_certificates(session: Session, before: datetime, now: datetime) -> list[EndingCertificate]:
    """The locks on rooms whoever asks may see whose certificates end before that, the first to end first; 200 at most."""
    rows = session.execute(_ENDING, {"before": before, "now": now})
    found = ((LockId(lock), *where, certificate_end_said(said)) for lock, *where, said in rows)
    return [EndingCertificate(*one) for one in found if one[-1] is not None]


_WRITE_LINKS = text(
    "UPDATE lock l SET link = n.link, last_seen_at = :now, birth_number = coalesce(n.birth_number, l.birth_number),"
    " hardware = coalesce(n.hardware, l.hardware), firmware = coalesce(n.firmware, l.firmware),"
    " capabilities = coalesce(CAST(n.capabilities AS jsonb), l.capabilities), battery_percent = coalesce(n.battery, l.battery_percent),"
    " clock_quality = coalesce(n.quality, l.clock_quality), clock_offset_ms = coalesce(n.clock_offset, l.clock_offset_ms)"
    " FROM unnest(CAST(:ids AS text[]), CAST(:links AS text[]), CAST(:births AS bigint[]), CAST(:hardware AS text[]),"
    " CAST(:firmware AS text[]), CAST(:capabilities AS text[]), CAST(:battery AS smallint[]), CAST(:quality AS smallint[]),"
    " CAST(:offsets AS bigint[])) AS n (id, link, birth_number, hardware, firmware, capabilities, battery, quality, clock_offset)"
    " WHERE l.id = n.id"
)


def write_links(session: Session, notes: Sequence[LinkNote], capabilities: Mapping[LockId, str], now: datetime) -> None:
    """Write down what the batch has told of these locks' links, one row each."""
    said: list[Birth | Heartbeat | None] = [note.heartbeat or note.birth for note in notes]
    session.execute(
        _WRITE_LINKS,
        {
            "now": now,
            "ids": [note.lock for note in notes],
            "links": [note.link.value for note in notes],
            "births": [note.birth.birth_number if note.birth else note.welcomed for note in notes],
            "hardware": [note.birth.hardware if note.birth else None for note in notes],
            "firmware": [note.birth.firmware if note.birth else None for note in notes],
            "capabilities": [capabilities.get(note.lock) for note in notes],
            "battery": [min(one.battery_percent, 100) if one else None for one in said],
            "quality": [min(one.clock_quality, 255) if one else None for one in said],
            "offsets": [clock_offset_ms(one.clock_ms, now) if one and one.clock_quality else None for one in said],
        },
    )


def mark_silent(
    session: Session, shards: Iterable[int], was: Mapping[LinkState, LinkState], heard_before: datetime
) -> list[LockId]:
    """Move the links of locks not heard since then; `was` maps each state that silence changes to what it becomes."""
    rows = session.execute(
        text(
            "UPDATE lock l SET link = m.becomes FROM unnest(CAST(:states AS text[]), CAST(:becomes AS text[])) AS m (state, becomes)"
            " WHERE l.shard = ANY(:shards) AND l.link = m.state AND l.last_seen_at < :heard_before RETURNING l.id"
        ),
        {
            "shards": list(shards),
            "states": [state.value for state in was],
            "becomes": [state.value for state in was.values()],
            "heard_before": heard_before,
        },
    )
    return [LockId(row[0]) for row in rows]


def revoked_in(session: Session, shards: Iterable[int]) -> list[LockId]:
    """The revoked locks of these shards."""
    asked = text("SELECT id FROM lock WHERE revoked_at IS NOT NULL AND shard = ANY(CAST(:shards AS smallint[]))")
    return [LockId(row[0]) for row in session.execute(asked, {"shards": list(shards)})]


def count_refusals(session: Session, refused: Mapping[tuple[str, LockId | None], int], now: datetime) -> None:
    """Add to the day's counters: (reason, lock or None) -> frames."""
    session.execute(
        text(
            "INSERT INTO frame_refusal (day, reason, lock_id, refused, last_at)"
            " SELECT CAST(CAST(:now AS timestamptz) AS date), r.reason, l.id, sum(r.refused), :now"
            " FROM unnest(CAST(:reasons AS text[]), CAST(:locks AS text[]), CAST(:counts AS bigint[])) AS r (reason, lock_id, refused)"
            " LEFT JOIN lock l ON l.id = r.lock_id GROUP BY r.reason, l.id ORDER BY r.reason, l.id"
            " ON CONFLICT (day, reason, lock_id) DO UPDATE SET refused = frame_refusal.refused + excluded.refused, last_at = excluded.last_at"
        ),
        {
            "now": now,
            "reasons": [reason for reason, _ in refused],
            "locks": [lock for _, lock in refused],
            "counts": list(refused.values()),
        },
    )
