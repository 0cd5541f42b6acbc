"""The register's SQL, all of it set-based: one statement a batch, whatever the batch's size."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.cursor import Ranges, StoredCursor
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import EventType
from service.edges.arrays import byte_strings, instants, multiranges, numbers, words
from service.edges.set_based import Statement, in_a_row
from service.entry.rules import NewEntry, OwnEntry, Place, StoredColumns, StoredEntry

_LOAD_CURSORS = text(
    "SELECT lock_id, log_epoch, stored_up_to, above, lost FROM entry_cursor WHERE lock_id = ANY(CAST(:locks AS text[]))"
)


def load_cursors(session: Session, locks: Iterable[LockId]) -> dict[tuple[LockId, int], StoredCursor]:
    """Every epoch's cursor of these locks."""
    return {
        (LockId(lock), epoch): StoredCursor(up_to, _ranges(above), _ranges(lost))
        for lock, epoch, up_to, above, lost in session.execute(_LOAD_CURSORS, {"locks": list(locks)})
    }


_WRITE_CURSORS = Statement("""
    INSERT INTO entry_cursor (lock_id, log_epoch, stored_up_to, above, lost)
    SELECT * FROM unnest(CAST(%(locks)s AS text[]), CAST(%(epochs)s AS bigint[]), CAST(%(up_to)s AS bigint[]),
        CAST(%(above)s AS int8multirange[]), CAST(%(lost)s AS int8multirange[]))
    ON CONFLICT (lock_id, log_epoch) DO UPDATE
    SET stored_up_to = excluded.stored_up_to, above = excluded.above, lost = excluded.lost
""")


def write_cursors(session: Session, cursors: Mapping[tuple[LockId, int], StoredCursor]) -> None:
    """Store these cursors."""
    _WRITE_CURSORS.send(
        session,
        locks=words([lock for lock, _ in cursors]),
        epochs=numbers(epoch for _, epoch in cursors),
        up_to=numbers(cursor.up_to for cursor in cursors.values()),
        above=multiranges(cursor.above for cursor in cursors.values()),
        lost=multiranges(cursor.lost for cursor in cursors.values()),
    )


# Each column with its type and how a batch's values of it are written.
_COLUMNS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("lock_id", "text", words),
    ("log_epoch", "bigint", numbers),
    ("sequence", "bigint", numbers),
    ("occurred_at", "timestamptz", instants),
    ("device_ms", "bigint", numbers),
    ("clock_quality", "smallint", numbers),
    ("boot_number", "bigint", numbers),
    ("type", "integer", numbers),
    ("operation", "smallint", numbers),
    ("credential_id", "integer", numbers),
    ("list_version", "bigint", numbers),
    ("source", "smallint", numbers),
    ("direction", "smallint", numbers),
    ("code", "smallint", numbers),
    ("score_band", "smallint", numbers),
    ("liveness", "smallint", numbers),
    ("live", "boolean", numbers),
    ("fields", "bytea", byte_strings),
)
_NAMES = ", ".join(name for name, _, _ in _COLUMNS)
# The credential's own unit and person, else the unit the lock hung at then (one at most: `door` excludes overlaps). One
# statement, so that a batch's rows go over once.
_ARRAYS = ", ".join(f"CAST(%({name})s AS {kind}[])" for name, kind, _ in _COLUMNS)
_APPEND = Statement(
    f"""
    WITH placed AS (
        SELECT e.*, u.id AS unit_id, u.area_id, CASE WHEN NOT c.visitor THEN c.person_id END AS person_id,
            coalesce(c.visitor, false) AS visitor
        FROM unnest({_ARRAYS}) WITH ORDINALITY AS e ({_NAMES}, ordinal)
        LEFT JOIN credential c ON c.lock_id = e.lock_id AND c.credential_id = e.credential_id
        LEFT JOIN door d ON c.unit_id IS NULL AND d.lock_id = e.lock_id AND d.hung @> e.occurred_at
        LEFT JOIN unit u ON u.id = coalesce(c.unit_id, d.unit_id)
    ), appended AS (
        INSERT INTO entry (recorded_at, {_NAMES}, unit_id, area_id, person_id)
        SELECT %(recorded_at)s, {_NAMES}, unit_id, area_id, person_id FROM placed
    )
    SELECT unit_id, area_id, person_id, visitor FROM placed ORDER BY ordinal
    """  # noqa: S608 - put together from our own names of columns
)


def append(
    session: Session,
    entries: Sequence[NewEntry],
    recorded_at: datetime,
    cursors: Mapping[tuple[LockId, int], StoredCursor] = MappingProxyType({}),
) -> list[StoredEntry]:
    """Append the entries, each with its place, and store the cursors, which have already decided that each is new."""
    with in_a_row(session):
        if cursors:
            write_cursors(session, cursors)
        columns = zip(*entries, strict=True)
        values = {name: write(column) for (name, _, write), column in zip(_COLUMNS, columns, strict=True)}
        appended = _APPEND.send(session, recorded_at=recorded_at, **values)
    return [StoredEntry(entry, Place(*row)) for entry, row in zip(entries, appended.rows(), strict=True)]


_IN_STRETCH = text(
    "SELECT sequence, type, boot_number, device_ms, clock_quality, fields, operation, credential_id, list_version, source,"
    " direction, code, score_band, liveness FROM entry"
    " WHERE lock_id = :lock AND log_epoch = :epoch AND sequence > :after AND sequence <= :up_to ORDER BY sequence"
)


