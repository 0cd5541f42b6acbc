"""SQL of locks that leave: given away with proof, reported stolen or broken."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.commands import CommandKind
from firmware_protocol.commands_followed import OrderState
from firmware_protocol.topics import LockId
from service.custody.rules import LostLock, Release, ReleaseId, ReportId, ReportKind
from service.people.rules import PersonId
from service.premises.rules import UnitId

# Proven since its keys and its list are what they are: whatever was put on the list afterwards is not erased.
_PROVEN_WIPE = text(
    "SELECT c.id FROM lock_command c JOIN lock l ON l.id = c.lock_id"
    " WHERE c.lock_id = :lock AND c.landlord_id = :landlord AND c.kind = :wipe AND c.state = :done AND c.proof IS NOT NULL"
    " AND c.issued_at >= l.provisioned_at AND l.revoked_at IS NULL"
    " AND NOT EXISTS (SELECT FROM credential k WHERE k.lock_id = c.lock_id AND (k.removed_version IS NULL OR k.on_lock_at > c.ended_at))"
    " ORDER BY c.ended_at DESC LIMIT 1"
)
_RELEASE = text(
    "INSERT INTO lock_release (lock_id, unit_id, landlord_id, command_id, key_epoch, released_at)"
    " SELECT :lock, :unit, :landlord, :command, l.key_epoch, :now FROM lock l WHERE l.id = :lock RETURNING id"
)
_FIND_RELEASE = text(
    "SELECT r.id, r.lock_id, r.unit_id, r.landlord_id, r.key_epoch, r.released_at,"
    " l.key_epoch = r.key_epoch AND l.revoked_as = 'released' FROM lock_release r JOIN lock l ON l.id = r.lock_id WHERE r.id = :id"
)
_REPORT = text(
    "INSERT INTO lock_report (lock_id, unit_id, landlord_id, kind, reason_sealed, reported_at)"
    " VALUES (:lock, :unit, :landlord, :kind, :reason, :now) ON CONFLICT (lock_id) WHERE settled_at IS NULL DO NOTHING RETURNING id"
)
REPORTS = (
    "SELECT r.id, r.lock_id, r.unit_id, r.kind, r.reason_sealed, r.reported_at, b.address, u.number, u.shared"
    " FROM lock_report r JOIN unit u ON u.id = r.unit_id JOIN building b ON b.id = u.building_id WHERE r.settled_at IS NULL"
)
_LIVES_THERE = text(
    "SELECT EXISTS (SELECT FROM tenancy WHERE unit_id = :unit AND person_id = :person AND ended_at IS NULL AND starts_at <= :now)"
)
# Whoever was confirmed as a tenant before it was reported; the lease's own first day is the landlord's to choose.
BEFORE_REPORT = "g.decided_at <= r.reported_at"
_TENANT_OF_REPORTED = (
    " FROM lock_report r JOIN tenancy t ON t.unit_id = r.unit_id JOIN registration g ON g.id = t.registration_id"
    " WHERE r.id = :report AND t.person_id = :person AND t.ended_at IS NULL"
)
_LIVED_BEFORE = text(f"SELECT EXISTS (SELECT{_TENANT_OF_REPORTED} AND {BEFORE_REPORT})")
# Whoever was let in since has no yes, and is not shut out by that of the others either.
_ALL_SAY_SO = text(
    "SELECT NOT EXISTS (SELECT FROM lock_report r JOIN tenancy t ON t.unit_id = r.unit_id"
    " WHERE r.id = :report AND t.ended_at IS NULL AND t.starts_at <= :now AND NOT EXISTS (SELECT FROM lock_report_word w"
    " WHERE w.report_id = r.id AND w.person_id = t.person_id AND w.agrees))"
)
# Whoever reported it last, as long as reports are kept.
_LOST_OF = text(
    "SELECT l.id, l.revoked_as, l.revoked_at FROM lock l CROSS JOIN LATERAL (SELECT landlord_id FROM lock_report r"
    " WHERE r.lock_id = l.id AND r.settled_at IS NOT NULL ORDER BY r.id DESC LIMIT 1) last"
    " WHERE l.revoked_as IN ('stolen', 'broken') AND last.landlord_id = :landlord ORDER BY l.revoked_at DESC LIMIT 50"
)
_FIND_AGAIN = text(
    "UPDATE lock SET revoked_at = NULL, revoked_as = NULL, found_at = :now, link = 'unborn'"
    " WHERE id = :lock AND revoked_as IN ('stolen', 'broken') RETURNING id"
)
_SETTLE = text(
    "UPDATE lock_report SET settled_at = :now, confirmed_by = coalesce(:person, confirmed_by) WHERE lock_id = :lock AND settled_at IS NULL"
)


class KeptReport(NamedTuple):
    """A report that is not settled, inside the scope of whoever asks."""

    id: ReportId
    lock_id: LockId
    unit_id: UnitId
    kind: ReportKind
    reason_sealed: bytes
    reported_at: datetime
    address: str
    number: str
    shared: bool


def find_proven_wipe(session: Session, lock: LockId, landlord: int) -> bytes | None:
    """The landlord's latest command that this lock proved to have emptied itself by, nothing having come onto it since."""
    values = {
        "lock": lock,
        "landlord": landlord,
        "wipe": int(CommandKind.FACTORY_WIPE),
        "done": OrderState.DONE.value,
    }
    return session.execute(_PROVEN_WIPE, values).scalar_one_or_none()


