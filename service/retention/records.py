"""SQL of what is forgotten: the database's own functions do it, and keep the least ages."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

_FORGET = text("SELECT forget_old(:what, :before, :most)")
_FORGET_ENTRIES = text("SELECT forget_entries(:before, :now, :most)")


def forget(session: Session, what: str, *, before: datetime, most: int) -> int:
    """Delete what is older, the oldest first, at most so many; how many."""
    return int(session.execute(_FORGET, {"what": what, "before": before, "most": most}).scalar_one())


def forget_entries(session: Session, *, before: datetime, now: datetime, most: int) -> str | None:
    """Drop the oldest month of entries if all of it is older, once at most `most` heads a call are marked; its table's name."""
    asked = {"before": before, "now": now, "most": most}
    dropped: str | None = session.execute(_FORGET_ENTRIES, asked).scalar_one()
    return dropped
