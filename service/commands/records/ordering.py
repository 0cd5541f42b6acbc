"""SQL of giving orders and showing them: where a lock hangs, what was ordered of it, and what became of that."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.commands import CommandKind
from firmware_protocol.topics import LockId
from firmware_protocol.transitions import LinkState
from service.accounts.rules import AccountId
from service.commands.records.rows import OPEN, Kept, load
from service.commands.rules import Place
from service.premises.rules import UnitId

_PLACE = text(
    "SELECT d.lock_id, u.id, u.landlord_id, l.shard, l.link, l.capabilities,"
    " EXISTS (SELECT FROM tenancy t WHERE t.unit_id = u.id AND t.person_id = :person AND t.ended_at IS NULL"
    " AND t.starts_at <= :now AND :now < t.ends_at)"
    " FROM door d JOIN unit u ON u.id = d.unit_id JOIN lock l ON l.id = d.lock_id"
    " WHERE d.lock_id = :lock AND d.hung @> CAST(:now AS timestamptz) AND l.revoked_at IS NULL"
)
# Behind a door of the house lives whoever lives in the house; it is a room's own door where that room has no lock of its own.
_LIVED_IN = text(
    "SELECT count(*) > 0, coalesce(bool_or(t.unit_id = :unit"
    " OR NOT EXISTS (SELECT FROM door d WHERE d.unit_id = t.unit_id AND d.hung @> CAST(:now AS timestamptz))), false)"
    " FROM tenancy t WHERE t.ended_at IS NULL AND t.starts_at <= :now AND t.unit_id IN (SELECT CAST(:unit AS bigint)"
    " UNION ALL SELECT room.id FROM unit here JOIN unit room ON room.building_id = here.building_id AND NOT room.shared"
    " WHERE here.id = :unit AND here.shared)"
)
_CALL_OFF = text(
    "WITH meant AS (SELECT id FROM lock_command WHERE person_id = :person AND kind = :kind AND called_off_at IS NULL"
    " AND state = ANY(:open) ORDER BY id FOR UPDATE)"
    " UPDATE lock_command c SET called_off_at = :now FROM meant WHERE c.id = meant.id"
)


def find_place(session: Session, lock: str, person: int | None, now: datetime) -> Place | None:
    """Where the lock hangs now, inside the scope of whoever asks; as if nobody lived there."""
    row = session.execute(_PLACE, {"lock": lock, "person": person, "now": now}).one_or_none()
    if row is None:
        return None
    lock_id, unit, landlord, shard, link, capabilities, own = row
    return Place(
        LockId(lock_id), UnitId(unit), AccountId(landlord), shard, LinkState(link), capabilities, False, False, own
    )


def lived_behind(session: Session, unit: UnitId, now: datetime) -> tuple[bool, bool]:
    """Whether anybody lives behind the door, and whether it is somebody's own door, inside the scope of whoever asks."""
    anybody, own = session.execute(_LIVED_IN, {"unit": unit, "now": now}).one()
    return anybody, own


def latest_of_landlord(session: Session, unit: UnitId, kind: int) -> datetime | None:
    """When a landlord last ordered this of any lock of the room; in a system scope, whoever that landlord was."""
    asked = text("SELECT max(issued_at) FROM lock_command WHERE unit_id = :unit AND kind = :kind AND person_id IS NULL")
    return session.execute(asked, {"unit": unit, "kind": kind}).scalar_one()  # type: ignore[no-any-return]  # timestamptz


def kinds_outstanding(session: Session, lock: LockId, now: datetime) -> list[int]:
    """Kinds of the commands that are still on their way to the lock, as far as whoever asks may see them."""
    rows = session.execute(
        text("SELECT kind FROM lock_command WHERE lock_id = :lock AND state = ANY(:open) AND expires_at > :now"),
        {"lock": lock, "open": OPEN, "now": now},
    )
    return [kind for (kind,) in rows]


def append(session: Session, row: Mapping[str, Any]) -> None:
    """Store an order; the keys are the table's columns."""
    columns = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    session.execute(text(f"INSERT INTO lock_command ({columns}) VALUES ({values})"), row)  # noqa: S608  # our own column names


def tell(session: Session, shard: int) -> None:
    """Let whoever holds the shard look at once, when this transaction has committed."""
    session.execute(text("SELECT pg_notify('anmen_down', CAST(CAST(:shard AS smallint) AS text))"), {"shard": shard})


def load_of_lock(session: Session, lock: str, limit: int) -> list[Kept]:
    """The latest commands to a lock, newest first."""
    return load(session, "c.lock_id = :lock ORDER BY c.issued_at DESC, c.id LIMIT :limit", lock=lock, limit=limit)


def load_of_unit(session: Session, unit: int, limit: int) -> list[Kept]:
    """The latest commands to a room's locks, newest first."""
    return load(session, "c.unit_id = :unit ORDER BY c.issued_at DESC, c.id LIMIT :limit", unit=unit, limit=limit)


def find(session: Session, command: bytes) -> Kept | None:
    """One command, inside the scope of whoever asks."""
    return next(iter(load(session, "c.id = :id", id=command)), None)


def call_off(session: Session, person: int, kind: CommandKind, now: datetime) -> None:
    """What this person ordered of this kind is not said any more, and what it brings is not wanted; held in the order of ids."""
    session.execute(_CALL_OFF, {"person": person, "kind": int(kind), "now": now, "open": [*OPEN, "silent"]})
