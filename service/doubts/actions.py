"""Raising doubts about locks, showing them, and settling them."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.audit.actions import record
from service.audit.rules import Act, Acting
from service.doubts import records
from service.doubts.rules import Doubt, DoubtKind, PlacedDoubt, ProvenBoot, doubt_of_boot

log = logging.getLogger(__name__)


def note_boots(session: Session, boots: Sequence[tuple[LockId, ProvenBoot]], now: datetime) -> None:
    """These boots have proven themselves, in this order; whatever that says about the locks is raised."""
    history = records.boots_of(session, {lock for lock, _ in boots})
    news: list[tuple[LockId, ProvenBoot]] = []
    doubts: list[tuple[LockId, DoubtKind]] = []
    for lock, boot in boots:
        before = history.setdefault(lock, [])
        if before and before[-1].session == boot.session:
            continue
        kind = doubt_of_boot(before, boot)
        if kind is not None:
            doubts.append((lock, kind))
        before.append(boot)
        news.append((lock, boot))
    if news:
        records.append_boots(session, news, now)
    raise_doubts(session, doubts, now)


def raise_doubts(session: Session, doubts: Iterable[tuple[LockId, DoubtKind]], now: datetime) -> None:
    """Keep these until somebody settles them. Nothing is locked or shut out: that is for people to decide."""
    raised = list(doubts)
    for lock, kind in raised:
        log.warning("the identity of lock %s is doubted: %s", lock, kind)
    records.append_doubts(session, raised, now)


def open_doubts(session: Session, locks: Iterable[LockId]) -> dict[LockId, tuple[Doubt, ...]]:
    """What is not settled about these locks; those without a doubt are left out."""
    found: dict[LockId, tuple[Doubt, ...]] = {}
    for one in records.open_doubts(session, locks):
        found[one.lock] = (*found.get(one.lock, ()), one)
    return found


def doubts_in_scope(session: Session, now: datetime) -> list[PlacedDoubt]:
    """The unsettled doubts about locks in rooms that whoever asks may see, with the rooms."""
    return records.doubts_in_scope(session, now)


def settle(session: Session, lock: LockId, *, actor: Acting, now: datetime) -> None:
    """The actor has seen to it: the lock was looked at, or replaced."""
    if records.settle(session, lock, account_id=actor.account_id, now=now):
        record(session, actor, Act.LOCK_DOUBT_SETTLED, lock, now=now)
