"""A landlord's word that a tenancy is over: contradicting it, taking it back, and seeing it in one's area."""

from datetime import datetime

from sqlmodel import Session

from service.accounts.rules import Actor, Role
from service.accounts.signed_in import check_is
from service.audit.actions import record
from service.audit.rules import Act
from service.errors import Conflict
from service.tenancy.actions.ending import get_own
from service.tenancy.records import notices, tenancies
from service.tenancy.records.notices import PlacedNotice
from service.tenancy.rules import TenancyId

_SHOWN = 200


def stay(session: Session, actor: Actor, tenancy_id: TenancyId, *, now: datetime) -> None:
    """The tenant says: I still live here. Nothing ends. Conflict where there is nothing to contradict."""
    check_is(actor, Role.TENANT)
    _change(session, actor, tenancy_id, Act.TENANCY_END_CONTRADICTED, now=now)


def take_back_end(session: Session, actor: Actor, tenancy_id: TenancyId, *, now: datetime) -> None:
    """The landlord takes the word back. Conflict where none stands."""
    check_is(actor, Role.LANDLORD)
    _change(session, actor, tenancy_id, Act.TENANCY_END_TAKEN_BACK, now=now)


def notices_in_areas(session: Session, actor: Actor) -> tuple[PlacedNotice, ...]:
    """What landlords have said of tenancies in the areas of grid worker or officer; rooms, no names."""
    check_is(actor, Role.GRID_WORKER, Role.OFFICER)
    return notices.in_scope(session, _SHOWN)


def _change(session: Session, actor: Actor, tenancy_id: TenancyId, act: Act, *, now: datetime) -> None:
    get_own(session, actor, tenancy_id)
    mark = notices.mark_contradicted if act is Act.TENANCY_END_CONTRADICTED else notices.mark_withdrawn
    if not tenancies.hold_standing(session, [tenancy_id]) or not mark(session, [tenancy_id], now):
        raise Conflict("Nobody has said that this tenancy is over.", code="end_not_stated")
    record(session, actor, act, tenancy_id, now=now)
