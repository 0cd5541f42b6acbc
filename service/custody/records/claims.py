"""SQL of claims, and of where a claimed lock hangs."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.key_messages import LockKeys
from firmware_protocol.topics import LockId, shard_of
from service.access.rules import GrantId
from service.custody.rules import WINDOW, Claim, ClaimId, RevokedAs
from service.premises.rules import UnitId

_APPEND = text(
    "INSERT INTO lock_claim (lock_id, unit_id, landlord_id, replaces, secret_sealed, service_key_wrapped, begun_at)"
    " VALUES (:lock, :unit, :landlord, :replaces, :secret, :key, :now) RETURNING id"
)
_FIND = text(
    "SELECT c.id, c.lock_id, c.unit_id, c.landlord_id, c.replaces, c.begun_at, c.answered_at, c.hung_at,"
    " coalesce(l.provisioned_at = c.answered_at AND l.birth_number > 0, false) AS born"
    " FROM lock_claim c LEFT JOIN lock l ON l.id = c.lock_id WHERE c.id = :id"
)
# For each lock a few: whoever begins many claims keeps nobody else's from being found.
_OPEN = text(
    "SELECT c.id, c.lock_id, c.secret_sealed, c.service_key_wrapped, c.answered_session, c.spent_sessions"
    " FROM unnest(CAST(:locks AS text[])) AS heard (lock_id) CROSS JOIN LATERAL ("
    " SELECT * FROM lock_claim o WHERE o.lock_id = heard.lock_id AND o.begun_at > :since AND o.begun_at <= :now AND o.hung_at IS NULL"
    " ORDER BY o.answered_at NULLS LAST, o.id DESC LIMIT 64) c ORDER BY c.answered_at NULLS LAST, c.id DESC"
)
_STANDING = text("SELECT lock_is_nobodys(l), l.revoked_as, l.key_epoch FROM lock l WHERE l.id = :lock FOR UPDATE")
_COUNT = text(
    "SELECT count(*) FILTER (WHERE begun_at > :window AND answered_at IS NULL), count(*) FILTER (WHERE answered_at IS NULL)"
    " FROM lock_claim WHERE landlord_id = :landlord AND begun_at > :day"
)
# A visitor has a PIN and nothing else, and a PIN cannot be made again.
_RUNNING = text(
    "SELECT id FROM access_grant WHERE (unit_id = ANY(CAST(:units AS bigint[])) OR unit_id IN (SELECT room.id FROM unit room"
    " JOIN unit door ON door.building_id = room.building_id"
    " WHERE door.id = ANY(CAST(:units AS bigint[])) AND door.shared AND NOT room.shared))"
    " AND NOT visitor AND revoked_at IS NULL AND ends_at > :now ORDER BY id FOR UPDATE"
)
_TAKE_ALL_OFF = text(
    "UPDATE credential c SET removed_version = a.version + 1, entry_sealed = NULL FROM access_list a"
    " WHERE a.lock_id = c.lock_id AND c.lock_id = :lock AND c.removed_version IS NULL"
)
_TAKE = text(
    "SELECT take_claimed_lock(:claim, :now, :attempt, CAST(:shard AS smallint), :public, :signing, CAST(:epoch AS integer))"
)
_HUNG = text(
    "UPDATE lock_claim SET hung_at = :now, secret_sealed = ''::bytea, service_key_wrapped = ''::bytea WHERE id = :id"
)
# Behind a door of the whole house lives whoever lives in the house.
_LIVED_IN = text(
    "SELECT EXISTS (SELECT FROM tenancy WHERE ended_at IS NULL AND starts_at <= :now AND unit_id IN (SELECT CAST(:unit AS bigint)"
    " UNION ALL SELECT room.id FROM unit here JOIN unit room ON room.building_id = here.building_id AND NOT room.shared"
    " WHERE here.id = :unit AND here.shared))"
)
_TAKE_DOWN = text(
    "UPDATE door SET hung = tstzrange(lower(hung), :now) WHERE lock_id = :lock AND hung @> CAST(:now AS timestamptz)"
)
_REVOKE = text(
    "UPDATE lock SET revoked_at = :now, revoked_as = :why, link = 'unborn' WHERE id = :lock AND revoked_at IS NULL"
)
# For the process that has the broker refuse them (anmen/shutting_out.py).
_SHUT_OUT = text("SELECT pg_notify('anmen_shut_out', '')")
_TELL = text("SELECT pg_notify('anmen_down', CAST(CAST(:shard AS integer) AS text))")


class OpenClaim(NamedTuple):
    """A claim that waits for the button."""

    id: ClaimId
    lock: LockId
    secret_sealed: bytes
    service_key_wrapped: bytes
    answered_session: bytes | None
    spent_sessions: Sequence[bytes]


class Standing(NamedTuple):
    """A lock that is known already. `revoked_as`: why its keys are worth nothing any more."""

    nobodys: bool
    revoked_as: str | None
    key_epoch: int


def append_claim(session: Session, claim: Claim, *, secret_sealed: bytes, service_key_wrapped: bytes) -> ClaimId:
    """Begin a claim; its id is given here."""
    values = {
        "lock": claim.lock_id,
        "unit": claim.unit_id,
        "landlord": claim.landlord_id,
        "replaces": claim.replaces,
        "secret": secret_sealed,
        "key": service_key_wrapped,
        "now": claim.begun_at,
    }
    return ClaimId(session.execute(_APPEND, values).scalar_one())


def find_claim(session: Session, claim_id: ClaimId) -> Claim | None:
    """One claim."""
    row = session.execute(_FIND, {"id": claim_id}).first()
    if row is None:
        return None
    return Claim(
        id=ClaimId(row.id),
        lock_id=LockId(row.lock_id),
        unit_id=UnitId(row.unit_id),
        landlord_id=row.landlord_id,
        replaces=None if row.replaces is None else LockId(row.replaces),
        begun_at=row.begun_at,
        answered_at=row.answered_at,
        hung_at=row.hung_at,
        born=row.born,
    )


def count_unanswered(session: Session, landlord: int, now: datetime) -> tuple[int, int]:
    """How many claims of this landlord wait now, and how many of the last day nobody answered (those among them)."""
    since = {"window": now - WINDOW, "day": now - timedelta(days=1)}
    waiting, unanswered = session.execute(_COUNT, {"landlord": landlord, **since}).one()
    return waiting, unanswered


def open_claims(session: Session, locks: Iterable[LockId], now: datetime) -> list[OpenClaim]:
    """Claims of these locks whose two minutes are not over: one that was answered first, then the latest."""
    rows = session.execute(_OPEN, {"locks": list(locks), "since": now - WINDOW, "now": now})
    return [OpenClaim(ClaimId(row[0]), LockId(row[1]), row[2], row[3], row[4], row[5]) for row in rows]


def find_standing(session: Session, lock: LockId) -> Standing | None:
    """Whether the lock is known, and how; nobody else changes it until the transaction ends."""
    row = session.execute(_STANDING, {"lock": lock}).first()
    return None if row is None else Standing(*row)


def take_lock(
    session: Session, claim: OpenClaim, attempt: bytes, said: LockKeys, *, key_epoch: int, now: datetime
) -> None:
    """The claim's lock is known from now on by these keys, and by no session."""
    session.execute(
        _TAKE,
        {
            "claim": claim.id,
            "now": now,
            "attempt": attempt,
            "shard": shard_of(claim.lock),
            "public": said.public_key,
            "signing": said.signing_key,
            "epoch": key_epoch,
        },
    )


