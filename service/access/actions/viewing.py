"""Where grants stand on the locks, for those who may know it."""

from collections.abc import Iterable

from sqlmodel import Session

from service.access import records
from service.access.rules import GrantId, LockDelivery, lock_deliveries
from service.errors import NotFound


def delivery(session: Session, grant_id: GrantId) -> tuple[LockDelivery, ...]:
    """Where the grant stands on each lock; empty where its unit has none. NotFound for a grant out of sight."""
    if grant_id not in (found := deliveries(session, [grant_id])):
        raise NotFound("There is no such grant.", code="grant")
    return found[grant_id]


def deliveries(session: Session, grants: Iterable[GrantId]) -> dict[GrantId, tuple[LockDelivery, ...]]:
    """The same for many grants with two queries; those out of sight are left out, and so is every emergency PIN."""
    visible = records.find_grants(session, grants)
    states = records.credential_records(session, visible)
    return {grant_id: lock_deliveries(states[grant_id], held.terms) for grant_id, held in visible.items()}
