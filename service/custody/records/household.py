"""SQL of what those who live in a house say of a report of its door's lock. In a system scope."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.custody.records.leaving import BEFORE_REPORT, REPORTS, KeptReport, kept
from service.custody.rules import ReportId, Tally
from service.people.rules import PersonId
from service.premises.rules import UnitId

_HOUSE_REPORTS = text(
    f"{REPORTS} AND u.shared AND EXISTS (SELECT FROM unit room WHERE room.id = :unit AND room.building_id = u.building_id"
    " AND NOT room.shared) ORDER BY r.reported_at DESC LIMIT 20"
)
_DOOR = text(
    "SELECT u.id FROM lock_report r JOIN unit u ON u.id = r.unit_id JOIN unit room ON room.building_id = u.building_id"
    " WHERE r.id = :report AND r.settled_at IS NULL AND u.shared AND room.id = :unit AND NOT room.shared"
)
_LIVING = (
    " FROM lock_report r JOIN unit door ON door.id = r.unit_id"
    " JOIN unit room ON room.building_id = door.building_id AND NOT room.shared"
    " JOIN tenancy t ON t.unit_id = room.id JOIN registration g ON g.id = t.registration_id"
)
# Somebody to whom all vacant rooms are let is one voice, not as many as there are rooms: each counts where confirmed first.
_TALLY = text(
    "SELECT count(DISTINCT lived.unit_id), count(DISTINCT lived.unit_id) FILTER (WHERE w.agrees AND lived.before),"  # noqa: S608  # our own words
    " count(DISTINCT lived.unit_id) FILTER (WHERE NOT w.agrees)"
    f" FROM (SELECT DISTINCT ON (t.person_id) t.person_id, t.unit_id, r.id AS report_id, {BEFORE_REPORT} AS before{_LIVING}"
    " WHERE r.id = :report AND t.ended_at IS NULL AND t.starts_at <= :now ORDER BY t.person_id, g.decided_at, t.id) lived"
    " LEFT JOIN lock_report_word w ON w.report_id = lived.report_id AND w.person_id = lived.person_id"
)
_LIVED_BEFORE = text(
    f"SELECT EXISTS (SELECT{_LIVING} WHERE r.id = :report AND t.person_id = :person AND t.ended_at IS NULL AND {BEFORE_REPORT})"
)
_WORD = text("SELECT agrees FROM lock_report_word WHERE report_id = :report AND person_id = :person")
_PUT = text(
    "INSERT INTO lock_report_word (report_id, person_id, agrees, said_at) VALUES (:report, :person, :agrees, :now)"
    " ON CONFLICT (report_id, person_id) DO UPDATE SET agrees = excluded.agrees, said_at = excluded.said_at"
)


def house_reports(session: Session, unit: UnitId) -> list[KeptReport]:
    """What is reported of the doors of the house this room is in and not settled, the latest first."""
    return [kept(row) for row in session.execute(_HOUSE_REPORTS, {"unit": unit})]


def find_door(session: Session, report: ReportId, unit: UnitId) -> UnitId | None:
    """The house's door that an open report is about, where this room is in that house."""
    found = session.execute(_DOOR, {"report": report, "unit": unit}).scalar_one_or_none()
    return None if found is None else UnitId(found)


def tally(session: Session, report: ReportId, now: datetime) -> Tally:
    """How many rooms of the house are lived in now, and what those who live there have said."""
    return Tally(*session.execute(_TALLY, {"report": report, "now": now}).one())


def lived_there_before(session: Session, report: ReportId, person: PersonId) -> bool:
    """Whether the person was confirmed as a tenant of the house before the report, and is one still."""
    return bool(session.execute(_LIVED_BEFORE, {"report": report, "person": person}).scalar_one())


def find_word(session: Session, report: ReportId, person: PersonId) -> bool | None:
    """What the person has said of it; None where nothing."""
    return session.execute(_WORD, {"report": report, "person": person}).scalar_one_or_none()


def put_word(session: Session, report: ReportId, person: PersonId, *, agrees: bool, now: datetime) -> None:
    """What the person says of it; the latest counts."""
    session.execute(_PUT, {"report": report, "person": person, "agrees": agrees, "now": now})