def running_grants(session: Session, units: Sequence[UnitId], now: datetime) -> list[GrantId]:
    """These units' grants that were not revoked and have not ended, held until the transaction ends."""
    return [GrantId(row[0]) for row in session.execute(_RUNNING, {"units": list(units), "now": now})]


def take_all_off(session: Session, lock: LockId) -> None:
    """Everything goes off the lock's list, as of its next version."""
    session.execute(_TAKE_ALL_OFF, {"lock": lock})


def mark_hung(session: Session, claim: ClaimId, now: datetime) -> None:
    """The claim is at its end; its secret is worth nothing and goes."""
    session.execute(_HUNG, {"id": claim, "now": now})


def is_lived_in(session: Session, unit_id: UnitId, now: datetime) -> bool:
    """Whether a tenancy of the room, or behind a door of the whole house, has begun and was not ended."""
    return bool(session.execute(_LIVED_IN, {"unit": unit_id, "now": now}).scalar_one())


def take_down(session: Session, lock: LockId, now: datetime) -> None:
    """The lock hangs on no door any more."""
    session.execute(_TAKE_DOWN, {"lock": lock, "now": now})


def revoke(session: Session, lock: LockId, why: RevokedAs, now: datetime) -> None:
    """The lock's keys are worth nothing from now on; the holder of its shard is told at commit."""
    session.execute(_REVOKE, {"lock": lock, "why": why.value, "now": now})
    tell_of_standing(session, lock)


def tell_of_standing(session: Session, lock: LockId) -> None:
    """Whoever hears the lock, and whoever tells the broker, look again at commit whether it is shut out."""
    session.execute(_SHUT_OUT)
    tell(session, [lock])


def tell(session: Session, locks: Sequence[LockId]) -> None:
    """The holders of these locks' shards look again, at commit."""
    for shard in sorted({shard_of(lock) for lock in locks}):
        session.execute(_TELL, {"shard": shard})
