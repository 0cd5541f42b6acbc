"""A lock's day, told to people: whether it is complete, and nothing of what happened in it.

How many numbers a day has, and when they were signed, would tell when somebody comes and goes; that stays with whoever runs
the service (`anmen certificate`).
"""

from datetime import date, datetime, timedelta

from sqlmodel import Session

from firmware_protocol.topics import lock_id
from service.completeness.actions import BEIJING, certificate
from service.completeness.rules import Verdict
from service.edges.elevation import as_system
from service.edges.keyring import Keyring
from service.errors import BadInput, NotFound
from service.premises import actions as premises
from service.premises.rules import UnitView

# Before this there was no lock that signs.
_FIRST_DAY = date(2020, 1, 1)


def last_whole_day(now: datetime) -> date:
    """The latest day that is over, as the locks' place counts days."""
    return now.astimezone(BEIJING).date() - timedelta(days=1)


def verdict_in_scope(
    session: Session, lock: str, day: date, *, keyring: Keyring, now: datetime
) -> tuple[UnitView, Verdict]:
    """Where the lock hangs and what is certified of its day; BadInput where whoever asks may not see the room, or the day is not over."""
    unit = _place(session, lock, now)
    if not _FIRST_DAY <= day <= last_whole_day(now):
        raise BadInput("Please choose a day that is over.", code="certificate_day", field="day")
    with as_system(session):
        verdict = certificate(session, lock_id(lock), day, keyring=keyring).verdict
    return unit, verdict


def _place(session: Session, lock: str, now: datetime) -> UnitView:
    """The same refusal for a lock that is elsewhere and for one there is not."""
    refusal = BadInput(
        "You have no lock with this number. It is L- and twelve letters or digits.", code="lock_id", field="lock"
    )
    try:
        hangs = premises.unit_of_lock(session, lock_id(lock), now)
    except ValueError:
        raise refusal from None
    if hangs is None:
        raise refusal
    try:
        return premises.get_unit(session, hangs)
    except NotFound:
        raise refusal from None
