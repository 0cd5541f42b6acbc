"""What somebody who has taken over a serving or listening process can still not do with its database role."""

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from service.consent import actions as consent
from service.consent.rules import GivenBy, Purpose
from service.edges.keyring import Keyring
from service.edges.transaction import NOBODY, SYSTEM, transaction
from service.presence import records as presence
from service.reactions import react
from tests import given_living
from tests.fixtures_database import Database
from tests.fixtures_service import Clock

FORBIDDEN = [
    "CREATE TABLE mine (x int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION dblink",
    "CREATE ROLE mine SUPERUSER",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER TABLE entry DISABLE TRIGGER ALL",
    "ALTER TABLE person DISABLE ROW LEVEL SECURITY",
    "DROP POLICY asked_within_scope ON person",
    "SET session_replication_role = replica",
    "SET ROLE anmen_migrate",
    "SET ROLE anmen_audit",
    "SET SESSION AUTHORIZATION postgres",
    "TRUNCATE entry",
    "COPY person TO PROGRAM 'cat'",
    "COPY account TO '/tmp/anmen-account'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "SELECT rolpassword FROM pg_authid",
    "SELECT * FROM entry_rest",
    "INSERT INTO audit_entry (recorded_at, act, subject_id) VALUES (now(), 'a:b:c', '')",
    "DELETE FROM audit_entry",
    "UPDATE audit_entry SET details = '{}'",
    "UPDATE alembic_version SET version_num = '0'",
    "DELETE FROM person",
    "DELETE FROM lock",
    "DELETE FROM inquiry",
    "DELETE FROM consent_act",
    "UPDATE consent_act SET act = 'given'",
    "UPDATE inquiry SET purpose = ''",
]
ONLY_SERVE = [
    "SELECT name_sealed FROM person",
    "SELECT template_sealed FROM enrolment",
    "SELECT form_sealed FROM registration",
    "SELECT password_hash FROM account",
    "SELECT question_sealed FROM inquiry",
    "SELECT * FROM sign_in",
    "SELECT * FROM tenancy",
    "SELECT * FROM stay",
    "SELECT * FROM audit_entry",
    "UPDATE lock SET public_key = public_key",
    "UPDATE lock SET service_key_wrapped = ''",
    "UPDATE lock SET revoked_at = NULL",
    "UPDATE credential SET entry_sealed = NULL",
    "UPDATE access_list SET digest = digest",
    "INSERT INTO credential SELECT * FROM credential",
    "UPDATE door SET unit_id = 1",
    "DELETE FROM entry_cursor",
    "DELETE FROM quarantine",
]


def refused(engine: Engine, statement: str) -> bool:
    """Whether it is a matter of rights, or of a rule of the table, and not a slip of ours."""
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
            connection.rollback()
    except DBAPIError as fault:
        return getattr(fault.orig, "sqlstate", "") in {"42501", "23000", "0A000", "42P17"}
    return False


def test_neither_process_can_widen_its_own_rights(database: Database) -> None:
    for engine in (database.serve, database.ingest):
        assert [statement for statement in FORBIDDEN if not refused(engine, statement)] == []


def test_who_listens_to_locks_can_neither_read_persons_nor_make_access(database: Database) -> None:
    assert [statement for statement in ONLY_SERVE if not refused(database.ingest, statement)] == []


