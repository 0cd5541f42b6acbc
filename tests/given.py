"""Builders of what a test takes for granted. Each makes what it needs below itself and returns what it made."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count

from sqlmodel import Session

from service.accounts import actions as accounts
from service.accounts.rules import AccountId, AreaId, PersonId, Role
from service.edges.keyring import Keyring

PASSWORD = "correct horse battery"

_numbers = count(1)


def a_number() -> int:
    """A number no other builder has used in this process; makes names that do not clash."""
    return next(_numbers)


def account(
    session: Session,
    *,
    role: Role = Role.LANDLORD,
    keyring: Keyring,
    now: datetime,
    login: str | None = None,
    areas: Sequence[AreaId] = (),
    person_id: PersonId | None = None,
) -> AccountId:
    """An account whose password is PASSWORD."""
    return accounts.open_account(
        session,
        role=role,
        login=login or f"{role}-{a_number()}",
        password=PASSWORD,
        name="王秀英",
        keyring=keyring,
        now=now,
        areas=areas,
        person_id=person_id,
    )
