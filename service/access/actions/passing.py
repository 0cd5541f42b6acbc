"""Letting a door of the whole house stand unlocked at set hours, and no longer."""

from datetime import datetime, timedelta

from sqlmodel import Session

from firmware_protocol.schedules import WeeklySchedule
from service.access import records
from service.access.actions.granting import grant, revoke
from service.access.rules import GrantId, GrantRecord, Materials, Terms
from service.accounts.rules import Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.edges.elevation import as_system
from service.edges.keyring import Keyring
from service.errors import Conflict, NotFound
from service.premises import actions as premises
from service.premises.rules import UnitId, UnitView

# Nobody who forgot about it leaves a house open for ever; and a lock that hears nothing for a day keeps its door shut.
PASSAGE_FOR = timedelta(days=365)
PASSAGE_LEASE_S = 86_400


def set_passage(
    session: Session, actor: Actor, unit_id: UnitId, hours: WeeklySchedule, *, keyring: Keyring, now: datetime
) -> GrantId:
    """The door stands unlocked for everybody in these hours, and in no others, for a year at most.

    NotFound for another's door; Conflict for the door of a room or somebody's only door, or where a lock does not understand passages.
    """
    unit = get_shared_door(session, actor, unit_id)
    premises.keep_doors(session, unit.id)
    with as_system(session):
        is_only_door = records.is_somebodys_only_door(session, unit.id, now)
    if is_only_door:
        raise Conflict(
            "Somebody in this house has a room without a lock of its own. This is the only door there is for them; it never stands unlocked.",
            code="only_door",
        )
    end_passage(session, actor, unit.id, now=now)
    terms = Terms(
        unit_id=unit.id,
        person_id=None,
        starts_at=now,
        ends_at=now + PASSAGE_FOR,
        offline_lease_s=PASSAGE_LEASE_S,
        schedules=(hours,),
    )
    made = grant(session, terms, materials=Materials(passage=True), keyring=keyring, now=now)
    record(
        session, actor, Act.PASSAGE_SET, made, now=now, days=hours.days, first=hours.from_minute, last=hours.to_minute
    )
    return made


def end_passage(session: Session, actor: Actor, unit_id: UnitId, *, now: datetime) -> None:
    """The door keeps itself locked at all hours again; nothing where it did. NotFound and Conflict as above."""
    get_shared_door(session, actor, unit_id)
    with as_system(session):
        standing = [one.id for one in records.find_passages(session, unit_id, now)]
    if standing:
        revoke(session, standing, now=now, actor=actor)


def passages_of(session: Session, unit_id: UnitId, now: datetime) -> tuple[GrantRecord, ...]:
    """The hours of a door, inside the scope of whoever asks."""
    return records.find_passages(session, unit_id, now)


def get_shared_door(session: Session, actor: Actor, unit_id: UnitId) -> UnitView:
    """A door of the whole house that is the actor's; NotFound for another's, Conflict for the door of a room."""
    unit = premises.get_unit(session, unit_id)
    if unit.landlord_id != actor.account_id:
        raise NotFound("There is no such door.", code="door")
    if not unit.shared:
        raise Conflict("The door of a room never stands unlocked: somebody may live there.", code="room_door")
    return unit
