"""Stays follow tenancies, and the counts of residents follow stays, in the same transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session

from service.edges.elevation import as_system
from service.occupancy.records import stays as records
from service.occupancy.rules.stays import CloseReason, Stay, close
from service.premises.rules import UnitId
from service.presence.records import move_feed
from service.tenancy.rules import TenancyBegun, TenancyEnded


def open_stay(session: Session, begun: TenancyBegun, *, now: datetime) -> None:
    """The register knows from now on that the tenant lives there for the lease; counted once it has begun."""
    stay = Stay(
        tenancy_id=begun.tenancy_id,
        unit_id=begun.unit_id,
        area_id=begun.area_id,
        person_id=begun.person_id,
        starts_at=begun.starts_at,
        ends_at=begun.ends_at,
    )
    with as_system(session):
        records.append_stay(session, stay, now)
        _settle(session, [begun.unit_id], now)


def close_stays(session: Session, ended: Sequence[TenancyEnded], *, now: datetime) -> None:
    """The stays end when their tenancies did; what the register knew before remains on record. Set-based."""
    with as_system(session):
        tenancies = [one.tenancy_id for one in ended]
        known = records.hold_stays(session, tenancies)
        closed = [
            close(known[one.tenancy_id], one.ended_at, CloseReason(one.ended_by.value))
            for one in ended
            if one.tenancy_id in known
        ]
        records.rewrite(session, tenancies, [one for one in closed if one is not None], now)
        _settle(session, {one.unit_id for one in ended}, now)


def settle_residents(session: Session, *, now: datetime) -> int:
    """A job, in a system transaction: count those whose lease has begun or run out by the clock; how many rooms changed."""
    units = records.units_out_of_step(session, now)
    _settle(session, units, now)
    return len(units)


def _settle(session: Session, units: Iterable[UnitId], now: datetime) -> None:
    counted = records.count_residents(session, units, now)
    changed = [one for one in counted if one.counted != one.stored]
    if not changed:
        return
    records.write_residents(session, changed)
    shards = records.shards_of_units(session, [one.unit_id for one in changed], now)
    if shards:
        move_feed(session, {shard for of_unit in shards.values() for shard in of_unit})
