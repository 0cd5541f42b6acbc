"""Locks as pages and other concepts see them."""

from collections.abc import Iterable

from sqlmodel import Session

from firmware_protocol.topics import LockId
from firmware_protocol.transitions import LinkState
from service.locks import records
from service.locks.rules import LockView, battery_state, certificate_end_said


def views(session: Session, locks: Iterable[LockId]) -> dict[LockId, LockView]:
    """Those of the locks that exist, for pages."""
    return {
        LockId(row.id): LockView(
            LockId(row.id),
            LinkState(row.link),
            row.last_seen_at,
            battery_state(row.battery_percent),
            row.battery_percent,
            row.hardware,
            row.firmware,
            max(filter(None, (row.provisioned_at, row.rotated_at))),
            certificate_end_said(row.capabilities),
        )
        for row in records.find_locks(session, locks)
    }


def count(session: Session) -> int:
    """How many locks there are."""
    return records.count_locks(session)
