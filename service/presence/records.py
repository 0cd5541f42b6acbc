"""SQL of presence and counts; set-based, and always locked in the same order: units, buildings, areas, each by id."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from service.edges.arrays import instants, numbers, words
from service.edges.set_based import Sent, Statement, in_a_row
from service.presence.rules import Confidence, Count, Presence, PresenceState, Reason


class UnitCount(NamedTuple):
    """A unit's stored count and where it belongs."""

    unit_id: int
    building_id: int
    area_id: int
    counted: Count
    visited_at: datetime | None = None


_LOCK_UNITS = Statement(
    "SELECT unit_id, building_id, area_id, present, unsure, visited_at FROM unit_occupancy WHERE unit_id = ANY(CAST(%(units)s AS bigint[]))"
    " ORDER BY unit_id FOR UPDATE"
)
_PRESENCE = Statement(
    "SELECT unit_id, person_id, state, confidence, reason, since, as_of FROM presence WHERE unit_id = ANY(CAST(%(units)s AS bigint[]))"
)


def hold(session: Session, units: Iterable[int]) -> tuple[dict[int, UnitCount], dict[int, dict[int, Presence]]]:
    """The units' counts, locked until the transaction ends: several doors of one unit may report to several processes.

    And unit_id -> person_id -> presence, as it stands once they are locked.
    """
    asked = numbers(units)
    with in_a_row(session):
        locked, residents = _LOCK_UNITS.send(session, units=asked), _PRESENCE.send(session, units=asked)
    counts = {row[0]: UnitCount(row[0], row[1], row[2], Count(row[3], int(row[4])), row[5]) for row in locked.rows()}
    return counts, _by_unit(counts, residents)


def _by_unit(units: Iterable[int], residents: Sent) -> dict[int, dict[int, Presence]]:
    found: dict[int, dict[int, Presence]] = {unit: {} for unit in units}
    for unit, person, state, confidence, reason, since, as_of in residents.rows():
        found[unit][person] = Presence(_STATES[state], _CONFIDENCES[confidence], _REASONS[reason], since, as_of)
    return found


_STATES = {one.value: one for one in PresenceState}
_CONFIDENCES = {one.value: one for one in Confidence}
_REASONS = {one.value: one for one in Reason}

_WRITE = Statement(
    "INSERT INTO presence (unit_id, area_id, person_id, state, confidence, reason, since, as_of)"
    " SELECT * FROM unnest(CAST(%(units)s AS bigint[]), CAST(%(areas)s AS bigint[]), CAST(%(persons)s AS bigint[]), CAST(%(states)s AS text[]),"
    " CAST(%(confidences)s AS text[]), CAST(%(reasons)s AS text[]), CAST(%(since)s AS timestamptz[]), CAST(%(as_of)s AS timestamptz[]))"
    " ON CONFLICT (unit_id, person_id) DO UPDATE SET state = excluded.state, confidence = excluded.confidence,"
    " reason = excluded.reason, since = excluded.since, as_of = excluded.as_of"
)


def write(session: Session, changed: Sequence[tuple[UnitCount, int, Presence]]) -> None:
    """Store the presence of (unit, person_id)."""
    _WRITE.send(
        session,
        units=numbers(unit.unit_id for unit, _, _ in changed),
        areas=numbers(unit.area_id for unit, _, _ in changed),
        persons=numbers(person for _, person, _ in changed),
        states=words([one.state for _, _, one in changed]),
        confidences=words([one.confidence for _, _, one in changed]),
        reasons=words([one.reason for _, _, one in changed]),
        since=instants(one.since for _, _, one in changed),
        as_of=instants(one.as_of for _, _, one in changed),
    )


_WRITE_VISITS = Statement(
    "UPDATE unit_occupancy o SET visited_at = n.at FROM unnest(CAST(%(units)s AS bigint[]), CAST(%(at)s AS timestamptz[]))"
    " AS n (unit_id, at) WHERE o.unit_id = n.unit_id"
)
_FORGET_VISITS = Statement("UPDATE unit_occupancy SET visited_at = NULL WHERE visited_at <= %(before)s")


