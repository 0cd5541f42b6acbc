"""What is ordered of locks: by the landlord on the lock's page, by the tenant on the page of the own door."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from firmware_protocol.commands import CommandKind
from firmware_protocol.commands_followed import ENDED, OrderState
from firmware_protocol.topics import LockId
from service.accounts.signed_in import checked_form
from service.commands import actions as commands
from service.commands.rules import LET_AJAR_S, LET_RELOCK_S, CommandView, Emergency, Order, Place, needs_emergency
from service.custody import leaving, unused
from service.edges.requests import Tx
from service.errors import AnmenError
from service.locks import actions as locks
from service.portals import forms
from service.portals.forms import SentForm
from service.portals.leases import lock_shown
from service.portals.visits import ID, LandlordVisit, Said, TenantVisit, Visit
from service.premises import actions as premises
from service.tenancy import actions as tenancy
from service.tenancy.rules import TenancyId

router = APIRouter(include_in_schema=False)
# What a landlord orders with one press; everything else is asked first.
_AT_ONCE = {"identify": CommandKind.IDENTIFY, "read-back": CommandKind.READ_BACK}
# As locks leave their maker (docs/protocol/commands.md).
USUAL_TIMES = {"relock_s": "5", "ajar_s": "60"}


@router.get("/locks/{lock_id}")
def show_lock(visit: LandlordVisit, session: Tx, lock_id: str) -> Response:
    """A lock of one's own, and what was ordered of it."""
    return _lock_page(visit, session, commands.get_place(session, visit.actor, lock_id, now=visit.now), forms.Form())


@router.post("/locks/{lock_id}/order/{kind}", dependencies=[checked_form])
def order_at_once(visit: LandlordVisit, session: Tx, lock_id: str, kind: str) -> Response:
    """Let the lock show itself, or tell what it holds."""
    place = commands.get_place(session, visit.actor, lock_id, now=visit.now)
    wanted = _AT_ONCE.get(kind)
    if wanted is None:
        return visit.go(f"/locks/{place.lock_id}")
    return order_of(visit, session, place, Order(wanted))


@router.get("/locks/{lock_id}/open")
def ask_to_open(visit: LandlordVisit, session: Tx, lock_id: str) -> Response:
    """Ask whether it is meant; where somebody lives there, which emergency it is."""
    place = commands.get_place(session, visit.actor, lock_id, now=visit.now)
    return _open_form(visit, session, place, forms.Form())


@router.post("/locks/{lock_id}/open/now", dependencies=[checked_form])
def open_room(visit: LandlordVisit, session: Tx, lock_id: str, sent: SentForm) -> Response:
    """The room is opened from afar."""
    place = commands.get_place(session, visit.actor, lock_id, now=visit.now)
    stated = next((one for one in Emergency if one == sent.values["emergency"]), None)
    order = Order(CommandKind.UNLOCK_DOOR, emergency=stated, reason=sent.values["reason"])
    given = forms.attempt(session, lambda: _give(visit, session, place, order))
    if isinstance(given, AnmenError):
        return _open_form(visit, session, place, forms.refused(sent.values, given, visit.words))
    return visit.go(f"/locks/{place.lock_id}", Said.ORDERED)


@router.get("/me/tenancies/{tenancy_id}/door")
def show_my_door(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID]) -> Response:
    """The own door: open it from afar, and see who else has."""
    return _door_page(visit, session, tenancy_id, forms.Form())


@router.post("/me/tenancies/{tenancy_id}/door/{lock_id}", dependencies=[checked_form])
def open_my_door(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID], lock_id: str) -> Response:
    """Open it."""
    place = commands.get_place(session, visit.actor, lock_id, now=visit.now)
    given = forms.attempt(session, lambda: _give(visit, session, place, Order(CommandKind.UNLOCK_DOOR)))
    if isinstance(given, AnmenError):
        return _door_page(visit, session, tenancy_id, forms.refused({}, given, visit.words))
    return visit.go(f"/me/tenancies/{tenancy_id}/door", Said.ORDERED)


