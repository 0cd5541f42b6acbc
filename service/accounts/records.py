"""Tables of accounts, sessions and failed attempts, and their SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, text
from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from service.accounts.rules import AccountId, Actor, AreaId, Failure, PersonId, Role, Source


class Account(SQLModel, table=True):
    """Somebody who can sign in. The login itself is not kept, only its blind index."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    login_index: bytes = Field(unique=True)
    password_hash: str
    role: str
    name_sealed: bytes
    person_id: int | None = Field(default=None, sa_type=BigInteger)
    locale: str = "zh"
    created_at: datetime
    disabled_at: datetime | None = None


class AccountArea(SQLModel, table=True):
    """An area an account works in; all areas below it belong to it."""

    __tablename__ = "account_area"

    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    area_id: int = Field(primary_key=True, sa_type=BigInteger)


class SignIn(SQLModel, table=True):
    """One session of one account; the token itself is only with its owner."""

    __tablename__ = "sign_in"

    token_hash: bytes = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    created_at: datetime
    expires_at: datetime = Field(index=True)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signing in compares with."""

    account_id: AccountId
    role: Role
    password_hash: str


_ACTOR = text("""
    SELECT a.id, a.role, a.person_id, a.locale,
           ARRAY(SELECT areas_below(ARRAY(SELECT area_id FROM account_area WHERE account_id = a.id))) AS areas
    FROM sign_in s JOIN account a ON a.id = s.account_id
    WHERE s.token_hash = :token_hash AND s.expires_at > :now AND a.disabled_at IS NULL
""")
_TRY_IS_FREE = text(
    "SELECT pg_try_advisory_xact_lock(hashtextextended(encode(:login_index, 'hex') || encode(:source, 'hex'), 0))"
)
_FAILURES = text(
    "SELECT failed_at, source, known FROM sign_in_failure WHERE login_index = :login_index AND failed_at > :since"
)
_ADD_FAILURE = text(
    "INSERT INTO sign_in_failure (login_index, failed_at, source, known) VALUES (:login_index, :now, :source, :known)"
)
_CLEAR_FAILURES = text("DELETE FROM sign_in_failure WHERE login_index = :login_index AND source = :source")


def add_account(session: Session, account: Account, areas: Iterable[AreaId]) -> AccountId:
    """Store an account and the areas it works in."""
    session.add(account)
    session.flush()
    account_id = AccountId(account.id or 0)
    session.add_all([AccountArea(account_id=account_id, area_id=area) for area in areas])
    session.flush()
    return account_id


def login_is_taken(session: Session, login_index: bytes) -> bool:
    """Whether an account has this login."""
    return session.exec(select(Account.id).where(Account.login_index == login_index)).first() is not None


def find_account_of(session: Session, person_id: PersonId) -> AccountId | None:
    """The account of a person who can sign in."""
    asked = select(Account.id).where(Account.person_id == person_id, col(Account.disabled_at).is_(None))
    found = session.exec(asked).first()
    return None if found is None else AccountId(found)


def find_credentials(session: Session, login_index: bytes) -> Credentials | None:
    """What to compare a password with; None for unknown logins and for accounts that were closed."""
    asked = select(Account).where(Account.login_index == login_index, col(Account.disabled_at).is_(None))
    found = session.exec(asked).first()
    return Credentials(AccountId(found.id or 0), Role(found.role), found.password_hash) if found else None


def claim_try(session: Session, login_index: bytes, source: Source) -> bool:
    """Whether nobody else from there is trying this login at this moment; if so, nobody can until this transaction ends."""
    asked = {"login_index": login_index, "source": source.tag}
    return bool(session.execute(_TRY_IS_FREE, asked).scalar_one())


def failures_since(session: Session, login_index: bytes, since: datetime) -> list[Failure]:
    """Who failed when with this login, after `since`."""
    rows = session.execute(_FAILURES, {"login_index": login_index, "since": since})
    return [Failure(row.failed_at, Source(bytes(row.source), row.known)) for row in rows]


def append_failure(session: Session, login_index: bytes, source: Source, now: datetime) -> None:
    """Remember a failed attempt."""
    values = {"login_index": login_index, "now": now, "source": source.tag, "known": source.known}
    session.execute(_ADD_FAILURE, values)


def clear_failures(session: Session, login_index: bytes, source: Source) -> None:
    """Forget the failed attempts of this source with a login."""
    session.execute(_CLEAR_FAILURES, {"login_index": login_index, "source": source.tag})


def add_sign_in(session: Session, sign_in: SignIn) -> None:
    """Store a session."""
    session.add(sign_in)
    session.flush()


def remove_sign_in(session: Session, token_hash: bytes) -> None:
    """End a session; nothing where there is none."""
    session.execute(delete(SignIn).where(col(SignIn.token_hash) == token_hash))


def find_actor(session: Session, token_hash: bytes, now: datetime) -> Actor | None:
    """Whose session this is, with all areas; None where it is unknown, over, or of a closed account."""
    row = session.execute(_ACTOR, {"token_hash": token_hash, "now": now}).first()
    if row is None:
        return None
    return Actor(
        account_id=AccountId(row.id),
        role=Role(row.role),
        areas=tuple(AreaId(area) for area in row.areas),
        person_id=None if row.person_id is None else PersonId(row.person_id),
        locale=row.locale,
    )


def set_locale(session: Session, account_id: AccountId, locale: str) -> None:
    """Keep the language of an account."""
    session.execute(update(Account).where(col(Account.id) == account_id).values(locale=locale))


def get_account(session: Session, account_id: AccountId) -> Account:
    """The account's row; the id comes from an Actor or a foreign key, so it is there."""
    return session.exec(select(Account).where(Account.id == account_id)).one()


def forget(session: Session, *, sessions_over_at: datetime, failures_before: datetime) -> None:
    """Delete sessions that are over and failures that count no longer."""
    session.execute(delete(SignIn).where(col(SignIn.expires_at) <= sessions_over_at))
    session.execute(text("DELETE FROM sign_in_failure WHERE failed_at <= :before"), {"before": failures_before})
