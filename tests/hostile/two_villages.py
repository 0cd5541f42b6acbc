"""Two villages that have nothing to do with each other, and a token for everybody in them."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel import Session

from service.accounts import records as accounts
from service.accounts.actions import scope_of
from service.accounts.rules import AccountId, Role, csrf_token
from service.accounts.signed_in import SESSION_COOKIE
from service.alarms import records as alarms
from service.alarms.rules import AlarmKind, RaisedAlarm
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.transfers import actions as transfers
from service.visits import actions as visits
from service.visits.rules import Wanted
from tests import given, given_living
from tests.fixtures_database import Database
from tests.given_living import Living

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
# Whoever asks these needs no authority: probes, the interface's description, signing in, wordings, an invitation.
PUBLIC = {
    "GET /healthz",
    "GET /readyz",
    "GET /api/v1/openapi.json",
    "GET /sign-in",
    "POST /sign-in",
    "POST /language",
    "POST /sign-out",
    "POST /api/v1/sessions",
    "POST /api/v1/invitations/open",
    "GET /api/v1/consent-wordings/{purpose}",
}
JSON_BODIES: dict[str, dict[str, Any]] = {
    "invitations": {"starts_on": "2026-03-03", "ends_on": "2026-09-03"},
    "buildings": {"area_id": 1, "address": "柳溪路1号"},
    "units": {"number": "1"},
    "confirm": {"saw_document": True},
    "end": {"reason": "moved_out"},
    "visits": {"hours": 2},
    "emergency-pin": {"wanted": "look", "password": "x"},
    "passage": {"days": "workdays", "opens": "07:00", "closes": "19:00"},
    "open": {"token": "x"},
    "locale": {"locale": "en"},
    "inquiries": {"kind": "unit", "purpose": "check_in", "basis": "x"},
}


@dataclass(frozen=True, slots=True)
class Village:
    """One landlord's room with a tenant, a registration that waits, an invitation, and the staff of its grid."""

    place: Living
    tokens: dict[str, str]
    ids: dict[str, int]
    secrets: tuple[str, ...]

    def path(self, template: str) -> str:
        """The route's path with this village's ids."""
        return PARAMETER.sub(
            lambda found: str(
                self.ids.get(found[1], {"way": "card", "purpose": "face", "step": "attend"}.get(found[1], "x"))
            ),
            template,
        )


def village(database: Database, keyring: Keyring, now: datetime, name: str) -> Village:
    """Everybody's name begins with `name`, so that a leak can be told."""
    place = given_living.living(database.serve, keyring, now, locks=1, capacity=9)
    document, phone = given.document(), str(given_living.PHONES + 5_000_000 + given.a_number())
    begun = given_living.tenant(
        place, given_living.form(document, face=True, name=f"{name}住客", phone=phone), given_living.prepared()
    )
    waiting = given_living.registered(place, given_living.form(name=f"{name}等待"))
    given_living.invited(place)
    own = given_living.tenant_actor(place, begun.person_id)
    with transaction(database.serve, scope_of(own)) as session:
        visit, _ = visits.invite(session, begun.grant_id, Wanted(), keyring=keyring, now=now)
    staff = {role: given_living.officer(place, role=role).account_id for role in (Role.OFFICER, Role.GRID_WORKER)}
    with transaction(database.serve, SYSTEM) as session:
        session.execute(
            text("UPDATE building SET address = :address WHERE id = :id"),
            {"address": f"{name}路", "id": place.home.building_id},
        )
        tenant = accounts.find_account_of(session, begun.person_id)
        assert tenant is not None
        holders = {
            "landlord": place.home.landlord_id,
            "tenant": tenant,
            **{role.value: one for role, one in staff.items()},
        }
        tokens = {role: token_for(session, account, now) for role, account in holders.items()}
        invitation = session.execute(
            text("SELECT max(id) FROM invitation WHERE unit_id = :id"), {"id": place.unit_id}
        ).scalar_one()
        offered = transfers.offer(session, place.landlord, place.home.building_id, keyring=keyring, now=now)
    call = RaisedAlarm(place.locks[0], place.unit_id, place.home.areas.grid, AlarmKind.DURESS, now, now, 1)
    with transaction(database.ingest, SYSTEM) as session:
        alarms.raise_alarms(session, [call], now)
        alarm = session.execute(text("SELECT max(id) FROM alarm")).scalar_one()
    ids = {
        "alarm_id": alarm,
        "unit_id": place.unit_id,
        "building_id": place.home.building_id,
        "area_id": place.home.areas.grid,
        "invitation_id": invitation,
        "registration_id": waiting.registration_id,
        "tenancy_id": begun.tenancy_id,
        "grant_id": begun.grant_id,
        "visit_id": visit,
        "transfer_id": offered.transfer_id,
    }
    return Village(place, tokens, ids, (name, document.number, phone, place.locks[0]))


def token_for(session: Session, account_id: AccountId, now: datetime) -> str:
    """A session token, without the time a password takes."""
    token = secrets.token_urlsafe(32)
    row = accounts.SignIn(
        token_hash=hashlib.sha256(token.encode()).digest(),
        account_id=account_id,
        created_at=now,
        expires_at=now + timedelta(hours=12),
    )
    accounts.add_sign_in(session, row)
    return token


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of every route there is, however it was put in."""
    yield from _routes(app.routes)


def _routes(routes: Any) -> Iterator[tuple[str, str]]:
    for route in routes:
        if hasattr(route, "original_router"):
            yield from _routes(route.original_router.routes)
        else:
            yield from (
                (method, route.path) for method in sorted(getattr(route, "methods", None) or ()) if method != "HEAD"
            )


def ask(client: httpx.Client, method: str, path: str, token: str | None = None) -> httpx.Response:
    """Ask as a program or as a page, whichever the path is for, with a body that could be taken."""
    client.cookies.clear()
    if path.startswith("/api/"):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        body = JSON_BODIES.get(path.rstrip("/").rpartition("/")[2], {})
        return client.request(method, path, headers=headers, json=body if method in {"POST", "PUT"} else None)
    if token is not None:
        client.cookies.set(SESSION_COOKIE, token)
    form = {
        "csrf": csrf_token(token or ""),
        "saw_document": "1",
        "reason": "moved_out",
        "unit_id": "1",
        "starts_on": "2026-03-03",
        "ends_on": "2026-09-03",
        "hours": "2",
    }
    return client.request(method, path, data=form if method == "POST" else None)
