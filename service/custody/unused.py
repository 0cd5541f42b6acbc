"""Locks that hang where somebody lives and of which no opening is kept: perhaps another one is on the door, or none."""

from datetime import datetime, timedelta

from sqlmodel import Session

from service.custody.records import unused
from service.custody.records.unused import UnusedLock
from service.edges.elevation import as_system
from service.premises.rules import UnitId

# Nobody stays in, or away, for so long without somebody having a look.
PATIENCE = timedelta(days=2)


def in_scope(session: Session, now: datetime) -> tuple[UnusedLock, ...]:
    """Those in the areas of whoever asks, the longest first."""
    return tuple(unused.unused_locks(session, now=now, patience=PATIENCE))


def of_room(session: Session, unit_id: UnitId, now: datetime) -> tuple[UnusedLock, ...]:
    """Those on the doors of a room, for whoever lives there; the caller has looked that they do.

    A flatmate's openings count, which nobody else may see: only that there was none is told.
    """
    with as_system(session):
        return tuple(unused.unused_locks(session, now=now, patience=PATIENCE, unit=unit_id))
