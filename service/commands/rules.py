"""Who may order what of a lock, and for how long it is meant. Pure.

A room that somebody lives in is theirs: its landlord opens it from afar in an emergency only, stated, recorded and shown to
the tenant; nothing is erased or wiped while a tenancy runs, and the door's times stay within what annoys nobody. No order
can lock a door.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType

from firmware_protocol.commands import CommandFailure, CommandKind, can
from firmware_protocol.commands_followed import OrderState
from firmware_protocol.commands_judged import AJAR_S, RELOCK_S, SHOWN_S, UNLOCKED_S
from firmware_protocol.enrolment import WINDOW_S
from firmware_protocol.topics import LockId
from firmware_protocol.transitions import LinkState
from service.accounts.rules import AccountId, Role
from service.errors import BadInput, Conflict, NotAllowed, NotFound
from service.premises.rules import UnitId

CommandId = NewType("CommandId", str)
"""32 hexadecimal digits."""

MOST_OUTSTANDING = 8
REASON_LENGTHS = range(6, 301)
# How long each is meant, in seconds. Whoever opens from afar stands at the telephone now.
LIFE_S: Mapping[CommandKind, int] = {
    CommandKind.UNLOCK_DOOR: 60,
    CommandKind.IDENTIFY: 300,
    CommandKind.READ_BACK: 300,
    CommandKind.SET_PARAMETERS: 86_400,
    CommandKind.ERASE_BIOMETRIC: 86_400,
    CommandKind.FACTORY_WIPE: 86_400,
    CommandKind.REBOOT: 300,
    # The window, and time for the template to come when the link has broken meanwhile.
    CommandKind.START_ENROLMENT: 3600,
}
BY_TENANT = frozenset(
    {CommandKind.UNLOCK_DOOR, CommandKind.IDENTIFY, CommandKind.SET_PARAMETERS, CommandKind.START_ENROLMENT}
)
ONLY_TENANT = frozenset({CommandKind.START_ENROLMENT})
# Somebody stands before the door for these.
_LIVE = frozenset({CommandKind.UNLOCK_DOOR, CommandKind.START_ENROLMENT})
ONLY_VACANT = frozenset({CommandKind.ERASE_BIOMETRIC, CommandKind.FACTORY_WIPE})
# In a let room: shut again before somebody with full hands is in, or an alarm at every visit, are ways to drive a tenant out;
# an hour without an alarm is a way in for others.
LET_RELOCK_S = (5, 30)
LET_AJAR_S = (30, 600)
# What a tenant notices, a landlord orders of a let room only so often.
LET_PACE = timedelta(hours=1)
NOTICED = frozenset({CommandKind.IDENTIFY, CommandKind.REBOOT, CommandKind.SET_PARAMETERS})


class Emergency(StrEnum):
    """Why a landlord opens a room that somebody lives in."""

    FIRE = "fire"
    WATER = "water"
    GAS = "gas"
    PERSON_IN_DANGER = "person_in_danger"


@dataclass(frozen=True, slots=True)
class Order:
    """What is ordered; arguments that the kind does not have are left as they are. `reason`: in the landlord's words.

    `engine`, `model`: of which engine a face is to be, as a lock names its own.
    """

    kind: CommandKind
    seconds: int = 8
    relock_s: int = 5
    ajar_s: int = 60
    emergency: Emergency | None = None
    reason: str = ""
    engine: int = 0
    model: bytes = b""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the lock hangs, as far as whoever orders may see it. `own`: the asking person's tenancy runs there.

    `lived_behind`: anybody's tenancy runs behind this door, whether or not whoever orders may see it; `occupied`: and it is
    their own door, as the house's is where a room has no lock of its own.
    """

    lock_id: LockId
    unit_id: UnitId
    landlord_id: AccountId
    shard: int
    link: LinkState
    capabilities: Mapping[str, Any]
    lived_behind: bool
    occupied: bool
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandView:
    """A command as people see it. `by_tenant`: ordered by a tenant, else by the landlord. The two times: of SET_PARAMETERS only."""

    id: CommandId
    lock_id: LockId
    unit_id: UnitId
    kind: CommandKind
    state: OrderState
    failure: CommandFailure
    by_tenant: bool
    relock_s: int
    ajar_s: int
    emergency: Emergency | None
    reason: str
    issued_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    answer: Mapping[str, Any] | None
    proven: bool


