"""How a lock leaves its landlord: given away once it has proven that it is empty, or reported stolen or broken.

Where somebody lives, a landlord's word alone shuts no lock out: it would shut the tenant out when the leases end, and leave
what happens at the door out of the register. It is shown to the tenants and the police of the area, and the lock
works on until all who live there say so too, another lock takes its place, or the room is vacant. Behind a door of the whole house
more than one has to say so (`household`).
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.claim import next_secret
from firmware_protocol.topics import LockId
from service.accounts.rules import Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.custody import actions
from service.custody.records import claims, household, leaving
from service.custody.records.leaving import KeptReport
from service.custody.rules import LostLock, Release, ReleaseId, Report, ReportId, ReportKind, RevokedAs, read_reason
from service.edges.elevation import as_system
from service.edges.keyring import Keyring, Root
from service.errors import Conflict, NotFound
from service.locks import actions as locks
from service.premises.rules import UnitId

_REASON_PURPOSE = "lock report"


def has_proven_empty(session: Session, actor: Actor, lock_id: LockId) -> bool:
    """Whether the lock has proven to this landlord that it is empty, and nothing has come onto it since."""
    with as_system(session):
        return leaving.find_proven_wipe(session, lock_id, actor.account_id) is not None


def release(session: Session, actor: Actor, here: UnitId, lock_id: LockId, *, now: datetime) -> ReleaseId:
    """The lock is anybody's who is told its next secret. Conflict before it has proven that it is empty, or while the room is let."""
    actions.hold(session, [here], now)
    actions.own_lock(session, actor, here, lock_id, now)
    with as_system(session):
        proven = leaving.find_proven_wipe(session, lock_id, actor.account_id)
        if claims.is_lived_in(session, here, now):
            raise Conflict(
                "Somebody lives there: a lock is emptied only when the tenancy has ended.", code="lock_occupied"
            )
        if proven is None:
            raise Conflict("The lock has not proven yet that it is empty. Empty it first.", code="lock_not_empty")
        values = {"lock": lock_id, "unit": here, "landlord": actor.account_id, "command": proven, "now": now}
        given = leaving.append_release(session, values)
    actions.end_use(session, lock_id, RevokedAs.RELEASED, now=now)
    record(session, actor, Act.LOCK_RELEASED, lock_id, now=now)
    return given


def get_release(session: Session, actor: Actor, release_id: ReleaseId) -> Release:
    """One's own release; NotFound for another's."""
    found = leaving.find_release(session, release_id)
    if found is None or found.landlord_id != actor.account_id:
        raise NotFound("There is no such lock.", code="lock")
    return found


def tell_secret(session: Session, actor: Actor, release_id: ReleaseId, *, keyring: Keyring, now: datetime) -> str:
    """The lock's next secret, to be handed over with it; every telling is in the ledger. Conflict once it was claimed by it."""
    given = get_release(session, actor, release_id)
    if not given.waits:
        raise Conflict("Somebody has claimed this lock: the code is worth nothing any more.", code="secret_spent")
    record(session, actor, Act.CLAIM_CODE_TOLD, given.lock_id, now=now)
    static = locks.static_secret(session, given.lock_id, keyring)
    return next_secret(static, given.lock_id, given.key_epoch)


def report(
    session: Session,
    actor: Actor,
    here: UnitId,
    lock_id: LockId,
    kind: ReportKind,
    *,
    reason: str,
    keyring: Keyring,
    now: datetime,
) -> bool:
    """The lock is stolen or broken; whether that shuts it out at once, which it does only where nobody lives.

    BadInput without a reason, Conflict where it is reported already.
    """
    actions.hold(session, [here], now)
    actions.own_lock(session, actor, here, lock_id, now)
    sealed = keyring.seal(Root.PEOPLE, _REASON_PURPOSE, read_reason(reason).encode(), row=lock_id)
    values = {"lock": lock_id, "unit": here, "landlord": actor.account_id, "kind": kind.value, "now": now}
    if leaving.append_report(session, {**values, "reason": sealed}) is None:
        raise Conflict("This lock is reported already.", code="lock_reported")
    record(session, actor, Act.LOCK_REPORTED, lock_id, now=now, kind=kind.value)
    with as_system(session):
        waits = claims.is_lived_in(session, here, now)
    if not waits:
        actions.shut_out(session, actor, here, lock_id, RevokedAs(kind.value), now=now)
    return not waits