def stored_between(session: Session, lock: LockId, log_epoch: int, after: int, up_to: int) -> list[StoredColumns]:
    """What the lock said in the events with these numbers, in their order; those put aside are not among them."""
    rows = session.execute(_IN_STRETCH, {"lock": lock, "epoch": log_epoch, "after": after, "up_to": up_to})
    return [StoredColumns(row[0], row[1], row[2], row[3], row[4], row[5], tuple(row[6:])) for row in rows]


_UNDER = Statement("""
    SELECT e.lock_id, e.log_epoch, e.sequence, e.type, e.boot_number, e.device_ms, e.clock_quality, e.fields, e.operation,
        e.credential_id, e.list_version, e.source, e.direction, e.code, e.score_band, e.liveness
    FROM unnest(CAST(%(locks)s AS text[]), CAST(%(epochs)s AS bigint[]), CAST(%(sequences)s AS bigint[])) AS said (lock_id, log_epoch, sequence)
    JOIN entry e USING (lock_id, log_epoch, sequence)
""")


def stored_under(
    session: Session, keys: Sequence[tuple[LockId, int, int]]
) -> list[tuple[tuple[LockId, int, int], StoredColumns]]:
    """What is stored under each (lock, log epoch, sequence); those that are not there, or were put aside, are left out."""
    rows = _UNDER.rows(
        session,
        locks=words([lock for lock, _, _ in keys]),
        epochs=numbers(epoch for _, epoch, _ in keys),
        sequences=numbers(sequence for _, _, sequence in keys),
    )
    return [
        (
            (LockId(row[0]), row[1], row[2]),
            StoredColumns(row[2], row[3], row[4], row[5], row[6], row[7], tuple(row[8:])),
        )
        for row in rows
    ]


_PUT_ASIDE = text(
    "SELECT sequence, event_sealed FROM quarantine"
    " WHERE lock_id = :lock AND log_epoch = :epoch AND sequence > :after AND sequence <= :up_to"
)


def append_loss(session: Session, *, lock: LockId, log_epoch: int, lost: tuple[int, int], now: datetime) -> None:
    """Keep what was certified as lost."""
    session.execute(
        text(
            "INSERT INTO certified_loss (lock_id, log_epoch, first, last, certified_at)"
            " VALUES (:lock, :epoch, :first, :last, :now)"
        ),
        {"lock": lock, "epoch": log_epoch, "first": lost[0], "last": lost[1], "now": now},
    )


def losses(session: Session, lock: LockId, log_epoch: int) -> list[tuple[int, int]]:
    """First and last number of each certified loss of a log."""
    rows = session.execute(
        text("SELECT first, last FROM certified_loss WHERE lock_id = :lock AND log_epoch = :epoch ORDER BY first"),
        {"lock": lock, "epoch": log_epoch},
    )
    return [(row[0], row[1]) for row in rows]


def quarantined_between(
    session: Session, lock: LockId, log_epoch: int, after: int, up_to: int
) -> list[tuple[int, bytes]]:
    """Number and sealed event of what was put aside among these numbers."""
    rows = session.execute(_PUT_ASIDE, {"lock": lock, "epoch": log_epoch, "after": after, "up_to": up_to})
    return [(row[0], row[1]) for row in rows]


_OF_PERSON = text(
    "SELECT occurred_at, type, operation, source, direction, code FROM entry WHERE person_id = :person_id"
    " AND NOT type = ANY(CAST(:hidden AS integer[])) ORDER BY occurred_at DESC, sequence DESC LIMIT :limit"
)


def entries_of_person(
    session: Session, person_id: int, hidden: Iterable[EventType], limit: int
) -> tuple[OwnEntry, ...]:
    """The latest entries about a person, newest first, inside the scope of whoever asks; of all types but the hidden ones."""
    asked = {"person_id": person_id, "hidden": [int(one) for one in hidden], "limit": limit}
    return tuple(OwnEntry(*row) for row in session.execute(_OF_PERSON, asked))


_OPENED = text(
    "SELECT a.n FROM unnest(CAST(:persons AS bigint[]), CAST(:units AS bigint[]), CAST(:since AS timestamptz[]))"
    " WITH ORDINALITY AS a (person_id, unit_id, since, n) WHERE EXISTS (SELECT FROM entry e WHERE e.person_id = a.person_id"
    " AND e.occurred_at > a.since AND e.unit_id = a.unit_id AND e.type = :operated)"
)


def opened_since(session: Session, asked: Sequence[tuple[int, int, datetime]]) -> set[int]:
    """Which of these (person, unit, instant), by their place, opened a door of the unit after the instant."""
    given = {
        "persons": [person for person, _, _ in asked],
        "units": [unit for _, unit, _ in asked],
        "since": [since for _, _, since in asked],
        "operated": int(EventType.LOCK_OPERATED),
    }
    return {row[0] - 1 for row in session.execute(_OPENED, given)}


def make_partition(session: Session, at: datetime) -> None:
    """Make sure that the month's partition exists."""
    session.execute(text("SELECT make_entry_partition(:at)"), {"at": at})


def append_quarantine(
    session: Session, *, lock: LockId, log_epoch: int, sequence: int, problem: str, sealed: bytes, now: datetime
) -> None:
    """Keep an authentic event that cannot be stored."""
    session.execute(
        text(
            "INSERT INTO quarantine (lock_id, log_epoch, sequence, problem, event_sealed, recorded_at)"
            " VALUES (:lock, :epoch, :sequence, :problem, :sealed, :now)"
        ),
        {"lock": lock, "epoch": log_epoch, "sequence": sequence, "problem": problem, "sealed": sealed, "now": now},
    )


def _ranges(stored: Any) -> Ranges:
    return tuple((one.lower, one.upper) for one in stored)
