"""Putting the pages into the application: routes, static files, and the live feed."""

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from service.edges.requests import Parts
from service.portals.alarm_pages import router as alarms
from service.portals.certificate_pages import router as certificates
from service.portals.command_pages import router as commands
from service.portals.emergency_pages import router as emergency
from service.portals.face_pages import router as faces
from service.portals.feed import Feed
from service.portals.house_pages import router as houses
from service.portals.household_pages import router as household
from service.portals.inviting_pages import router as inviting
from service.portals.landlord_pages import router as landlord
from service.portals.leaving_pages import router as leaving
from service.portals.live import router as live
from service.portals.lock_pages import router as locks
from service.portals.my_pages import router as mine
from service.portals.registration_pages import router as registration
from service.portals.setting_pages import router as settings
from service.portals.sign_in_pages import router as sign_in
from service.portals.staff_pages import router as staff
from service.portals.transfer_pages import router as transfers
from service.portals.visit_pages import router as visitors

PAGES = (
    sign_in,
    landlord,
    houses,
    transfers,
    locks,
    leaving,
    household,
    inviting,
    registration,
    mine,
    emergency,
    faces,
    visitors,
    staff,
    alarms,
    live,
    commands,
    settings,
    certificates,
)


class KeptFiles(StaticFiles):
    """Static files that browsers keep: their addresses carry a mark of their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept for a year where the address is marked."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if scope["query_string"] else "no-cache"
        )
        return response


def add_pages(app: FastAPI, parts: Parts) -> None:
    """Add everything people see; the application's lifespan opens `app.state.feed`."""
    app.state.feed = Feed(parts.database.url)
    app.mount("/static", KeptFiles(packages=[("service.portals", "static")]), name="static")
    for router in PAGES:
        app.include_router(router)
