"""Whether everything of a lock's day is in the register: for its landlord, and for the police of the area."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from service.accounts.rules import Role
from service.accounts.signed_in import check_is
from service.completeness.rules import Verdict
from service.completeness.telling import last_whole_day, verdict_in_scope
from service.edges.requests import Tx
from service.errors import AnmenError, BadInput
from service.portals import forms
from service.portals.translation import N_
from service.portals.visits import AnyVisit, Visit

router = APIRouter(include_in_schema=False)
_MEANS = {
    Verdict.COMPLETE: N_("Everything the lock wrote down on this day is stored, and the lock has signed for it."),
    Verdict.LOST: N_("Complete but for what the lock itself says it has lost, for example when its power failed."),
    Verdict.NOT_YET: N_(
        "The lock has not signed for this day yet, or not everything has arrived. Ask again when it has been online."
    ),
    Verdict.BROKEN: N_(
        "What is stored is not what the lock has signed. Do not rely on this day; tell whoever runs the service at once."
    ),
    Verdict.UNSIGNED: N_("Nothing seems to be missing, but no signature of the lock vouches for it."),
}


def _concerned(visit: AnyVisit) -> Visit:
    check_is(visit.actor, Role.LANDLORD, Role.OFFICER)
    return visit


@router.get("/certificates")
def show_certificate(
    visit: Annotated[Visit, Depends(_concerned)], session: Tx, lock: str = "", day: str = ""
) -> Response:
    """The form, and the answer under it when lock and day were given."""
    latest = last_whole_day(visit.now)
    form = forms.filled({"lock": lock.strip().upper(), "day": day or latest.isoformat()})
    found = forms.attempt(
        session,
        lambda: (
            verdict_in_scope(session, form.values["lock"], _read_day(day), keyring=visit.parts.keyring, now=visit.now)
            if day
            else None
        ),
    )
    if isinstance(found, AnmenError):
        form, found = forms.refused(form.values, found, visit.words), None
    return visit.page(
        "certificate.html",
        status=form.status,
        here="/certificates",
        form=form,
        latest=latest,
        unit=found[0] if found else None,
        verdict=found[1] if found else None,
        means=visit.words.say(_MEANS[found[1]]) if found else "",
        day=_read_day(day) if found else None,
    )


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("Please choose a day that is over.", code="certificate_day", field="day") from None
