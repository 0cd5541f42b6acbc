"""Claiming a lock, hanging it where grants are running, moving it, and replacing another by it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from firmware_protocol.claim import claimed_frame, open_claim
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.key_messages import ServiceKeys
from firmware_protocol.keys import exchange, private_key, public_key
from firmware_protocol.topics import LockId
from service.access import actions as access
from service.access.rules import Materials
from service.accounts.rules import Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.custody.records import claims as records
from service.custody.records import leaving
from service.custody.records.claims import OpenClaim
from service.custody.rules import Claim, ClaimId, ClaimState, RevokedAs, check_counts, read_typed
from service.edges.elevation import as_system
from service.edges.keyring import Keyring, Root
from service.errors import Conflict, NotFound, SealBroken
from service.faces import actions as faces
from service.locks import actions as locks
from service.people import actions as people
from service.people.rules import PersonId
from service.premises import actions as premises
from service.premises.rules import UnitId, UnitView
from service.rekeying import actions as rekeying

_SECRET_PURPOSE = "claim secret"  # noqa: S105  # a purpose, not a password
_NONE_YET = ClaimId(0)
_KEY_ENTROPY_BYTES = 48


@dataclass(frozen=True, slots=True)
class Typed:
    """What a landlord typed, or scanned into the secret's field."""

    lock_id: str
    secret: str


def begin_claim(
    session: Session,
    actor: Actor,
    unit_id: UnitId,
    typed: Typed,
    *,
    replaces: LockId | None = None,
    keyring: Keyring,
    now: datetime,
) -> ClaimId:
    """Wait for the button of this lock, for two minutes. BadInput for what is no lock or secret, Conflict where it is somebody's.

    Whether the secret is right shows only when the button is pressed: nobody can try secrets here.
    """
    premises.keep_doors(session, unit_id)
    unit = own_unit(session, actor, unit_id)
    lock_id, secret = read_typed(typed.lock_id, typed.secret)
    check_counts(*records.count_unanswered(session, actor.account_id, now))
    _check_nobodys(session, lock_id)
    if replaces is not None and replaces not in premises.locks_of_unit(session, unit.id, now):
        raise NotFound("There is no such lock.")
    claim = Claim(
        id=_NONE_YET,
        lock_id=lock_id,
        unit_id=unit.id,
        landlord_id=actor.account_id,
        replaces=replaces,
        begun_at=now,
        answered_at=None,
        hung_at=None,
    )
    wrapped = locks.wrap_key(private_key(os.urandom(_KEY_ENTROPY_BYTES)), lock_id, keyring)
    sealed = keyring.seal(Root.LOCKS, _SECRET_PURPOSE, secret.encode(), row=lock_id)
    return records.append_claim(session, claim, secret_sealed=sealed, service_key_wrapped=wrapped)


def get_claim(session: Session, actor: Actor, claim_id: ClaimId) -> Claim:
    """One's own claim; NotFound for another's."""
    found = records.find_claim(session, claim_id)
    if found is None or found.landlord_id != actor.account_id:
        raise NotFound("There is no such claim.", code="claim")
    return found


def answer_claims(
    session: Session, heard: Sequence[tuple[LockId, bytes]], keyring: Keyring, now: datetime
) -> list[tuple[LockId, bytes]]:
    """Exchange keys with the locks whose frames an open claim's secret opens; the frames to publish after the commit."""
    waiting = records.open_claims(session, {lock for lock, _ in heard}, now)
    answers = []
    for lock, raw in heard:
        here = [one for one in waiting if one.lock == lock]
        # While one claim's exchange is under way no other takes the lock from it.
        here = [one for one in here if one.answered_session is not None] or here
        answer = next(filter(None, (_answer(session, one, raw, keyring, now) for one in here)), None)
        if answer is not None:
            answers.append((lock, answer))
    return answers


def hang_claimed(session: Session, actor: Actor, claim_id: ClaimId, *, keyring: Keyring, now: datetime) -> Claim:
    """The claimed lock hangs on its room's door and gets the credentials of the tenancies that run; what it replaces is revoked."""
    hold(session, [get_claim(session, actor, claim_id).unit_id], now)
    claim = get_claim(session, actor, claim_id)
    if claim.state(now) is ClaimState.EXPIRED:
        raise Conflict("The two minutes are over. Begin again, then press the button.", code="claim_expired")
    if claim.state(now) is ClaimState.ANSWERED:
        raise Conflict(
            "The lock has its keys and has not come back under them yet. Please wait a moment.", code="claim_unborn"
        )
    if claim.state(now) is not ClaimState.BORN:
        raise Conflict("The lock has not answered yet. Press the button inside it.", code="claim_waits")
    if claim.replaces is not None:
        shut_out(session, actor, claim.unit_id, claim.replaces, RevokedAs.REPLACED, now=now)
    hang(session, claim.unit_id, claim.lock_id, keyring, now)
    records.mark_hung(session, claim.id, now)
    record(session, actor, Act.LOCK_PROVISIONED, claim.lock_id, now=now)
    return claim


