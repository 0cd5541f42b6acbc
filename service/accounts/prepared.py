"""An account that is asked for now and opened later: only the password's hash waits, and the login is not taken meanwhile."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from service.accounts import passwords, records
from service.accounts.rules import AccountId, Locale, PersonId, Role, check_new_password, read_login
from service.audit.actions import record
from service.audit.rules import Act
from service.edges.keyring import Keyring, Root
from service.errors import Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAccount:
    """A tenant's account to be; keep it sealed."""

    login: str = field(repr=False)
    password_hash: str = field(repr=False)
    name: str = field(repr=False)
    locale: Locale


def prepare_account(
    session: Session,
    *,
    login: str,
    password: str,
    name: str,
    locale: Locale,
    person_id: PersonId | None,
    keyring: Keyring,
) -> PreparedAccount:
    """Check login and password and hash the password. Conflict where the login is somebody else's."""
    check_new_password(password)
    taken = records.login_is_taken(session, keyring.blind_index("login", read_login(login)))
    if taken and (person_id is None or records.find_account_of(session, person_id) is None):
        raise Conflict(
            "Somebody signs in with this phone number already. Please enter another number.",
            code="login_taken",
            field="phone",
        )
    return PreparedAccount(login=login, password_hash=passwords.hash_password(password), name=name, locale=locale)


def open_prepared(
    session: Session, prepared: PreparedAccount, *, person_id: PersonId, keyring: Keyring, now: datetime
) -> AccountId | None:
    """The person's account: the one they have already, else a new one; None where the login was taken in the meantime."""
    known = records.find_account_of(session, person_id)
    if known is not None:
        return known
    login_index = keyring.blind_index("login", read_login(prepared.login))
    if records.login_is_taken(session, login_index):
        return None
    account = records.Account(
        login_index=login_index,
        password_hash=prepared.password_hash,
        role=Role.TENANT,
        name_sealed=keyring.seal(Root.PEOPLE, "account name", prepared.name.encode(), row=login_index.hex()),
        person_id=person_id,
        locale=prepared.locale,
        created_at=now,
    )
    account_id = records.add_account(session, account, ())
    record(session, None, Act.ACCOUNT_OPENED, account_id, now=now, role=Role.TENANT)
    return account_id
