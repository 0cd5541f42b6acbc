"""Statements of the event path, given to the driver itself: a batch has a dozen, and the ORM's way costs each 0.1 ms more.

Same connection, same transaction, and the same faults as through the session. Inside `in_a_row` they go out one behind another:
the database works on one while we write the next, and is waited for where somebody reads rows, and at the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

_Driver = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement that is on its way."""

    connection: Connection
    driver: _Driver
    cursor: psycopg.Cursor[tuple[Any, ...]]

    def rows(self) -> list[tuple[Any, ...]]:
        """What it returns, all at once. DBAPIError as from the session; inside `in_a_row` it must return something."""
        if self.cursor.description is None and not self.driver.pgconn.pipeline_status:
            return []
        with _as_from_the_session(self.connection, self.driver):
            return self.cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL whose values are named as %(name)s."""

    text: str

    def send(self, session: Session, **values: Any) -> Sent:
        """Execute in the session's running transaction. DBAPIError as from the session; inside `in_a_row` perhaps only at its end."""
        session.flush()
        connection = session.connection()
        driver = _driver_of(connection)
        with _as_from_the_session(connection, driver):
            return Sent(connection, driver, driver.execute(self.text.encode(), values))

    def rows(self, session: Session, **values: Any) -> list[tuple[Any, ...]]:
        """Execute in the session's running transaction; what it returns. DBAPIError as from the session."""
        return self.send(session, **values).rows()


@contextmanager
def in_a_row(session: Session) -> Iterator[None]:
    """Statements sent inside do not wait for each other's answer; after it all have succeeded. DBAPIError as from the session."""
    connection = session.connection()
    driver = _driver_of(connection)
    first: Exception | None = None
    try:
        with _as_from_the_session(connection, driver), driver.pipeline():
            try:
                yield
            # Kept from the driver, which logs what it finds out besides, and that may quote a value.
            except Exception as fault:  # noqa: BLE001  # raised again below
                first = fault
    except DBAPIError as fault:
        first = first or fault
    if first is not None:
        raise first


def _driver_of(connection: Connection) -> _Driver:
    driver: _Driver | None = connection.connection.driver_connection
    if driver is None:
        raise TypeError("a session without a connection")
    return driver


@contextmanager
def _as_from_the_session(connection: Connection, driver: _Driver) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as fault:
        if driver.closed:
            connection.invalidate(fault)
        # What was sent to the database must not end up in a log.
        raise DBAPIError.instance(
            None, None, fault, psycopg.Error, hide_parameters=True, connection_invalidated=driver.closed
        ) from fault
