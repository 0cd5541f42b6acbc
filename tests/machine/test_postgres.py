"""The embedded PostgreSQL: what was committed survives, whatever ends the server."""

import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from anmen.child_process import Child, Launch
from anmen.errors import MachineError
from anmen.leftovers import processes_in
from anmen.postgres import PostgresCluster
from anmen.postgres_creation import check_version, copy_programs, wheel_folder
from anmen.state import StateFolder, temporary_state
from anmen.unprivileged import DATABASE_ACCOUNT, account_for


@pytest.fixture(scope="module")
def own() -> Iterator[PostgresCluster]:
    """A cluster that these tests may kill, with the settings of production."""
    with temporary_state("anmen-test-pg-") as state:
        cluster = PostgresCluster(state.postgres)
        cluster.start()
        yield cluster
        cluster.stop()


def rows(dsn: str) -> list[int]:
    """What is in the table of these tests."""
    with psycopg.connect(dsn) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM kept ORDER BY number")]


def data_folder(dsn: str) -> Path:
    """Where the server behind this connection keeps its files."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    return Path(row[0])


def test_rows_survive_stop_and_kill(own: PostgresCluster) -> None:
    dsn = own.create_database("survival")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    for number, end in enumerate([own.stop, own.kill, own.kill, own.stop]):
        with psycopg.connect(dsn) as connection:
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
        end()
        own.start()
        assert rows(dsn) == list(range(number + 1))


def test_kill_leaves_no_process(own: PostgresCluster) -> None:
    data = data_folder(own.admin_dsn)
    assert len(processes_in(data)) > 3
    own.kill()
    assert processes_in(data) == []
    own.start()


def test_a_pid_file_that_names_somebody_else_does_not_keep_it_from_starting(own: PostgresCluster) -> None:
    """After a crash the number in postmaster.pid may be another process's by now; PostgreSQL alone would refuse."""
    data = data_folder(own.admin_dsn)
    pid_file = (data / "postmaster.pid").read_text().splitlines()
    own.kill()
    log = data.parent / "somebody.log"
    somebody = Child(Launch(name="sleep", argv=["sleep", "60"], log_path=log, account=account_for(DATABASE_ACCOUNT)))
    (data / "postmaster.pid").write_text("\n".join([str(somebody.pid), *pid_file[1:], ""]))
    own.start()
    assert own.child.running
    assert somebody.running
    somebody.kill()


def test_a_server_left_over_in_the_folder_is_ended_first(own: PostgresCluster) -> None:
    data = data_folder(own.admin_dsn)
    second = PostgresCluster(data.parent)
    second.start()
    assert own.child.exit_status == 0
    second.stop()
    own.start()


def test_it_listens_on_no_port_and_lets_nobody_in_without_the_password(own: PostgresCluster) -> None:
    with psycopg.connect(own.admin_dsn) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    wrong = own.dsn("postgres", "guess", "postgres")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_chinese_is_found_by_trigrams_and_sorted_the_same_everywhere(own: PostgresCluster) -> None:
    with psycopg.connect(own.create_database("chinese"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        found = connection.execute("SELECT cardinality(show_trgm('安门公寓'))").fetchone()
        provider = connection.execute(
            "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert found == (5,)
    assert provider == ("b", "C.UTF-8")


def test_the_log_has_no_statements_and_no_values(own: PostgresCluster) -> None:
    dsn = own.create_database("silent")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE person (name text PRIMARY KEY)")
        connection.execute("INSERT INTO person VALUES ('王小明')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES (%s)", ["王小明"])
        with pytest.raises(psycopg.errors.UndefinedColumn):
            connection.execute("INSERT INTO person (nobody) VALUES ('王小明')")
    log = (data_folder(dsn).parent / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "王小明" not in log


def test_files_are_private(own: PostgresCluster) -> None:
    folder = data_folder(own.admin_dsn).parent
    assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
    if os.geteuid() == 0:
        assert (folder / "data").stat().st_uid != 0
        assert (folder / "postgresql.conf").stat().st_uid == 0


def test_another_major_version_is_refused(machine_state: StateFolder) -> None:
    old = machine_state.path / "old-cluster"
    old.mkdir()
    (old / "PG_VERSION").write_text("15\n")
    with pytest.raises(MachineError, match="made by PostgreSQL 15"):
        check_version(old)


def test_copied_programs_find_their_libraries(tmp_path: Path) -> None:
    """For a checkout in a folder that only root may enter, such as /root."""
    programs = copy_programs(wheel_folder(), tmp_path / "programs")
    for name in ("postgres", "initdb", "psql"):
        asked = subprocess.run([programs / name, "--version"], env={}, capture_output=True, text=True, check=False)
        assert "PostgreSQL" in asked.stdout, asked.stderr


def test_a_folder_too_deep_for_a_socket_works() -> None:
    with temporary_state("anmen-test-deep-") as state:
        before = set(state.path.parent.glob("anmen-pg-*"))
        deep = state.path / ("deep-" * 12) / ("deeper-" * 9)
        cluster = PostgresCluster(deep, settings={"fsync": "off"})
        try:
            with psycopg.connect(cluster.start()) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        finally:
            cluster.stop()
        assert set(state.path.parent.glob("anmen-pg-*")) <= before


def test_it_goes_when_the_postmaster_is_killed_from_outside(own: PostgresCluster) -> None:
    own.child.signal(signal.SIGKILL)
    while own.child.running:
        time.sleep(0.01)
    own.start()
    assert rows(own.create_database("survival")) == [0, 1, 2, 3]
