"""Raising alarms, showing them, and seeing to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from firmware_protocol.topics import shard_of
from service.accounts import actions as accounts
from service.accounts.rules import AccountId, Actor
from service.alarms import records
from service.alarms.rules import (
    ALARM_TRANSITIONS,
    Alarm,
    AlarmCount,
    AlarmId,
    AlarmPlace,
    AlarmState,
    Step,
    alarms_of,
    place_of,
)
from service.audit.actions import record
from service.audit.rules import Act
from service.edges.keyring import Keyring
from service.entry.rules import StoredEntry
from service.errors import Conflict, NotFound
from service.presence import actions as presence

CLOSED_SHOWN = timedelta(days=7)
A_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmView:
    """An alarm and the names of those who saw to it; empty where nobody has yet."""

    alarm: Alarm
    attended_by: str
    closed_by: str


class AlarmPage(NamedTuple):
    """Some of the alarms in their order, and where the next ones begin; None where these are the last."""

    alarms: tuple[AlarmView, ...]
    next: AlarmPlace | None


def raise_from(session: Session, stored: Sequence[StoredEntry], now: datetime) -> set[int]:
    """Open what these entries give rise to; the shards whose feed has to move for it."""
    raised = alarms_of(stored)
    if raised:
        records.raise_alarms(session, raised, now)
    return {shard_of(one.lock_id) for one in raised}


def alarms_in_scope(
    session: Session, *, keyring: Keyring, now: datetime, after: AlarmPlace | None = None, most: int = A_PAGE
) -> AlarmPage:
    """What whoever asks may see, the open ones first; closed ones for a week. `after`: the `next` of the page before."""
    found = records.shown(session, now - CLOSED_SHOWN, after=after, most=most + 1)
    found, more = found[:most], len(found) > most
    names = {
        account: accounts.account_name(session, AccountId(account), keyring=keyring)
        for account in {by for one in found for by in (one.attended_by, one.closed_by) if by is not None}
    }
    views = tuple(
        AlarmView(
            alarm=one,
            attended_by=names.get(one.attended_by or 0, ""),
            closed_by=names.get(one.closed_by or 0, ""),
        )
        for one in found
    )
    return AlarmPage(views, place_of(found[-1]) if more else None)


def count_in_scope(session: Session) -> AlarmCount:
    """How many whoever asks has to know of."""
    return records.count(session)


def take_step(session: Session, actor: Actor, alarm_id: AlarmId, step: Step, *, now: datetime) -> None:
    """The actor sees to the alarm, or has; what somebody did already is left as it is.

    NotFound for an alarm out of sight; Conflict where it would be closed before anybody saw to it.
    """
    held = records.hold(session, alarm_id)
    if held is None:
        raise NotFound("There is no such alarm.", code="alarm")
    after = ALARM_TRANSITIONS.get((held.state, step))
    if after is None:
        raise Conflict("Nobody has said yet that they see to this alarm. Please do that first.", code="alarm_open")
    if after is held.state:
        return
    write, act = _STEPS[after]
    write(session, alarm_id, account_id=actor.account_id, now=now)
    record(session, actor, act, alarm_id, now=now, kind=held.kind.value)
    presence.show_again(session, [held.lock_id])


_STEPS = {
    AlarmState.ATTENDED: (records.attend, Act.ALARM_ATTENDED),
    AlarmState.CLOSED: (records.close, Act.ALARM_CLOSED),
}
