"""Templates on their way from a lock to an enrolment: the table and its SQL. The bytes arrive and lie here sealed."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.commands.rules import CommandId
from service.enrolling.rules import TakenReason, TakenState, TakenView
from service.people.rules import PersonId

_SEEN = "encode(command_id, 'hex'), state, reason, portrait, arrived_at"


class Arrived(NamedTuple):
    """One that nobody has decided on."""

    command_id: bytes
    person_id: PersonId
    portrait: bool
    template_sealed: bytes


def append(
    session: Session, command: bytes, lock: LockId, person: int, *, portrait: bool, sealed: bytes, now: datetime
) -> bool:
    """Put it down; a second one for the same command changes nothing. Returns whether it is the first."""
    inserted = session.execute(
        text(
            "INSERT INTO taken_face (command_id, lock_id, person_id, portrait, template_sealed, arrived_at)"
            " VALUES (:command, :lock, :person, :portrait, :sealed, :now) ON CONFLICT (command_id) DO NOTHING"
            " RETURNING command_id"
        ),
        {"command": command, "lock": lock, "person": person, "portrait": portrait, "sealed": sealed, "now": now},
    )
    return inserted.first() is not None


def tell(session: Session) -> None:
    """Let the serving processes look, when this transaction has committed."""
    session.execute(text("SELECT pg_notify('anmen_faces', '0')"))


def waiting(session: Session) -> list[tuple[bytes, PersonId]]:
    """Those that nobody has decided on, the oldest first."""
    rows = session.execute(
        text("SELECT command_id, person_id FROM taken_face WHERE state = 'arrived' ORDER BY arrived_at, command_id")
    )
    return [(bytes(command), PersonId(person)) for command, person in rows]


def hold(session: Session, command: bytes) -> Arrived | None:
    """One of them, held until the transaction ends; None where somebody has decided in the meantime."""
    row = session.execute(
        text(
            "SELECT command_id, person_id, portrait, template_sealed FROM taken_face"
            " WHERE command_id = :command AND state = 'arrived' FOR UPDATE"
        ),
        {"command": command},
    ).one_or_none()
    return None if row is None else Arrived(bytes(row[0]), PersonId(row[1]), row[2], bytes(row[3]))


def decide(session: Session, command: bytes, reason: TakenReason | None, now: datetime) -> None:
    """It is kept, or refused for a reason; what was sealed is gone."""
    session.execute(
        text(
            "UPDATE taken_face SET state = :state, reason = :reason, template_sealed = NULL, decided_at = :now"
            " WHERE command_id = :command"
        ),
        {
            "command": command,
            "state": TakenState.KEPT if reason is None else TakenState.REFUSED,
            "reason": reason,
            "now": now,
        },
    )


def refuse_waiting(session: Session, person: PersonId, reason: TakenReason, now: datetime) -> int:
    """Refuse all of the person's that wait; how many there were."""
    rows = session.execute(
        text(
            "UPDATE taken_face SET state = 'refused', reason = :reason, template_sealed = NULL, decided_at = :now"
            " WHERE person_id = :person AND state = 'arrived' RETURNING command_id"
        ),
        {"person": person, "reason": reason, "now": now},
    )
    return len(rows.all())


def views(session: Session, person: PersonId) -> dict[CommandId, TakenView]:
    """What became of each of the person's, inside the scope of whoever asks."""
    rows = session.execute(
        text(f"SELECT {_SEEN} FROM taken_face WHERE person_id = :person"),  # noqa: S608  # our own words
        {"person": person},
    )
    return {
        CommandId(command): TakenView(
            CommandId(command), TakenState(state), TakenReason(reason) if reason else None, portrait, arrived_at
        )
        for command, state, reason, portrait, arrived_at in rows
    }


def persons_with_erased(session: Session) -> list[PersonId]:
    """Whose face a lock has erased by command, while it is to be there."""
    rows = session.execute(
        text(
            "SELECT DISTINCT person_id FROM credential WHERE erased_at IS NOT NULL AND removed_version IS NULL"
            " AND type = :face ORDER BY person_id"
        ),
        {"face": int(CredentialType.FACE)},
    )
    return [PersonId(person) for person in rows.scalars()]


def mark_erased(session: Session, erased: Iterable[tuple[LockId, datetime]]) -> None:
    """These locks have erased all faces at these moments; what came onto them later is still there."""
    for lock, at in erased:
        session.execute(
            text(
                "UPDATE credential SET erased_at = :at, on_lock_at = NULL WHERE lock_id = :lock AND type = :face"
                " AND removed_version IS NULL AND erased_at IS NULL AND on_lock_at <= :at"
            ),
            {"lock": lock, "at": at, "face": int(CredentialType.FACE)},
        )
