"""What becomes due by itself: tenancies whose date has come, registrations nobody decided, sessions that are over.

Every serving process runs this once a minute; an advisory lock lets one of them do the work. Each job is a transaction
of its own, so that one that fails keeps none of the others from being done.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from face_engine import FaceEngine
from service.accounts import actions as accounts
from service.completeness import actions as completeness
from service.edges.alone import alone
from service.edges.faults import name_of
from service.edges.keyring import Keyring
from service.edges.notices import Notices
from service.edges.requests import Parts
from service.edges.transaction import SYSTEM, transaction
from service.enrolling import actions as enrolling
from service.occupancy import actions as occupancy
from service.presence import actions as presence
from service.reactions import react
from service.rekeying import actions as rekeying
from service.retention import actions as retention
from service.retention.rules import days_kept
from service.rollout import actions as rollout
from service.tenancy import actions as tenancy
from service.visits import actions as visits

log = logging.getLogger(__name__)

EVERY_S = 60.0
LOOK_EVERY_S = 0.5
# Any number will do that nobody else in this database uses.
ADVISORY_LOCK = 7_301_966


def end_tenancies(session: Session, now: datetime) -> None:
    """End those whose date has come, and everything that follows from it."""
    ended = tenancy.end_due(session, now=now)
    if ended is not None:
        react(session, ended, now)


def end_noticed_tenancies(session: Session, now: datetime) -> None:
    """End those whose landlord said a day ago that the tenant has left, and nothing has spoken against it."""
    ended = tenancy.end_noticed(session, now=now)
    if ended is not None:
        react(session, ended, now)


def refuse_stale_registrations(session: Session, now: datetime) -> None:
    """What nobody decided is refused, and what waited with it erased."""
    tenancy.refuse_stale(session, now=now)


def end_visits(session: Session, now: datetime) -> None:
    """Visitors' PINs whose day is over."""
    visits.end_over(session, now=now)


def forget_visitors(session: Session, now: datetime) -> None:
    """Rooms where a visitor came in long ago."""
    presence.forget_visitors(session, now=now)


def forget_sessions(session: Session, now: datetime) -> None:
    """Sessions that are over and failures that no longer count."""
    accounts.forget_expired(session, now=now)


def count_residents(session: Session, now: datetime) -> None:
    """Leases that begin by the clock are counted from then on."""
    occupancy.settle_residents(session, now=now)


def check_signed_heads(session: Session, now: datetime, *, keyring: Keyring) -> None:
    """What locks have signed is held against what is stored; what does not verify is seen, not only kept."""
    completeness.check_due(session, keyring, now)


def bring_faces_again(session: Session, now: datetime, *, keyring: Keyring) -> None:
    """Faces that a lock has erased by command, while they are to be on it."""
    enrolling.bring_again(session, keyring=keyring, now=now)


def forget_past_keys(session: Session, now: datetime) -> None:
    """Chain keys of past key epochs that nothing needs any more."""
    rekeying.forget_past_keys(session, now)


def include_late_locks(session: Session, now: datetime) -> None:
    """Locks that came when a roll-out of firmware had begun."""
    rollout.include_late(session, now=now)


def forget_old_rows(session: Session, now: datetime, *, settings: Mapping[str, int]) -> None:
    """What was kept long enough."""
    retention.forget_old(session, days_kept(settings), now)


JOBS: tuple[Callable[[Session, datetime], None], ...] = (
    end_tenancies,
    end_noticed_tenancies,
    refuse_stale_registrations,
    count_residents,
    end_visits,
    forget_visitors,
    forget_sessions,
    forget_past_keys,
    include_late_locks,
)
# Those that open what is sealed.
KEYED_JOBS = (check_signed_heads, bring_faces_again)
# Those that a deployment sets times for.
KEEPING_JOBS = (forget_old_rows,)


def run_due(
    engine: Engine, now: datetime, keyring: Keyring, retention_days: Mapping[str, int] = MappingProxyType({})
) -> int:
    """Do every job once, unless another process is at it; returns how many were done."""
    done = 0
    named = [(job.__name__, job) for job in JOBS]
    named += [(job.__name__, partial(job, keyring=keyring)) for job in KEYED_JOBS]
    named += [(job.__name__, partial(job, settings=retention_days)) for job in KEEPING_JOBS]
    for name, job in named:
        try:
            with transaction(engine, SYSTEM) as session:
                if alone(session, ADVISORY_LOCK):
                    job(session, now)
                    done += 1
        except Exception as fault:  # noqa: BLE001  # or no tenancy would end any more
            log.warning("%s could not be done (%s); it is tried again", name, name_of(fault))
    return done


def settle_faces(engine: Engine, now: datetime, keyring: Keyring, faces: FaceEngine) -> int:
    """Decide on every face that a lock has taken, each in a transaction of its own; how many there were."""
    with transaction(engine, SYSTEM) as session:
        waiting = enrolling.waiting(session)
    for command, person in waiting:
        try:
            with transaction(engine, SYSTEM) as session:
                enrolling.settle(session, command, person, engine=faces, keyring=keyring, now=now)
        except Exception as fault:  # noqa: BLE001  # one that cannot be decided must not keep the others waiting
            log.warning("a face taken at a lock could not be decided on (%s); it is tried again", name_of(fault))
    return len(waiting)


class JobThread:
    """Runs what is due every minute, and what somebody at a door waits for at once, until it is stopped."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._notices = Notices(parts.database, "anmen_faces")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin; the first round is at once."""
        self._notices.start()
        self._thread.start()

    def stop(self) -> None:
        """End after the job in hand."""
        self._stop.set()
        self._thread.join(timeout=10)
        self._notices.stop()

    def _round(self) -> None:
        parts = self._parts
        run_due(parts.database, parts.clock(), parts.keyring, parts.settings.retention_days)

    def _run(self) -> None:
        due_at = 0.0
        while True:
            if time.monotonic() >= due_at:
                due_at = time.monotonic() + EVERY_S
                self._round()
                self._settle()
            if self._stop.wait(LOOK_EVERY_S):
                return
            if self._notices.take():
                self._settle()

    def _settle(self) -> None:
        parts = self._parts
        try:
            settle_faces(parts.database, parts.clock(), parts.keyring, parts.faces)
        except DBAPIError as fault:
            log.warning("the database is away (%s)", name_of(fault))
