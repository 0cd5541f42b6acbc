"""Signing in against the real database: sessions, throttling, closed accounts, and what is left in the ledger."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from service.accounts import actions as accounts
from service.accounts.rules import FAILURE_WINDOW, FAILURES_ALLOWED, AccountId, Locale, Role
from service.edges.keyring import Keyring
from service.edges.transaction import NOBODY, SYSTEM, Scope, transaction
from service.errors import BadInput, Conflict, NotSignedIn, TooMany
from tests import given
from tests.fixtures_database import Database

LOGIN = "wang"


@pytest.fixture
def landlord(database: Database, keyring: Keyring, now: datetime) -> AccountId:
    with transaction(database.serve, SYSTEM) as session:
        return given.account(session, keyring=keyring, now=now, login=LOGIN)


class Door:
    """Signs in with everything but the password already known."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database, self.keyring = database, keyring

    def try_password(self, password: str, now: datetime, *, login: str = LOGIN) -> str | NotSignedIn | TooMany:
        with transaction(self.database.serve, NOBODY) as session:
            return accounts.sign_in(session, login, password, keyring=self.keyring, now=now, lifetime_s=3600)


@pytest.fixture
def door(database: Database, keyring: Keyring) -> Door:
    return Door(database, keyring)


def _acts(session: Session) -> list[str]:
    return list(session.execute(text("SELECT act FROM audit_entry ORDER BY id")).scalars())


def test_a_token_says_who_is_asking_until_its_time_is_over(door: Door, landlord: AccountId, now: datetime) -> None:
    token = door.try_password(given.PASSWORD, now)
    assert isinstance(token, str)
    with transaction(door.database.serve) as session:
        actor = accounts.actor_for(session, token, now=now + timedelta(seconds=3599))
        assert actor is not None
        assert (actor.account_id, actor.role) == (landlord, Role.LANDLORD)
        assert accounts.scope_of(actor) == Scope(landlord=landlord)
        assert accounts.actor_for(session, token, now=now + timedelta(seconds=3600)) is None
        assert accounts.actor_for(session, token[:-1] + "!", now=now) is None


def test_a_login_is_found_in_any_case_and_width(door: Door, landlord: AccountId, now: datetime) -> None:
    assert isinstance(door.try_password(given.PASSWORD, now, login=" WＡng "), str)


def test_signing_out_ends_only_that_session(door: Door, landlord: AccountId, now: datetime) -> None:
    first, second = (str(door.try_password(given.PASSWORD, now)) for _ in range(2))
    with transaction(door.database.serve) as session:
        accounts.sign_out(session, first, now=now)
    with transaction(door.database.serve) as session:
        assert accounts.actor_for(session, first, now=now) is None
        assert accounts.actor_for(session, second, now=now) is not None


def test_five_wrong_passwords_close_the_login_for_a_while_even_to_the_right_one(
    door: Door, landlord: AccountId, now: datetime
) -> None:
    for n in range(FAILURES_ALLOWED):
        assert isinstance(door.try_password("wrong", now + timedelta(seconds=n)), NotSignedIn)
    refused = door.try_password(given.PASSWORD, now + timedelta(seconds=10))
    assert isinstance(refused, TooMany)
    assert refused.retry_after_s == FAILURE_WINDOW.total_seconds() - 10 + 1
    assert isinstance(door.try_password(given.PASSWORD, now + FAILURE_WINDOW), str)


def test_unknown_logins_are_throttled_like_known_ones(door: Door, now: datetime) -> None:
    answers = [door.try_password("wrong", now, login="nobody") for _ in range(FAILURES_ALLOWED + 1)]
    assert [type(answer) for answer in answers] == [NotSignedIn] * FAILURES_ALLOWED + [TooMany]


def test_a_right_password_forgets_the_wrong_ones(door: Door, landlord: AccountId, now: datetime) -> None:
    for _ in range(2):
        for _ in range(FAILURES_ALLOWED - 1):
            door.try_password("wrong", now)
        assert isinstance(door.try_password(given.PASSWORD, now), str)


def test_two_attempts_at_the_same_moment_cannot_both_pass_the_throttle(
    door: Door, landlord: AccountId, keyring: Keyring, now: datetime
) -> None:
    with transaction(door.database.serve) as session:
        accounts.sign_in(session, LOGIN, "wrong", keyring=keyring, now=now, lifetime_s=1)
        assert isinstance(door.try_password(given.PASSWORD, now), TooMany)


def test_a_closed_account_is_nobody(door: Door, landlord: AccountId, now: datetime) -> None:
    token = str(door.try_password(given.PASSWORD, now))
    with transaction(door.database.serve) as session:
        session.execute(text("UPDATE account SET disabled_at = created_at"))
    assert isinstance(door.try_password(given.PASSWORD, now), NotSignedIn)
    with transaction(door.database.serve) as session:
        assert accounts.actor_for(session, token, now=now) is None


def test_the_ledger_keeps_refused_attempts_and_no_login(door: Door, landlord: AccountId, now: datetime) -> None:
    door.try_password("wrong", now)
    door.try_password(given.PASSWORD, now)
    with transaction(door.database.serve) as session:
        assert _acts(session) == ["accounts:account:opened", "accounts:session:refused", "accounts:session:opened"]
        ledger = session.execute(text("SELECT string_agg(audit_entry::text, ' ') FROM audit_entry")).scalar_one()
        assert LOGIN not in ledger


def test_a_login_is_given_once(database: Database, landlord: AccountId, keyring: Keyring, now: datetime) -> None:
    with pytest.raises(Conflict, match="taken"), transaction(database.serve, SYSTEM) as session:
        given.account(session, keyring=keyring, now=now, login=LOGIN.upper())


def test_an_account_keeps_name_and_language(
    database: Database, landlord: AccountId, keyring: Keyring, now: datetime
) -> None:
    with transaction(database.serve) as session:
        accounts.set_locale(session, landlord, Locale.ENGLISH)
    with transaction(database.serve) as session:
        assert accounts.account_name(session, landlord, keyring=keyring) == "王秀英"
        assert session.execute(text("SELECT locale FROM account")).scalar_one() == "en"


def test_only_a_tenants_account_belongs_to_a_person(database: Database, keyring: Keyring, now: datetime) -> None:
    with pytest.raises(BadInput, match="tenant"), transaction(database.serve, SYSTEM) as session:
        given.account(session, role=Role.TENANT, keyring=keyring, now=now)


def test_what_is_over_is_deleted(door: Door, landlord: AccountId, now: datetime) -> None:
    door.try_password(given.PASSWORD, now)
    door.try_password("wrong", now)
    with transaction(door.database.serve) as session:
        accounts.forget_expired(session, now=now + timedelta(hours=1))
    with transaction(door.database.serve) as session:
        left = session.execute(text("SELECT (SELECT count(*) FROM sign_in), (SELECT count(*) FROM sign_in_failure)"))
        assert left.one() == (0, 0)
