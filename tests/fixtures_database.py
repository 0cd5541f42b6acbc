"""A migrated PostgreSQL database for each test module, empty again before each test.

Migrating takes a second, so it is done once a session into a template; copying that takes a tenth of one, emptying the
copy a hundredth.
"""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, make_url

from anmen.database_roles import DatabaseRole, draw_passwords, provision_roles
from anmen.postgres import PostgresCluster
from service.edges import migrate
from service.edges.keyring import Keyring, Root
from service.edges.transaction import connect

TEMPLATE = "anmen_template"
# Rows that the migration itself writes; they are part of the schema.
_SEEDED = {"shard_lease": "shard", "feed_position": "shard"}


@dataclass(frozen=True, slots=True)
class Database:
    """One migrated database: an engine for each role that signs in, the URLs, and the superuser's connection string."""

    name: str
    serve: Engine
    ingest: Engine
    migrate: Engine
    admin_dsn: str

    def url(self, role: DatabaseRole = DatabaseRole.SERVE) -> str:
        """The role's SQLAlchemy URL, password included."""
        engine = {DatabaseRole.SERVE: self.serve, DatabaseRole.INGEST: self.ingest}.get(role, self.migrate)
        return engine.url.render_as_string(hide_password=False)


@dataclass(frozen=True, slots=True)
class Roles:
    """The cluster with the roles made, and their passwords."""

    cluster: PostgresCluster
    passwords: dict[DatabaseRole, str]

    def url(self, role: DatabaseRole, database: str) -> str:
        """SQLAlchemy URL of the role to a database."""
        plain = make_url(self.cluster.dsn(role, self.passwords[role], database))
        return plain.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def database_roles(postgres: PostgresCluster) -> Roles:
    """The five roles on the session's cluster."""
    roles = Roles(postgres, draw_passwords())
    provision_roles(postgres.admin_dsn, roles.passwords, database=TEMPLATE)
    return roles


@pytest.fixture(scope="session")
def migrated_template(database_roles: Roles) -> str:
    """Name of a database that is migrated and that nobody is connected to."""
    migrate.upgrade(database_roles.url(DatabaseRole.MIGRATE, TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="module")
def module_database(database_roles: Roles, migrated_template: str) -> Iterator[Database]:
    """A copy of the template for this module's tests; use `database`, which is also empty."""
    cluster = database_roles.cluster
    name = f"anmen_{secrets.token_hex(6)}"
    admin_dsn = cluster.create_database(name, owner=DatabaseRole.MIGRATE, template=migrated_template)
    engines = {
        role: connect(database_roles.url(role, name), pool_size=4)
        for role in (DatabaseRole.SERVE, DatabaseRole.INGEST, DatabaseRole.MIGRATE)
    }
    yield Database(
        name=name,
        serve=engines[DatabaseRole.SERVE],
        ingest=engines[DatabaseRole.INGEST],
        migrate=engines[DatabaseRole.MIGRATE],
        admin_dsn=admin_dsn,
    )
    for engine in engines.values():
        engine.dispose()
    cluster.drop_database(name)


@pytest.fixture
def database(module_database: Database) -> Database:
    """A migrated database with nothing in it but what the migration itself wrote."""
    _empty(module_database.admin_dsn)
    return module_database


@pytest.fixture
def keyring() -> Keyring:
    """Both root keys, drawn for this test."""
    return Keyring({root: os.urandom(32) for root in Root})


@pytest.fixture
def now() -> datetime:
    """A fixed instant: a Monday morning in Zhejiang."""
    return datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def _empty(admin_dsn: str) -> None:
    """Delete every row past the append-only triggers, as only the superuser can."""
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for table, column in _SEEDED.items():
            statement = sql.SQL("INSERT INTO {} ({}) SELECT generate_series(0, 63)")
            connection.execute(statement.format(sql.Identifier(table), sql.Identifier(column)))
