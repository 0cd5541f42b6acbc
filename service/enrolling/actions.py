"""Having a face taken at the own door, and what becomes of it.

The ingest process only puts down, sealed, what a lock has sent, and forgets how to open it; a serving process decides, under
the consent as it stands at that moment, and what was put down is gone either way.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from face_engine import FaceEngine
from firmware_protocol.commands import CommandKind
from firmware_protocol.commands_followed import OrderState
from firmware_protocol.enrolment import Enrolled, EnrolledHeard, EnrolmentVerdict, PortraitVerdict
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import Liveness
from service.access import actions as access
from service.accounts.rules import Actor
from service.audit.actions import record
from service.audit.rules import Act
from service.commands import actions as commands
from service.commands import records as ordered
from service.commands.records import Kept
from service.commands.rules import CommandId, CommandView, Order
from service.consent import actions as consent
from service.consent.rules import Purpose, Standing
from service.edges.keyring import Keyring, Root
from service.enrolling import records
from service.enrolling.records import Arrived
from service.enrolling.rules import TAKEN_IN, WINDOW_S, TakenReason, TakenView
from service.errors import Conflict, NotFound, SealBroken
from service.faces import actions as faces
from service.faces.rules import Template
from service.people.rules import PersonId

log = logging.getLogger(__name__)
_SEALED_AS = "face taken at a lock"


def start(
    session: Session,
    actor: Actor,
    lock: str,
    *,
    engine: FaceEngine,
    keyring: Keyring,
    now: datetime,
    seconds: int = WINDOW_S,
) -> CommandView:
    """Have one's face taken at this lock; Conflict without standing consent, else as in `commands.give_order`."""
    if actor.person_id is None:
        raise NotFound("There is no such lock.", code="lock")
    consent.hold(session, [actor.person_id])
    if not _agreed(session, actor.person_id):
        raise Conflict("First agree that your face may be used.", code="no_face_consent")
    order = Order(CommandKind.START_ENROLMENT, seconds, engine=engine.engine_id, model=engine.model_hash)
    return commands.give_order(session, actor, lock, order, keyring=keyring, now=now)


def arrive(
    session: Session, said: Sequence[tuple[LockId, Enrolled]], *, keyring: Keyring, now: datetime
) -> list[tuple[LockId, EnrolledHeard]]:
    """Put down what locks have sent, for a serving process to decide; what each lock is answered once this is committed."""
    held = ordered.hold(session, [one.id for _, one in said])
    answers = []
    for lock, one in said:
        kept = held.get(one.id)
        wanted = kept is not None and kept.person_id is not None and _is_wanted(kept, lock, one)
        if kept is not None and wanted:
            _put_down(session, kept, one, keyring=keyring, now=now)
        verdict = EnrolmentVerdict.KEPT if wanted else EnrolmentVerdict.NOT_WANTED
        answers.append((lock, EnrolledHeard(one.id, verdict)))
    return answers


def waiting(session: Session) -> list[tuple[bytes, PersonId]]:
    """What has arrived and nobody has decided on: command and person."""
    return records.waiting(session)


def settle(
    session: Session, command: bytes, person: PersonId, *, engine: FaceEngine, keyring: Keyring, now: datetime
) -> None:
    """Keep the template as the person's enrolment and bring it to the locks, or refuse it; again is harmless."""
    consent.hold(session, [person])
    arrived = records.hold(session, command)
    if arrived is None:
        return
    reason = _keep(session, arrived, engine=engine, keyring=keyring, now=now)
    records.decide(session, command, reason, now)
    act = Act.FACE_TAKEN if reason is None else Act.FACE_NOT_TAKEN
    record(
        session,
        None,
        act,
        person,
        now=now,
        command=command.hex(),
        portrait=arrived.portrait,
        reason=reason.value if reason else None,
    )


def call_off(session: Session, person: PersonId, *, now: datetime) -> None:
    """The consent is withdrawn: nothing is asked of a lock any more, and what has arrived is erased. In a system scope."""
    ordered.call_off(session, person, CommandKind.START_ENROLMENT, now)
    refused = records.refuse_waiting(session, person, TakenReason.NO_CONSENT, now)
    if refused:
        record(
            session, None, Act.FACE_NOT_TAKEN, person, now=now, reason=TakenReason.NO_CONSENT.value, templates=refused
        )


def taken_of(session: Session, person: PersonId) -> dict[CommandId, TakenView]:
    """What became of the person's own templates, by the command that asked for them."""
    return records.views(session, person)


def note_erased(session: Session, erased: Sequence[tuple[LockId, datetime]]) -> None:
    """Locks say that they have erased every face at these moments."""
    records.mark_erased(session, erased)


def bring_again(session: Session, *, keyring: Keyring, now: datetime) -> None:
    """What locks have erased by command comes back to them where the consent stands, and leaves their lists where it does not."""
    for person in records.persons_with_erased(session):
        consent.hold(session, [person])
        template = faces.template_of(session, person, keyring=keyring)
        if template is None:
            access.remove_faces(session, person)
        else:
            access.bring_face(session, person, template.packed, keyring=keyring, now=now, only_erased=True)


def _is_wanted(kept: Kept, lock: LockId, one: Enrolled) -> bool:
    meant = kept.lock_id == lock and kept.kind == CommandKind.START_ENROLMENT and kept.called_off_at is None
    return meant and OrderState(kept.state) in TAKEN_IN and one.liveness == Liveness.PASSED


def _put_down(session: Session, kept: Kept, one: Enrolled, *, keyring: Keyring, now: datetime) -> None:
    sealed = keyring.seal(Root.LOCKS, _SEALED_AS, one.template, row=kept.id.hex())
    matched = one.portrait == PortraitVerdict.MATCHED
    if records.append(
        session, kept.id, LockId(kept.lock_id), kept.person_id or 0, portrait=matched, sealed=sealed, now=now
    ):
        records.tell(session)


def _keep(
    session: Session, arrived: Arrived, *, engine: FaceEngine, keyring: Keyring, now: datetime
) -> TakenReason | None:
    """Why it is not kept; None where it is."""
    person = arrived.person_id
    if not _agreed(session, person):
        return TakenReason.NO_CONSENT
    template = _open(arrived, engine, keyring)
    if template is None:
        return TakenReason.ENGINE
    before = faces.template_of(session, person, keyring=keyring)
    # Whoever knows the PIN could stand there; where the card's portrait was not compared, the face that is known is.
    if before is not None and not arrived.portrait and faces.is_somebody_else(engine, before, template):
        return TakenReason.ANOTHER_PERSON
    try:
        with session.begin_nested():
            faces.enrol(session, person, template, keyring=keyring, now=now)
            if not access.bring_face(session, person, template.packed, keyring=keyring, now=now):
                raise NotFound("This person lives nowhere any more.", code="grant")
    except NotFound:
        return TakenReason.NO_TENANCY
    except Conflict as full:
        log.info("a face taken at a lock was not kept (%s)", full.code)
        return TakenReason.LIST_FULL
    return None


def _open(arrived: Arrived, engine: FaceEngine, keyring: Keyring) -> Template | None:
    try:
        packed = keyring.open(Root.LOCKS, _SEALED_AS, arrived.template_sealed, row=arrived.command_id.hex())
    except SealBroken:
        return None
    return faces.read_packed(engine, packed)


def _agreed(session: Session, person: PersonId) -> bool:
    return consent.standing(session, person)[Purpose.FACE] is Standing.GIVEN