def check_may_order(role: Role, place: Place, order: Order) -> None:
    """NotAllowed, NotFound, Conflict or BadInput where this order may not be given; they say what may be done instead."""
    if role is Role.TENANT:
        _check_tenant(place, order)
    elif role is Role.LANDLORD:
        _check_landlord(place, order)
    else:
        raise NotAllowed("Doors are opened by those who live there, and by their landlord.", code="command_role")
    if not can(place.capabilities.get("commands"), order.kind):
        raise Conflict("This lock cannot do that, or it has not been heard of yet.", code="command_unsupported")
    if order.kind in _LIVE and place.link is not LinkState.LIVE:
        raise Conflict("The lock is offline: it cannot be told now. Please try again later.", code="lock_offline")
    if order.kind is CommandKind.START_ENROLMENT:
        _check_engine(place, order)


def check_pace(role: Role, place: Place, kind: CommandKind, *, latest: datetime | None, now: datetime) -> None:
    """Conflict where a landlord would disturb a let room again; `latest`: when this kind was last ordered of it."""
    disturbs = role is Role.LANDLORD and place.occupied and kind in NOTICED
    if disturbs and latest is not None and now < latest + LET_PACE:
        raise Conflict("Somebody lives there: you can do this once an hour.", code="command_pace")


def fair_times(*, occupied: bool) -> tuple[tuple[int, int], tuple[int, int]]:
    """Least and most seconds until a door locks again, and until it calls when it stands open."""
    return (LET_RELOCK_S, LET_AJAR_S) if occupied else (RELOCK_S, AJAR_S)


def check_arguments(order: Order, *, occupied: bool) -> None:
    """BadInput where a time lies outside what locks take, or outside what is fair where somebody lives."""
    relock_s, ajar_s = fair_times(occupied=occupied)
    limits = {
        CommandKind.UNLOCK_DOOR: (("seconds", order.seconds, UNLOCKED_S),),
        CommandKind.IDENTIFY: (("seconds", order.seconds, SHOWN_S),),
        CommandKind.START_ENROLMENT: (("seconds", order.seconds, WINDOW_S),),
        CommandKind.SET_PARAMETERS: (("relock_s", order.relock_s, relock_s), ("ajar_s", order.ajar_s, ajar_s)),
    }
    for field, value, (least, most) in limits.get(order.kind, ()):
        if not least <= value <= most:
            raise BadInput(
                "This many seconds cannot be: {least} to {most}.",
                code="command_seconds",
                field=field,
                least=least,
                most=most,
            )


def needs_emergency(role: Role, place: Place, kind: CommandKind) -> bool:
    """Whether an emergency has to be stated for this."""
    return role is Role.LANDLORD and kind is CommandKind.UNLOCK_DOOR and place.occupied


def shown_answer(answer: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What people see of a lock's answer; how many ways in it holds was kept once, and would tell of visitors and emergency PINs."""
    return None if answer is None else {key: said for key, said in answer.items() if key not in {"entries", "erased"}}


def read_reason(text: str) -> str:
    """The reason in one line; BadInput where it says too little or too much."""
    reason = " ".join(text.split())
    if len(reason) not in REASON_LENGTHS or not reason.isprintable():
        raise BadInput(
            "Please say in 6 to 300 characters what has happened. The tenant will read it.",
            code="emergency_reason",
            field="reason",
        )
    return reason


def _check_tenant(place: Place, order: Order) -> None:
    if not place.own:
        raise NotFound("There is no such lock.", code="lock")
    if order.kind not in BY_TENANT:
        raise NotAllowed("This is for the landlord to do.", code="command_role")


def _check_engine(place: Place, order: Order) -> None:
    said = place.capabilities.get("face_engine"), place.capabilities.get("face_model")
    if said != (order.engine, order.model.hex()):
        raise Conflict(
            "This lock's camera knows faces in another way than this service does. Card and PIN go on opening.",
            code="engine_differs",
        )


def _check_landlord(place: Place, order: Order) -> None:
    if order.kind in ONLY_TENANT:
        raise NotAllowed("Only the tenant can have the own face taken, on the own page.", code="command_role")
    if order.kind in ONLY_VACANT and place.lived_behind:
        raise Conflict(
            "Somebody lives there: a lock is emptied only when the tenancy has ended.", code="command_occupied"
        )
    if needs_emergency(Role.LANDLORD, place, order.kind):
        if order.emergency is None:
            raise BadInput(
                "Somebody lives there. You may open from afar only in an emergency: please say which.",
                code="emergency",
                field="emergency",
            )
        read_reason(order.reason)
