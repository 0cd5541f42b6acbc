"""The service's account against what really happened: event for event, exactly once, and every list's digest."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cbor2
import psycopg

from device_sim.fleet.roll import TRUTH, FinalStanding, Roll, read_standings
from device_sim.fleet.truth import Happened, digest_of, read_truth
from firmware_protocol.vocabulary import EventType, Field

_SHOWN = 5
_ENTRIES = """
    SELECT lock_id, log_epoch, sequence, type, boot_number, device_ms, clock_quality,
        operation, source, credential_id, list_version, direction, score_band, liveness, code, fields
    FROM entry WHERE lock_id = ANY(%(locks)s)
"""
# Columns of an entry that are fields of the event, from the eighth on: their numbers on the wire.
_FIELD_COLUMNS = (0, 1, 2, 3, 4, 5, 6, 7)
_CURSORS = "SELECT lock_id, log_epoch, stored_up_to FROM entry_cursor WHERE lock_id = ANY(%(locks)s)"
_LISTS = "SELECT lock_id, version, digest, held_version, held_digest FROM access_list WHERE lock_id = ANY(%(locks)s)"

Key = tuple[str, int, int]
Lost = dict[tuple[str, int], list[tuple[int, int]]]
Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(slots=True)
class Account:
    """What an audit has found. `pending` are events that no receipt has reached the lock for; the lock still holds them.

    `declared_lost` are those that a tombstone in the register names, and that are not there.
    """

    events: int = 0
    matched: int = 0
    pending: int = 0
    declared_lost: int = 0
    by_clones: int = 0
    lists: int = 0
    lists_pending: int = 0
    differences: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def differ(self, kind: str, what: str) -> None:
        """Something does."""
        self.differences[kind] += 1
        if self.differences[kind] <= _SHOWN:
            self.examples.append(f"{kind}: {what}")

    def as_json(self) -> dict[str, object]:
        """Everything."""
        return {
            "events": self.events,
            "matched": self.matched,
            "pending": self.pending,
            "declared_lost": self.declared_lost,
            "by_clones": self.by_clones,
            "lists": self.lists,
            "lists_pending": self.lists_pending,
            "differences": dict(self.differences),
            "examples": self.examples,
            "agrees": self.agrees,
        }


def audit_fleet(roll: Roll, dsn: str) -> Account:
    """Compare everything that the folder's fleet ever recorded with the register."""
    account = Account()
    happened = {_key(roll, one): one for one in read_truth(roll.folder / TRUTH)} if _has_truth(roll.folder) else {}
    standings = {one.lock: one for one in read_standings(roll.folder)}
    names = sorted({lock for lock, _, _ in happened} | standings.keys())
    with psycopg.connect(dsn) as connection:
        stored_up_to = {(lock, epoch): up_to for lock, epoch, up_to in connection.execute(_CURSORS, {"locks": names})}
        lost = _compare_entries(account, connection, names, happened)
        _compare_rest(account, _without(account, happened, lost), standings, stored_up_to)
        _compare_lists(account, connection, names, standings)
    account.events = sum(not one.by_clone for one in happened.values()) + account.matched
    return account


def _compare_entries(
    account: Account,
    connection: Connection,
    names: list[str],
    happened: dict[Key, Happened],
) -> Lost:
    """Takes what is found out of `happened`: what is left was not found. Returns what the locks themselves declared lost."""
    seen: set[Key] = set()
    lost: Lost = {}
    for lock, epoch, sequence, digest, gap in _entries(connection, names):
        key = (lock, epoch, sequence)
        if gap is not None:
            lost.setdefault((lock, epoch), []).append(gap)
        one = happened.pop(key, None)
        if one is None:
            account.differ("twice" if key in seen else "invented", f"{lock} epoch {epoch} number {sequence}")
        elif one.digest != digest:
            account.differ("changed", f"{lock} epoch {epoch} number {sequence}")
        else:
            account.by_clones += one.by_clone
            account.matched += not one.by_clone
        seen.add(key)
    return lost


def _without(account: Account, happened: dict[Key, Happened], lost: Lost) -> dict[Key, Happened]:
    left = {
        key: one
        for key, one in happened.items()
        if not any(first <= key[2] <= last for first, last in lost.get(key[:2], ()))
    }
    account.declared_lost = sum(not one.by_clone for one in happened.values()) - sum(
        not one.by_clone for one in left.values()
    )
    return left


def _compare_rest(
    account: Account,
    happened: dict[Key, Happened],
    standings: dict[str, FinalStanding],
    stored_up_to: dict[tuple[str, int], int],
) -> None:
    for (lock, epoch, sequence), one in happened.items():
        told = standings[lock].stored_up_to if lock in standings and standings[lock].log_epoch == epoch else 0
        if one.by_clone:
            continue
        if sequence <= max(told, stored_up_to.get((lock, epoch), 0)):
            account.differ("missing", f"{lock} epoch {epoch} number {sequence}, though a receipt covers it")
        else:
            account.pending += 1


def _compare_lists(
    account: Account,
    connection: Connection,
    names: list[str],
    standings: dict[str, FinalStanding],
) -> None:
    for lock, version, digest, held_version, held_digest in connection.execute(_LISTS, {"locks": names}):
        standing = standings.get(str(lock))
        if standing is None:
            continue
        if not standing.linked:
            # What it should hold may not have reached it, nor what it holds the service.
            account.lists_pending += 1
            continue
        account.lists += 1
        held = (standing.list_version, standing.list_digest)
        for whose, known in (("wants", (version, _hex(digest))), ("believes", (held_version, _hex(held_digest)))):
            if known != held:
                account.differ("list", f"{lock} holds version {held[0]}, the service {whose} version {known[0]}")


def _entries(connection: Connection, names: list[str]) -> Iterator[tuple[str, int, int, bytes, tuple[int, int] | None]]:
    with connection.cursor(name="entries") as cursor:
        cursor.itersize = 5000
        for row in cursor.execute(_ENTRIES, {"locks": names}):
            lock, epoch, sequence, kind, boot, at_ms, quality, *rest = row
            fields = {key: value for key, value in zip(_FIELD_COLUMNS, rest, strict=False) if value is not None}
            fields |= cbor2.loads(rest[-1]) if rest[-1] else {}
            gap = (fields[Field.FIRST], fields[Field.LAST]) if kind == EventType.EVENTS_LOST else None
            yield lock, epoch, sequence, digest_of((kind, sequence, boot, at_ms, quality), fields), gap


def _key(roll: Roll, one: Happened) -> Key:
    return roll.identities[one.place].lock, one.log_epoch, one.sequence


def _has_truth(folder: Path) -> bool:
    return (folder / TRUTH).exists()


def _hex(raw: object) -> str | None:
    return raw.hex() if isinstance(raw, bytes) else None
