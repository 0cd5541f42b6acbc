"""Errors as problem details (RFC 9457), and what becomes of errors that are not ours."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service.errors import (
    AnmenError,
    BadInput,
    Broken,
    Conflict,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooLarge,
    TooMany,
    Unavailable,
)

Answer = Callable[[Request, AnmenError], Response]
"""How an error is told to whoever asks: a page to people, problem details to programs."""

MEDIA_TYPE = "application/problem+json"
# SQLSTATEs of a row that stands against ours: foreign key, unique, exclusion.
_TAKEN = {"23503", "23505", "23P01"}
_BY_STATUS = {error.status: error for error in (NotSignedIn, NotAllowed, NotFound, Conflict, TooLarge, Unavailable)}


class WrongField(BaseModel):
    """One part of the request that cannot be taken."""

    field: str
    detail: str


class Problem(BaseModel):
    """What went wrong, for people (title, detail) and for programs (status, code)."""

    type: str = Field(
        "about:blank", description="A page about this kind of problem; about:blank where the title says all."
    )
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable word for this very problem.")
    field: str | None = Field(default=None, description="Which part of the request it is about.")
    errors: list[WrongField] | None = Field(default=None, description="Every part of the request that cannot be taken.")


class InvalidRequest(BadInput):
    """A request that does not have the form the interface asks for."""

    def __init__(self, wrong: Sequence[WrongField]) -> None:
        super().__init__("The request does not have the form asked for; see errors.", code="form")
        self.wrong = wrong


class BadRequest(AnmenError):
    """Not even readable: broken JSON, an unknown method, a malformed header."""

    status = 400
    title = "The request cannot be read"


class MethodNotAllowed(AnmenError):
    """There is something here, but it cannot be asked that way."""

    status = 405
    title = "This cannot be asked that way"


def problem_response(error: AnmenError) -> JSONResponse:
    """The error as problem details; also for refusals that a route returns so that their audit row is kept."""
    problem = Problem(
        type="about:blank",
        title=error.title,
        status=error.status,
        detail=error.text,
        code=error.code,
        field=error.field,
        errors=list(error.wrong) if isinstance(error, InvalidRequest) else None,
    )
    body = problem.model_dump(exclude_none=True)
    return JSONResponse(body, error.status, headers=headers_of(error), media_type=MEDIA_TYPE)


def headers_of(error: AnmenError) -> dict[str, str]:
    """What an answer to this error must carry besides its body."""
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, Unavailable):
        return {"Retry-After": "5"}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, NotSignedIn) else {}


def error_for(exception: Exception) -> AnmenError:
    """Our error for any exception; what it was about stays out of it, for it may have been about a person."""
    match exception:
        case AnmenError():
            return exception
        case RequestValidationError():
            return InvalidRequest([_wrong_field(error) for error in exception.errors()])
        case HTTPException():
            return _of_status(exception.status_code)
        case NoConnectionFree():
            return Unavailable()
        case DBAPIError():
            return _of_database(exception)
        case _:
            return Broken()


def _of_database(exception: DBAPIError) -> AnmenError:
    state = getattr(exception.orig, "sqlstate", None)
    if state in _TAKEN:
        return Conflict("Somebody changed the same thing at the same moment. Please look again, then try again.")
    if isinstance(exception, DataError):
        return BadInput("A number or text in the request cannot be stored: too large, or with a sign that is no text.")
    if isinstance(exception, OperationalError) or exception.connection_invalidated:
        return Unavailable()
    return Broken()


def _of_status(status: int) -> AnmenError:
    if known := _BY_STATUS.get(status):
        return known()
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed()
    return BadRequest() if status < HTTPStatus.INTERNAL_SERVER_ERROR else Broken()


def _wrong_field(error: Mapping[str, Any]) -> WrongField:
    """Where and why, without what was sent."""
    return WrongField(field=".".join(map(str, error["loc"])), detail=str(error["msg"]))
