"""Tenancies: their SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, text
from sqlmodel import Session, col, select

from service.access.rules import GrantId
from service.accounts.rules import AccountId
from service.people.rules import PersonId
from service.premises.rules import AreaId, UnitId
from service.tenancy.records.tables import TenancyRow
from service.tenancy.rules.ending import EndedBy, TenancyEnded, TenancyId
from service.tenancy.rules.leases import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """A tenancy as it stands."""

    id: TenancyId
    grant_id: GrantId
    unit_id: UnitId
    area_id: AreaId
    landlord_id: AccountId
    person_id: PersonId
    span: Span
    ended_at: datetime | None
    ended_by: EndedBy | None


def append_tenancy(session: Session, row: TenancyRow) -> TenancyId:
    """Store a tenancy."""
    session.add(row)
    session.flush()
    return TenancyId(row.id or 0)


def find_tenancy(session: Session, tenancy_id: TenancyId) -> Tenancy | None:
    """The tenancy, inside the scope of whoever asks."""
    return next(iter(_tenancies(session, col(TenancyRow.id) == tenancy_id)), None)


def tenancies(session: Session, wanted: Sequence[TenancyId]) -> tuple[Tenancy, ...]:
    """These tenancies, inside the scope of whoever asks."""
    return _tenancies(session, col(TenancyRow.id).in_(wanted))


def due(session: Session, now: datetime, limit: int) -> tuple[Tenancy, ...]:
    """Tenancies whose date has come and that nobody ended."""
    rows = session.execute(
        text("SELECT id FROM tenancy WHERE ended_at IS NULL AND ends_at <= :now ORDER BY ends_at, id LIMIT :limit"),
        {"now": now, "limit": limit},
    )
    return _tenancies(session, col(TenancyRow.id).in_([row[0] for row in rows]))


def hold_standing(session: Session, wanted: Sequence[TenancyId]) -> tuple[Tenancy, ...]:
    """Those of the tenancies that nobody ended, unchanged by others until the transaction ends."""
    session.execute(
        text("SELECT FROM tenancy WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE"), {"ids": list(wanted)}
    )
    return _tenancies(session, col(TenancyRow.id).in_(wanted), col(TenancyRow.ended_at).is_(None))


def standing_in_units(session: Session, units: Iterable[UnitId]) -> tuple[Tenancy, ...]:
    """Tenancies that were not ended, in the order they begin."""
    return _tenancies(session, col(TenancyRow.unit_id).in_(list(units)), col(TenancyRow.ended_at).is_(None))


def tenancies_of_person(session: Session, person_id: PersonId) -> tuple[Tenancy, ...]:
    """All tenancies of the person, in the order they begin."""
    return _tenancies(session, col(TenancyRow.person_id) == person_id)


def ended_in_units(session: Session, units: Iterable[UnitId], since: datetime) -> tuple[Tenancy, ...]:
    """Tenancies that ended after `since`."""
    return _tenancies(session, col(TenancyRow.unit_id).in_(list(units)), col(TenancyRow.ended_at) > since)


def mark_ended(session: Session, ended: Sequence[TenancyEnded]) -> None:
    """Note when and by whom tenancies ended."""
    session.execute(
        text(
            "UPDATE tenancy t SET ended_at = n.ended_at, ended_by = n.ended_by FROM unnest(CAST(:ids AS bigint[]),"
            " CAST(:ats AS timestamptz[]), CAST(:bys AS text[])) AS n (id, ended_at, ended_by) WHERE t.id = n.id"
        ),
        {
            "ids": [one.tenancy_id for one in ended],
            "ats": [one.ended_at for one in ended],
            "bys": [one.ended_by.value for one in ended],
        },
    )


def _tenancies(session: Session, *which: ColumnElement[bool]) -> tuple[Tenancy, ...]:
    query = select(TenancyRow).where(*which).order_by(col(TenancyRow.starts_at), col(TenancyRow.id))
    found = session.exec(query.execution_options(populate_existing=True))
    return tuple(_tenancy(row) for row in found)


def _tenancy(row: TenancyRow) -> Tenancy:
    return Tenancy(
        id=TenancyId(row.id or 0),
        grant_id=GrantId(row.grant_id),
        unit_id=UnitId(row.unit_id),
        area_id=AreaId(row.area_id),
        landlord_id=AccountId(row.landlord_id),
        person_id=PersonId(row.person_id),
        span=Span(row.starts_at, row.ends_at),
        ended_at=row.ended_at,
        ended_by=None if row.ended_by is None else EndedBy(row.ended_by),
    )
