"""Ordering something of a lock, and seeing what has become of it."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from firmware_protocol.commands import ID_BYTES, CommandFailure, CommandKind
from firmware_protocol.commands_followed import OrderState
from firmware_protocol.commands_judged import CHALLENGE_BYTES
from firmware_protocol.topics import LockId
from service.accounts.rules import Actor, Role
from service.audit.actions import record
from service.audit.rules import Act
from service.commands import records
from service.commands.rules import (
    LIFE_S,
    MOST_OUTSTANDING,
    CommandId,
    CommandView,
    Emergency,
    Order,
    Place,
    check_arguments,
    check_may_order,
    check_pace,
    needs_emergency,
    read_reason,
    shown_answer,
)
from service.edges.elevation import as_system
from service.edges.keyring import Keyring, Root
from service.errors import Conflict, NotFound
from service.premises import actions as premises
from service.premises.rules import UnitId

_REASON = "emergency reason"
_SHOWN = 20


def get_place(session: Session, actor: Actor, lock: str, *, now: datetime) -> Place:
    """Where the lock hangs, for somebody who may order something of it; NotFound for anybody else."""
    place = records.find_place(session, lock, actor.person_id, now)
    seen = place is not None and (place.own if actor.role is Role.TENANT else place.landlord_id == actor.account_id)
    if place is None or not seen:
        raise NotFound("There is no such lock.", code="lock")
    # Whoever has bought the house sees no tenancy of the seller's, and it runs all the same.
    with as_system(session):
        anybody, own = records.lived_behind(session, place.unit_id, now)
        return replace(place, lived_behind=anybody, occupied=own)


def give_order(
    session: Session,
    actor: Actor,
    lock: str,
    order: Order,
    *,
    keyring: Keyring,
    now: datetime,
    draw: Callable[[int], bytes] = os.urandom,
) -> CommandView:
    """Order it; it goes out when this transaction has committed. Errors as of `check_may_order`, Conflict where it is on its way."""
    place = get_place(session, actor, lock, now=now)
    if actor.role is Role.LANDLORD:
        # Once more when it is held: whoever has sold the house meanwhile orders nothing there.
        premises.keep_doors(session, place.unit_id)
        place = get_place(session, actor, lock, now=now)
    check_may_order(actor.role, place, order)
    check_arguments(order, occupied=place.occupied)
    with as_system(session):
        # Whoever had the house before may be a friend: a sale does not let a landlord disturb more often.
        latest = records.latest_of_landlord(session, place.unit_id, order.kind)
    check_pace(actor.role, place, order.kind, latest=latest, now=now)
    _check_outstanding(session, place, order.kind, now)
    # What need not be stated is not kept.
    stated = order if needs_emergency(actor.role, place, order.kind) else replace(order, emergency=None)
    command = draw(ID_BYTES)
    records.append(session, _row(command, actor, place, stated, keyring, now) | {"challenge": _challenge(order, draw)})
    record(
        session,
        actor,
        Act.COMMAND_ORDERED,
        place.lock_id,
        now=now,
        command=command.hex(),
        kind=order.kind.name.lower(),
        emergency=stated.emergency.value if stated.emergency else None,
    )
    records.tell(session, place.shard)
    return get_command(session, CommandId(command.hex()), keyring=keyring)


def get_command(session: Session, command: CommandId, *, keyring: Keyring) -> CommandView:
    """One command that whoever asks may see; NotFound where there is none."""
    try:
        found = records.find(session, bytes.fromhex(command))
    except ValueError:
        found = None
    if found is None:
        raise NotFound("There is no such command.", code="command")
    return _view(found, keyring)


def commands_of_lock(session: Session, lock: LockId, *, keyring: Keyring) -> tuple[CommandView, ...]:
    """The latest commands to the lock that whoever asks may see, newest first."""
    return tuple(_view(one, keyring) for one in records.load_of_lock(session, lock, _SHOWN))


def commands_of_unit(session: Session, unit: UnitId, *, keyring: Keyring) -> tuple[CommandView, ...]:
    """The same for all locks of a room, those that have been taken down since among them."""
    return tuple(_view(one, keyring) for one in records.load_of_unit(session, unit, _SHOWN))


def _check_outstanding(session: Session, place: Place, kind: CommandKind, now: datetime) -> None:
    outstanding = records.kinds_outstanding(session, place.lock_id, now)
    if kind in outstanding:
        raise Conflict("This is already on its way to the lock. Please wait for its answer.", code="command_waiting")
    if len(outstanding) >= MOST_OUTSTANDING:
        raise Conflict("Too much is on its way to the lock. Please wait for its answers.", code="commands_waiting")


def _row(
    command: bytes, actor: Actor, place: Place, order: Order, keyring: Keyring, now: datetime
) -> dict[str, object]:
    reason = None
    if order.emergency is not None:
        words = read_reason(order.reason).encode()
        reason = keyring.seal(Root.PEOPLE, _REASON, words, row=command.hex())
    return {
        "id": command,
        "lock_id": place.lock_id,
        "unit_id": place.unit_id,
        "landlord_id": place.landlord_id,
        "account_id": actor.account_id,
        "person_id": actor.person_id,
        "kind": int(order.kind),
        "seconds": order.seconds,
        "relock_s": order.relock_s,
        "ajar_s": order.ajar_s,
        "face_engine": order.engine or None,
        "face_model": order.model or None,
        "emergency": order.emergency,
        "reason_sealed": reason,
        "issued_at": now,
        "expires_at": now + timedelta(seconds=LIFE_S[order.kind]),
    }


def _challenge(order: Order, draw: Callable[[int], bytes]) -> bytes:
    return draw(CHALLENGE_BYTES) if order.kind is CommandKind.FACTORY_WIPE else b""


def _view(kept: records.Kept, keyring: Keyring) -> CommandView:
    reason = b""
    if kept.reason_sealed is not None:
        reason = keyring.open(Root.PEOPLE, _REASON, kept.reason_sealed, row=kept.id.hex())
    known = kept.failure in set(CommandFailure)
    return CommandView(
        id=CommandId(kept.id.hex()),
        lock_id=LockId(kept.lock_id),
        unit_id=UnitId(kept.unit_id),
        kind=CommandKind(kept.kind),
        state=OrderState(kept.state),
        failure=CommandFailure(kept.failure) if known else CommandFailure.NONE,
        by_tenant=kept.person_id is not None,
        relock_s=kept.relock_s,
        ajar_s=kept.ajar_s,
        emergency=Emergency(kept.emergency) if kept.emergency else None,
        reason=reason.decode(),
        issued_at=kept.issued_at,
        expires_at=kept.expires_at,
        ended_at=kept.ended_at,
        answer=shown_answer(kept.answer),
        proven=kept.proof is not None,
    )
