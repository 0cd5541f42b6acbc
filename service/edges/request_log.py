"""One line of JSON for each request and each failure, without anything that could name a person.

Logged are the route's template, never the path that was asked for (a link's token is in it), and of an exception its
class and where it was raised, never its text.
"""

import json
import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.edges.problems import Answer, error_for
from service.errors import AnmenError

log = logging.getLogger("anmen.requests")
_INNERMOST_FRAMES = 6


class JsonLines(logging.Formatter):
    """A log record as one JSON object; fields come from `extra={"fields": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line.update(exception_fields(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False)


def configure_logs(level: int = logging.INFO) -> None:
    """Send every logger of this process to standard error as JSON lines; uvicorn's own access log, which knows paths, is off."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonLines())
    logging.basicConfig(handlers=[stream], level=level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"


def exception_fields(exception: BaseException) -> dict[str, object]:
    """The exception's class and the innermost places it came through; not its text, which may quote a person's data."""
    frames = traceback.extract_tb(exception.__traceback__)[-_INNERMOST_FRAMES:]
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"exception": type(exception).__qualname__, "where": where}


class RequestLog:
    """Logs each request, and turns what nobody caught into an answer."""

    def __init__(self, app: ASGIApp, *, answer: Answer) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; log how it went."""
        if scope["type"] == "http":
            await self._logged(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _logged(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_at, status = time.perf_counter(), 0

        async def noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        except Exception as exception:  # noqa: BLE001 - what nobody caught ends here
            error = error_for(exception)
            log.log(_level(error), "request failed", extra={"fields": exception_fields(exception)})
            if not status:
                await self._answer(Request(scope), error)(scope, receive, noticed)
        took_ms = round(1000 * (time.perf_counter() - started_at), 1)
        fields = {"method": scope["method"], "route": _route(scope), "status": status, "duration_ms": took_ms}
        log.info("request", extra={"fields": fields})


def _level(error: AnmenError) -> int:
    return logging.ERROR if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.WARNING


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "unknown")
