"""Tenancies and locks as pages show them: which state, which days, which sentence. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from firmware_protocol.topics import LockId
from firmware_protocol.transitions import LinkState
from service.access.rules import DeliveryState, LockDelivery
from service.doubts.rules import Doubt, DoubtKind
from service.locks.rules import BatteryState, LockView
from service.portals.translation import N_, Words, local_day
from service.portals.wording import LeaseState
from service.premises.rules import UnitId
from service.tenancy.actions import PlacedNotice, TenancyView
from service.tenancy.rules import EndReason, Notice, Span, TenancyId


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseShown:
    """A tenancy on a page; `last_day` is included. `notice`: what its landlord has said of its end, while that matters."""

    tenancy_id: TenancyId
    unit_id: UnitId
    number: str
    address: str
    name: str
    phone: str
    first_day: date
    last_day: date
    state: LeaseState
    ended_at: datetime | None
    with_face: bool
    running: bool
    notice: Notice | None = None
    lived_in: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingShown:
    """A tenancy that its landlord says is over, for those who look after the area."""

    place: str
    why: str
    next: str
    contradicted: bool
    stated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LockShown:
    """A lock on a page, in words."""

    lock_id: LockId
    live: bool
    contact: str
    battery_percent: int | None
    battery_low: bool
    firmware: str | None
    keys_since: datetime | None = None
    certificate_until: datetime | None = None
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryShown:
    """Where a tenant's way in is on one lock."""

    lock_id: LockId
    state: DeliveryState
    contact: str


def days_of(span: Span) -> tuple[date, date]:
    """First and last day of a lease, both included."""
    return local_day(span.starts_at), local_day(span.ends_at - timedelta(microseconds=1))


def lease_shown(view: TenancyView, now: datetime) -> LeaseShown:
    """A tenancy as it is shown at this moment."""
    first_day, last_day = days_of(view.span)
    return LeaseShown(
        tenancy_id=view.tenancy_id,
        unit_id=view.unit.id,
        number=view.unit.number,
        address=view.unit.address,
        name=view.name,
        phone=view.phone,
        first_day=first_day,
        last_day=last_day,
        state=lease_state(view, now),
        ended_at=view.ended_at,
        with_face=view.with_face,
        running=view.ended_at is None,
        notice=view.notice if view.notice and view.ended_at is None and view.notice.withdrawn_at is None else None,
        lived_in=view.span.starts_at <= now,
    )


def ending_shown(one: PlacedNotice, words: Words) -> EndingShown:
    """What was said of a room's tenancy, and what happens next; no name."""
    return EndingShown(
        place=words.place(one.address, one.number),
        why=words.say(_ENDING_WHY[one.notice.reason]),
        next=_next_of(one.notice, words),
        contradicted=one.notice.contradicted_at is not None,
        stated_at=one.notice.stated_at,
    )


_ENDING_WHY = {
    EndReason.AGREED: N_("The landlord says: agreed with the tenant"),
    EndReason.MOVED_OUT: N_("The landlord says: the tenant has moved out"),
}


def _next_of(notice: Notice, words: Words) -> str:
    if notice.contradicted_at is not None:
        return words.say(N_("The tenant still lives there; the tenancy goes on"))
    if notice.takes_effect_at is None:
        return words.say(N_("Waits for the tenant's own word"))
    return words.say(
        N_("Ends on {moment} unless the tenant says otherwise"), moment=words.moment(notice.takes_effect_at)
    )


def lease_state(view: TenancyView, now: datetime) -> LeaseState:
    """What matters most of a tenancy; "running" only when every lock has said that it has the way in."""
    states = {one.state for one in view.deliveries}
    if view.ended_at is not None:
        return LeaseState.LEAVING if DeliveryState.REMOVING in states else LeaseState.ENDED
    if DeliveryState.PENDING in states or not states:
        return LeaseState.ARRIVING
    return LeaseState.UPCOMING if now < view.span.starts_at else LeaseState.RUNNING


_DOUBTS = {
    DoubtKind.BOOTS_ALTERNATE: N_("Two devices take turns in speaking as this lock."),
    DoubtKind.BOOT_REUSED: N_("Two devices have started with this lock's keys."),
    DoubtKind.EVENTS_FORK: N_("Two different events came under one number of this lock."),
    DoubtKind.HEADS_FORK: N_("The lock has signed two different histories."),
    DoubtKind.CHAIN_FAILED: N_("What is stored differs from what the lock has signed."),
    DoubtKind.KEYS_SPLIT: N_("The lock says that it has keys which it was never given."),
    DoubtKind.SIGNING_KEY_CHANGED: N_("The lock signs with another key than before."),
}


def doubt_in_words(kind: DoubtKind, words: Words) -> str:
    """What speaks against a lock being the lock, in a sentence."""
    return words.say(_DOUBTS[kind])


def lock_shown(lock: LockView, words: Words, doubts: Sequence[Doubt] = ()) -> LockShown:
    """A lock's contact, battery and doubts in words."""
    return LockShown(
        lock_id=lock.id,
        live=lock.link is LinkState.LIVE,
        contact=_contact(lock, words),
        battery_percent=lock.battery_percent,
        battery_low=lock.battery in {BatteryState.LOW, BatteryState.CRITICAL},
        firmware=lock.firmware,
        keys_since=lock.keys_since,
        certificate_until=lock.certificate_until,
        doubts=tuple(doubt_in_words(one.kind, words) for one in doubts),
    )


def delivery_shown(one: LockDelivery, locks: Mapping[LockId, LockShown]) -> DeliveryShown:
    """Where the way in is on this lock, and whether we hear of the lock."""
    return DeliveryShown(lock_id=one.lock_id, state=one.state, contact=locks[one.lock_id].contact)


def unconfirmed(deliveries: Sequence[LockDelivery], locks: Mapping[LockId, LockShown], words: Words) -> list[str]:
    """A sentence for each lock that has not confirmed what we want: which one, and what may happen until when."""
    return [_unconfirmed(one, locks[one.lock_id], words) for one in deliveries if one.state in UNCONFIRMED]


UNCONFIRMED = {DeliveryState.PENDING, DeliveryState.REMOVING}
"""What we want and the lock has not said yet."""
_TOLD = N_("{lock} is being told and has not answered yet.")
_LATER = N_("{lock}: {contact}. It gets the way in when it is back.")
_MAY_OPEN = N_("{lock}: {contact}. It may still open for this tenant until {moment}; then it stops by itself.")


def _unconfirmed(one: LockDelivery, lock: LockShown, words: Words) -> str:
    if one.state is DeliveryState.REMOVING and one.held_until is not None:
        until = words.long_moment(one.held_until)
        return words.say(_MAY_OPEN, lock=one.lock_id, contact=lock.contact, moment=until)
    return words.say(_TOLD if lock.live else _LATER, lock=one.lock_id, contact=lock.contact)


def _contact(lock: LockView, words: Words) -> str:
    if lock.link is LinkState.LIVE:
        return words.say(N_("online"))
    if lock.last_seen_at is None:
        return words.say(N_("never heard of yet"))
    return words.say(N_("no contact since {moment}"), moment=words.moment(lock.last_seen_at))