@router.post("/me/tenancies/{tenancy_id}/times", dependencies=[checked_form])
def set_my_times(visit: TenantVisit, session: Tx, tenancy_id: Annotated[TenancyId, ID], sent: SentForm) -> Response:
    """How soon the own door locks again, and calls when it stands open."""
    view = tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    relock_s, ajar_s = (forms.read_count(sent.values[name]) for name in ("relock_s", "ajar_s"))
    order = Order(CommandKind.SET_PARAMETERS, relock_s=relock_s, ajar_s=ajar_s)
    for lock in premises.locks_of_unit(session, view.unit.id, visit.now):
        place = commands.get_place(session, visit.actor, lock, now=visit.now)
        given = forms.attempt(session, partial(_give, visit, session, place, order))
        if isinstance(given, AnmenError):
            return _door_page(visit, session, tenancy_id, forms.refused(sent.values, given, visit.words))
    return visit.go(f"/me/tenancies/{tenancy_id}/door", Said.ORDERED)


def times_of(shown: tuple[CommandView, ...]) -> dict[str, str]:
    """The times the lock was last told and has taken, as a form's values; else those it leaves its maker with."""
    for one in shown:
        if one.kind is CommandKind.SET_PARAMETERS and one.state is OrderState.DONE:
            return {"relock_s": str(one.relock_s), "ajar_s": str(one.ajar_s)}
    return USUAL_TIMES


def order_of(visit: Visit, session: Session, place: Place, order: Order) -> Response:
    """Order it and go on to the lock's page, which says why where it could not be ordered."""
    given = forms.attempt(session, lambda: _give(visit, session, place, order))
    if isinstance(given, AnmenError):
        return _lock_page(visit, session, place, forms.refused({}, given, visit.words))
    return visit.go(f"/locks/{place.lock_id}", Said.ORDERED)


def _give(visit: Visit, session: Session, place: Place, order: Order) -> CommandView:
    return commands.give_order(session, visit.actor, place.lock_id, order, keyring=visit.parts.keyring, now=visit.now)


def _lock_page(visit: Visit, session: Session, place: Place, form: forms.Form) -> Response:
    shown = commands.commands_of_lock(session, place.lock_id, keyring=visit.parts.keyring)
    return visit.page(
        "lock.html",
        status=form.status,
        here=f"/locks/{place.lock_id}",
        unit=premises.get_unit(session, place.unit_id),
        lock=lock_shown(locks.views(session, [place.lock_id])[place.lock_id], visit.words),
        occupied=place.occupied,
        lived_behind=place.lived_behind,
        commands=shown,
        refresh=waits_for_word(shown),
        form=form,
    )


def _open_form(visit: Visit, session: Session, place: Place, form: forms.Form) -> Response:
    return visit.page(
        "open_room.html",
        status=form.status,
        here=f"/locks/{place.lock_id}/open",
        unit=premises.get_unit(session, place.unit_id),
        lock_id=place.lock_id,
        emergencies=tuple(Emergency) if needs_emergency(visit.actor.role, place, CommandKind.UNLOCK_DOOR) else (),
        form=form,
    )


def _door_page(visit: Visit, session: Session, tenancy_id: TenancyId, form: forms.Form) -> Response:
    view = tenancy.get_tenancy(session, visit.actor, tenancy_id, keyring=visit.parts.keyring)
    hanging: tuple[LockId, ...] = premises.locks_of_unit(session, view.unit.id, visit.now)
    known = locks.views(session, hanging)
    shown = commands.commands_of_unit(session, view.unit.id, keyring=visit.parts.keyring)
    reports = leaving.open_reports(session, unit_id=view.unit.id, keyring=visit.parts.keyring)
    return visit.page(
        "my_door.html",
        unused=unused.of_room(session, view.unit.id, visit.now) if view.ended_at is None else (),
        relock_s=LET_RELOCK_S,
        ajar_s=LET_AJAR_S,
        status=form.status,
        here=f"/me/tenancies/{tenancy_id}/door",
        tenancy_id=tenancy_id,
        unit=view.unit,
        running=view.ended_at is None and view.span.starts_at <= visit.now,
        locks=[lock_shown(known[one], visit.words) for one in hanging],
        commands=shown,
        reports=reports,
        said_so=leaving.said_so(session, visit.actor, [one.id for one in reports]),
        refresh=waits_for_word(shown),
        form=replace(form, values=forms.Answers(times_of(shown) | form.values)),
    )


def waits_for_word(shown: tuple[CommandView, ...]) -> bool:
    """Whether a word of the lock is still to come, so that the page looks again by itself."""
    return any(one.state not in ENDED and one.state is not OrderState.SILENT for one in shown)
