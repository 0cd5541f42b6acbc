"""SQL of alarms. Row-level security shows each to the police of its area, and all but calls for help to its grid staff."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.alarms.rules import Alarm, AlarmCount, AlarmId, AlarmKind, AlarmPlace, RaisedAlarm
from service.edges.arrays import instants, numbers, words
from service.edges.set_based import Statement

_RAISE = Statement("""
    INSERT INTO alarm (lock_id, unit_id, area_id, kind, first_at, last_at, times, raised_at)
    SELECT n.*, %(now)s FROM unnest(CAST(%(locks)s AS text[]), CAST(%(units)s AS bigint[]), CAST(%(areas)s AS bigint[]),
        CAST(%(kinds)s AS text[]), CAST(%(first)s AS timestamptz[]), CAST(%(last)s AS timestamptz[]), CAST(%(times)s AS integer[])) AS n
    ON CONFLICT (lock_id, unit_id, kind) WHERE attended_at IS NULL DO UPDATE SET
        first_at = least(alarm.first_at, excluded.first_at), last_at = greatest(alarm.last_at, excluded.last_at),
        times = alarm.times + excluded.times
""")
_COLUMNS = (
    "a.id, a.lock_id, a.unit_id, b.address, u.number, u.shared, a.kind, a.first_at, a.last_at, a.raised_at, a.times,"
    " a.attended_at, a.attended_by, a.closed_at, a.closed_by FROM alarm a"
    " JOIN unit u ON u.id = a.unit_id JOIN building b ON b.id = u.building_id"
)
_ORDER = "a.closed_at IS NOT NULL, a.attended_at IS NOT NULL, a.kind <> 'duress'"
_SHOWN = (
    f"SELECT {_COLUMNS} WHERE (a.closed_at IS NULL OR a.closed_at > :since) AND {{behind}}"
    f" ORDER BY {_ORDER}, a.last_at DESC, a.id DESC LIMIT :most"
)
_FIRST = text(_SHOWN.format(behind="true"))
_BEHIND = text(
    _SHOWN.format(
        behind=f"(({_ORDER}) > (:closed, :attended, :quiet)"
        f" OR (({_ORDER}) = (:closed, :attended, :quiet) AND (a.last_at, a.id) < (:last_at, :id)))"
    )
)
_HOLD = text(f"SELECT {_COLUMNS} WHERE a.id = :id FOR UPDATE OF a")
_COUNT = text(
    "SELECT count(*) FILTER (WHERE attended_at IS NULL), count(*) FILTER (WHERE attended_at IS NOT NULL), coalesce(max(id), 0)"
    " FROM alarm WHERE closed_at IS NULL"
)
_ATTEND = text("UPDATE alarm SET attended_at = :now, attended_by = :account WHERE id = :id")
_CLOSE = text("UPDATE alarm SET closed_at = :now, closed_by = :account WHERE id = :id")


def raise_alarms(session: Session, raised: Sequence[RaisedAlarm], now: datetime) -> None:
    """Open these, or count them with the open one of the same lock, room and kind; in one order, so that no two wait for each other."""
    ordered = sorted(raised, key=lambda one: (one.lock_id, one.unit_id, one.kind))
    _RAISE.send(
        session,
        now=now,
        locks=words([one.lock_id for one in ordered]),
        units=numbers(one.unit_id for one in ordered),
        areas=numbers(one.area_id for one in ordered),
        kinds=words([one.kind.value for one in ordered]),
        first=instants(one.first_at for one in ordered),
        last=instants(one.last_at for one in ordered),
        times=numbers(one.times for one in ordered),
    )


def shown(session: Session, closed_since: datetime, *, after: AlarmPlace | None, most: int) -> list[Alarm]:
    """What whoever asks may see: open ones, attended ones, those closed since then, calls for help first in each; behind that place."""
    asked = {"since": closed_since, "most": most}
    found = session.execute(_BEHIND, asked | after._asdict()) if after else session.execute(_FIRST, asked)
    return [_alarm(row) for row in found]


def hold(session: Session, alarm_id: AlarmId) -> Alarm | None:
    """One of them, held until the transaction ends."""
    row = session.execute(_HOLD, {"id": alarm_id}).one_or_none()
    return None if row is None else _alarm(row)


def count(session: Session) -> AlarmCount:
    """How many of them are not closed."""
    return AlarmCount(*session.execute(_COUNT).one())


def attend(session: Session, alarm_id: AlarmId, *, account_id: int, now: datetime) -> None:
    """Somebody sees to it."""
    session.execute(_ATTEND, {"id": alarm_id, "account": account_id, "now": now})


def close(session: Session, alarm_id: AlarmId, *, account_id: int, now: datetime) -> None:
    """Somebody has seen to it."""
    session.execute(_CLOSE, {"id": alarm_id, "account": account_id, "now": now})


def _alarm(row: "Row[Any]") -> Alarm:
    said = dict(row._mapping)
    return Alarm(**said | {"id": AlarmId(row.id), "lock_id": LockId(row.lock_id), "kind": AlarmKind(row.kind)})
