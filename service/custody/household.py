"""A report of the lock on a door of the whole house is heard by those who live there, each from the own telephone.

The door is everybody's way home. So the landlord's word needs those of more than half of the rooms where somebody lives, and
one tenant who says that the lock is there keeps it there. Nobody is told who has said what.
"""

from datetime import datetime

from sqlmodel import Session

from service.accounts.rules import Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.custody import actions, leaving
from service.custody.records import household as records
from service.custody.records import leaving as reports
from service.custody.rules import HouseReport, ReportId, RevokedAs, Tally
from service.edges.elevation import as_system
from service.edges.keyring import Keyring
from service.errors import NotFound
from service.people.rules import PersonId
from service.premises.rules import UnitId


def house_reports(
    session: Session, actor: Actor, unit_id: UnitId, *, keyring: Keyring, now: datetime
) -> tuple[HouseReport, ...]:
    """What is reported of the doors of the house that this tenant lives in; nothing for whoever does not."""
    person = actor.person_id
    with as_system(session):
        if person is None or not reports.lives_there(session, unit_id, person, now):
            return ()
        return tuple(
            HouseReport(
                leaving.shown(kept, keyring),
                records.tally(session, kept.id, now),
                records.lived_there_before(session, kept.id, person),
                records.find_word(session, kept.id, person),
            )
            for kept in records.house_reports(session, unit_id)
        )


def tally_of(session: Session, report_id: ReportId, now: datetime) -> Tally:
    """How many rooms have said what; for whoever may see the report."""
    with as_system(session):
        return records.tally(session, report_id, now)


def answer(
    session: Session, actor: Actor, unit_id: UnitId, report_id: ReportId, *, agrees: bool, now: datetime
) -> bool:
    """A tenant of the house says whether the report is true; whether the lock is shut out with that.

    NotFound for whoever does not live there, Conflict where somebody agrees who moved in after the report.
    """
    person = actor.person_id
    with as_system(session):
        door = records.find_door(session, report_id, unit_id)
        if door is None or person is None:
            raise _no_such_report()
        actions.hold(session, [door], now)
        # What was true before the wait for the doors may be so no more.
        kept = next((one for one in records.house_reports(session, unit_id) if one.id == report_id), None)
        if kept is None or not reports.lives_there(session, unit_id, person, now):
            raise _no_such_report()
        _say(session, kept.id, person, agrees=agrees, now=now)
        shut = records.tally(session, kept.id, now).shuts_out
        if shut:
            reports.settle_report(session, kept.lock_id, person=person, now=now)
            actions.end_use(session, kept.lock_id, RevokedAs(kept.kind.value), now=now)
    record(session, actor, Act.LOCK_REPORT_ANSWERED, kept.lock_id, now=now, agrees=agrees)
    if shut:
        record(session, actor, Act.LOCK_REVOKED, kept.lock_id, now=now, why=kept.kind.value)
    return shut


def _say(session: Session, report_id: ReportId, person: PersonId, *, agrees: bool, now: datetime) -> None:
    if agrees and not records.lived_there_before(session, report_id, person):
        raise leaving.newcomer()
    records.put_word(session, report_id, person, agrees=agrees, now=now)


def _no_such_report() -> NotFound:
    return NotFound("There is no such report.", code="report")
