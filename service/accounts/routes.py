"""Signing in and out, and one's own account, for programs."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from service.accounts import actions
from service.accounts.rules import AccountId, AreaId, Locale, PersonId, Role
from service.accounts.signed_in import Asking, bearer_token, origin_of, signed_in
from service.accounts.trying import Origin
from service.edges.problems import problem_response
from service.edges.requests import CurrentParts, Keys, Now, Tx
from service.errors import AnmenError

router = APIRouter(prefix="/api/v1", tags=["accounts"])


class SignInRequest(BaseModel):
    """Login and password of an account."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(max_length=200)
    password: str = Field(max_length=200)


class SessionMade(BaseModel):
    """The token to send as Authorization: Bearer, and until when it is good."""

    token: str
    expires_at: datetime


class Me(BaseModel):
    """The account that asks."""

    account_id: AccountId
    role: Role
    name: str
    locale: Locale
    areas: tuple[AreaId, ...]
    person_id: PersonId | None


class LocaleChoice(BaseModel):
    """The language of the account's pages."""

    model_config = ConfigDict(extra="forbid")

    locale: Locale


@router.post("/sessions", status_code=201, response_model=SessionMade)
def open_session(
    request: Request, body: SignInRequest, session: Tx, parts: CurrentParts, now: Now
) -> SessionMade | JSONResponse:
    """Sign in. After five wrong passwords in a quarter of an hour from one address the login has to wait there."""
    lifetime_s = parts.settings.sign_in_lifetime_s
    token = actions.sign_in(
        session,
        body.login,
        body.password,
        origin=Origin(origin_of(request).address),
        keyring=parts.keyring,
        now=now,
        lifetime_s=lifetime_s,
    )
    if isinstance(token, AnmenError):
        return problem_response(token)
    return SessionMade(token=token, expires_at=now + timedelta(seconds=lifetime_s))


@router.delete("/sessions/current", status_code=204, dependencies=[signed_in])
def close_session(session: Tx, token: Annotated[str, Depends(bearer_token)], now: Now) -> None:
    """Sign out: the token is good no longer."""
    actions.sign_out(session, token, now=now)


@router.get("/me")
def me(session: Tx, actor: Asking, keyring: Keys) -> Me:
    """Who is asking, and in which areas."""
    return Me(
        account_id=actor.account_id,
        role=actor.role,
        name=actions.account_name(session, actor.account_id, keyring=keyring),
        locale=Locale(actor.locale),
        areas=actor.areas,
        person_id=actor.person_id,
    )


@router.put("/me/locale", status_code=204)
def choose_locale(body: LocaleChoice, session: Tx, actor: Asking) -> None:
    """Choose the language of one's pages."""
    actions.set_locale(session, actor.account_id, body.locale)
