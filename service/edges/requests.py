"""What a route is handed: the parts of the running service, the instant of the request, and its one transaction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlmodel import Session

from face_engine.engine import FaceEngine
from service.edges.face_work import FaceWork
from service.edges.keyring import Keyring
from service.edges.transaction import transaction
from service.settings import Settings

React = Callable[[Session, object, datetime], None]
"""Does what a domain event causes, in the transaction it happened in."""


def _react_to_nothing(_session: Session, event: object, _now: datetime) -> None:
    raise LookupError(f"nobody reacts to {type(event).__name__}: these parts were put together without reactions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the composition root has put together; one for the life of the application, safe to share between threads."""

    settings: Settings
    database: Engine
    keyring: Keyring
    faces: FaceEngine
    clock: Callable[[], datetime]
    react: React = field(default=_react_to_nothing)
    face_work: FaceWork = field(default_factory=FaceWork)


def parts_of(request: Request) -> Parts:
    """The parts of the application that answers this request."""
    parts: Parts = request.app.state.parts
    return parts


CurrentParts = Annotated[Parts, Depends(parts_of)]


def _instant(parts: CurrentParts) -> datetime:
    return parts.clock()


def _keyring(parts: CurrentParts) -> Keyring:
    return parts.keyring


def _faces(parts: CurrentParts) -> FaceEngine:
    return parts.faces


def request_transaction(parts: CurrentParts) -> Iterator[Session]:
    """The request's transaction; it sees nobody's rows until somebody is known to ask."""
    with transaction(parts.database) as session:
        yield session


Now = Annotated[datetime, Depends(_instant)]
Keys = Annotated[Keyring, Depends(_keyring)]
Faces = Annotated[FaceEngine, Depends(_faces)]
# scope="function": commit before the answer goes out. With a plain Depends a failing commit still answers 201.
Tx = Annotated[Session, Depends(request_transaction, scope="function")]
