"""What becomes due by itself is done once, whoever else is at it."""

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlmodel import Session

from service import jobs
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.jobs import ADVISORY_LOCK, JOBS, KEEPING_JOBS, KEYED_JOBS, run_due
from tests.fixtures_database import Database

EVERY = len(JOBS) + len(KEYED_JOBS) + len(KEEPING_JOBS)


def test_every_job_is_done(database: Database, keyring: Keyring, now: datetime) -> None:
    assert run_due(database.serve, now, keyring) == EVERY


def test_a_process_that_comes_second_does_nothing(database: Database, keyring: Keyring, now: datetime) -> None:
    with transaction(database.serve, SYSTEM) as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        assert run_due(database.serve, now, keyring) == 0
    assert run_due(database.serve, now, keyring) == EVERY


def test_a_job_that_fails_in_a_way_nobody_thought_of_keeps_no_other_from_being_done(
    database: Database, keyring: Keyring, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_session: Session, _now: datetime) -> None:
        raise KeyError("nobody thought of it")

    monkeypatch.setattr(jobs, "JOBS", (broken, *JOBS))
    assert run_due(database.serve, now, keyring) == EVERY
