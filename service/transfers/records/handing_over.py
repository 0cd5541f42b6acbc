"""SQL of what changes when a house changes hands: first everything is held in one order, then all of it belongs to the buyer.

The order is everybody's who changes a way in (decision 0123), with what stands before doors for those who let somebody in:
registrations, invitations, places, doors, notices, tenancies, grants; lists come last.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.commands_followed import OrderState
from service.access.rules import GrantId
from service.accounts.rules import AccountId
from service.premises.rules import BuildingId, UnitId

_ENDED = [one.value for one in (OrderState.DONE, OrderState.FAILED, OrderState.EXPIRED, OrderState.SILENT)]
_UNITS = text("SELECT id FROM unit WHERE building_id = :building ORDER BY id")
# Whoever adds a room, or offers the house again, waits for this row.
_HOLD_BUILDING = text("SELECT landlord_id FROM building WHERE id = :building FOR NO KEY UPDATE")
_HOLD_OFFERS = (
    text("SELECT FROM registration WHERE unit_id = ANY(:units) AND state = 'submitted' ORDER BY id FOR UPDATE"),
    text("SELECT FROM invitation WHERE unit_id = ANY(:units) AND withdrawn_at IS NULL ORDER BY id FOR UPDATE"),
)
_HOLD_WAYS_IN = (
    text("SELECT FROM tenancy_notice WHERE unit_id = ANY(:units) ORDER BY tenancy_id FOR UPDATE"),
    text("SELECT FROM tenancy WHERE unit_id = ANY(:units) AND ended_at IS NULL ORDER BY id FOR UPDATE"),
    text("SELECT FROM access_grant WHERE unit_id = ANY(:units) AND revoked_at IS NULL ORDER BY id FOR UPDATE"),
)
# Somebody waits for a lock's button, or the lock has its keys and hangs nowhere yet.
_UNFINISHED_CLAIM = text(
    "SELECT EXISTS (SELECT FROM lock_claim c LEFT JOIN lock l ON l.id = c.lock_id WHERE c.unit_id = ANY(:units) AND c.hung_at IS NULL"
    " AND (c.begun_at > :since OR (l.provisioned_at = c.answered_at AND l.birth_number > 0 AND l.revoked_at IS NULL)))"
)
_PASSAGES = text(
    "SELECT id FROM access_grant WHERE unit_id = ANY(:units) AND passage AND revoked_at IS NULL ORDER BY id"
)
# What runs, and what a lock has still to drop: the buyer's lock still lets somebody in. The rest stays in the seller's name, unseen.
_GIVE = tuple(
    text(statement)
    for statement in (
        "UPDATE building SET landlord_id = :buyer WHERE id = :building",
        "UPDATE unit SET landlord_id = :buyer WHERE id = ANY(:units)",
        "UPDATE unit_occupancy SET landlord_id = :buyer WHERE unit_id = ANY(:units)",
        "UPDATE invitation SET withdrawn_at = :now, token_hash = NULL, form_token_hash = NULL WHERE unit_id = ANY(:units)"
        " AND withdrawn_at IS NULL AND NOT EXISTS (SELECT FROM registration r WHERE r.invitation_id = invitation.id)",
        # What the seller said of somebody is said no more; the row is the buyer's, who may say something of their own.
        "UPDATE tenancy_notice SET landlord_id = :buyer, withdrawn_at = coalesce(withdrawn_at, :now)"
        " WHERE tenancy_id IN (SELECT id FROM tenancy WHERE unit_id = ANY(:units) AND ended_at IS NULL)",
        "UPDATE tenancy SET landlord_id = :buyer WHERE unit_id = ANY(:units) AND given_up_at IS NULL AND (ended_at IS NULL OR"
        " EXISTS (SELECT FROM credential c WHERE c.grant_id = tenancy.grant_id AND c.removed_version IS NOT NULL AND c.off_lock_at IS NULL))",
        "UPDATE access_grant SET landlord_id = :buyer WHERE unit_id = ANY(:units) AND given_up_at IS NULL AND (revoked_at IS NULL OR"
        " EXISTS (SELECT FROM credential c WHERE c.grant_id = access_grant.id AND c.removed_version IS NOT NULL AND c.off_lock_at IS NULL))",
        "UPDATE registration r SET landlord_id = :buyer WHERE unit_id = ANY(:units) AND (state = 'submitted'"
        " OR EXISTS (SELECT FROM tenancy t WHERE t.registration_id = r.id AND t.landlord_id = :buyer AND t.given_up_at IS NULL))",
        # The lease that somebody who waits was invited to.
        "UPDATE invitation SET landlord_id = :buyer WHERE EXISTS (SELECT FROM registration r WHERE r.invitation_id = invitation.id"
        " AND r.unit_id = ANY(:units) AND r.landlord_id = :buyer AND r.given_up_at IS NULL)",
        "UPDATE lock_report SET landlord_id = :buyer WHERE unit_id = ANY(:units)",
        "UPDATE lock_command SET called_off_at = :now WHERE unit_id = ANY(:units) AND person_id IS NULL AND called_off_at IS NULL"
        " AND state <> ALL(:ended)",
        *(
            f"UPDATE {table} SET given_up_at = :now WHERE unit_id = ANY(:units) AND landlord_id = :seller AND given_up_at IS NULL"  # noqa: S608  # our own words
            for table in ("tenancy", "access_grant", "registration", "tenancy_notice", "lock_command")
        ),
    )
)


def units_of(session: Session, building: BuildingId) -> list[UnitId]:
    """All rooms and common doors of the house; in a system scope, as everything here."""
    return [UnitId(unit) for unit in session.execute(_UNITS, {"building": building}).scalars()]


def hold_building(session: Session, building: BuildingId) -> AccountId:
    """The house's landlord, who stays that until the transaction ends."""
    return AccountId(session.execute(_HOLD_BUILDING, {"building": building}).scalar_one())


def hold_offers(session: Session, units: Sequence[UnitId]) -> None:
    """Registrations that wait and invitations that stand."""
    for statement in _HOLD_OFFERS:
        session.execute(statement, {"units": list(units)})


def hold_ways_in(session: Session, units: Sequence[UnitId]) -> None:
    """Whoever lives there, and what lets them in; after the doors."""
    for statement in _HOLD_WAYS_IN:
        session.execute(statement, {"units": list(units)})


def has_unfinished_claim(session: Session, units: Sequence[UnitId], *, since: datetime) -> bool:
    """Whether a lock is being claimed for one of the rooms."""
    return bool(session.execute(_UNFINISHED_CLAIM, {"units": list(units), "since": since}).scalar_one())


def passages(session: Session, units: Sequence[UnitId]) -> list[GrantId]:
    """Hours in which doors of the house stand unlocked."""
    return [GrantId(one) for one in session.execute(_PASSAGES, {"units": list(units)}).scalars()]


def give(session: Session, units: Sequence[UnitId], values: Mapping[str, Any]) -> None:
    """All of it belongs to the buyer. The keys are building, seller, buyer, now."""
    for statement in _GIVE:
        session.execute(statement, {**values, "units": list(units), "ended": _ENDED})
