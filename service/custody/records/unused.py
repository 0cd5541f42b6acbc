"""SQL of locks that hang where somebody lives and have never let anybody in."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import EventType
from service.premises.rules import UnitId

# Since it hangs there and since somebody lives there, whichever is later. A lock that has never been born says nothing at all.
_UNUSED = (
    "SELECT d.lock_id, u.id AS unit_id, b.address, u.number, lower(d.hung) AS hung_at, l.birth_number > 0 AS heard"
    " FROM door d JOIN unit u ON u.id = d.unit_id JOIN building b ON b.id = u.building_id JOIN lock l ON l.id = d.lock_id"
    " WHERE d.hung @> CAST(:now AS timestamptz) AND lower(d.hung) <= :before AND NOT u.shared"
    " AND EXISTS (SELECT FROM tenancy t WHERE t.unit_id = u.id AND t.ended_at IS NULL AND t.starts_at <= :before)"
    " AND NOT EXISTS (SELECT FROM entry e WHERE e.unit_id = u.id AND e.lock_id = d.lock_id AND e.type = :operated"
    " AND e.occurred_at >= lower(d.hung))"
)


class UnusedLock(NamedTuple):
    """A lock on a let room's door, with no opening there among the entries that are kept. `heard`: it has spoken to the service."""

    lock_id: LockId
    unit_id: UnitId
    address: str
    number: str
    hung_at: datetime
    heard: bool


def unused_locks(
    session: Session, *, now: datetime, patience: timedelta, unit: UnitId | None = None
) -> list[UnusedLock]:
    """Those that hang, and are lived behind, for longer than `patience`; as far as whoever asks may see room and entries."""
    of_one = "" if unit is None else " AND u.id = :unit"
    values = {"now": now, "before": now - patience, "operated": int(EventType.LOCK_OPERATED)}
    rows = session.execute(text(f"{_UNUSED}{of_one} ORDER BY hung_at, d.lock_id LIMIT 200"), values | {"unit": unit})
    return [UnusedLock(LockId(row[0]), UnitId(row[1]), *row[2:]) for row in rows]
