"""The schema goes up, down and up again, whoever starts it and how often."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from anmen.database_roles import DatabaseRole
from service.edges import migrate
from tests.fixtures_database import Database, Roles


@pytest.fixture
def empty_url(database_roles: Roles) -> Iterator[str]:
    """URL of the migrating role to a database without a schema."""
    name = "anmen_up_and_down"
    database_roles.cluster.create_database(name, owner=DatabaseRole.MIGRATE, template="template0")
    yield database_roles.url(DatabaseRole.MIGRATE, name)
    database_roles.cluster.drop_database(name)


def _objects(url: str) -> set[str]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT relname FROM pg_class"
                " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S', 'v')"
                " UNION ALL SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS"
                " (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
            )
        )
        return {name for (name,) in rows}


def test_up_down_and_up_again_leaves_the_same_schema(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    first = _objects(empty_url)
    migrate.downgrade(empty_url, "base")
    assert _objects(empty_url) == {"alembic_version"}
    migrate.upgrade(empty_url)
    assert _objects(empty_url) == first


def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.upgrade(empty_url)
    assert migrate.at_head(create_engine(empty_url, poolclass=NullPool))


def test_each_role_can_tell_whether_the_schema_is_current(database: Database) -> None:
    assert migrate.at_head(database.serve)
    assert migrate.at_head(database.ingest)
