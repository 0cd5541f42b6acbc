"""Stays, and the counts of residents that follow them: SQL. Counts are locked in one order: units, buildings, areas, by id."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.occupancy.rules.stays import Closed, Stay
from service.people.rules import PersonId
from service.premises.rules import AreaId, BuildingId, UnitId
from service.tenancy.rules import TenancyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Residents:
    """A unit's stored count of residents beside the true one."""

    unit_id: UnitId
    building_id: BuildingId
    area_id: AreaId
    stored: int
    counted: int


_APPEND = text(
    "INSERT INTO stay (tenancy_id, unit_id, area_id, person_id, valid, known) VALUES (:tenancy_id, :unit_id, :area_id,"
    " :person_id, tstzrange(:starts_at, :ends_at), tstzrange(:now, NULL))"
)
_KNOWN_NOW = text(
    "SELECT tenancy_id, unit_id, area_id, person_id, lower(valid) AS starts_at, upper(valid) AS ends_at FROM stay"
    " WHERE tenancy_id = ANY(:tenancies) AND upper_inf(known) ORDER BY id FOR UPDATE"
)
# The row stays what the register knew until now; what it knows from now on is a row of its own.
_FORGET = text(
    "UPDATE stay SET known = tstzrange(lower(known), greatest(lower(known), CAST(:now AS timestamptz)))"
    " WHERE tenancy_id = ANY(:tenancies) AND upper_inf(known)"
)
_REWRITE = text(
    "INSERT INTO stay (tenancy_id, unit_id, area_id, person_id, valid, known, close_reason)"
    " SELECT t.id, t.unit_id, t.area_id, t.person_id, tstzrange(n.starts_at, n.ends_at), tstzrange(:now, NULL), n.reason"
    " FROM unnest(CAST(:tenancies AS bigint[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),"
    " CAST(:reasons AS text[])) AS n (tenancy_id, starts_at, ends_at, reason) JOIN tenancy t ON t.id = n.tenancy_id"
)
_LOCK_UNITS = text(
    "SELECT FROM unit_occupancy WHERE unit_id = ANY(CAST(:units AS bigint[])) ORDER BY unit_id FOR UPDATE"
)
_COUNT = text(
    "SELECT o.unit_id, o.building_id, o.area_id, o.residents AS stored, (SELECT count(DISTINCT s.person_id) FROM stay s"
    " WHERE s.unit_id = o.unit_id AND upper_inf(s.known) AND s.valid @> CAST(:now AS timestamptz)) AS counted"
    " FROM unit_occupancy o WHERE o.unit_id = ANY(CAST(:units AS bigint[])) ORDER BY o.unit_id"
)
_OUT_OF_STEP = text(
    "SELECT o.unit_id FROM unit_occupancy o LEFT JOIN (SELECT unit_id, count(DISTINCT person_id) AS counted FROM stay"
    " WHERE upper_inf(known) AND valid @> CAST(:now AS timestamptz) GROUP BY unit_id) s ON s.unit_id = o.unit_id"
    " WHERE o.residents <> coalesce(s.counted, 0) LIMIT 1000"
)
_WRITE_UNITS = text(
    "UPDATE unit_occupancy o SET residents = n.residents FROM unnest(CAST(:units AS bigint[]), CAST(:residents AS integer[]))"
    " AS n (unit_id, residents) WHERE o.unit_id = n.unit_id"
)
_ADD_BUILDINGS = text(
    "WITH more AS (SELECT m.id, sum(m.more)::integer AS more FROM unnest(CAST(:places AS bigint[]), CAST(:more AS integer[]))"
    " AS m (id, more) GROUP BY m.id),"
    " held AS (SELECT building_id FROM building_occupancy WHERE building_id IN (SELECT id FROM more) ORDER BY building_id FOR UPDATE)"
    " UPDATE building_occupancy o SET residents = o.residents + more.more FROM more, held"
    " WHERE o.building_id = more.id AND held.building_id = o.building_id"
)
_ADD_AREAS = text(
    "WITH RECURSIVE up AS (SELECT a.id, a.parent_id, m.more FROM unnest(CAST(:places AS bigint[]), CAST(:more AS integer[]))"
    " AS m (id, more) JOIN area a ON a.id = m.id"
    " UNION ALL SELECT a.id, a.parent_id, up.more FROM up JOIN area a ON a.id = up.parent_id),"
    " more AS (SELECT id, sum(more)::integer AS more FROM up GROUP BY id),"
    " held AS (SELECT area_id FROM area_occupancy WHERE area_id IN (SELECT id FROM more) ORDER BY area_id FOR UPDATE)"
    " UPDATE area_occupancy o SET residents = o.residents + more.more FROM more, held"
    " WHERE o.area_id = more.id AND held.area_id = o.area_id"
)


