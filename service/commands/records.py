"""Tables and SQL of commands: orders in, states out, each as one statement for all that a batch concerns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.commands import CommandKind
from firmware_protocol.commands_followed import TOLD_AGAIN, OrderState
from firmware_protocol.enrolment import MOST_ENTRIES
from firmware_protocol.topics import LockId
from firmware_protocol.transitions import LinkState
from service.accounts.rules import AccountId
from service.commands.rules import LET_AJAR_S, LET_RELOCK_S, ONLY_VACANT, Place
from service.premises.rules import UnitId

_OPEN = [one.value for one in (OrderState.WAITING, OrderState.SENT, OrderState.ACCEPTED, OrderState.RUNNING)]
_COLUMNS = (
    "c.id, c.lock_id, c.unit_id, c.person_id, c.kind, c.seconds, c.relock_s, c.ajar_s, c.challenge, c.emergency,"
    " c.reason_sealed, c.state, c.failure, c.issued_at, c.expires_at, c.told_epoch, c.ended_at, c.answer, c.proof,"
    " c.face_engine, c.face_model, c.called_off_at"
)

# Not called off. Ordered of a vacant room, and since then somebody has been given a way in: what empties a lock is no longer said, nor times
# that nobody would be given who lives there.
_STILL_MEANT = (
    f"c.called_off_at IS NULL AND ((c.kind <> ALL(:emptying) AND (c.kind <> {CommandKind.SET_PARAMETERS:d}"
    f" OR (c.relock_s BETWEEN {LET_RELOCK_S[0]} AND {LET_RELOCK_S[1]} AND c.ajar_s BETWEEN {LET_AJAR_S[0]} AND {LET_AJAR_S[1]})))"
    " OR NOT EXISTS (SELECT FROM credential k WHERE k.lock_id = c.lock_id AND k.removed_version IS NULL))"
)
_EMPTYING = sorted(kind.value for kind in ONLY_VACANT)


class Kept(NamedTuple):
    """A command as it is stored."""

    id: bytes
    lock_id: str
    unit_id: int
    person_id: int | None
    kind: int
    seconds: int
    relock_s: int
    ajar_s: int
    challenge: bytes
    emergency: str | None
    reason_sealed: bytes | None
    state: str
    failure: int
    issued_at: datetime
    expires_at: datetime
    told_epoch: int | None
    ended_at: datetime | None
    answer: dict[str, Any] | None
    proof: bytes | None
    face_engine: int | None
    face_model: bytes | None
    called_off_at: datetime | None


class Change(NamedTuple):
    """What is to be written of a command; None leaves what is there."""

    id: bytes
    state: str
    failure: int = 0
    told_at: datetime | None = None
    told_epoch: int | None = None
    ended_at: datetime | None = None
    answer: Mapping[str, Any] | None = None
    proof: bytes | None = None


_PLACE = text(
    "SELECT d.lock_id, u.id, u.landlord_id, l.shard, l.link, l.capabilities,"
    " EXISTS (SELECT FROM tenancy t WHERE t.unit_id = u.id AND t.person_id = :person AND t.ended_at IS NULL"
    " AND t.starts_at <= :now AND :now < t.ends_at)"
    " FROM door d JOIN unit u ON u.id = d.unit_id JOIN lock l ON l.id = d.lock_id"
    " WHERE d.lock_id = :lock AND d.hung @> CAST(:now AS timestamptz) AND l.revoked_at IS NULL"
)


_LIVED_IN = text("SELECT EXISTS (SELECT FROM tenancy WHERE unit_id = :unit AND ended_at IS NULL AND starts_at <= :now)")


_ENTRIES = text(
    "SELECT credential_id FROM credential WHERE lock_id = :lock AND person_id = :person AND removed_version IS NULL"
    " AND NOT visitor ORDER BY credential_id DESC LIMIT :most"
)
_CALL_OFF = text(
    "WITH meant AS (SELECT id FROM lock_command WHERE person_id = :person AND kind = :kind AND called_off_at IS NULL"
    " AND state = ANY(:open) ORDER BY id FOR UPDATE)"
    " UPDATE lock_command c SET called_off_at = :now FROM meant WHERE c.id = meant.id"
)


def find_place(session: Session, lock: str, person: int | None, now: datetime) -> Place | None:
    """Where the lock hangs now, inside the scope of whoever asks; as if nobody lived there."""
    row = session.execute(_PLACE, {"lock": lock, "person": person, "now": now}).one_or_none()
    if row is None:
        return None
    lock_id, unit, landlord, shard, link, capabilities, own = row
    return Place(LockId(lock_id), UnitId(unit), AccountId(landlord), shard, LinkState(link), capabilities, False, own)


def is_lived_in(session: Session, unit: UnitId, now: datetime) -> bool:
    """Whether a tenancy of the room has begun and was not ended, inside the scope of whoever asks."""
    return bool(session.execute(_LIVED_IN, {"unit": unit, "now": now}).scalar_one())


def latest_of_landlord(session: Session, unit: UnitId, kind: int) -> datetime | None:
    """When a landlord last ordered this of any lock of the room, as far as whoever asks may see it."""
    asked = text("SELECT max(issued_at) FROM lock_command WHERE unit_id = :unit AND kind = :kind AND person_id IS NULL")
    return session.execute(asked, {"unit": unit, "kind": kind}).scalar_one()  # type: ignore[no-any-return]  # timestamptz


def kinds_outstanding(session: Session, lock: LockId, now: datetime) -> list[int]:
    """Kinds of the commands that are still on their way to the lock, as far as whoever asks may see them."""
    rows = session.execute(
        text("SELECT kind FROM lock_command WHERE lock_id = :lock AND state = ANY(:open) AND expires_at > :now"),
        {"lock": lock, "open": _OPEN, "now": now},
    )
    return [kind for (kind,) in rows]


def append(session: Session, row: Mapping[str, Any]) -> None:
    """Store an order; the keys are the table's columns."""
    columns = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    session.execute(text(f"INSERT INTO lock_command ({columns}) VALUES ({values})"), row)  # noqa: S608  # our own column names


