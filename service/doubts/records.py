"""SQL of doubts and of the boots that have proven themselves."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId
from service.doubts.rules import Doubt, DoubtKind, PlacedDoubt, ProvenBoot

_BOOTS = text(
    "SELECT b.lock_id, b.session_id, b.boot_number, b.log_epoch FROM unnest(CAST(:locks AS text[])) AS asked (lock_id)"
    " CROSS JOIN LATERAL (SELECT * FROM proven_boot p WHERE p.lock_id = asked.lock_id ORDER BY p.id DESC LIMIT :most) b ORDER BY b.id"
)
_APPEND_BOOT = text(
    "INSERT INTO proven_boot (lock_id, session_id, boot_number, log_epoch, proven_at)"
    " VALUES (:lock, :session, :boot, :epoch, :now)"
)
_RAISE = text(
    "INSERT INTO identity_doubt (lock_id, kind, first_at, last_at) VALUES (:lock, :kind, :now, :now)"
    " ON CONFLICT (lock_id, kind) WHERE settled_at IS NULL DO UPDATE SET last_at = excluded.last_at, times = identity_doubt.times + 1"
)
_OPEN = text(
    "SELECT lock_id, kind, first_at, last_at, times FROM identity_doubt"
    " WHERE lock_id = ANY(CAST(:locks AS text[])) AND settled_at IS NULL ORDER BY lock_id, first_at"
)
# A unit outside the scope of whoever asks is no row.
_IN_SCOPE = text(
    "SELECT d.lock_id, d.kind, d.first_at, d.last_at, d.times, b.address, u.number, u.shared FROM identity_doubt d"
    " JOIN door ON door.lock_id = d.lock_id AND door.hung @> CAST(:now AS timestamptz)"
    " JOIN unit u ON u.id = door.unit_id JOIN building b ON b.id = u.building_id"
    " WHERE d.settled_at IS NULL ORDER BY d.first_at DESC LIMIT 200"
)
_SETTLE = text(
    "UPDATE identity_doubt SET settled_at = :now, settled_by = :account WHERE lock_id = :lock AND settled_at IS NULL"
)


# A copy that comes back after more boots than these gives itself away by its boot number.
BOOTS_REMEMBERED = 64


def boots_of(session: Session, locks: Iterable[LockId]) -> dict[LockId, list[ProvenBoot]]:
    """The latest boots of these locks that have proven themselves, in that order."""
    found: dict[LockId, list[ProvenBoot]] = {}
    for lock, *boot in session.execute(_BOOTS, {"locks": list(locks), "most": BOOTS_REMEMBERED}):
        found.setdefault(LockId(lock), []).append(ProvenBoot(*boot))
    return found


def append_boots(session: Session, boots: Sequence[tuple[LockId, ProvenBoot]], now: datetime) -> None:
    """Remember that these have proven themselves."""
    rows = [
        {"lock": lock, "session": one.session, "boot": one.boot_number, "epoch": one.log_epoch, "now": now}
        for lock, one in boots
    ]
    session.execute(_APPEND_BOOT, rows)


def append_doubts(session: Session, doubts: Iterable[tuple[LockId, DoubtKind]], now: datetime) -> None:
    """Raise these, or count them once more where they are raised already."""
    for lock, kind in sorted(set(doubts)):
        session.execute(_RAISE, {"lock": lock, "kind": kind.value, "now": now})


def open_doubts(session: Session, locks: Iterable[LockId]) -> list[Doubt]:
    """What is not settled about these locks."""
    rows = session.execute(_OPEN, {"locks": list(locks)})
    return [Doubt(LockId(lock), DoubtKind(kind), *rest) for lock, kind, *rest in rows]


def doubts_in_scope(session: Session, now: datetime) -> list[PlacedDoubt]:
    """What is not settled about locks that hang in rooms that whoever asks may see, the latest first."""
    return [
        PlacedDoubt(Doubt(LockId(row[0]), DoubtKind(row[1]), row[2], row[3], row[4]), *row[5:8])
        for row in session.execute(_IN_SCOPE, {"now": now})
    ]


def settle(session: Session, lock: LockId, *, account_id: int, now: datetime) -> int:
    """Somebody has seen to it; how many doubts that settles."""
    settled = session.execute(_SETTLE, {"lock": lock, "account": account_id, "now": now})
    return int(settled.rowcount)  # type: ignore[attr-defined]  # what an UPDATE returns has it
