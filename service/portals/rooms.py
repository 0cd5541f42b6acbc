"""A landlord's rooms as pages show them. Pure: what is shown follows from the views handed in, never from who is in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from firmware_protocol.topics import LockId
from service.access.rules import DeliveryState
from service.portals.leases import LeaseShown, LockShown, days_of, lease_shown
from service.portals.translation import N_, Words
from service.portals.wording import RoomState
from service.premises.rules import BuildingId, UnitId
from service.tenancy.actions import InvitationView, RoomView, WaitingView
from service.tenancy.rules import InvitationId, InvitationState


@dataclass(frozen=True, slots=True, kw_only=True)
class LockLine:
    """One line about a lock on a room's card."""

    picture: str
    text: str
    warn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomCard:
    """One room in the overview."""

    unit_id: UnitId
    number: str
    state: RoomState
    about: str
    locks: tuple[LockLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingCards:
    """The rooms of one building."""

    building_id: BuildingId
    address: str
    rooms: tuple[RoomCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationShown:
    """An invitation nobody has answered."""

    invitation_id: InvitationId
    first_day: date
    last_day: date
    opened_at: datetime | None
    expires_at: datetime
    expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomShown:
    """One room on its own page."""

    unit_id: UnitId
    number: str
    address: str
    state: RoomState
    may_invite: bool
    waiting: tuple[WaitingView, ...]
    tenancies: tuple[LeaseShown, ...]
    invitations: tuple[InvitationShown, ...]
    locks: tuple[LockShown, ...]


def room_state(room: RoomView) -> RoomState:
    """What the landlord has to know first: somebody waits; somebody lives there; a lock still lets somebody in; an offer."""
    if room.waiting:
        return RoomState.WAITING
    if room.tenancies:
        return RoomState.LET
    if any(_is_leaving(room)):
        return RoomState.ENDING
    offered = any(one.state is not InvitationState.EXPIRED for one in room.invitations)
    return RoomState.INVITED if offered else RoomState.VACANT


def overview(
    rooms: Sequence[RoomView], locks: Mapping[UnitId, Sequence[LockShown]], words: Words
) -> tuple[BuildingCards, ...]:
    """The rooms by building, in the order they came."""
    return tuple(
        BuildingCards(
            building_id=building_id,
            address=address,
            rooms=tuple(_card(room, locks[room.unit.id], words) for room in of_building),
        )
        for (building_id, address), of_building in groupby(
            rooms, lambda room: (room.unit.building_id, room.unit.address)
        )
    )


def room_shown(room: RoomView, locks: Sequence[LockShown], now: datetime) -> RoomShown:
    """A room with all a landlord can do there."""
    offered = [one for one in room.invitations if one.state is not InvitationState.EXPIRED]
    return RoomShown(
        unit_id=room.unit.id,
        number=room.unit.number,
        address=room.unit.address,
        state=room_state(room),
        may_invite=len(room.tenancies) + len(room.waiting) + len(offered) < room.unit.capacity,
        waiting=room.waiting,
        tenancies=tuple(lease_shown(one, now) for one in (*room.tenancies, *room.ended)),
        invitations=tuple(map(_invitation_shown, room.invitations)),
        locks=tuple(locks),
    )


def _card(room: RoomView, locks: Sequence[LockShown], words: Words) -> RoomCard:
    lines = [line for lock in locks for line in _lock_lines(lock, words)]
    return RoomCard(
        unit_id=room.unit.id,
        number=room.unit.number,
        state=room_state(room),
        about=_about(room, words),
        locks=tuple(lines) or (LockLine(picture="lock", text=words.say(N_("no lock yet")), warn=False),),
    )


def _about(room: RoomView, words: Words) -> str:
    match room_state(room):
        case RoomState.WAITING:
            return _list(words, [one.name for one in room.waiting])
        case RoomState.LET:
            return _list(words, [_until(one.name, days_of(one.span)[1], words) for one in room.tenancies])
        case RoomState.ENDING:
            return words.say(N_("A lock still has to confirm"))
        case RoomState.INVITED:
            first = days_of(room.invitations[0].invitation.span)[0]
            return words.say(N_("from {day}"), day=words.day(first))
        case RoomState.VACANT:
            return ""


def _until(name: str, last_day: date, words: Words) -> str:
    return words.say(N_("{name}, until {day}"), name=name, day=words.day(last_day))


def _list(words: Words, parts: Sequence[str]) -> str:
    return ("；" if words.locale == "zh" else "; ").join(parts)


def _lock_lines(lock: LockShown, words: Words) -> list[LockLine]:
    text = words.say(N_("Lock: {contact}"), contact=lock.contact)
    lines = [LockLine(picture="lock" if lock.live else "warning", text=text, warn=not lock.live)]
    if lock.doubts:
        lines.append(LockLine(picture="warning", text=words.say(N_("This lock's identity is in doubt")), warn=True))
    if lock.battery_low:
        low = words.say(N_("Battery {percent} %: change it soon"), percent=lock.battery_percent)
        lines.append(LockLine(picture="battery", text=low, warn=True))
    return lines


def _is_leaving(room: RoomView) -> list[bool]:
    return [one.state is DeliveryState.REMOVING for view in room.ended for one in view.deliveries]


def _invitation_shown(view: InvitationView) -> InvitationShown:
    first_day, last_day = days_of(view.invitation.span)
    return InvitationShown(
        invitation_id=view.invitation.id,
        first_day=first_day,
        last_day=last_day,
        opened_at=view.invitation.opened_at,
        expires_at=view.invitation.expires_at,
        expired=view.state is InvitationState.EXPIRED,
    )


def lock_ids(locks: Mapping[UnitId, Sequence[LockId]]) -> list[LockId]:
    """All locks of these rooms, each once."""
    return sorted({lock for of_unit in locks.values() for lock in of_unit})