def write_visits(session: Session, visited: Mapping[int, datetime | None]) -> None:
    """Store when a visitor last came into these units, which `lock_units` holds; None where none is inside."""
    came = {unit: at for unit, at in visited.items() if at is not None}
    left = [unit for unit, at in visited.items() if at is None]
    if came:
        _WRITE_VISITS.send(session, units=numbers(came), at=instants(came.values()))
    if left:
        _WRITE_VISITS.send(session, units=numbers(left), at="{" + ",".join(["NULL"] * len(left)) + "}")


def forget_visits(session: Session, before: datetime) -> None:
    """Nobody who came in before that is thought to be inside."""
    _FORGET_VISITS.send(session, before=before)


_WRITE_UNITS = Statement(
    "UPDATE unit_occupancy o SET present = n.present, unsure = n.unsure > 0, as_of = %(now)s"
    " FROM unnest(CAST(%(units)s AS bigint[]), CAST(%(present)s AS integer[]), CAST(%(unsure)s AS integer[])) AS n (unit_id, present, unsure)"
    " WHERE o.unit_id = n.unit_id"
)
_ADD_BUILDINGS = Statement(
    "WITH more AS (SELECT * FROM unnest(CAST(%(places)s AS bigint[]), CAST(%(present)s AS integer[]), CAST(%(unsure)s AS integer[]))"
    " AS m (building_id, present, unsure)),"
    " held AS (SELECT building_id FROM building_occupancy WHERE building_id IN (SELECT building_id FROM more) ORDER BY building_id FOR UPDATE)"
    " UPDATE building_occupancy o SET present = o.present + more.present, unsure = o.unsure + more.unsure"
    " FROM more, held WHERE o.building_id = more.building_id AND held.building_id = o.building_id"
)
_ADD_AREAS = Statement(
    "WITH RECURSIVE up AS (SELECT m.area_id, a.parent_id, m.present, m.unsure"
    " FROM unnest(CAST(%(places)s AS bigint[]), CAST(%(present)s AS integer[]), CAST(%(unsure)s AS integer[])) AS m (area_id, present, unsure)"
    " JOIN area a ON a.id = m.area_id"
    " UNION ALL SELECT a.id, a.parent_id, up.present, up.unsure FROM up JOIN area a ON a.id = up.parent_id),"
    " more AS (SELECT area_id, sum(present)::integer AS present, sum(unsure)::integer AS unsure FROM up GROUP BY area_id),"
    " held AS (SELECT area_id FROM area_occupancy WHERE area_id IN (SELECT area_id FROM more) ORDER BY area_id FOR UPDATE)"
    " UPDATE area_occupancy o SET present = o.present + more.present, unsure = o.unsure + more.unsure"
    " FROM more, held WHERE o.area_id = more.area_id AND held.area_id = o.area_id"
)


def write_counts(session: Session, changed: Mapping[int, tuple[UnitCount, Count]], now: datetime) -> None:
    """Store new unit counts and carry the differences up to building and every area above."""
    _WRITE_UNITS.send(
        session,
        now=now,
        units=numbers(changed),
        present=numbers(after.present for _, after in changed.values()),
        unsure=numbers(after.unsure for _, after in changed.values()),
    )
    buildings: dict[int, Count] = {}
    areas: dict[int, Count] = {}
    for unit, after in changed.values():
        for sums, place in ((buildings, unit.building_id), (areas, unit.area_id)):
            sofar = sums.get(place, Count(0, 0))
            sums[place] = Count(
                sofar.present + after.present - unit.counted.present, sofar.unsure + after.unsure - unit.counted.unsure
            )
    for add, sums in ((_ADD_BUILDINGS, buildings), (_ADD_AREAS, areas)):
        add.send(
            session,
            places=numbers(sums),
            present=numbers(one.present for one in sums.values()),
            unsure=numbers(one.unsure for one in sums.values()),
        )


_MOVE_FEED = Statement(
    "WITH held AS (SELECT shard FROM feed_position WHERE shard = ANY(CAST(%(shards)s AS smallint[])) ORDER BY shard FOR UPDATE),"
    " moved AS (UPDATE feed_position p SET position = p.position + 1 FROM held WHERE p.shard = held.shard RETURNING p.shard, p.position)"
    " SELECT pg_notify('anmen_feed', string_agg(shard || ':' || position, ',' ORDER BY shard)) FROM moved"
)


def move_feed(session: Session, shards: Iterable[int]) -> None:
    """Move the live feed of these shards and wake its readers (`<shard>:<position>,…`) when this transaction commits."""
    _MOVE_FEED.send(session, shards=numbers(shards))
