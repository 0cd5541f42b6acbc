"""SQL that tells a door of the house from the only door that somebody has."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.premises.rules import UnitId

_ONLY_DOOR = text(
    "SELECT EXISTS (SELECT FROM unit here JOIN unit room ON room.building_id = here.building_id AND NOT room.shared"
    " JOIN access_grant g ON g.unit_id = room.id WHERE here.id = :unit AND here.shared"
    " AND g.revoked_at IS NULL AND g.ends_at > :now AND NOT g.visitor AND g.person_id IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM door d WHERE d.unit_id = room.id AND d.hung @> CAST(:now AS timestamptz)))"
)


def is_somebodys_only_door(session: Session, unit_id: UnitId, now: datetime) -> bool:
    """Whether behind this door of the house somebody has a room without a lock of its own; in a system scope."""
    return bool(session.execute(_ONLY_DOOR, {"unit": unit_id, "now": now}).scalar_one())
