"""The end of a tenancy: credentials leave every lock, the face is erased where nothing else needs it."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from service.access import actions as access
from service.accounts.rules import Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.consent import actions as consent
from service.consent.rules import Purpose, Standing
from service.edges.elevation import as_system
from service.entry import actions as entry
from service.errors import Conflict, NotAllowed, NotFound
from service.faces import actions as faces
from service.people.rules import PersonId
from service.tenancy.records import notices, registrations, tenancies
from service.tenancy.records.tenancies import Tenancy
from service.tenancy.rules import (
    ENDED_BY,
    LONGEST_WAIT,
    EndedBy,
    EndReason,
    Notice,
    TenanciesEnded,
    TenancyEnded,
    TenancyId,
    decide_end,
)

_DUE_AT_ONCE = 200


def end(
    session: Session, actor: Actor, tenancy_id: TenancyId, *, reason: EndReason | None = None, now: datetime
) -> TenancyEnded | Notice:
    """End a tenancy of one's own, as its landlord or its tenant; a TenancyEnded must be handed to `reactions`.

    Where somebody lives there, a landlord's word is a Notice: it needs the tenant's own word, or a day in which the tenant does
    not contradict it and does not come home. NotFound for another's tenancy, Conflict for one that has ended; else as `decide_end`.
    """
    by = ENDED_BY.get(actor.role)
    if by is None:
        raise NotAllowed("Only the landlord or the tenant ends a tenancy.", code="role")
    found = get_own(session, actor, tenancy_id)
    said = notices.notices_of(session, [tenancy_id]).get(tenancy_id)
    notice = decide_end(tenancy_id, by, found.span, reason=reason, said=said, now=now)
    if notice is not None:
        return _announce(session, actor, found, notice)
    with as_system(session):
        ended = _end(session, [found], by, now=now, actor=actor)
    if not ended:
        raise _ended_already()
    return ended[0]


def get_own(session: Session, actor: Actor, tenancy_id: TenancyId) -> Tenancy:
    """A tenancy of the landlord or the tenant who asks; NotFound for another's."""
    found = tenancies.find_tenancy(session, tenancy_id)
    if found is None or not _is_own(found, actor):
        raise NotFound("There is no such tenancy.", code="tenancy")
    return found


def end_due(session: Session, *, now: datetime) -> TenanciesEnded | None:
    """A job, in a system transaction: end those whose date has come, at most 200 at once; the event goes to `reactions`."""
    due = tenancies.due(session, now, _DUE_AT_ONCE)
    ended = _end(session, due, EndedBy.DATE, now=now, actor=None)
    return TenanciesEnded(ended) if ended else None


def end_noticed(session: Session, *, now: datetime) -> TenanciesEnded | None:
    """A job, in a system transaction: end those whose landlord said a day ago that the tenant has left; the event goes to `reactions`.

    Whoever has opened the door since has not left. While a lock of the room is cut off nobody knows, so the word waits for it.
    """
    due = [
        one for one in notices.hold_due(session, now, _DUE_AT_ONCE) if one.heard or one.stated_at + LONGEST_WAIT <= now
    ]
    at_home = entry.opened_since(session, [(PersonId(one.person_id), one.unit_id, one.stated_at) for one in due])
    notices.mark_contradicted(session, [one.tenancy_id for at, one in enumerate(due) if at in at_home], now)
    over = [one.tenancy_id for at, one in enumerate(due) if at not in at_home]
    ended = _end(session, tenancies.tenancies(session, over), EndedBy.LANDLORD, now=now, actor=None)
    return TenanciesEnded(ended) if ended else None


def erase_face_unless_needed(session: Session, person_id: PersonId, *, now: datetime) -> None:
    """Erase the person's face unless another tenancy opens a door with it, or a registration with it waits."""
    if consent.standing(session, person_id)[Purpose.FACE] is not Standing.GIVEN:
        return
    waits = any(one.with_face for one in registrations.waiting_of_person(session, person_id))
    if not waits and not access.opens_by_face(session, person_id):
        faces.erase(session, person_id, now=now)


def _is_own(tenancy: Tenancy, actor: Actor) -> bool:
    if ENDED_BY[actor.role] is EndedBy.LANDLORD:
        return tenancy.landlord_id == actor.account_id
    return tenancy.person_id == actor.person_id


def _announce(session: Session, actor: Actor, tenancy: Tenancy, notice: Notice) -> Notice:
    if not tenancies.hold_standing(session, [tenancy.id]):
        raise _ended_already()
    notices.put_notice(session, tenancy, notice)
    record(session, actor, Act.TENANCY_END_STATED, tenancy.id, now=notice.stated_at, reason=notice.reason.value)
    return notice


def _ended_already() -> Conflict:
    return Conflict("This tenancy has ended already.", code="tenancy_ended")


def _end(
    session: Session, ending: Sequence[Tenancy], by: EndedBy, *, now: datetime, actor: Actor | None
) -> tuple[TenancyEnded, ...]:
    persons = sorted({tenancy.person_id for tenancy in ending})
    consent.hold(session, persons)
    held = tenancies.hold_standing(session, [tenancy.id for tenancy in ending])
    if not held:
        return ()
    access.revoke(session, [tenancy.grant_id for tenancy in held], now=now, actor=actor)
    events = tuple(_event(tenancy, by, now) for tenancy in held)
    tenancies.mark_ended(session, events)
    for person_id in persons:
        erase_face_unless_needed(session, person_id, now=now)
    for tenancy in held:
        record(session, actor, Act.TENANCY_ENDED, tenancy.id, now=now, by=by.value)
    return events


def _event(tenancy: Tenancy, by: EndedBy, now: datetime) -> TenancyEnded:
    return TenancyEnded(
        tenancy_id=tenancy.id,
        grant_id=tenancy.grant_id,
        unit_id=tenancy.unit_id,
        person_id=tenancy.person_id,
        ended_at=min(now, tenancy.span.ends_at),
        ended_by=by,
    )
