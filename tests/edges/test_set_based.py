"""A statement given to the driver itself is part of the session's transaction, and its faults are the session's faults."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from service.edges.faults import passes
from service.edges.set_based import Statement, in_a_row
from service.edges.transaction import SYSTEM, transaction
from tests.fixtures_database import Database

_ADD = Statement("INSERT INTO ingest_worker (name, seen_at) VALUES (%(name)s, now()) RETURNING name")
_COUNT = Statement("SELECT count(*) FROM ingest_worker")
_FORGET = Statement("DELETE FROM ingest_worker")
_OWN_PROCESS = Statement("SELECT pg_backend_pid()")


def add_and_stumble(database: Database) -> None:
    with transaction(database.ingest, SYSTEM) as session:
        assert _ADD.rows(session, name="a") == [("a",)]
        assert session.execute(text("SELECT count(*) FROM ingest_worker")).scalar_one() == 1
        raise ZeroDivisionError


def add(database: Database, *names: str) -> None:
    with transaction(database.ingest, SYSTEM) as session:
        for name in names:
            _ADD.rows(session, name=name)


def lose_the_connection(database: Database) -> None:
    with transaction(database.ingest, SYSTEM) as session:
        [(process,)] = _OWN_PROCESS.rows(session)
        with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
        _COUNT.rows(session)


def test_it_is_part_of_the_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        add_and_stumble(database)
    with transaction(database.ingest, SYSTEM) as session:
        assert _COUNT.rows(session) == [(0,)]
        assert _FORGET.rows(session) == []


def test_its_faults_are_the_sessions(database: Database) -> None:
    with pytest.raises(IntegrityError) as refused:
        add(database, "a", "a")
    assert not passes(refused.value)
    with pytest.raises(DBAPIError) as by_the_driver:
        add(database, "a NUL \0")
    assert not passes(by_the_driver.value)


def test_a_connection_that_is_gone_is_made_again(database: Database) -> None:
    with pytest.raises(OperationalError) as fault:
        lose_the_connection(database)
    assert passes(fault.value)
    with transaction(database.ingest, SYSTEM) as session:
        assert _COUNT.rows(session) == [(0,)]


def add_in_a_row(database: Database, *names: str, stumble: bool = False) -> None:
    with transaction(database.ingest, SYSTEM) as session, in_a_row(session):
        for name in names:
            _ADD.send(session, name=name)
        if stumble:
            raise ZeroDivisionError


def test_statements_in_a_row_see_what_those_before_them_did(database: Database) -> None:
    with transaction(database.ingest, SYSTEM) as session:
        with in_a_row(session):
            first, second = _ADD.send(session, name="a"), _COUNT.send(session)
            assert second.rows() == [(1,)]
            _FORGET.send(session)
            assert _COUNT.rows(session) == [(0,)]
        assert first.rows() == [("a",)]
        assert _COUNT.rows(session) == [(0,)]


def test_the_first_fault_in_a_row_is_the_sessions_fault(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(IntegrityError) as refused:
        add_in_a_row(database, "a", "a", "b")
    assert not passes(refused.value)
    with pytest.raises(ZeroDivisionError):
        add_in_a_row(database, "a", "a", stumble=True)
    # Whatever else the driver has found out may quote a value, and is nobody's.
    assert not caplog.records
    with transaction(database.ingest, SYSTEM) as session:
        assert _COUNT.rows(session) == [(0,)]


def lose_the_connection_in_a_row(database: Database) -> None:
    with transaction(database.ingest, SYSTEM) as session:
        [(process,)] = _OWN_PROCESS.rows(session)
        with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
        with in_a_row(session):
            _COUNT.send(session)
            _COUNT.send(session)


def test_a_connection_that_is_gone_in_a_row_is_made_again(database: Database) -> None:
    with pytest.raises(OperationalError) as fault:
        lose_the_connection_in_a_row(database)
    assert passes(fault.value)
    with transaction(database.ingest, SYSTEM) as session:
        assert _COUNT.rows(session) == [(0,)]
