"""Landlords' words that a tenancy is over: their SQL."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlmodel import Session

from service.premises.rules import UnitId
from service.tenancy.records.tenancies import Tenancy
from service.tenancy.rules.ending import EndReason, Notice, TenancyId

_COLUMNS = "n.tenancy_id, n.reason, n.stated_at, n.takes_effect_at, n.contradicted_at, n.withdrawn_at"
_STANDS = "n.contradicted_at IS NULL AND n.withdrawn_at IS NULL"


class PlacedNotice(NamedTuple):
    """A notice with the room it is about, for those who look after the area."""

    notice: Notice
    unit_id: UnitId
    address: str
    number: str


class DueNotice(NamedTuple):
    """A notice whose day is over. `heard`: all locks of the room are there to tell whether somebody still comes home."""

    tenancy_id: TenancyId
    unit_id: UnitId
    person_id: int
    stated_at: datetime
    heard: bool


def put_notice(session: Session, tenancy: Tenancy, notice: Notice) -> None:
    """Store the notice in the place of an earlier one about the same tenancy."""
    session.execute(
        text(
            "INSERT INTO tenancy_notice (tenancy_id, unit_id, area_id, landlord_id, person_id, reason, stated_at, takes_effect_at)"
            " VALUES (:id, :unit, :area, :landlord, :person, :reason, :stated, :effect)"
            " ON CONFLICT (tenancy_id) DO UPDATE SET reason = excluded.reason, stated_at = excluded.stated_at,"
            " takes_effect_at = excluded.takes_effect_at, contradicted_at = NULL, withdrawn_at = NULL"
        ),
        {
            "id": tenancy.id,
            "unit": tenancy.unit_id,
            "area": tenancy.area_id,
            "landlord": tenancy.landlord_id,
            "person": tenancy.person_id,
            "reason": notice.reason.value,
            "stated": notice.stated_at,
            "effect": notice.takes_effect_at,
        },
    )


def notices_of(session: Session, tenancies: Iterable[TenancyId]) -> dict[TenancyId, Notice]:
    """What was said about these tenancies, inside the scope of whoever asks."""
    rows = session.execute(
        text(f"SELECT {_COLUMNS} FROM tenancy_notice n WHERE n.tenancy_id = ANY(CAST(:ids AS bigint[]))"),  # noqa: S608  # our own words
        {"ids": list(tenancies)},
    )
    return {one.tenancy_id: one for one in (_notice(row) for row in rows)}


def in_scope(session: Session, limit: int) -> tuple[PlacedNotice, ...]:
    """What stands or was contradicted about tenancies that run, in the areas of whoever asks; the latest first."""
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS}, u.id, b.address, u.number FROM tenancy_notice n JOIN tenancy t ON t.id = n.tenancy_id"  # noqa: S608  # our own words
            " JOIN unit u ON u.id = n.unit_id JOIN building b ON b.id = u.building_id"
            " WHERE t.ended_at IS NULL AND n.withdrawn_at IS NULL ORDER BY n.stated_at DESC, n.tenancy_id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return tuple(PlacedNotice(_notice(row), UnitId(row[6]), row[7], row[8]) for row in rows)


def hold_due(session: Session, now: datetime, limit: int) -> tuple[DueNotice, ...]:
    """Notices whose day is over and that nobody contradicted, unchanged by others until the transaction ends."""
    rows = session.execute(
        text(
            "SELECT n.tenancy_id, n.unit_id, n.person_id, n.stated_at, NOT EXISTS (SELECT FROM door d JOIN lock l ON l.id = d.lock_id"  # noqa: S608  # our own words
            " WHERE d.unit_id = n.unit_id AND d.hung @> CAST(:now AS timestamptz) AND l.link <> 'live')"
            f" FROM tenancy_notice n JOIN tenancy t ON t.id = n.tenancy_id WHERE {_STANDS} AND n.takes_effect_at <= :now"
            " AND t.ended_at IS NULL ORDER BY n.takes_effect_at, n.tenancy_id LIMIT :limit FOR UPDATE OF n"
        ),
        {"now": now, "limit": limit},
    )
    return tuple(DueNotice(TenancyId(row[0]), UnitId(row[1]), row[2], row[3], row[4]) for row in rows)


def mark_contradicted(session: Session, tenancies: Sequence[TenancyId], now: datetime) -> int:
    """The tenant still lives there; how many of the notices stood until now."""
    return _mark(session, "contradicted_at", tenancies, now)


def mark_withdrawn(session: Session, tenancies: Sequence[TenancyId], now: datetime) -> int:
    """The landlord takes it back; how many of the notices stood until now."""
    return _mark(session, "withdrawn_at", tenancies, now)


def _mark(session: Session, column: str, tenancies: Sequence[TenancyId], now: datetime) -> int:
    marked = session.execute(
        text(
            f"UPDATE tenancy_notice n SET {column} = :now WHERE n.tenancy_id = ANY(CAST(:ids AS bigint[])) AND {_STANDS}"  # noqa: S608  # our own words
            " RETURNING n.tenancy_id"
        ),
        {"ids": list(tenancies), "now": now},
    )
    return len(marked.all())


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        tenancy_id=TenancyId(row.tenancy_id),
        reason=EndReason(row.reason),
        stated_at=row.stated_at,
        takes_effect_at=row.takes_effect_at,
        contradicted_at=row.contradicted_at,
        withdrawn_at=row.withdrawn_at,
    )
