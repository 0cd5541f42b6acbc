"""SQL of claims, and of what they and the end of a lock's use change."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.key_messages import LockKeys
from firmware_protocol.topics import LockId, shard_of
from service.access.rules import GrantId
from service.custody.rules import WINDOW, Claim, ClaimId
from service.premises.rules import UnitId

_APPEND = text(
    "INSERT INTO lock_claim (lock_id, unit_id, landlord_id, replaces, secret_sealed, service_key_wrapped, begun_at)"
    " VALUES (:lock, :unit, :landlord, :replaces, :secret, :key, :now) RETURNING id"
)
_FIND = text(
    "SELECT id, lock_id, unit_id, landlord_id, replaces, begun_at, answered_at, hung_at FROM lock_claim WHERE id = :id"
)
_OPEN = text(
    "SELECT id, lock_id, secret_sealed, service_key_wrapped, answered_session FROM lock_claim WHERE lock_id = ANY(CAST(:locks AS text[]))"
    " AND begun_at > :since AND begun_at <= :now AND hung_at IS NULL ORDER BY id DESC LIMIT 64"
)
_STANDING = text("SELECT revoked_at IS NOT NULL, key_epoch FROM lock WHERE id = :lock FOR UPDATE")
# A visitor has a PIN and nothing else, and a PIN cannot be made again.
_RUNNING = text(
    "SELECT id FROM access_grant WHERE unit_id = :unit AND NOT visitor AND revoked_at IS NULL AND ends_at > :now ORDER BY id FOR UPDATE"
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
_LIVED_IN = text("SELECT EXISTS (SELECT FROM tenancy WHERE unit_id = :unit AND ended_at IS NULL AND starts_at <= :now)")
_TAKE_DOWN = text(
    "UPDATE door SET hung = tstzrange(lower(hung), :now) WHERE lock_id = :lock AND hung @> CAST(:now AS timestamptz)"
)
_REVOKE = text("UPDATE lock SET revoked_at = :now, link = 'unborn' WHERE id = :lock AND revoked_at IS NULL")
_TELL = text("SELECT pg_notify('anmen_down', CAST(CAST(:shard AS integer) AS text))")


class OpenClaim(NamedTuple):
    """A claim that waits for the button."""

    id: ClaimId
    lock: LockId
    secret_sealed: bytes
    service_key_wrapped: bytes
    answered_session: bytes | None


class Standing(NamedTuple):
    """A lock that is known already."""

    revoked: bool
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
    )


def open_claims(session: Session, locks: Iterable[LockId], now: datetime) -> list[OpenClaim]:
    """Claims of these locks whose two minutes are not over, the latest first."""
    rows = session.execute(_OPEN, {"locks": list(locks), "since": now - WINDOW, "now": now})
    return [OpenClaim(ClaimId(row[0]), LockId(row[1]), row[2], row[3], row[4]) for row in rows]


def find_standing(session: Session, lock: LockId) -> Standing | None:
    """Whether the lock is known, and how; nobody else changes it until the transaction ends."""
    row = session.execute(_STANDING, {"lock": lock}).first()
    return None if row is None else Standing(row[0], row[1])


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


def running_grants(session: Session, unit_id: UnitId, now: datetime) -> list[GrantId]:
    """The unit's grants that were not revoked and have not ended, held until the transaction ends."""
    return [GrantId(row[0]) for row in session.execute(_RUNNING, {"unit": unit_id, "now": now})]


def take_all_off(session: Session, lock: LockId) -> None:
    """Everything goes off the lock's list, as of its next version."""
    session.execute(_TAKE_ALL_OFF, {"lock": lock})


def mark_hung(session: Session, claim: ClaimId, now: datetime) -> None:
    """The claim is at its end; its secret is worth nothing and goes."""
    session.execute(_HUNG, {"id": claim, "now": now})


def is_lived_in(session: Session, unit_id: UnitId, now: datetime) -> bool:
    """Whether a tenancy of the room has begun and was not ended."""
    return bool(session.execute(_LIVED_IN, {"unit": unit_id, "now": now}).scalar_one())


def take_down(session: Session, lock: LockId, now: datetime) -> None:
    """The lock hangs on no door any more."""
    session.execute(_TAKE_DOWN, {"lock": lock, "now": now})


def revoke(session: Session, lock: LockId, now: datetime) -> None:
    """The lock's keys are worth nothing from now on; the holder of its shard is told at commit."""
    session.execute(_REVOKE, {"lock": lock, "now": now})
    tell(session, [lock])


def tell(session: Session, locks: Sequence[LockId]) -> None:
    """The holders of these locks' shards look again, at commit."""
    for shard in sorted({shard_of(lock) for lock in locks}):
        session.execute(_TELL, {"shard": shard})
