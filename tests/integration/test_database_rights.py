"""The database itself holds the promises that code might forget."""

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from service.edges.transaction import NOBODY, SYSTEM, transaction
from tests.fixtures_database import Database

# An account is how somebody signs in: read before anybody is known, and it names no room and no stay.
NOT_GUARDED = {"account"}
# Each with a column to try an UPDATE on.
APPEND_ONLY = {
    "audit_entry": "act",
    "consent_act": "act",
    "inquiry": "purpose",
    "inquiry_subject": "fields",
    "entry": "person_id",
}
PERSONS_OWN = ("person", "enrolment", "consent_act", "tenancy", "stay", "presence", "entry", "inquiry_subject")


def _tables_about_persons(connection: psycopg.Connection) -> dict[str, tuple[bool, bool]]:
    rows = connection.execute(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND (c.relname = 'person' OR EXISTS (SELECT FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attname = 'person_id' AND NOT a.attisdropped))"
    ).fetchall()
    return {table: (enabled, forced) for table, enabled, forced in rows}


def test_every_table_about_persons_is_under_forced_row_level_security(database: Database) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        tables = _tables_about_persons(connection)
    assert set(PERSONS_OWN) <= set(tables)
    open_tables = {table for table, guarded in tables.items() if guarded != (True, True)}
    assert open_tables == NOT_GUARDED


def test_the_check_finds_a_table_about_persons_that_nobody_guarded(database: Database) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("CREATE TABLE diary (person_id bigint)")
        assert _tables_about_persons(connection)["diary"] == (False, False)
        connection.rollback()


@pytest.mark.parametrize("role", ["anmen_migrate", "anmen_serve", "anmen_ingest", "anmen_audit", "anmen_revoke"])
def test_no_role_passes_by_row_level_security(database: Database, role: str) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = %s", [role]
        ).fetchone()
    assert row == (False, False, False)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "change", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"]
)
@pytest.mark.parametrize("role", ["postgres", "anmen_serve", "anmen_ingest"])
def test_nobody_changes_an_append_only_table(database: Database, table: str, change: str, role: str) -> None:
    statement = change.format(table=table, column=APPEND_ONLY[table])
    refusals = (psycopg.errors.IntegrityConstraintViolation, psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        with pytest.raises(refusals):
            connection.execute(statement.encode())


def test_an_entry_cannot_be_changed_in_its_partition_either(database: Database) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        columns = connection.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = 'entry'::regclass AND attnum > 0 AND attnotnull"
        ).fetchall()
        values = {"timestamp with time zone": "2026-03-02", "boolean": "true"}
        insert = sql.SQL("INSERT INTO entry ({}) VALUES ({})").format(
            sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
            sql.SQL(", ").join(sql.Literal(values.get(kind, "1")) for _, kind in columns),
        )
        connection.execute(insert)
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            connection.execute("DELETE FROM entry_rest")


def test_only_the_ledgers_own_function_writes_to_it(database: Database) -> None:
    with database.serve.begin() as connection:
        connection.execute(text("SELECT append_audit(now(), NULL, NULL, 'a:b:c', '', '{}')"))
    with database.serve.begin() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("INSERT INTO audit_entry (recorded_at, act, subject_id) VALUES (now(), 'a:b:c', '')"))
    with database.serve.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_entry")).scalar_one() == 1


@pytest.mark.parametrize(
    "table", ["person", "tenancy", "stay", "consent_act", "enrolment", "inquiry", "account", "registration"]
)
def test_who_listens_to_locks_cannot_read_names(database: Database, table: str) -> None:
    with database.ingest.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(f"SELECT FROM {table}"))


def test_a_transaction_without_a_scope_sees_no_row_about_anybody(database: Database) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute(
            "INSERT INTO person (name_sealed, name_index, document_type, document_sealed, document_index, phone_sealed,"
            " registered_at) VALUES ('', '', 'passport', '', '', '', now())"
        )
        connection.execute(
            "INSERT INTO consent_act (person_id, purpose, act, wording_version, given_by, recorded_at)"
            " SELECT id, 'face', 'given', 1, 'person', now() FROM person"
        )
    for scope, seen in ((NOBODY, 0), (SYSTEM, 1)):
        with transaction(database.serve, scope) as session:
            for statement in ("SELECT count(*) FROM person", "SELECT count(*) FROM consent_act"):
                assert session.connection().execute(text(statement)).scalar_one() == seen, (scope, statement)
