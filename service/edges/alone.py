"""One process at a time: an advisory lock of the database that ends with the transaction."""

from sqlalchemy import text
from sqlmodel import Session


def alone(session: Session, key: int) -> bool:
    """Whether nobody else is at the work of that key now; if so nobody else will be until this transaction ends."""
    return bool(session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}).scalar_one())
