"""SQL of transfers and of codes that were none."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from service.accounts.rules import AccountId
from service.premises.rules import BuildingId
from service.tenancy.rules import TenancyId
from service.transfers.rules import Holdings, Transfer, TransferId, TransferState

_COLUMNS = "id, building_id, from_id, to_id, state, offered_at, expires_at, ended_at"
_APPEND = text(
    "INSERT INTO building_transfer (building_id, area_id, from_id, code_hash, offered_at, expires_at)"
    " SELECT id, area_id, landlord_id, :hash, :now, :expires FROM building WHERE id = :building RETURNING id"
)
_CALL_OFF = text(
    "UPDATE building_transfer SET state = 'called_off', code_hash = NULL, ended_at = :now WHERE id = :id AND ended_at IS NULL"
)
_OPEN = text(
    "UPDATE building_transfer SET state = 'opened', code_hash = NULL, to_id = :buyer, opened_at = :now, expires_at = :expires WHERE id = :id"
)
_ACCEPT = text("UPDATE building_transfer SET state = 'accepted', ended_at = :now WHERE id = :id")
_HOLDINGS = text(
    "SELECT count(*) FILTER (WHERE NOT u.shared),"
    " (SELECT count(*) FROM door d JOIN unit h ON h.id = d.unit_id WHERE h.building_id = :building AND d.hung @> CAST(:now AS timestamptz)),"
    " count(*) FILTER (WHERE EXISTS (SELECT FROM tenancy t WHERE t.unit_id = u.id AND t.ended_at IS NULL))"
    " FROM unit u WHERE u.building_id = :building"
)
# Only those who were tenants when it changed hands: whoever came later has never known another landlord.
_NEW_LANDLORDS = text(
    "SELECT DISTINCT ON (t.id) t.id, b.to_id, b.ended_at FROM tenancy t JOIN unit u ON u.id = t.unit_id"
    " JOIN building_transfer b ON b.building_id = u.building_id JOIN access_grant g ON g.id = t.grant_id"
    " WHERE b.state = 'accepted' AND t.person_id = :person AND g.granted_at <= b.ended_at"
    " AND coalesce(t.ended_at, 'infinity') > b.ended_at ORDER BY t.id, b.ended_at DESC"
)
_FORGET_TRIES = text("DELETE FROM transfer_try WHERE tried_at <= :before")
_TRIES = text("SELECT count(*) FROM transfer_try WHERE account_id = :account")
_TRY = text("INSERT INTO transfer_try (account_id, tried_at) VALUES (:account, :now)")


def append(session: Session, building: BuildingId, *, code_hash: bytes, now: datetime, life: timedelta) -> TransferId:
    """Begin a transfer by the building's landlord."""
    values = {"building": building, "hash": code_hash, "now": now, "expires": now + life}
    return TransferId(session.execute(_APPEND, values).scalar_one())


def find(session: Session, transfer: TransferId) -> Transfer | None:
    """One transfer, inside the scope of whoever asks."""
    return next(iter(_load(session, "id = :id", id=transfer)), None)


def hold(session: Session, transfer: TransferId) -> Transfer | None:
    """The same, unchanged by others until the transaction ends."""
    return next(iter(_load(session, "id = :id FOR UPDATE", id=transfer)), None)


def hold_by_code(session: Session, code_hash: bytes) -> Transfer | None:
    """The transfer whose code this is and that nobody has opened, held as above."""
    return next(iter(_load(session, "code_hash = :hash FOR UPDATE", hash=code_hash)), None)


def hold_open(session: Session, building: BuildingId) -> Transfer | None:
    """The one that is not at its end, its day over or not, held as above."""
    return next(iter(_load(session, "building_id = :id AND ended_at IS NULL FOR UPDATE", id=building)), None)


def find_open(session: Session, building: BuildingId) -> Transfer | None:
    """The same, as far as whoever asks may see it."""
    return next(iter(_load(session, "building_id = :id AND ended_at IS NULL", id=building)), None)


def of_landlord(session: Session, landlord: AccountId) -> list[Transfer]:
    """What the landlord has sold and bought, or is about to; the latest first."""
    return _load(session, "from_id = :id OR to_id = :id ORDER BY id DESC LIMIT 100", id=landlord)


def accepted(session: Session, building: BuildingId) -> list[Transfer]:
    """When the house changed hands, in order, as far as whoever asks may see it."""
    return _load(session, "building_id = :id AND state = 'accepted' ORDER BY ended_at", id=building)


def call_off(session: Session, transfer: TransferId, now: datetime) -> None:
    """It does not come about."""
    session.execute(_CALL_OFF, {"id": transfer, "now": now})


def open_for(session: Session, transfer: TransferId, buyer: AccountId, *, now: datetime, life: timedelta) -> None:
    """The code was entered, and is gone."""
    session.execute(_OPEN, {"id": transfer, "buyer": buyer, "now": now, "expires": now + life})


def mark_accepted(session: Session, transfer: TransferId, now: datetime) -> None:
    """It has come about."""
    session.execute(_ACCEPT, {"id": transfer, "now": now})


def holdings(session: Session, building: BuildingId, now: datetime) -> Holdings:
    """What comes with the house; in a system scope."""
    return Holdings(*session.execute(_HOLDINGS, {"building": building, "now": now}).one())


def new_landlords(session: Session, person: int) -> list[tuple[TenancyId, AccountId, datetime]]:
    """The person's tenancies that another landlord has taken over, by the latest transfer; inside the scope of whoever asks."""
    rows = session.execute(_NEW_LANDLORDS, {"person": person})
    return [(TenancyId(tenancy), AccountId(landlord), at) for tenancy, landlord, at in rows]


def count_tries(session: Session, account: AccountId, *, since: datetime) -> int:
    """How often this account has entered what was no code since then; what is older is forgotten."""
    session.execute(_FORGET_TRIES, {"before": since})
    return int(session.execute(_TRIES, {"account": account}).scalar_one())


def append_try(session: Session, account: AccountId, now: datetime) -> None:
    """What was entered was no code."""
    session.execute(_TRY, {"account": account, "now": now})


def _load(session: Session, where: str, **values: Any) -> list[Transfer]:
    rows = session.execute(text(f"SELECT {_COLUMNS} FROM building_transfer WHERE {where}"), values)  # noqa: S608  # our own words
    return [_transfer(row) for row in rows]


def _transfer(row: Row[Any]) -> Transfer:
    return Transfer(
        id=TransferId(row.id),
        building_id=BuildingId(row.building_id),
        seller=AccountId(row.from_id),
        buyer=None if row.to_id is None else AccountId(row.to_id),
        stored_state=TransferState(row.state),
        offered_at=row.offered_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
    )