def append_stay(session: Session, stay: Stay, now: datetime) -> None:
    """The register knows of this stay from now on."""
    session.execute(
        _APPEND,
        {
            "tenancy_id": stay.tenancy_id,
            "unit_id": stay.unit_id,
            "area_id": stay.area_id,
            "person_id": stay.person_id,
            "starts_at": stay.starts_at,
            "ends_at": stay.ends_at,
            "now": now,
        },
    )


def hold_stays(session: Session, tenancies: Sequence[TenancyId]) -> dict[TenancyId, Stay]:
    """The stays of these tenancies as the register knows them now, unchanged by others until the transaction ends."""
    rows = session.execute(_KNOWN_NOW, {"tenancies": list(tenancies)})
    stays = [
        Stay(
            tenancy_id=TenancyId(row.tenancy_id),
            unit_id=UnitId(row.unit_id),
            area_id=AreaId(row.area_id),
            person_id=PersonId(row.person_id),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        )
        for row in rows
    ]
    return {stay.tenancy_id: stay for stay in stays}


def rewrite(session: Session, tenancies: Sequence[TenancyId], closed: Sequence[Closed], now: datetime) -> None:
    """What was known of these tenancies' stays is so no longer; in its place the register knows `closed`."""
    session.execute(_FORGET, {"tenancies": list(tenancies), "now": now})
    if closed:
        session.execute(
            _REWRITE,
            {
                "tenancies": [one.tenancy_id for one in closed],
                "starts": [one.starts_at for one in closed],
                "ends": [one.ends_at for one in closed],
                "reasons": [one.reason.value for one in closed],
                "now": now,
            },
        )


def count_residents(session: Session, units: Iterable[UnitId], now: datetime) -> tuple[Residents, ...]:
    """The units' counts, stored and true, locked until the transaction ends."""
    wanted = sorted(set(units))
    session.execute(_LOCK_UNITS, {"units": wanted})
    rows = session.execute(_COUNT, {"units": wanted, "now": now})
    return tuple(Residents(**row._mapping) for row in rows)


def units_out_of_step(session: Session, now: datetime) -> tuple[UnitId, ...]:
    """Units whose stored count is not the true one: a stay has begun or run out."""
    return tuple(UnitId(unit) for unit in session.execute(_OUT_OF_STEP, {"now": now}).scalars())


def write_residents(session: Session, counted: Sequence[Residents]) -> None:
    """Store the true counts, and carry the differences up to buildings and every area above."""
    units = {"units": [one.unit_id for one in counted], "residents": [one.counted for one in counted]}
    session.execute(_WRITE_UNITS, units)
    more = [one.counted - one.stored for one in counted]
    session.execute(_ADD_BUILDINGS, {"places": [one.building_id for one in counted], "more": more})
    session.execute(_ADD_AREAS, {"places": [one.area_id for one in counted], "more": more})


def shards_of_units(session: Session, units: Iterable[UnitId], now: datetime) -> Mapping[UnitId, tuple[int, ...]]:
    """The shards of the locks that hang on the units' doors."""
    rows = session.execute(
        text(
            "SELECT d.unit_id, array_agg(DISTINCT l.shard) AS shards FROM door d JOIN lock l ON l.id = d.lock_id"
            " WHERE d.unit_id = ANY(CAST(:units AS bigint[])) AND d.hung @> CAST(:now AS timestamptz) GROUP BY d.unit_id"
        ),
        {"units": sorted(units), "now": now},
    )
    return {UnitId(row.unit_id): tuple(row.shards) for row in rows}
