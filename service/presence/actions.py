"""Presence follows the register: in the same transaction, set-based, late news never over newer."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.topics import LockId, shard_of
from service.edges.set_based import in_a_row
from service.entry.rules import StoredEntry
from service.presence import records
from service.presence.records import UnitCount
from service.presence.rules import (
    VISIT,
    Confidence,
    Pass,
    Presence,
    PresenceState,
    Reason,
    Room,
    count,
    follow,
    pass_of,
)


def follow_entries(session: Session, stored: Sequence[StoredEntry], now: datetime, also: Iterable[int] = ()) -> None:
    """Move presence, counts and the live feed for entries that were just recorded; `also`: shards with other news for it."""
    passes = _passes(stored)
    units, residents = records.hold(session, passes) if passes else ({}, {})
    after = {unit: follow(Room(residents[unit], of.visited_at), passes[unit][1]) for unit, of in units.items()}
    with in_a_row(session):
        shown = _write(session, units, residents, after, now=now)
        moved = {shard_of(passes[unit][0]) for unit in shown}.union(also)
        if moved:
            # All at once and at the end: each shard's position is held until the transaction is over.
            records.move_feed(session, moved)


def show_again(session: Session, locks: Iterable[LockId]) -> None:
    """Something else that live pages show of these locks has changed."""
    records.move_feed(session, {shard_of(lock) for lock in locks})


def _passes(stored: Sequence[StoredEntry]) -> dict[int, tuple[LockId, list[Pass]]]:
    """unit_id -> a lock of it that was heard, and what went through its doors."""
    found: dict[int, tuple[LockId, list[Pass]]] = {}
    for one in stored:
        passed = pass_of(one)
        if passed is None:
            continue
        of_unit = found.get(passed.unit_id)
        if of_unit is None:
            found[passed.unit_id] = one.entry.lock_id, [passed]
        else:
            of_unit[1].append(passed)
    return found


def _write(
    session: Session,
    units: Mapping[int, UnitCount],
    residents: Mapping[int, Mapping[int, Presence]],
    after: Mapping[int, Room],
    *,
    now: datetime,
) -> set[int]:
    """What is different now; the units of which a page shows something else."""
    changed = [
        (units[unit], person, one)
        for unit, room in after.items()
        for person, one in room.residents.items()
        if residents[unit].get(person) is not one
    ]
    counted = {unit: (units[unit], count(room.residents)) for unit, room in after.items()}
    counts = {unit: both for unit, both in counted.items() if both[1] != both[0].counted}
    visited = {unit: room.visited_at for unit, room in after.items() if room.visited_at != units[unit].visited_at}
    if changed:
        records.write(session, changed)
    if visited:
        records.write_visits(session, visited)
    if counts:
        records.write_counts(session, counts, now)
    return counts.keys() | visited.keys()


def forget_visitors(session: Session, *, now: datetime) -> None:
    """A job: whoever visited a day ago is not thought to be inside any more."""
    records.forget_visits(session, now - VISIT)


def leave(session: Session, *, unit_id: int, person_id: int, shards: Iterable[int], now: datetime) -> None:
    """The person's tenancy has ended: out, whatever the door said last. `shards`: of the unit's locks, whose feed moves."""
    units, presences = records.hold(session, [unit_id])
    residents = presences.get(unit_id, {})
    if person_id not in residents:
        return
    unit = units[unit_id]
    gone = Presence(PresenceState.OUT, Confidence.HIGH, Reason.TENANCY_ENDED, now, now)
    records.write(session, [(unit, person_id, gone)])
    counted = count({**residents, person_id: gone})
    if counted != unit.counted:
        records.write_counts(session, {unit_id: (unit, counted)}, now)
        records.move_feed(session, shards)
