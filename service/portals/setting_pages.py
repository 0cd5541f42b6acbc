"""What a landlord asks of a lock only after a second look: other times, a new start, and erasing what it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from firmware_protocol.commands import CommandKind
from service.accounts.signed_in import checked_form
from service.commands import actions as commands
from service.commands.rules import Order, Place, fair_times
from service.edges.requests import Tx
from service.errors import AnmenError
from service.portals import forms
from service.portals.command_pages import order_of, times_of
from service.portals.forms import SentForm
from service.portals.questions import Question, ask
from service.portals.translation import N_
from service.portals.visits import LandlordVisit, Said, Visit
from service.premises import actions as premises

router = APIRouter(include_in_schema=False)


class Errand(StrEnum):
    """What is asked twice; the values stand in addresses."""

    RESTART = "restart"
    ERASE_FACES = "erase-faces"
    WIPE = "wipe"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    kind: CommandKind
    title: str
    sentences: tuple[str, ...]
    yes: str
    grave: bool = True


_ASKED: Mapping[Errand, _Asked] = {
    Errand.RESTART: _Asked(
        kind=CommandKind.REBOOT,
        title=N_("Start this lock again?"),
        sentences=(
            N_("It is away for about a minute and keeps everything it holds: ways in, times and its log."),
            N_("Meanwhile the mechanical key and the inside handle work as always."),
        ),
        yes=N_("Yes, start it again"),
        grave=False,
    ),
    Errand.ERASE_FACES: _Asked(
        kind=CommandKind.ERASE_BIOMETRIC,
        title=N_("Erase all faces from this lock?"),
        sentences=(
            N_("Cards and PINs stay on it. Nobody can open this door with the face until one is sent to it again."),
            N_(
                "This is for a lock that is given away or repaired; a tenant's own face goes when the tenant withdraws it."
            ),
        ),
        yes=N_("Yes, erase the faces"),
    ),
    Errand.WIPE: _Asked(
        kind=CommandKind.FACTORY_WIPE,
        title=N_("Empty this lock?"),
        sentences=(
            N_("The lock erases every way in and its own log, which is stored here first, and proves that it has."),
            N_("The mechanical key and the inside handle work as always."),
        ),
        yes=N_("Yes, empty it"),
    ),
}


@router.get("/locks/{lock_id}/times")
def show_times(visit: LandlordVisit, session: Tx, lock_id: str) -> Response:
    """How soon the door locks again, and when the lock says that it stands open."""
    place = commands.get_place(session, visit.actor, lock_id, now=visit.now)
    told = commands.commands_of_lock(session, place.lock_id, keyring=visit.parts.keyring)
    return _times_form(visit, session, place, forms.filled(times_of(told)))


@router.post("/locks/{lock_id}/times", dependencies=[checked_form])
def set_times(visit: LandlordVisit, session: Tx, lock_id: str, sent: SentForm) -> Response:
    """The lock is told its times."""
    place = commands.get_place(session, visit.actor, lock_id, now=visit.now)
    relock_s, ajar_s = (forms.read_count(sent.values[name]) for name in ("relock_s", "ajar_s"))
    order = Order(CommandKind.SET_PARAMETERS, relock_s=relock_s, ajar_s=ajar_s)
    given = forms.attempt(
        session,
        lambda: commands.give_order(
            session, visit.actor, place.lock_id, order, keyring=visit.parts.keyring, now=visit.now
        ),
    )
    if isinstance(given, AnmenError):
        return _times_form(visit, session, place, forms.refused(sent.values, given, visit.words))
    return visit.go(f"/locks/{place.lock_id}", Said.ORDERED)


@router.get("/locks/{lock_id}/{errand}")
def ask_about(visit: LandlordVisit, session: Tx, lock_id: str, errand: Errand) -> Response:
    """Ask whether it is meant."""
    place = commands.get_place(session, visit.actor, lock_id, now=visit.now)
    unit, asked = premises.get_unit(session, place.unit_id), _ASKED[errand]
    question = Question(
        title=asked.title,
        about=visit.words.place(unit.address, unit.number, shared=unit.shared) + " · " + place.lock_id,
        sentences=asked.sentences,
        yes=asked.yes,
        grave=asked.grave,
        address=f"/locks/{place.lock_id}/{errand}/now",
        back=f"/locks/{place.lock_id}",
    )
    return ask(visit, question)


@router.post("/locks/{lock_id}/{errand}/now", dependencies=[checked_form])
def order_errand(visit: LandlordVisit, session: Tx, lock_id: str, errand: Errand) -> Response:
    """It is meant: the lock is told."""
    place = commands.get_place(session, visit.actor, lock_id, now=visit.now)
    return order_of(visit, session, place, Order(_ASKED[errand].kind))


def _times_form(visit: Visit, session: Session, place: Place, form: forms.Form) -> Response:
    relock_s, ajar_s = fair_times(occupied=place.occupied)
    return visit.page(
        "lock_times.html",
        status=form.status,
        here=f"/locks/{place.lock_id}/times",
        unit=premises.get_unit(session, place.unit_id),
        lock_id=place.lock_id,
        occupied=place.occupied,
        relock_s=relock_s,
        ajar_s=ajar_s,
        form=form,
    )
