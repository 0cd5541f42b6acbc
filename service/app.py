"""The composition root: the only place that knows every concept and puts the running service together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from face_engine.engine import EngineName
from face_engine.loading import load_engine
from service.access.routes import router as access
from service.accounts.routes import router as accounts
from service.alarms.routes import router as alarms
from service.commands.routes import router as commands
from service.consent.routes import router as consent
from service.edges.clock import now
from service.edges.health import router as health
from service.edges.keyring import read_keyring
from service.edges.openapi import describe_with_problems
from service.edges.problems import error_for, problem_response
from service.edges.request_log import RequestLog
from service.edges.requests import Parts
from service.edges.shield import BodyLimit, SameOrigin, SecurityHeaders
from service.edges.transaction import connect
from service.edges.uploads import keep_uploads_in_memory
from service.enrolling.routes import router as enrolling
from service.errors import AnmenError
from service.jobs import JobThread
from service.occupancy.routes import router as occupancy
from service.people.routes import router as people
from service.portals.error_pages import error_page
from service.portals.mounting import add_pages
from service.premises.routes import router as premises
from service.reactions import react
from service.retention.rules import days_kept
from service.settings import Settings
from service.tenancy.routes import router as tenancy
from service.visits.routes import router as visits

# Every concept that speaks HTTP, one line each.
ROUTERS = (
    health,
    accounts,
    premises,
    people,
    consent,
    access,
    visits,
    commands,
    enrolling,
    tenancy,
    occupancy,
    alarms,
)


def create_app(settings: Settings | None = None, *, parts: Parts | None = None) -> FastAPI:
    """The application; settings come from the environment, and the parts from the settings, unless handed in."""
    parts = parts or build_parts(settings or Settings())
    app = FastAPI(
        title="Anmen",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.parts = parts
    keep_uploads_in_memory(parts.settings.request_limit_bytes)
    for router in ROUTERS:
        app.include_router(router)
    add_pages(app, parts)
    app.openapi = describe_with_problems(app)  # type: ignore[method-assign]  # FastAPI's own way to replace it
    _add_shield(app, parts.settings)
    for exception in (AnmenError, RequestValidationError, HTTPException):
        app.add_exception_handler(exception, _answer_exception)
    return app


def build_parts(settings: Settings) -> Parts:
    """The parts that the settings name. KeyMissing, ModelMissing say what the deployment lacks, ValueError what cannot be set so."""
    days_kept(settings.retention_days)
    return Parts(
        settings=settings,
        database=connect(settings.database_url),
        keyring=read_keyring(settings.keys_file),
        faces=load_engine(EngineName(settings.face_engine)),
        clock=now,
        react=react,
    )


def answer_error(request: Request, error: AnmenError) -> Response:
    """Tell whoever asked: problem details to programs, a page to people."""
    if request.url.path.startswith("/api/"):
        return problem_response(error)
    return error_page(request, error)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    jobs = JobThread(app.state.parts)
    jobs.start()
    async with app.state.feed.open():
        yield
    jobs.stop()
    app.state.parts.database.dispose()


def _add_shield(app: FastAPI, settings: Settings) -> None:
    """The last one added is met first."""
    app.add_middleware(SameOrigin, public_url=settings.public_url, answer=answer_error)
    app.add_middleware(BodyLimit, limit_bytes=settings.request_limit_bytes, answer=answer_error)
    app.add_middleware(RequestLog, answer=answer_error)
    app.add_middleware(SecurityHeaders, https=settings.public_url.startswith("https:"))


def _answer_exception(request: Request, exception: Exception) -> Response:
    answer = answer_error(request, error_for(exception))
    answer.headers.update(getattr(exception, "headers", None) or {})
    return answer
