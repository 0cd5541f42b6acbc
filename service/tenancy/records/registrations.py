"""Registrations that wait for the landlord, and what became of them: their SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, text, update
from sqlmodel import Session, col, select

from service.accounts.rules import AccountId
from service.people.rules import PersonId
from service.premises.rules import AreaId, UnitId
from service.tenancy.records.tables import RegistrationRow
from service.tenancy.rules.inviting import InvitationId
from service.tenancy.rules.registering import RegistrationId, RegistrationState

_WAITING = col(RegistrationRow.state) == RegistrationState.SUBMITTED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A registration as it stands, its form still sealed."""

    id: RegistrationId
    invitation_id: InvitationId
    unit_id: UnitId
    area_id: AreaId
    landlord_id: AccountId
    person_id: PersonId
    state: RegistrationState
    with_face: bool
    form_sealed: bytes | None = field(repr=False)
    template_sealed: bytes | None = field(repr=False)
    face_engine: str | None
    face_verdict: str | None
    face_band: int | None
    submitted_at: datetime
    decided_at: datetime | None


def append_registration(session: Session, row: RegistrationRow) -> RegistrationId:
    """Store a registration."""
    session.add(row)
    session.flush()
    return RegistrationId(row.id or 0)


def hold_waiting(session: Session, wanted: Sequence[RegistrationId]) -> tuple[Registration, ...]:
    """Those of the registrations that still wait, unchanged by others until the transaction ends."""
    session.execute(
        text("SELECT FROM registration WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE"),
        {"ids": list(wanted)},
    )
    return _registrations(session, col(RegistrationRow.id).in_(wanted), _WAITING)


def find_registration(session: Session, registration_id: RegistrationId) -> Registration | None:
    """The registration, inside the scope of whoever asks."""
    return next(iter(_registrations(session, col(RegistrationRow.id) == registration_id)), None)


def find_registration_of(session: Session, invitation_id: InvitationId) -> Registration | None:
    """The registration that answered the invitation."""
    return next(iter(_registrations(session, col(RegistrationRow.invitation_id) == invitation_id)), None)


def waiting_in_units(session: Session, units: Iterable[UnitId]) -> tuple[Registration, ...]:
    """Registrations that wait for a decision."""
    return _registrations(session, col(RegistrationRow.unit_id).in_(list(units)), _WAITING)


def waiting_of_person(session: Session, person_id: PersonId) -> tuple[Registration, ...]:
    """The person's registrations that wait for a decision."""
    return _registrations(session, col(RegistrationRow.person_id) == person_id, _WAITING)


def stale_registrations(session: Session, *, submitted_before: datetime, now: datetime) -> tuple[Registration, ...]:
    """Registrations that nobody decided in time, or whose lease is over."""
    rows = session.execute(
        text(
            "SELECT r.id FROM registration r JOIN invitation i ON i.id = r.invitation_id WHERE r.state = 'submitted'"
            " AND (r.submitted_at < :before OR i.ends_at <= :now) ORDER BY r.id LIMIT 500"
        ),
        {"before": submitted_before, "now": now},
    )
    return _registrations(session, col(RegistrationRow.id).in_([row[0] for row in rows]))


def decide(session: Session, registration_id: RegistrationId, state: RegistrationState, now: datetime) -> None:
    """Note the decision; everything that waited for it goes."""
    session.execute(
        update(RegistrationRow)
        .where(col(RegistrationRow.id) == registration_id)
        .values(state=state.value, decided_at=now, form_sealed=None, template_sealed=None)
    )


def forget_faces(session: Session, person_id: PersonId) -> None:
    """Drop the templates that wait with the person's undecided registrations."""
    session.execute(
        update(RegistrationRow)
        .where(col(RegistrationRow.person_id) == person_id, col(RegistrationRow.template_sealed).is_not(None))
        .values(template_sealed=None, with_face=False)
    )


def _registrations(session: Session, *which: ColumnElement[bool]) -> tuple[Registration, ...]:
    query = select(RegistrationRow).where(*which).order_by(col(RegistrationRow.id))
    found = session.exec(query.execution_options(populate_existing=True))
    return tuple(_registration(row) for row in found)


def _registration(row: RegistrationRow) -> Registration:
    return Registration(
        id=RegistrationId(row.id or 0),
        invitation_id=InvitationId(row.invitation_id),
        unit_id=UnitId(row.unit_id),
        area_id=AreaId(row.area_id),
        landlord_id=AccountId(row.landlord_id),
        person_id=PersonId(row.person_id),
        state=RegistrationState(row.state),
        with_face=row.with_face,
        form_sealed=row.form_sealed,
        template_sealed=row.template_sealed,
        face_engine=row.face_engine,
        face_verdict=row.face_verdict,
        face_band=row.face_band,
        submitted_at=row.submitted_at,
        decided_at=row.decided_at,
    )
