"""Alarms, for programs of the police and of grid staff."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from service.accounts.signed_in import AskingStaff
from service.alarms import actions
from service.alarms.actions import AlarmView
from service.alarms.rules import AlarmId, AlarmKind, AlarmState, Step, read_place, written_place
from service.edges.requests import Keys, Now, Tx

router = APIRouter(prefix="/api/v1", tags=["alarms"])


class AlarmShown(BaseModel):
    """An alarm of a room. `first_at`, `last_at`: at the door, by the lock's clock; `raised_at`: when it came to be known here."""

    id: AlarmId
    kind: AlarmKind
    state: AlarmState
    lock_id: str
    unit_id: int
    address: str
    number: str
    first_at: datetime
    last_at: datetime
    raised_at: datetime
    times: int
    attended_at: datetime | None
    attended_by: str
    closed_at: datetime | None
    closed_by: str

    @classmethod
    def of(cls, view: AlarmView) -> Self:
        """The alarm as it is shown."""
        one = view.alarm
        return cls(
            id=one.id,
            kind=one.kind,
            state=one.state,
            lock_id=one.lock_id,
            unit_id=one.unit_id,
            address=one.address,
            number=one.number,
            first_at=one.first_at,
            last_at=one.last_at,
            raised_at=one.raised_at,
            times=one.times,
            attended_at=one.attended_at,
            attended_by=view.attended_by,
            closed_at=one.closed_at,
            closed_by=view.closed_by,
        )


@router.get("/alarms")
def alarms(
    response: Response,
    session: Tx,
    _actor: AskingStaff,
    keyring: Keys,
    now: Now,
    after: Annotated[str | None, Query(max_length=60)] = None,
) -> list[AlarmShown]:
    """The alarms of one's own areas, the open ones first; closed ones for a week. Calls for help only for the police.

    At most 50; where there are more, the header Link says where the next ones are (rel="next").
    """
    page = actions.alarms_in_scope(session, keyring=keyring, now=now, after=read_place(after) if after else None)
    if page.next is not None:
        response.headers["Link"] = f'</api/v1/alarms?after={written_place(page.next)}>; rel="next"'
    return [AlarmShown.of(one) for one in page.alarms]


@router.post("/alarms/{alarm_id}/{step}", status_code=204)
def take_step(alarm_id: AlarmId, step: Step, session: Tx, actor: AskingStaff, now: Now) -> None:
    """Say that one sees to an alarm (`attend`), or that it is over (`close`)."""
    actions.take_step(session, actor, alarm_id, step, now=now)
