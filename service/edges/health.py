"""Whether the process lives, and whether it can serve."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError

from service.edges.migrate import at_head
from service.edges.requests import CurrentParts

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def live() -> PlainTextResponse:
    """200 as long as the process answers at all."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(parts: CurrentParts) -> JSONResponse:
    """200 when the database answers and has the schema this code was written for; else 503 and which of it is missing."""
    try:
        is_current = at_head(parts.database)
    except SQLAlchemyError:
        return JSONResponse({"ready": False, "reason": "the database does not answer"}, 503)
    if not is_current:
        return JSONResponse({"ready": False, "reason": "the database is not migrated: run anmen migrate"}, 503)
    return JSONResponse({"ready": True})
