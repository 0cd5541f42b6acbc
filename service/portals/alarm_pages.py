"""Alarms for those who must see to them: which room, what, when, and who is on the way."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from service.accounts.signed_in import checked_form
from service.alarms import actions as alarms
from service.alarms.rules import AlarmId, AlarmKind, AlarmState, Step, read_place, written_place
from service.edges.requests import Tx
from service.portals.visits import ID, Said, StaffVisit

router = APIRouter(include_in_schema=False)
_SAID = {Step.ATTEND: Said.ALARM_ATTENDED, Step.CLOSE: Said.ALARM_CLOSED}


@router.get("/alarms")
def show_alarms(visit: StaffVisit, session: Tx, after: Annotated[str | None, Query(max_length=60)] = None) -> Response:
    """The alarms of one's areas; the page shows new ones by itself."""
    place = read_place(after) if after else None
    count = alarms.count_in_scope(session)
    shown, more = alarms.alarms_in_scope(session, keyring=visit.parts.keyring, now=visit.now, after=place)
    return visit.page(
        "alarms.html",
        groups=[(state, [one for one in shown if one.alarm.state is state]) for state in AlarmState],
        calls=any(one.alarm.kind is AlarmKind.DURESS and one.alarm.closed_at is None for one in shown),
        later=place is not None,
        next=written_place(more) if more else None,
        again=".".join(map(str, count)),
        wide=True,
    )


@router.post("/alarms/{alarm_id}/{step}", dependencies=[checked_form])
def take_step(visit: StaffVisit, session: Tx, alarm_id: Annotated[AlarmId, ID], step: Step) -> Response:
    """One sees to it, or it is over."""
    alarms.take_step(session, visit.actor, alarm_id, step, now=visit.now)
    return visit.go("/alarms", _SAID[step])
