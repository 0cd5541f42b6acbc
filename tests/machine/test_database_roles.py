"""The five roles: each gets in, none is above row-level security."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from anmen.database_roles import DatabaseRole, draw_passwords, provision_roles
from anmen.postgres import PostgresCluster
from anmen.state import temporary_state

DATABASE = "roles_under_test"
PASSWORDS = draw_passwords()
READ = "SELECT secret FROM guarded"


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresCluster]:
    """A cluster of its own: roles belong to the whole cluster, and other tests have provisioned theirs."""
    with temporary_state("anmen-test-roles-") as state:
        cluster = PostgresCluster(state.postgres, settings={"fsync": "off"})
        provision_roles(cluster.start(), PASSWORDS, database=DATABASE)
        yield cluster
        cluster.stop()


@pytest.fixture(scope="module")
def table(cluster: PostgresCluster) -> None:
    """A table as the migrations make them: row-level security forced, one row hidden from everybody."""
    with psycopg.connect(dsn(cluster, DatabaseRole.MIGRATE), autocommit=True) as owner:
        owner.execute("CREATE TABLE guarded (secret boolean)")
        owner.execute("INSERT INTO guarded VALUES (true), (false)")
        owner.execute("ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        owner.execute("CREATE POLICY open_rows ON guarded USING (NOT secret)")
        owner.execute("GRANT SELECT ON guarded TO anmen_serve, anmen_ingest, anmen_audit, anmen_revoke")


def dsn(cluster: PostgresCluster, role: DatabaseRole) -> str:
    """How a role connects."""
    return cluster.dsn(role, PASSWORDS[role], DATABASE)


@pytest.mark.parametrize("role", DatabaseRole)
def test_no_role_sees_past_row_level_security(cluster: PostgresCluster, table: None, role: DatabaseRole) -> None:
    with psycopg.connect(dsn(cluster, role)) as connection:
        assert connection.execute(READ).fetchall() == [(False,)]


def test_a_page_does_not_hang_on_the_database_for_ever(cluster: PostgresCluster) -> None:
    with psycopg.connect(dsn(cluster, DatabaseRole.SERVE)) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("15s",)
    with psycopg.connect(dsn(cluster, DatabaseRole.INGEST)) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)


@pytest.mark.parametrize("role", DatabaseRole)
def test_no_role_can_switch_row_level_security_off(cluster: PostgresCluster, table: None, role: DatabaseRole) -> None:
    with psycopg.connect(dsn(cluster, role)) as connection:
        connection.execute("SET row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(READ)


@pytest.mark.parametrize("role", DatabaseRole)
@pytest.mark.parametrize(
    "reach",
    [
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "CREATE ROLE another SUPERUSER",
        "SET ROLE postgres",
        "COPY (SELECT 1) TO '/tmp/anmen-out'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_no_role_can_rise(cluster: PostgresCluster, role: DatabaseRole, reach: str) -> None:
    with psycopg.connect(dsn(cluster, role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(reach)


@pytest.mark.parametrize("role", [role for role in DatabaseRole if role is not DatabaseRole.MIGRATE])
def test_only_the_owner_changes_tables(cluster: PostgresCluster, table: None, role: DatabaseRole) -> None:
    for reach in (
        "ALTER TABLE guarded DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE mine (x int)",
        "DROP TABLE guarded",
    ):
        with psycopg.connect(dsn(cluster, role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(reach)


def test_the_owner_may_create_the_extensions_we_need(cluster: PostgresCluster) -> None:
    with psycopg.connect(dsn(cluster, DatabaseRole.MIGRATE)) as owner:
        owner.execute("CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin")


def test_ingest_may_copy_into_temporary_tables(cluster: PostgresCluster) -> None:
    with psycopg.connect(dsn(cluster, DatabaseRole.INGEST)) as connection:
        connection.execute("CREATE TEMPORARY TABLE batch (x int)")
    with (
        psycopg.connect(dsn(cluster, DatabaseRole.SERVE)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TEMPORARY TABLE batch (x int)")


def test_provisioning_again_repairs_rights_and_passwords(cluster: PostgresCluster, table: None) -> None:
    with psycopg.connect(cluster.admin_dsn, autocommit=True) as admin:
        admin.execute("ALTER ROLE anmen_serve BYPASSRLS PASSWORD 'other'")
    provision_roles(cluster.admin_dsn, PASSWORDS, database=DATABASE)
    with psycopg.connect(dsn(cluster, DatabaseRole.SERVE)) as connection:
        assert connection.execute(READ).fetchall() == [(False,)]


def test_an_admin_who_is_no_superuser_can_provision(cluster: PostgresCluster) -> None:
    """As on a PostgreSQL that somebody else runs for us."""
    with psycopg.connect(cluster.admin_dsn, autocommit=True) as admin:
        for role in DatabaseRole:
            admin.execute(f"ALTER ROLE {role} RENAME TO {role}_kept")
        admin.execute("CREATE ROLE landlord_of_databases LOGIN CREATEROLE CREATEDB PASSWORD 'p'")
    plain = make_conninfo(cluster.admin_dsn, user="landlord_of_databases", password="p")
    for _ in range(2):
        provision_roles(plain, PASSWORDS, database="elsewhere")
    with psycopg.connect(cluster.dsn("anmen_serve", PASSWORDS[DatabaseRole.SERVE], "elsewhere")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