def tell(session: Session, shard: int) -> None:
    """Let whoever holds the shard look at once, when this transaction has committed."""
    session.execute(text("SELECT pg_notify('anmen_down', CAST(CAST(:shard AS smallint) AS text))"), {"shard": shard})


def load_of_lock(session: Session, lock: str, limit: int) -> list[Kept]:
    """The latest commands to a lock, newest first."""
    return _load(session, "c.lock_id = :lock ORDER BY c.issued_at DESC, c.id LIMIT :limit", lock=lock, limit=limit)


def load_of_unit(session: Session, unit: int, limit: int) -> list[Kept]:
    """The latest commands to a room's locks, newest first."""
    return _load(session, "c.unit_id = :unit ORDER BY c.issued_at DESC, c.id LIMIT :limit", unit=unit, limit=limit)


def find(session: Session, command: bytes) -> Kept | None:
    """One command, inside the scope of whoever asks."""
    return next(iter(_load(session, "c.id = :id", id=command)), None)


def hold(session: Session, commands: Iterable[bytes]) -> dict[bytes, Kept]:
    """These commands, held until the transaction ends."""
    rows = _load(session, "c.id = ANY(:ids) ORDER BY c.id FOR UPDATE OF c", ids=sorted(set(commands)))
    return {one.id: one for one in rows}


def entries_of(session: Session, lock: str, person: int | None) -> list[int]:
    """The ids of what opens this lock for the person, visitors' aside; for the lock alone."""
    return sorted(session.execute(_ENTRIES, {"lock": lock, "person": person, "most": MOST_ENTRIES}).scalars())


def call_off(session: Session, person: int, kind: CommandKind, now: datetime) -> None:
    """What this person ordered of this kind is not said any more, and what it brings is not wanted; held in the order of ids."""
    session.execute(_CALL_OFF, {"person": person, "kind": int(kind), "now": now, "open": [*_OPEN, "silent"]})


