"""SQL of delivery: wanted and held lists, and the credentials on them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.list_compare import LIST_COMPARE_CAPABILITY
from firmware_protocol.topics import LockId
from service.delivery.rules import HeldList, ListedCredential, WantedList


def load_wanted(session: Session, locks: Iterable[LockId]) -> list[WantedList]:
    """The lists of those locks that have one."""
    rows = session.execute(
        text(
            "SELECT a.lock_id, a.version, a.digest, a.held_version, a.held_digest, l.capabilities FROM access_list a"
            " JOIN lock l ON l.id = a.lock_id WHERE a.lock_id = ANY(CAST(:locks AS text[]))"
        ),
        {"locks": list(locks)},
    )
    return [
        WantedList(
            LockId(lock),
            version,
            digest,
            None if held is None else HeldList(held, held_digest),
            (capabilities or {}).get(LIST_COMPARE_CAPABILITY) is True,
        )
        for lock, version, digest, held, held_digest, capabilities in rows
    ]


def load_versions(session: Session, locks: Iterable[LockId]) -> dict[LockId, int]:
    """The version that each of these locks should hold."""
    rows = session.execute(
        text("SELECT lock_id, version FROM access_list WHERE lock_id = ANY(CAST(:locks AS text[]))"),
        {"locks": list(locks)},
    )
    return {LockId(lock): version for lock, version in rows}


def load_differing(session: Session, shards: Iterable[int]) -> list[LockId]:
    """The live locks of these shards that do not hold what they should."""
    rows = session.execute(
        text(
            "SELECT a.lock_id FROM access_list a JOIN lock l ON l.id = a.lock_id WHERE l.shard = ANY(:shards) AND l.link = 'live'"
            " AND (a.held_version, a.held_digest) IS DISTINCT FROM (a.version, a.digest)"
        ),
        {"shards": list(shards)},
    )
    return [LockId(row[0]) for row in rows]


def load_credentials(session: Session, locks: Iterable[LockId]) -> dict[LockId, list[ListedCredential]]:
    """Every credential that is, or was, on these locks' lists, in the order of their ids."""
    found: dict[LockId, list[ListedCredential]] = {}
    rows = session.execute(
        text(
            "SELECT lock_id, credential_id, added_version, removed_version, entry_hash, entry_sealed FROM credential"
            " WHERE lock_id = ANY(CAST(:locks AS text[])) ORDER BY lock_id, credential_id"
        ),
        {"locks": list(locks)},
    )
    for lock, *credential in rows:
        found.setdefault(LockId(lock), []).append(ListedCredential(*credential))
    return found


def write_held(session: Session, held: Mapping[LockId, HeldList], now: datetime) -> None:
    """Store what these locks say they hold; the lists are held in the order in which granting holds them, by lock."""
    session.execute(
        text(
            "WITH held AS (SELECT lock_id FROM access_list WHERE lock_id = ANY(CAST(:locks AS text[])) ORDER BY lock_id FOR UPDATE)"
            " UPDATE access_list a SET held_version = h.version, held_digest = h.digest, held_at = :now"
            " FROM unnest(CAST(:locks AS text[]), CAST(:versions AS bigint[]), CAST(:digests AS bytea[])) AS h (lock_id, version, digest)"
            " JOIN held USING (lock_id) WHERE a.lock_id = h.lock_id"
        ),
        {
            "now": now,
            "locks": list(held),
            "versions": [one.version for one in held.values()],
            "digests": [one.digest for one in held.values()],
        },
    )


def raise_versions(session: Session, locks: Iterable[LockId]) -> None:
    """Where a lock holds another list under our version or above it, ours goes on above that: a lock takes nothing older.

    A database that was restored, or flash that was damaged. No honest lock comes near the last version there is.
    """
    session.execute(
        text(
            "UPDATE access_list SET version = held_version + 1 WHERE lock_id = ANY(CAST(:locks AS text[]))"
            " AND held_version >= version AND (held_version, held_digest) <> (version, digest) AND held_version < :most"
        ),
        {"locks": list(locks), "most": 1 << 53},
    )


def confirm(session: Session, confirmed: Sequence[tuple[LockId, int]], now: datetime) -> None:
    """The locks hold exactly these versions: mark what arrived and what is gone. A lock that goes back in time un-marks."""
    session.execute(
        text(
            "UPDATE credential c SET"
            " on_lock_at = CASE WHEN c.added_version <= h.version AND c.erased_at IS NULL THEN coalesce(c.on_lock_at, :now) END,"
            " off_lock_at = CASE WHEN c.removed_version <= h.version THEN coalesce(c.off_lock_at, :now) END"
            " FROM unnest(CAST(:locks AS text[]), CAST(:versions AS bigint[])) AS h (lock_id, version)"
            " WHERE c.lock_id = h.lock_id AND ((c.on_lock_at IS NULL) = (c.added_version <= h.version AND c.erased_at IS NULL)"
            " OR (c.off_lock_at IS NULL) = (c.removed_version <= h.version))"
        ),
        {"now": now, "locks": [lock for lock, _ in confirmed], "versions": [version for _, version in confirmed]},
    )
