"""What one concept's change causes in those above it: domain event -> actions, one line each. The table is the map.

Actions return their events; routes, pages and jobs hand them on inside the same transaction (`react`). What the locks say
has a table of its own in `lock_reactions`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlmodel import Session

from firmware_protocol.topics import shard_of
from service.access import actions as access
from service.consent.rules import ConsentWithdrawn, Purpose
from service.edges.elevation import as_system
from service.enrolling import actions as enrolling
from service.faces import actions as faces
from service.occupancy import actions as occupancy
from service.premises import actions as premises
from service.presence import actions as presence
from service.tenancy import actions as tenancy
from service.tenancy.rules import TenanciesEnded, TenancyBegun, TenancyEnded
from service.visits import actions as visits

Reaction = Callable[[Session, Any, datetime], None]


def react(session: Session, event: object, now: datetime) -> None:
    """Do what the event causes, in the transaction it happened in; KeyError for an event nobody has thought of."""
    for reaction in REACTIONS[type(event)]:
        reaction(session, event, now)


def _open_stay(session: Session, begun: TenancyBegun, now: datetime) -> None:
    occupancy.open_stay(session, begun, now=now)


def _close_stay(session: Session, ended: TenancyEnded, now: datetime) -> None:
    _close_stays(session, TenanciesEnded((ended,)), now)


def _close_stays(session: Session, event: TenanciesEnded, now: datetime) -> None:
    # All counts of all rooms are locked here, in their order; what follows touches only these.
    occupancy.close_stays(session, event.ended, now=now)
    with as_system(session):
        for ended in event.ended:
            shards = {shard_of(lock) for lock in premises.locks_of_unit(session, ended.unit_id, now)}
            presence.leave(session, unit_id=ended.unit_id, person_id=ended.person_id, shards=shards, now=now)


def _end_visits(session: Session, ended: TenancyEnded, now: datetime) -> None:
    visits.end_with(session, [(ended.unit_id, ended.person_id)], now=now)


def _end_all_visits(session: Session, event: TenanciesEnded, now: datetime) -> None:
    visits.end_with(session, [(one.unit_id, one.person_id) for one in event.ended], now=now)


def _call_off_enrolments(session: Session, withdrawn: ConsentWithdrawn, now: datetime) -> None:
    # First of all: a process that hears locks holds a command before it holds their lists.
    if withdrawn.purpose is Purpose.FACE:
        with as_system(session):
            enrolling.call_off(session, withdrawn.person_id, now=now)


def _take_face_off_locks(session: Session, withdrawn: ConsentWithdrawn, _now: datetime) -> None:
    if withdrawn.purpose is Purpose.FACE:
        access.remove_faces(session, withdrawn.person_id)


def _erase_face(session: Session, withdrawn: ConsentWithdrawn, now: datetime) -> None:
    if withdrawn.purpose is Purpose.FACE:
        with as_system(session):
            tenancy.forget_waiting_faces(session, withdrawn.person_id)
            faces.erase(session, withdrawn.person_id, now=now)


REACTIONS: Mapping[type, tuple[Reaction, ...]] = MappingProxyType(
    {
        ConsentWithdrawn: (_call_off_enrolments, _take_face_off_locks, _erase_face),
        TenancyBegun: (_open_stay,),
        TenancyEnded: (_end_visits, _close_stay),
        TenanciesEnded: (_end_all_visits, _close_stays),
    }
)