def withdraw_report(session: Session, actor: Actor, here: UnitId, lock_id: LockId, *, now: datetime) -> None:
    """It is there after all: what the landlord reported is at its end, and nothing has changed."""
    actions.hold(session, [here], now)
    actions.own_lock(session, actor, here, lock_id, now)
    leaving.settle_report(session, lock_id, person=None, now=now)
    record(session, actor, Act.LOCK_REPORT_WITHDRAWN, lock_id, now=now)


def confirm_report(session: Session, actor: Actor, unit_id: UnitId, report_id: ReportId, *, now: datetime) -> bool:
    """A tenant of the room says so, too; whether all who live there have, so that the lock is shut out now.

    NotFound for whoever does not live there, Conflict for whoever was let in after the report.
    """
    actions.hold(session, [unit_id], now)
    found = next((one for one in leaving.open_reports(session, unit_id) if one.id == report_id), None)
    person = actor.person_id
    if found is None or person is None:
        raise NotFound("There is no such report.", code="report")
    with as_system(session):
        if not leaving.lives_there(session, unit_id, person, now):
            raise NotFound("There is no such report.", code="report")
        if not leaving.lived_there_before(session, found.id, person):
            raise newcomer()
        household.put_word(session, found.id, person, agrees=True, now=now)
        shut = leaving.all_say_so(session, found.id, now)
        if shut:
            leaving.settle_report(session, found.lock_id, person=person, now=now)
            actions.end_use(session, found.lock_id, RevokedAs(found.kind.value), now=now)
    record(session, actor, Act.LOCK_REPORT_ANSWERED, found.lock_id, now=now, agrees=True)
    if shut:
        record(session, actor, Act.LOCK_REVOKED, found.lock_id, now=now, why=found.kind.value)
    return shut


def said_so(session: Session, actor: Actor, reports: Iterable[ReportId]) -> set[ReportId]:
    """Those of the reports that this tenant has called true."""
    person = actor.person_id
    return {one for one in reports if person is not None and household.find_word(session, one, person)}


def newcomer() -> Conflict:
    """Whoever was let in after the report may be there for the landlord's sake."""
    return Conflict(
        "You moved in after this was reported. Those who lived here before have to say so.", code="report_newcomer"
    )


def lost_locks(session: Session, actor: Actor) -> tuple[LostLock, ...]:
    """Those that the landlord reported and that were shut out for it."""
    with as_system(session):
        return tuple(leaving.lost_locks(session, actor.account_id))


def take_back(
    session: Session, actor: Actor, lock_id: LockId, there: UnitId, *, keyring: Keyring, now: datetime
) -> None:
    """A lock that was reported is there again, and hangs on this room, where nobody lives or is about to.

    It is heard under its old keys, which may have been read out of it meanwhile: nobody's way in comes onto it before
    it has been emptied, released and claimed anew. NotFound for another's lock, Conflict where somebody lives.
    """
    actions.hold(session, [there], now)
    actions.own_unit(session, actor, there)
    with as_system(session):
        if lock_id not in {one.lock_id for one in leaving.lost_locks(session, actor.account_id)}:
            raise NotFound("There is no such lock.", code="lock")
        if claims.is_lived_in(session, there, now) or claims.running_grants(session, [there], now):
            raise Conflict("Somebody lives there. Take the lock back in a room that is vacant.", code="found_occupied")
        leaving.find_again(session, lock_id, now)
        claims.tell_of_standing(session, lock_id)
    actions.hang(session, there, lock_id, keyring, now)
    record(session, actor, Act.LOCK_FOUND, lock_id, now=now, unit=there)


def open_reports(session: Session, *, unit_id: UnitId | None = None, keyring: Keyring) -> tuple[Report, ...]:
    """What is reported and not settled, as far as whoever asks may see it."""
    return tuple(shown(one, keyring) for one in leaving.open_reports(session, unit_id))


def shown(kept: KeptReport, keyring: Keyring) -> Report:
    """The report with what its landlord has said."""
    reason = keyring.open(Root.PEOPLE, _REASON_PURPOSE, kept.reason_sealed, row=kept.lock_id).decode()
    return Report(
        id=kept.id,
        lock_id=kept.lock_id,
        unit_id=kept.unit_id,
        kind=kept.kind,
        reason=reason,
        reported_at=kept.reported_at,
        address=kept.address,
        number=kept.number,
        shared=kept.shared,
    )
