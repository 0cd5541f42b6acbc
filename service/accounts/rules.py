"""Roles, who somebody is for one request, and when to stop listening to wrong passwords. Pure."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from service.errors import BadInput

AccountId = NewType("AccountId", int)
# Defined here because an account works in areas and may be a person; their own concepts stand above this one.
AreaId = NewType("AreaId", int)
PersonId = NewType("PersonId", int)

FAILURES_ALLOWED = 5
# Of all who are not known together: whoever has a thousand addresses does not have a thousand times as many tries.
STRANGERS_FAILURES_ALLOWED = 50
FAILURE_WINDOW = timedelta(minutes=15)
PASSWORD_LENGTHS = range(10, 201)
LOGIN_LENGTHS = range(2, 101)
_MAINLAND_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")


class Role(StrEnum):
    """In what capacity somebody signs in; decides which rows and pages there are."""

    LANDLORD = "landlord"
    TENANT = "tenant"
    GRID_WORKER = "grid_worker"
    OFFICER = "officer"


class Locale(StrEnum):
    """The languages the pages speak."""

    CHINESE = "zh"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is asking, for one request. `areas` holds all areas of the account and every area below them."""

    account_id: AccountId
    role: Role
    areas: tuple[AreaId, ...] = ()
    person_id: PersonId | None = None
    locale: str = Locale.CHINESE


def read_login(text: str) -> str:
    """The login in the one form that is compared: no outer space, compatibility forms and case folded. BadInput says why.

    A mainland mobile number is the same login with and without +86, spaces and hyphens: tenants sign in with theirs.
    """
    login = unicodedata.normalize("NFKC", text).strip().casefold()
    if len(login) not in LOGIN_LENGTHS or any(unicodedata.category(sign)[0] == "C" for sign in login):
        raise BadInput("A login has 2 to 100 letters or digits.", code="login", field="login")
    mobile = _MAINLAND_MOBILE.fullmatch(re.sub(r"[\s-]", "", login))
    return f"+86{mobile[1]}" if mobile else login


def check_new_password(password: str) -> None:
    """BadInput where a new password is too short or too long; what it is made of is the owner's choice."""
    if len(password) not in PASSWORD_LENGTHS:
        raise BadInput("A password has 10 to 200 characters.", code="password_length", field="password")


@dataclass(frozen=True, slots=True)
class Source:
    """By whom a login is tried; `known`: a browser, or a session, that has signed in with it before."""

    tag: bytes
    known: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """A wrong password."""

    at: datetime
    source: Source


def wait_after_failures(failures: Sequence[Failure], source: Source, now: datetime) -> timedelta:
    """How long to refuse this login unread from this source: zero until FAILURES_ALLOWED of its own stand within FAILURE_WINDOW.

    Strangers' failures make strangers wait, one by one and all together, and nobody who is known.
    """
    wait = _wait([one.at for one in failures if one.source == source], FAILURES_ALLOWED, now)
    if source.known:
        return wait
    strangers = [one.at for one in failures if not one.source.known]
    return max(wait, _wait(strangers, STRANGERS_FAILURES_ALLOWED, now))


def _wait(failed_at: Sequence[datetime], allowed: int, now: datetime) -> timedelta:
    recent = sorted(at for at in failed_at if at > now - FAILURE_WINDOW)
    return timedelta(0) if len(recent) < allowed else recent[-allowed] + FAILURE_WINDOW - now


def check_role(role: Role, *, areas: Sequence[AreaId], person_id: PersonId | None) -> None:
    """BadInput unless a tenant is a person and only those who work in areas have any."""
    if (role is Role.TENANT) != (person_id is not None):
        raise BadInput("A tenant's account belongs to a registered person, and no other account does.", code="role")
    if (role in {Role.GRID_WORKER, Role.OFFICER}) != bool(areas):
        raise BadInput("Grid workers and officers have areas, and nobody else has.", code="role")


def csrf_token(session_token: str) -> str:
    """What a form must carry to count as ours: only who knows the session token can make it, and it does not give it away.

    Without a session there is nothing to ride on; that the form came from our own page is then the Origin header's to say.
    """
    return hmac.new(session_token.encode(), b"anmen form", hashlib.sha256).hexdigest()
