"""The register's SQL, all of it set-based: one statement a batch, whatever the batch's size."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range
from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.cursor import Ranges, StoredCursor
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import EventType
from service.entry.rules import NOWHERE, NewEntry, OwnEntry, Place, StoredEntry

_LOAD_CURSORS = text(
    "SELECT lock_id, log_epoch, stored_up_to, above, lost FROM entry_cursor WHERE lock_id = ANY(CAST(:locks AS text[]))"
)


def load_cursors(session: Session, locks: Iterable[LockId]) -> dict[tuple[LockId, int], StoredCursor]:
    """Every epoch's cursor of these locks."""
    return {
        (LockId(lock), epoch): StoredCursor(up_to, _ranges(above), _ranges(lost))
        for lock, epoch, up_to, above, lost in session.execute(_LOAD_CURSORS, {"locks": list(locks)})
    }


_WRITE_CURSORS = text(
    "INSERT INTO entry_cursor (lock_id, log_epoch, stored_up_to, above, lost)"
    " SELECT * FROM unnest(CAST(:locks AS text[]), CAST(:epochs AS bigint[]), CAST(:up_to AS bigint[]),"
    " CAST(:above AS int8multirange[]), CAST(:lost AS int8multirange[]))"
    " ON CONFLICT (lock_id, log_epoch) DO UPDATE SET stored_up_to = excluded.stored_up_to, above = excluded.above, lost = excluded.lost"
)


def write_cursors(session: Session, cursors: Mapping[tuple[LockId, int], StoredCursor]) -> None:
    """Store these cursors."""
    session.execute(
        _WRITE_CURSORS,
        {
            "locks": [lock for lock, _ in cursors],
            "epochs": [epoch for _, epoch in cursors],
            "up_to": [cursor.up_to for cursor in cursors.values()],
            "above": [_multirange(cursor.above) for cursor in cursors.values()],
            "lost": [_multirange(cursor.lost) for cursor in cursors.values()],
        },
    )


_PLACES = text(
    "SELECT u.id, u.building_id, u.area_id, c.person_id"
    " FROM unnest(CAST(:locks AS text[]), CAST(:credentials AS integer[]), CAST(:at AS timestamptz[]))"
    " WITH ORDINALITY AS e (lock_id, credential_id, at, ordinal)"
    " LEFT JOIN credential c ON c.lock_id = e.lock_id AND c.credential_id = e.credential_id"
    " LEFT JOIN LATERAL (SELECT d.unit_id FROM door d WHERE d.lock_id = e.lock_id AND d.hung @> e.at LIMIT 1) d ON true"
    " LEFT JOIN unit u ON u.id = coalesce(c.unit_id, d.unit_id)"
    " ORDER BY e.ordinal"
)


def place(session: Session, entries: Sequence[NewEntry]) -> list[StoredEntry]:
    """Each entry with its place: the credential's own unit and person, else the unit the lock hung at then."""
    rows = session.execute(
        _PLACES,
        {
            "locks": [entry.lock_id for entry in entries],
            "credentials": [entry.credential_id for entry in entries],
            "at": [entry.occurred_at for entry in entries],
        },
    )
    return [
        StoredEntry(entry, Place(*row) if row[0] is not None else NOWHERE)
        for entry, row in zip(entries, rows, strict=True)
    ]


_COLUMNS = (
    ("lock_id", "text"),
    ("log_epoch", "bigint"),
    ("sequence", "bigint"),
    ("occurred_at", "timestamptz"),
    ("device_ms", "bigint"),
    ("clock_quality", "smallint"),
    ("boot_number", "bigint"),
    ("type", "integer"),
    ("operation", "smallint"),
    ("credential_id", "integer"),
    ("list_version", "bigint"),
    ("source", "smallint"),
    ("direction", "smallint"),
    ("code", "smallint"),
    ("score_band", "smallint"),
    ("liveness", "smallint"),
    ("live", "boolean"),
    ("fields", "bytea"),
    ("unit_id", "bigint"),
    ("building_id", None),
    ("area_id", "bigint"),
    ("person_id", "bigint"),
)
_STORED = [name for name, kind in _COLUMNS if kind]
_APPEND = text(
    f"INSERT INTO entry (recorded_at, {', '.join(_STORED)}) SELECT :recorded_at, * FROM unnest("  # noqa: S608  # our own names
    + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMNS if kind)
    + ")"
)


def append(session: Session, stored: Sequence[StoredEntry], recorded_at: datetime) -> None:
    """Append the entries; the cursor has already decided that each is new."""
    columns = zip(*[(*entry, *at) for entry, at in stored], strict=True)
    values: dict[str, Any] = {
        name: list(column) for (name, kind), column in zip(_COLUMNS, columns, strict=True) if kind
    }
    session.execute(_APPEND, {"recorded_at": recorded_at, **values})


_OF_PERSON = text(
    "SELECT occurred_at, type, operation, source, direction, code FROM entry WHERE person_id = :person_id"
    " AND type = ANY(CAST(:types AS smallint[])) ORDER BY occurred_at DESC, sequence DESC LIMIT :limit"
)


def entries_of_person(session: Session, person_id: int, types: Sequence[EventType], limit: int) -> tuple[OwnEntry, ...]:
    """The latest entries about a person, newest first, inside the scope of whoever asks."""
    asked = {"person_id": person_id, "types": [int(one) for one in types], "limit": limit}
    return tuple(OwnEntry(*row) for row in session.execute(_OF_PERSON, asked))


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


def _multirange(ranges: Ranges) -> Int8Multirange:
    return Int8Multirange([Int8Range(first, end) for first, end in ranges])
