"""SQL of PINs: those on a list, and when they were drawn."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.access.rules import GrantId

_PINS = text(
    "SELECT lock_id, credential_id, entry_sealed FROM credential"
    " WHERE lock_id = ANY(CAST(:locks AS text[])) AND type = :pin AND removed_version IS NULL AND entry_sealed IS NOT NULL"
)
_DRAWN = text("SELECT drawn_at FROM pin_drawing WHERE grant_id = :grant AND emergency = :emergency ORDER BY drawn_at")
_FORGET = text("DELETE FROM pin_drawing WHERE grant_id = :grant AND drawn_at <= :before")
_DRAW = text("INSERT INTO pin_drawing (grant_id, drawn_at, emergency) VALUES (:grant, :now, :emergency)")
_REMEMBERED = timedelta(days=1)


def sealed_pins(session: Session, locks: Iterable[LockId]) -> list[tuple[LockId, int, bytes]]:
    """Lock, credential id and sealed entry of every PIN on these locks' lists."""
    rows = session.execute(_PINS, {"locks": list(locks), "pin": int(CredentialType.PIN)})
    return [(LockId(lock), number, sealed) for lock, number, sealed in rows]


def drawings(session: Session, grant_id: GrantId, *, emergency: bool) -> list[datetime]:
    """When PINs of this kind were drawn for the grant, in the last day at least."""
    return list(session.execute(_DRAWN, {"grant": grant_id, "emergency": emergency}).scalars())


def append_drawing(session: Session, grant_id: GrantId, now: datetime, *, emergency: bool) -> None:
    """One more was drawn; what is older than a day counts no longer."""
    session.execute(_FORGET, {"grant": grant_id, "before": now - _REMEMBERED})
    session.execute(_DRAW, {"grant": grant_id, "now": now, "emergency": emergency})