def test_a_function_that_runs_with_more_rights_cannot_be_led_astray(database: Database) -> None:
    """Every such function names its search path, belongs to a role without other rights, and takes its arguments as values."""
    with psycopg.connect(database.admin_dsn) as connection:
        rows = connection.execute(
            "SELECT p.proname, p.proconfig, r.rolname, p.proacl::text[] FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner"
            " WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace"
        ).fetchall()
    assert {row[0] for row in rows} == {
        "append_audit",
        "forget_entries",
        "forget_old",
        "keep_certificate",
        "make_entry_partition",
        "take_claimed_lock",
        "take_next_lock_key",
    }
    for name, settings, owner, rights in rows:
        assert settings == ["search_path=public, pg_temp"], name
        assert owner in {"anmen_audit", "anmen_migrate"}
        assert {one.partition("=")[0] for one in rights} <= {owner, "anmen_serve", "anmen_ingest", "anmen_revoke"}, name
    with database.serve.begin() as connection:
        connection.execute(text("CREATE TEMP TABLE audit_entry (LIKE public.audit_entry) ON COMMIT DROP"))
        connection.execute(
            text("SELECT append_audit(now(), NULL, NULL, 'a:b:c', :subject, '{}')"),
            {"subject": "'); DROP TABLE lock; --"},
        )
        assert connection.execute(text("SELECT count(*) FROM pg_temp.audit_entry")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM public.audit_entry")).scalar_one() == 1
    for at in ("infinity", "-infinity", "0044-03-15 BC", "294276-12-31"):
        with pytest.raises(DBAPIError), database.serve.begin() as connection:
            connection.execute(text("SELECT make_entry_partition(CAST(:at AS timestamptz))"), {"at": at})


def test_without_a_scope_nothing_about_anybody_is_seen(database: Database, keyring: Keyring, clock: Clock) -> None:
    place = given_living.living(database.serve, keyring, clock())
    given_living.tenant(place, given_living.form(face=True), given_living.prepared())
    given_living.registered(place)
    tables = ["person", "tenancy", "registration", "invitation", "stay", "access_grant", "credential", "enrolment"]
    tables += ["consent_act", "unit", "presence", "entry"]
    with transaction(database.serve, SYSTEM) as session:
        seen = {table for table in tables if session.execute(text(f"SELECT 1 FROM {table}")).first()}  # noqa: S608  # our own names
        assert seen >= {"person", "tenancy", "registration", "credential", "enrolment"}
    hostile = ["", "System", "system ", "'system'"]
    for scope in hostile:
        with transaction(database.serve, NOBODY) as session:
            session.execute(text("SELECT set_config('anmen.scope', :scope, true)"), {"scope": scope})
            for table in tables:
                assert session.execute(text(f"SELECT 1 FROM {table}")).first() is None, (scope, table)  # noqa: S608  # our own names


def test_a_notice_carries_shards_and_positions_and_nothing_else(database: Database) -> None:
    with psycopg.connect(database.admin_dsn, autocommit=True) as ear:
        ear.execute("LISTEN anmen_feed")
        ear.execute("LISTEN anmen_down")
        with transaction(database.ingest, SYSTEM) as session:
            presence.move_feed(session, [3, 7])
        [notice] = list(ear.notifies(timeout=2, stop_after=1))
        assert notice.payload == "3:1,7:1"


def test_an_erased_face_is_nowhere_in_the_database(database: Database, keyring: Keyring, clock: Clock) -> None:
    """Not in its enrolment, not in an entry of a list, not in a registration: nothing sealed of its size is left."""
    place = given_living.living(database.serve, keyring, clock(), locks=2)
    begun = given_living.tenant(place, given_living.form(face=True), given_living.prepared())
    faces = "SELECT count(*) FROM credential WHERE type = 5 AND entry_sealed IS NOT NULL"
    with transaction(database.serve, SYSTEM) as session:
        assert session.execute(text(faces)).scalar_one() == 2
        event = consent.withdraw(session, begun.person_id, Purpose.FACE, by=GivenBy.PERSON, place="page", now=clock())
        react(session, event, clock())
    with transaction(database.serve, SYSTEM) as session:
        assert session.execute(text(faces)).scalar_one() == 0
        assert (
            session.execute(text("SELECT count(*) FROM enrolment WHERE template_sealed IS NOT NULL")).scalar_one() == 0
        )
        assert (
            session.execute(text("SELECT count(*) FROM registration WHERE template_sealed IS NOT NULL")).scalar_one()
            == 0
        )
        assert session.execute(text("SELECT count(*) FROM credential WHERE entry_sealed IS NOT NULL")).scalar_one() == 4


def test_the_role_that_has_locks_refused_reads_their_numbers_and_nothing_else(database: Database) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("SET ROLE anmen_revoke")
        assert connection.execute("SELECT id, revoked_at FROM shut_out_lock").fetchall() == []
        for table in ("lock", "person", "lock_claim", "door", "access_list"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier(table)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("DELETE FROM shut_out_lock")
