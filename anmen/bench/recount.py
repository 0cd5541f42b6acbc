"""After the run: every event must be stored exactly once, and presence and counts must equal a plain recount."""

from dataclasses import dataclass

import psycopg

from anmen.bench.publisher import Played

_ENTRIES = (
    "SELECT lock_id, count(*), count(DISTINCT sequence), min(sequence), max(sequence) FROM entry GROUP BY lock_id"
)
_CURSORS = "SELECT lock_id, stored_up_to, isempty(above) AND isempty(lost) FROM entry_cursor"
_UNITS = "SELECT unit_id, present, unsure FROM unit_occupancy"
_PRESENCE = """
    SELECT unit_id, count(*) FILTER (WHERE state = 'in'), bool_or(state = 'unknown') FROM presence GROUP BY unit_id
"""
# Counts above the room, each beside the sum over all rooms in it.
_ABOVE = """
    WITH RECURSIVE up (area_id, above, present, unsure) AS (
        SELECT area_id, area_id, present, unsure::int FROM unit_occupancy
        UNION ALL SELECT up.area_id, a.parent_id, up.present, up.unsure FROM up JOIN area a ON a.id = up.above
        WHERE a.parent_id IS NOT NULL
    ), areas AS (SELECT above AS area_id, sum(present) AS present, sum(unsure) AS unsure FROM up GROUP BY above),
    buildings AS (SELECT building_id, sum(present) AS present, sum(unsure::int) AS unsure FROM unit_occupancy GROUP BY building_id)
    SELECT
        (SELECT bool_and((o.present, o.unsure) = (n.present, n.unsure)) FROM area_occupancy o JOIN areas n USING (area_id))
        AND (SELECT bool_and((o.present, o.unsure) = (n.present, n.unsure)) FROM building_occupancy o JOIN buildings n USING (building_id))
"""
_YARDSTICK = "SELECT count(*), count(DISTINCT (device_id, seq)) FROM yardstick_event"

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must hold, and whether it does."""

    what: str
    holds: bool


def check_ours(connection: Connection, played: Played) -> list[Finding]:
    """Everything that must hold of the register, the cursors, presence and counts."""
    stored = {row[0]: row[1:] for row in connection.execute(_ENTRIES)}
    cursors = {row[0]: row[1:] for row in connection.execute(_CURSORS)}
    units = {row[0]: row[1:] for row in connection.execute(_UNITS)}
    presence = {row[0]: row[1:] for row in connection.execute(_PRESENCE)}
    once = {lock: (last, last, 1, last) for lock, last in played.sequences.items() if last}
    return [
        Finding(f"each of {sum(played.sequences.values())} events is in the register exactly once", stored == once),
        Finding(
            "every cursor stands at its lock's last event",
            cursors == {lock: (one[0], True) for lock, one in once.items()},
        ),
        Finding(
            "presence equals a plain recount", presence == {u: n for u, n in played.units.items() if u in presence}
        ),
        Finding("the count of every room equals the recount", units == played.units),
        Finding("the counts of buildings and areas are the sums of their rooms", _one(connection, _ABOVE) == (True,)),
    ]


def check_yardstick(connection: Connection, played: Played) -> Finding:
    """The yardstick must store every event once as well, or it is none."""
    events = sum(played.sequences.values())
    return Finding(
        "the yardstick has stored every event exactly once", _one(connection, _YARDSTICK) == (events, events)
    )


def _one(connection: Connection, statement: str) -> tuple[object, ...] | None:
    return connection.execute(statement.encode()).fetchone()
