"""Server-sent events: the counts an open page shows, under its reader's own rights, as they change.

The one place where pages speak async: a reader waits for hours and must not hold a thread meanwhile. The database is
asked from threads, a few at a time, because a changed room wakes every reader at once.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from service.accounts.actions import actor_for, scope_of
from service.accounts.rules import Actor, Role
from service.accounts.signed_in import check_is, cookie_token
from service.alarms import actions as alarms
from service.edges.requests import CurrentParts, Parts
from service.edges.transaction import enter, transaction
from service.errors import AnmenError, NotSignedIn
from service.occupancy.actions import counting
from service.portals.feed import Feed
from service.portals.places import area_overview, building_overview, live_counts
from service.portals.rules import ALARMS, Counts, changed_counts, told_as
from service.portals.translation import words_for
from service.premises.rules import AreaId, BuildingId

router = APIRouter(include_in_schema=False)
HEARTBEAT_S = 15.0
# At most this often to one reader, however many doors open.
PAUSE_S = 0.25
_RETRY_MS = 3000
_OVER = "event: over\ndata: {}\n\n"
# Keeps proxies from closing the connection.
_STILL_HERE = ": still here\n\n"


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches what: a session token, and the area or building whose page is open."""

    parts: Parts
    token: str | None
    area_id: AreaId | None
    building_id: BuildingId | None
    counts_places: bool = True


@router.get("/live/occupancy")
async def live_occupancy(
    request: Request,
    parts: CurrentParts,
    area: AreaId | None = None,
    building: BuildingId | None = None,
    last_event_id: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """The stream for one open page; refused like the page itself, and with TooMany where all places are taken."""
    return await _watched(request, Watch(parts, cookie_token(request), area, building), last_event_id)


@router.get("/live/alarms")
async def live_alarms(
    request: Request, parts: CurrentParts, last_event_id: Annotated[str, Header()] = ""
) -> StreamingResponse:
    """The stream for an open page of alarms; refused as above."""
    return await _watched(request, Watch(parts, cookie_token(request), None, None, False), last_event_id)


async def _watched(request: Request, watch: Watch, last_event_id: str) -> StreamingResponse:
    feed: Feed = request.app.state.feed
    feed.check_room()
    first = await feed.ask(look, watch)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(feed, watch, first, last_event_id), 200, headers, "text/event-stream")


def look(watch: Watch) -> Counts:
    """The counts now. NotSignedIn, NotAllowed or NotFound when the reader may not see them, or no longer."""
    with transaction(watch.parts.database) as session:
        actor = None if watch.token is None else actor_for(session, watch.token, now=watch.parts.clock())
        if actor is None:
            raise NotSignedIn
        check_is(actor, Role.GRID_WORKER, Role.OFFICER)
        enter(session, scope_of(actor))
        return _places(session, actor, watch) | {ALARMS: alarms.count_in_scope(session)}


def _places(session: Session, actor: Actor, watch: Watch) -> dict[str, tuple[int, ...]]:
    words = words_for(actor.locale)
    if not watch.counts_places:
        return {}
    if watch.building_id is not None:
        found = building_overview(counting.building_counts(session, actor, watch.building_id), words)
    else:
        found = area_overview(counting.area_counts(session, actor, watch.area_id or AreaId(0)), words)
    return live_counts(found)


async def _stream(feed: Feed, watch: Watch, sent: Counts, seen: str) -> AsyncIterator[str]:
    """Events for one reader, until the reader goes, is signed out, or the process ends.

    What moves elsewhere, or is not for this reader, moves nothing here: no id, and no sign of life but the regular one.
    """
    clock = asyncio.get_running_loop().time
    with feed.reader() as woken:
        yield f"retry: {_RETRY_MS}\n" + (_STILL_HERE if seen == told_as(sent) else _event(sent, sent))
        beat_at = clock() + HEARTBEAT_S
        while not feed.closing:
            await _wait(woken, beat_at - clock())
            if feed.closing:
                return
            try:
                now = await feed.ask(look, watch)
            except OperationalError:
                continue  # the database is away; the feed's own connection says when it is back
            except AnmenError:
                yield _OVER
                return
            news, sent = changed_counts(sent, now), now
            if news or clock() >= beat_at:
                yield _event(sent, news) if news else _STILL_HERE
                beat_at = clock() + HEARTBEAT_S


async def _wait(woken: asyncio.Event, most_s: float) -> None:
    await asyncio.sleep(PAUSE_S)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(woken.wait(), max(0.0, most_s))
    woken.clear()


def _event(told: Counts, news: Counts) -> str:
    return f"id: {told_as(told)}\nevent: counts\ndata: {json.dumps(news)}\n\n"