def hold_meant(session: Session, commands: Iterable[bytes]) -> dict[bytes, Kept]:
    """Those of the commands that may still be given, held until the transaction ends."""
    where = f"c.id = ANY(:ids) AND {_STILL_MEANT} ORDER BY c.id FOR UPDATE OF c"
    return {one.id: one for one in _load(session, where, ids=sorted(set(commands)), emptying=_EMPTYING)}


def hold_untold(session: Session, shards: Iterable[int], *, told_before: datetime, now: datetime) -> list[Kept]:
    """What live locks of these shards have to be told, for the first time or again because they have not answered."""
    return _load(
        session,
        "c.state = ANY(:states) AND c.expires_at > :now AND (c.told_at IS NULL OR c.told_at < :before)"
        " AND EXISTS (SELECT FROM lock l WHERE l.id = c.lock_id AND l.shard = ANY(:shards) AND l.link = 'live')"
        f" AND {_STILL_MEANT} ORDER BY c.id FOR UPDATE OF c SKIP LOCKED",
        emptying=_EMPTYING,
        states=[one.value for one in TOLD_AGAIN],
        now=now,
        before=told_before,
        shards=list(shards),
    )


def hold_outstanding(session: Session, locks: Iterable[LockId], now: datetime) -> list[Kept]:
    """What these locks have to be told, whenever they were told before."""
    return _load(
        session,
        "c.lock_id = ANY(CAST(:locks AS text[])) AND c.state = ANY(:states) AND c.expires_at > :now"
        f" AND {_STILL_MEANT} ORDER BY c.id FOR UPDATE OF c",
        emptying=_EMPTYING,
        locks=list(locks),
        states=[one.value for one in TOLD_AGAIN],
        now=now,
    )


def hold_overdue(
    session: Session, shards: Iterable[int], *, unsent_before: datetime, silent_before: datetime
) -> list[Kept]:
    """What nobody was sent in time, and what was sent and has not been answered since its time was over."""
    return _load(
        session,
        "((c.state = 'waiting' AND c.expires_at <= :unsent) OR (c.state IN ('sent', 'accepted', 'running')"
        " AND c.expires_at <= :silent)) AND EXISTS (SELECT FROM lock l WHERE l.id = c.lock_id AND l.shard = ANY(:shards))"
        " ORDER BY c.id FOR UPDATE OF c SKIP LOCKED",
        unsent=unsent_before,
        silent=silent_before,
        shards=list(shards),
    )


def write(session: Session, changes: Sequence[Change]) -> None:
    """Write these changes, in one statement."""
    if not changes:
        return
    session.execute(
        text(
            "UPDATE lock_command c SET state = n.state, failure = n.failure, told_at = coalesce(n.told_at, c.told_at),"
            " told_epoch = coalesce(n.told_epoch, c.told_epoch), ended_at = coalesce(n.ended_at, c.ended_at),"
            " answer = coalesce(CAST(n.answer AS jsonb), c.answer), proof = coalesce(n.proof, c.proof)"
            " FROM unnest(CAST(:ids AS bytea[]), CAST(:states AS text[]), CAST(:failures AS smallint[]),"
            " CAST(:told AS timestamptz[]), CAST(:epochs AS bigint[]), CAST(:ended AS timestamptz[]), CAST(:answers AS text[]),"
            " CAST(:proofs AS bytea[])) AS n (id, state, failure, told_at, told_epoch, ended_at, answer, proof)"
            " WHERE c.id = n.id"
        ),
        {
            "ids": [one.id for one in changes],
            "states": [one.state for one in changes],
            "failures": [one.failure for one in changes],
            "told": [one.told_at for one in changes],
            "epochs": [one.told_epoch for one in changes],
            "ended": [one.ended_at for one in changes],
            "answers": [None if one.answer is None else json.dumps(dict(one.answer)) for one in changes],
            "proofs": [one.proof for one in changes],
        },
    )


def _load(session: Session, where: str, **values: Any) -> list[Kept]:
    rows = session.execute(text(f"SELECT {_COLUMNS} FROM lock_command c WHERE {where}"), values)  # noqa: S608  # our own words
    return [Kept(*row) for row in rows]