def append_release(session: Session, values: Mapping[str, Any]) -> ReleaseId:
    """The lock is given away; the keys are lock, unit, landlord, command, now."""
    return ReleaseId(session.execute(_RELEASE, values).scalar_one())


def find_release(session: Session, release: ReleaseId) -> Release | None:
    """One release, and whether nobody has claimed the lock since."""
    row = session.execute(_FIND_RELEASE, {"id": release}).one_or_none()
    if row is None:
        return None
    found, lock, unit, landlord, key_epoch, released_at, waits = row
    return Release(
        id=ReleaseId(found),
        lock_id=LockId(lock),
        unit_id=UnitId(unit),
        landlord_id=landlord,
        key_epoch=key_epoch,
        released_at=released_at,
        waits=waits,
    )


def append_report(session: Session, values: Mapping[str, Any]) -> ReportId | None:
    """A report; None where one of that lock stands already. The keys are lock, unit, landlord, kind, reason, now."""
    found = session.execute(_REPORT, values).scalar_one_or_none()
    return None if found is None else ReportId(found)


def open_reports(session: Session, unit: UnitId | None = None) -> list[KeptReport]:
    """What is reported and not settled, of one room or of all that whoever asks may see; the latest first."""
    of_one = "" if unit is None else " AND r.unit_id = :unit"
    asked = text(f"{REPORTS}{of_one} ORDER BY r.reported_at DESC LIMIT 200")  # our own words
    rows = session.execute(asked, {} if unit is None else {"unit": unit})
    return [kept(row) for row in rows]


def kept(row: Sequence[Any]) -> KeptReport:
    """A row of `REPORTS`."""
    return KeptReport(ReportId(row[0]), LockId(row[1]), UnitId(row[2]), ReportKind(row[3]), *row[4:])


def lost_locks(session: Session, landlord: int) -> list[LostLock]:
    """The locks that this landlord was the last to report and that were shut out for it, the latest first."""
    rows = session.execute(_LOST_OF, {"landlord": landlord})
    return [LostLock(LockId(lock), ReportKind(kind), at) for lock, kind, at in rows]


def find_again(session: Session, lock: LockId, now: datetime) -> bool:
    """The lock is heard again; False where it is not shut out for a report."""
    return session.execute(_FIND_AGAIN, {"lock": lock, "now": now}).one_or_none() is not None


def settle_report(session: Session, lock: LockId, *, person: PersonId | None, now: datetime) -> None:
    """What was reported of the lock is at its end; `person` where a tenant has said so, too."""
    session.execute(_SETTLE, {"lock": lock, "person": person, "now": now})


def lives_there(session: Session, unit: UnitId, person: PersonId, now: datetime) -> bool:
    """Whether a tenancy of that person in the room has begun and was not ended."""
    return bool(session.execute(_LIVES_THERE, {"unit": unit, "person": person, "now": now}).scalar_one())


def all_say_so(session: Session, report: ReportId, now: datetime) -> bool:
    """Whether all who live in the room have said that the report of its lock is true."""
    return bool(session.execute(_ALL_SAY_SO, {"report": report, "now": now}).scalar_one())


def lived_there_before(session: Session, report: ReportId, person: PersonId) -> bool:
    """Whether the person was confirmed as a tenant of the room before its lock was reported, and is one still."""
    return bool(session.execute(_LIVED_BEFORE, {"report": report, "person": person}).scalar_one())
