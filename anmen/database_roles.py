"""The five database roles. None is a superuser and none bypasses row-level security.

    anmen_migrate   owns the database and its tables; used by `anmen migrate` only
    anmen_serve     what the pages and the JSON API run as
    anmen_ingest    what the ingest workers run as
    anmen_audit     owns the one function that appends to the audit ledger
    anmen_revoke    reads which locks the broker must refuse and what they ask to be certified, writes certificates, and nothing else

What each may do with which table is granted by the migrations, beside the tables.
"""

import json
import secrets
from collections.abc import Mapping
from enum import StrEnum

import psycopg
from psycopg import sql

from anmen.state import StateFolder, write_private

DATABASE = "anmen"
# Whatever the server was made with: the same order everywhere, and Chinese characters are letters to pg_trgm.
_CREATE_DATABASE = """
    CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'
    LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C.UTF-8'
"""


class DatabaseRole(StrEnum):
    """A role that something of ours signs in to PostgreSQL as."""

    MIGRATE = "anmen_migrate"
    SERVE = "anmen_serve"
    INGEST = "anmen_ingest"
    AUDIT = "anmen_audit"
    REVOKE = "anmen_revoke"


# A page that hangs must not hold what others wait for. Recording events has no such bound: a slow disk would put them aside, one by one,
# as what cannot be stored. Migrations take as long as they need.
_PATIENCE = {DatabaseRole.SERVE: {"statement_timeout": "15s", "idle_in_transaction_session_timeout": "30s"}}


def role_passwords(state: StateFolder) -> dict[DatabaseRole, str]:
    """The roles' passwords, drawn at the first call and kept in the state folder (0600)."""
    drawn = state.secret("database-roles.json", lambda: json.dumps(draw_passwords()).encode())
    kept = json.loads(drawn)
    if not kept.keys() >= set(DatabaseRole):
        # A folder of an older version, which had fewer roles.
        kept = {**draw_passwords(), **kept}
        write_private(state.secrets / "database-roles.json", json.dumps(kept).encode())
    return {role: kept[role] for role in DatabaseRole}


def draw_passwords() -> dict[DatabaseRole, str]:
    """Fresh random passwords, 192 bits each."""
    return {role: secrets.token_urlsafe(24) for role in DatabaseRole}


def provision_roles(admin_dsn: str, passwords: Mapping[DatabaseRole, str], *, database: str = DATABASE) -> None:
    """Create the roles and the database they share, or bring them back to what they must be; safe to repeat.

    Works on any PostgreSQL from 17 on. `admin_dsn` needs the rights to create roles and databases, and is used for
    nothing else.
    """
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        for role in DatabaseRole:
            _provision_role(connection, role, passwords[role])
        # So that the migrations can make anmen_audit the owner of the one way to write the audit ledger, and no more.
        give = sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE")
        connection.execute(give.format(sql.Identifier(DatabaseRole.AUDIT), sql.Identifier(DatabaseRole.MIGRATE)))
        _provision_database(connection, database)


def _provision_role(connection: psycopg.Connection, role: DatabaseRole, password: str) -> None:
    name = sql.Identifier(role)
    query = "SELECT rolsuper, rolbypassrls, rolreplication FROM pg_roles WHERE rolname = %s"
    found = connection.execute(query, [role]).fetchone()
    if found is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    # Only a superuser may so much as name these, so they are named only where there is one to take away.
    excess = zip(("NOSUPERUSER", "NOBYPASSRLS", "NOREPLICATION"), found or (), strict=False)
    taken_away = " ".join(word for word, held in excess if held)
    # The server gets the verifier, not the password: statements can end up in logs and in pg_stat_activity.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    rights = sql.SQL("ALTER ROLE {} LOGIN NOCREATEROLE NOCREATEDB {} PASSWORD {}")
    connection.execute(rights.format(name, sql.SQL(taken_away), sql.Literal(verifier)))
    for setting, patience in _PATIENCE.get(role, {}).items():
        limit = sql.SQL("ALTER ROLE {} SET {} = {}")
        connection.execute(limit.format(name, sql.Identifier(setting), sql.Literal(patience)))


def _provision_database(connection: psycopg.Connection, database: str) -> None:
    name, owner = sql.Identifier(database), sql.Identifier(DatabaseRole.MIGRATE)
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
        # To give a database away one must belong to the new owner; a superuser always does, others by this grant.
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
        connection.execute(sql.SQL(_CREATE_DATABASE).format(name, owner))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    everybody = sql.SQL(", ").join(map(sql.Identifier, DatabaseRole))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, everybody))
    ingest = sql.Identifier(DatabaseRole.INGEST)
    connection.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(name, ingest))
