"""A command as it is stored, and the one way in which commands are read."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.commands_followed import OrderState

OPEN = [one.value for one in (OrderState.WAITING, OrderState.SENT, OrderState.ACCEPTED, OrderState.RUNNING)]
_COLUMNS = (
    "c.id, c.lock_id, c.unit_id, c.person_id, c.kind, c.seconds, c.relock_s, c.ajar_s, c.challenge, c.emergency,"
    " c.reason_sealed, c.state, c.failure, c.issued_at, c.expires_at, c.told_epoch, c.ended_at, c.answer, c.proof,"
    " c.face_engine, c.face_model, c.called_off_at"
)


class Kept(NamedTuple):
    """A command as it is stored."""

    id: bytes
    lock_id: str
    unit_id: int
    person_id: int | None
    kind: int
    seconds: int
    relock_s: int
    ajar_s: int
    challenge: bytes
    emergency: str | None
    reason_sealed: bytes | None
    state: str
    failure: int
    issued_at: datetime
    expires_at: datetime
    told_epoch: int | None
    ended_at: datetime | None
    answer: dict[str, Any] | None
    proof: bytes | None
    face_engine: int | None
    face_model: bytes | None
    called_off_at: datetime | None


def load(session: Session, where: str, **values: Any) -> list[Kept]:
    """The commands, `c`, of which that is true; in our own words only."""
    rows = session.execute(text(f"SELECT {_COLUMNS} FROM lock_command c WHERE {where}"), values)  # noqa: S608  # our own words
    return [Kept(*row) for row in rows]
