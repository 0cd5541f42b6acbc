"""Opening accounts, signing in and out, and finding out who is asking."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict, Unpack

from sqlmodel import Session

from service.accounts import passwords, records
from service.accounts.rules import (
    FAILURE_WINDOW,
    AccountId,
    Actor,
    AreaId,
    Locale,
    PersonId,
    Role,
    Source,
    check_new_password,
    check_role,
    read_login,
)
from service.accounts.trying import Origin, new_mark, source_of, too_many
from service.audit.actions import record
from service.audit.rules import Act
from service.edges.keyring import Keyring, Root
from service.edges.transaction import Scope
from service.errors import BadInput, Conflict, NotSignedIn, TooMany

_TOKEN_BYTES = 32
NOWHERE = Origin()
# Whoever is signed in and types the password once more counts apart from those who stand outside.
_SIGNED_IN = Source(b"signed in", known=True)


class NewAccount(TypedDict):
    """What an account is opened with."""

    role: Role
    login: str
    password: str
    name: str
    person_id: NotRequired[PersonId | None]
    areas: NotRequired[Sequence[AreaId]]
    locale: NotRequired[Locale]


def open_account(session: Session, *, keyring: Keyring, now: datetime, **new: Unpack[NewAccount]) -> AccountId:
    """Make an account. BadInput for a login or password that cannot be, Conflict where the login is taken."""
    areas, person_id = new.get("areas", ()), new.get("person_id")
    check_role(new["role"], areas=areas, person_id=person_id)
    check_new_password(new["password"])
    login_index = _login_index(keyring, new["login"])
    if records.login_is_taken(session, login_index):
        raise Conflict("This login is taken; choose another one.", code="login_taken", field="login")
    account = records.Account(
        login_index=login_index,
        password_hash=passwords.hash_password(new["password"]),
        role=new["role"],
        name_sealed=keyring.seal(Root.PEOPLE, "account name", new["name"].encode(), row=login_index.hex()),
        person_id=person_id,
        locale=new.get("locale", Locale.CHINESE),
        created_at=now,
    )
    account_id = records.add_account(session, account, areas)
    record(session, None, Act.ACCOUNT_OPENED, account_id, now=now, role=new["role"])
    return account_id


def sign_in(
    session: Session,
    login: str,
    password: str,
    *,
    origin: Origin = NOWHERE,
    keyring: Keyring,
    now: datetime,
    lifetime_s: int,
) -> str | NotSignedIn | TooMany:
    """A new session's token, or *returned* (raising would forget the failure): NotSignedIn, or TooMany after five of them.

    Unknown logins fail like wrong passwords, in the same time.
    """
    login_index = _login_index(keyring, login)
    source = source_of(keyring, login_index, origin)
    refused = too_many(session, login_index, source, now)
    if refused is not None:
        return refused
    known = records.find_credentials(session, login_index)
    if not passwords.matches(password, known.password_hash if known else None) or known is None:
        records.append_failure(session, login_index, source, now)
        record(session, None, Act.SIGN_IN_REFUSED, known.account_id if known else "", now=now)
        return NotSignedIn("The login or the password is wrong.", code="wrong_password")
    records.clear_failures(session, login_index, source)
    return _begin_session(session, known, now=now, lifetime_s=lifetime_s)


def browser_mark(login: str, *, keyring: Keyring) -> str:
    """What a browser that has just signed in keeps, so that nobody's wrong passwords keep it out."""
    return new_mark(keyring, _login_index(keyring, login))


def prove_password(session: Session, actor: Actor, password: str, *, now: datetime) -> BadInput | TooMany | None:
    """None where whoever is signed in knows the password; else why not, *returned* like in `sign_in`, and counted."""
    account = records.get_account(session, actor.account_id)
    refused = too_many(session, account.login_index, _SIGNED_IN, now)
    if refused is not None:
        return refused
    if passwords.matches(password, account.password_hash):
        return None
    records.append_failure(session, account.login_index, _SIGNED_IN, now)
    record(session, actor, Act.SIGN_IN_REFUSED, actor.account_id, now=now)
    return BadInput("This is not your password.", code="wrong_password", field="password")


def sign_out(session: Session, token: str, *, now: datetime) -> None:
    """End the session of this token; nothing where there is none."""
    actor = actor_for(session, token, now=now)
    if actor is not None:
        records.remove_sign_in(session, _token_hash(token))
        record(session, actor, Act.SIGNED_OUT, actor.account_id, now=now)


def actor_for(session: Session, token: str, *, now: datetime) -> Actor | None:
    """Whose session this is; None where the token is unknown or its time is over."""
    return records.find_actor(session, _token_hash(token), now)


def scope_of(actor: Actor) -> Scope:
    """Whose rows the actor's transactions may see."""
    return Scope(
        areas=tuple(actor.areas),
        landlord=actor.account_id if actor.role is Role.LANDLORD else None,
        person=actor.person_id,
        police=actor.role is Role.OFFICER,
    )


def set_locale(session: Session, account_id: AccountId, locale: Locale) -> None:
    """Choose the language of the account's pages."""
    records.set_locale(session, account_id, locale)


def account_name(session: Session, account_id: AccountId, *, keyring: Keyring) -> str:
    """The name the account was opened under."""
    account = records.get_account(session, account_id)
    return keyring.open(Root.PEOPLE, "account name", account.name_sealed, row=account.login_index.hex()).decode()


def forget_expired(session: Session, *, now: datetime) -> None:
    """A job: delete sessions that are over and failures that count no longer."""
    records.forget(session, sessions_over_at=now, failures_before=now - FAILURE_WINDOW)


def _begin_session(session: Session, known: records.Credentials, *, now: datetime, lifetime_s: int) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    records.add_sign_in(
        session,
        records.SignIn(
            token_hash=_token_hash(token),
            account_id=known.account_id,
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime_s),
        ),
    )
    record(session, None, Act.SIGNED_IN, known.account_id, now=now, role=known.role)
    return token


def _login_index(keyring: Keyring, login: str) -> bytes:
    return keyring.blind_index("login", read_login(login))


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
