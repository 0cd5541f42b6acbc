"""Signing in and out, the language of the pages, and the way from "/" to one's own first page."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from service.accounts import actions as accounts
from service.accounts.rules import Locale, Role
from service.accounts.signed_in import SESSION_COOKIE, checked_form, give_cookie, give_mark, origin_of, take_cookie
from service.edges.requests import Tx
from service.errors import AnmenError, TooMany
from service.portals import forms
from service.portals.error_pages import SIGN_IN
from service.portals.rules import LOCALES, safe_way_on
from service.portals.visits import AnyVisit, Said, Visit, set_language

router = APIRouter(include_in_schema=False)
_FIRST_PAGES = {Role.LANDLORD: "/rooms", Role.TENANT: "/me", Role.GRID_WORKER: "/areas", Role.OFFICER: "/areas"}


@router.get("/")
def start(visit: AnyVisit) -> Response:
    """On to the first page of whoever is signed in."""
    return visit.go(_FIRST_PAGES[visit.asking.role] if visit.asking else SIGN_IN)


@router.get(SIGN_IN)
def show_sign_in(visit: AnyVisit, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form."""
    return visit.page("sign_in.html", form=forms.filled({"next": safe_way_on(next)}))


@router.post(SIGN_IN, dependencies=[checked_form])
def sign_in(
    visit: AnyVisit,
    session: Tx,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    way_on: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """On to where the person wanted to go, or the form again; a refusal is an answer here, so that its trace is kept."""
    typed = {"login": login, "next": safe_way_on(way_on)}
    parts = visit.parts
    made = forms.attempt(
        session,
        lambda: accounts.sign_in(
            session,
            login,
            password,
            origin=origin_of(visit.request),
            keyring=parts.keyring,
            now=visit.now,
            lifetime_s=parts.settings.sign_in_lifetime_s,
        ),
    )
    if isinstance(made, AnmenError):
        return _again(visit, forms.refused(typed, made, visit.words), made)
    response = visit.go(typed["next"])
    give_cookie(response, made, parts.settings)
    give_mark(response, accounts.browser_mark(login, keyring=parts.keyring), parts.settings)
    return response


def _again(visit: Visit, form: forms.Form, error: AnmenError) -> Response:
    response = visit.page("sign_in.html", status=error.status, form=form)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


@router.post("/sign-out", dependencies=[checked_form])
def sign_out(visit: AnyVisit, session: Tx) -> Response:
    """The session is over on our side too."""
    accounts.sign_out(session, visit.request.cookies.get(SESSION_COOKIE, ""), now=visit.now)
    response = visit.go(SIGN_IN, Said.SIGNED_OUT)
    take_cookie(response)
    return response


@router.post("/language", dependencies=[checked_form])
def choose_language(
    visit: AnyVisit,
    session: Tx,
    locale: Annotated[str, Form()] = "",
    way_on: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """The language from now on, kept with the account or, for strangers, in a cookie."""
    response = visit.go(safe_way_on(way_on))
    if locale in LOCALES:
        set_language(response, locale, secure=visit.secure)
        if visit.asking:
            accounts.set_locale(session, visit.asking.account_id, Locale(locale))
    return response
