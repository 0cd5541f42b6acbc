"""Commands to locks, for programs: order something, and ask what has become of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from firmware_protocol.commands import CommandFailure, CommandKind
from firmware_protocol.commands_followed import OrderState
from service.accounts.rules import Role
from service.accounts.signed_in import Asking, check_is
from service.commands import actions
from service.commands.rules import CommandId, CommandView, Emergency, Order
from service.edges.requests import Keys, Now, Tx

router = APIRouter(prefix="/api/v1", tags=["commands"])


class Kind(StrEnum):
    """What can be ordered."""

    UNLOCK_DOOR = "unlock_door"
    IDENTIFY = "identify"
    READ_BACK = "read_back"
    SET_PARAMETERS = "set_parameters"
    ERASE_BIOMETRIC = "erase_biometric"
    FACTORY_WIPE = "factory_wipe"
    REBOOT = "reboot"


class NewCommand(BaseModel):
    """An order. A landlord who opens a room that somebody lives in states an emergency and what has happened; the tenant reads it."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    seconds: int = Field(default=8, ge=1, le=60)
    relock_s: int = Field(default=5, ge=2, le=300)
    ajar_s: int = Field(default=60, ge=10, le=3600)
    emergency: Emergency | None = None
    reason: str = Field(default="", max_length=400)


class CommandShown(BaseModel):
    """A command and what the lock has said of it. `silent`: sent and never answered, so it may have been obeyed.

    `relock_s`, `ajar_s`: of set_parameters only; where somebody lives, 5 to 30 and 30 to 600.
    """

    id: CommandId
    lock_id: str
    kind: str
    state: OrderState
    failure: str | None
    by_tenant: bool
    relock_s: int | None
    ajar_s: int | None
    emergency: Emergency | None
    reason: str
    issued_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    answer: dict[str, Any] | None
    wipe_proven: bool


@router.post("/locks/{lock_id}/commands", status_code=202)
def give_order(lock_id: str, body: NewCommand, session: Tx, actor: Asking, keyring: Keys, now: Now) -> CommandShown:
    """Order something of a lock of one's own room; 202, because only the lock can say that it is done."""
    check_is(actor, Role.LANDLORD, Role.TENANT)
    order = Order(CommandKind[body.kind.name], body.seconds, body.relock_s, body.ajar_s, body.emergency, body.reason)
    return _shown(actions.give_order(session, actor, lock_id, order, keyring=keyring, now=now))


@router.get("/locks/{lock_id}/commands")
def commands(lock_id: str, session: Tx, actor: Asking, keyring: Keys, now: Now) -> list[CommandShown]:
    """The latest commands to a lock of one's own room, newest first."""
    check_is(actor, Role.LANDLORD, Role.TENANT)
    place = actions.get_place(session, actor, lock_id, now=now)
    return [_shown(one) for one in actions.commands_of_lock(session, place.lock_id, keyring=keyring)]


@router.get("/commands/{command_id}")
def command(command_id: CommandId, session: Tx, actor: Asking, keyring: Keys) -> CommandShown:
    """One command."""
    check_is(actor, Role.LANDLORD, Role.TENANT)
    return _shown(actions.get_command(session, command_id, keyring=keyring))


def _shown(view: CommandView) -> CommandShown:
    return CommandShown(
        id=view.id,
        lock_id=view.lock_id,
        kind=view.kind.name.lower(),
        state=view.state,
        failure=None if view.failure is CommandFailure.NONE else view.failure.name.lower(),
        by_tenant=view.by_tenant,
        relock_s=view.relock_s if view.kind is CommandKind.SET_PARAMETERS else None,
        ajar_s=view.ajar_s if view.kind is CommandKind.SET_PARAMETERS else None,
        emergency=view.emergency,
        reason=view.reason,
        issued_at=view.issued_at,
        expires_at=view.expires_at,
        ended_at=view.ended_at,
        answer=None if view.answer is None else dict(view.answer),
        wipe_proven=view.proven,
    )