def move(
    session: Session, actor: Actor, lock_id: LockId, here: UnitId, there: UnitId, *, keyring: Keyring, now: datetime
) -> None:
    """The lock hangs in another of the landlord's rooms from now on: it loses the old room's credentials and gets the new one's.

    Conflict while somebody lives in the old room: who keeps a tenant's lock under another room's name shuts the tenant out.
    """
    hold(session, [here, there], now)
    own_lock(session, actor, here, lock_id, now)
    own_unit(session, actor, there)
    with as_system(session):
        if records.is_lived_in(session, here, now):
            raise Conflict(
                "Somebody lives there: a lock is emptied only when the tenancy has ended.", code="lock_occupied"
            )
        records.take_down(session, lock_id, now)
        access.empty_list(session, lock_id, records.take_all_off)
    hang(session, there, lock_id, keyring, now)
    record(session, actor, Act.LOCK_HUNG, lock_id, now=now, moved_from=here, unit=there)


def shut_out(session: Session, actor: Actor, here: UnitId, lock_id: LockId, why: RevokedAs, *, now: datetime) -> None:
    """Nothing the lock says counts from now on, and it hangs nowhere. What it holds ends with its leases. For other actions.

    NotFound where it hangs on none of the landlord's rooms.
    """
    own_lock(session, actor, here, lock_id, now)
    end_use(session, lock_id, why, now=now)
    record(session, actor, Act.LOCK_REVOKED, lock_id, now=now, why=why.value)


def end_use(session: Session, lock_id: LockId, why: RevokedAs, *, now: datetime) -> None:
    """The same, whoever has a right to it. What was reported of the lock is settled."""
    with as_system(session):
        records.take_down(session, lock_id, now)
        access.empty_list(session, lock_id, records.take_all_off)
        records.revoke(session, lock_id, why, now)
        leaving.settle_report(session, lock_id, person=None, now=now)


def _answer(session: Session, one: OpenClaim, raw: bytes, keyring: Keyring, now: datetime) -> bytes | None:
    try:
        secret = keyring.open(Root.LOCKS, _SECRET_PURPOSE, one.secret_sealed, row=one.lock).decode()
        attempt, said = open_claim(one.lock, secret, raw)
        own = locks.unwrap_key(one.service_key_wrapped, one.lock, keyring)
        exchange(own, said.public_key)
    except (RemoteProtocolError, SealBroken):
        return None
    standing = records.find_standing(session, one.lock)
    again = one.answered_session == attempt
    # Another landlord's by now, or a press that a later one has replaced, which the broker plays again.
    if not again and ((standing is not None and not standing.nobodys) or attempt in one.spent_sessions):
        return None
    released = standing is not None and standing.revoked_as is not None
    epoch = max(said.key_epoch, standing.key_epoch + released if standing else 1)
    # A lock whose answer was lost says the same again and gets the same.
    if not again:
        if standing is not None and standing.key_epoch < epoch:
            rekeying.keep_chain_key(session, one.lock, keyring, now)
        rekeying.call_off(session, one.lock)
        records.take_lock(session, one, attempt, said, key_epoch=epoch, now=now)
    return claimed_frame(one.lock, secret, attempt, ServiceKeys(epoch, public_key(own)))


def hang(session: Session, unit_id: UnitId, lock_id: LockId, keyring: Keyring, now: datetime) -> None:
    """The lock hangs there and gets the credentials of those who live there. For other actions."""
    premises.hang_lock(session, unit_id=unit_id, lock_id=lock_id, now=now)

    def materials(person_id: PersonId) -> Materials:
        # A PIN was shown once and is nowhere to be read: whoever has one draws a new one on the page.
        template = faces.template_of(session, person_id, keyring=keyring)
        number = people.get_document(session, person_id, keyring).number
        return Materials(document_number=number, template=template.packed if template else None)

    with as_system(session):
        grants = records.running_grants(session, [unit_id], now)
        access.equip(session, lock_id, grants, unit_id=unit_id, materials=materials, keyring=keyring)


def hold(session: Session, units: Sequence[UnitId], now: datetime) -> None:
    """Nobody else changes what hangs on these rooms, or who has a way in there, until the transaction ends. Before anything else.

    In the order of everybody who changes a way in: doors, grants, lists. A PIN that is being changed holds its grant and
    wants the lists; whoever held a list first and wanted the grants would wait for it for ever.
    """
    with as_system(session):
        premises.hold_doors(session, units)
        records.running_grants(session, units, now)


def _check_nobodys(session: Session, lock_id: LockId) -> None:
    with as_system(session):
        standing = records.find_standing(session, lock_id)
    if standing is None or standing.nobodys:
        return
    if standing.revoked_as is not None:
        raise Conflict(
            "This lock was reported stolen or broken, or was replaced. It cannot be claimed.", code="lock_shut_out"
        )
    raise Conflict("This lock is claimed already. Whoever has it must release it first.", code="lock_claimed")


def own_unit(session: Session, actor: Actor, unit_id: UnitId) -> UnitView:
    """One of the landlord's rooms; NotFound for another's."""
    unit = premises.get_unit(session, unit_id)
    if unit.landlord_id != actor.account_id:
        raise NotFound("There is no such room.", code="unit")
    return unit


def own_lock(session: Session, actor: Actor, unit_id: UnitId, lock_id: LockId, now: datetime) -> None:
    """NotFound unless the lock hangs on this room of the landlord's."""
    if lock_id not in premises.locks_of_unit(session, own_unit(session, actor, unit_id).id, now):
        raise NotFound("There is no such lock.")
