"""Who is asking, as a route's argument.

The JSON API takes a bearer token and no cookie, so that no other site can ask with a visitor's rights. The pages take
a cookie; their forms carry a token made from it (`Csrf`), which whoever receives a form checks (`checked_form`).
"""

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Form, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session

from service.accounts.actions import actor_for, scope_of
from service.accounts.rules import Actor, Role, csrf_token
from service.accounts.trying import Origin
from service.edges.requests import Now, Tx
from service.edges.transaction import enter
from service.errors import NotAllowed, NotSignedIn
from service.settings import Settings

SESSION_COOKIE = "anmen_session"
MARK_COOKIE = "anmen_browser"
_YEAR_S = 365 * 86400

_bearer = HTTPBearer(auto_error=False, description="The token that POST /api/v1/sessions answers.")


def cookie_token(request: Request) -> str | None:
    """The session token that the browser brought."""
    return request.cookies.get(SESSION_COOKIE)


def bearer_token(bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    """The session token that a program sent; NotSignedIn where there is none."""
    if bearer is None:
        raise NotSignedIn("Please send the header Authorization: Bearer and your token.", code="no_token")
    return bearer.credentials


def give_cookie(response: Response, token: str, settings: Settings) -> None:
    """Let the browser keep the session token where no script can read it."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=settings.sign_in_lifetime_s,
        httponly=True,
        samesite="lax",
        secure=settings.public_url.startswith("https:"),
    )


def give_mark(response: Response, mark: str, settings: Settings) -> None:
    """Let the browser keep its mark for a year, where only the sign-in page gets it."""
    secure = settings.public_url.startswith("https:")
    response.set_cookie(
        MARK_COOKIE, mark, max_age=_YEAR_S, path="/sign-in", httponly=True, samesite="strict", secure=secure
    )


def origin_of(request: Request) -> Origin:
    """Where the request comes from."""
    return Origin(request.client.host if request.client else "", request.cookies.get(MARK_COOKIE, ""))


def take_cookie(response: Response) -> None:
    """Let the browser forget the session token."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")


def _asking(session: Tx, token: Annotated[str, Depends(bearer_token)], now: Now) -> Actor:
    return _enter_as(session, token, now)


def _find_visitor(session: Tx, token: Annotated[str | None, Depends(cookie_token)], now: Now) -> Actor | None:
    actor = None if token is None else actor_for(session, token, now=now)
    if actor is not None:
        enter(session, scope_of(actor))
    return actor


def _visiting(visitor: Annotated[Actor | None, Depends(_find_visitor)]) -> Actor:
    if visitor is None:
        raise NotSignedIn
    return visitor


def _csrf(token: Annotated[str | None, Depends(cookie_token)]) -> str:
    return csrf_token(token or "")


def _checked_form(expected: Annotated[str, Depends(_csrf)], csrf: Annotated[str, Form()] = "") -> None:
    if not hmac.compare_digest(csrf.encode(), expected.encode()):
        raise NotAllowed("This form is out of date. Please open the page again and send it once more.", code="csrf")


def _enter_as(session: Session, token: str, now: datetime) -> Actor:
    actor = actor_for(session, token, now=now)
    if actor is None:
        raise NotSignedIn("This token is unknown or its time is over. Please sign in again.", code="token")
    enter(session, scope_of(actor))
    return actor


# Whoever calls the JSON API; the request's transaction sees that actor's rows from here on.
Asking = Annotated[Actor, Depends(_asking)]
# The same for routes that need no more of the actor than that there is one.
signed_in = Depends(_asking)
# Whoever looks at a page, signed in or not.
Visitor = Annotated[Actor | None, Depends(_find_visitor)]
Visiting = Annotated[Actor, Depends(_visiting)]
# The token a page's forms carry; and, as a route's dependency, its check.
Csrf = Annotated[str, Depends(_csrf)]
checked_form = Depends(_checked_form)


def _only(*roles: Role) -> Callable[[Actor], Actor]:
    def of_role(actor: Asking) -> Actor:
        check_is(actor, *roles)
        return actor

    return of_role


def check_is(actor: Actor, *roles: Role) -> None:
    """NotAllowed unless the actor has one of the roles."""
    if actor.role not in roles:
        raise NotAllowed("Your account is for something else.", code="role")


AskingLandlord = Annotated[Actor, Depends(_only(Role.LANDLORD))]
AskingTenant = Annotated[Actor, Depends(_only(Role.TENANT))]
AskingStaff = Annotated[Actor, Depends(_only(Role.GRID_WORKER, Role.OFFICER))]
