"""What was kept long enough goes, bounded, in the one way there is; what is needed, or too young, stays."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.retention import actions
from service.retention.actions import forget_old
from service.retention.rules import KEEPINGS, Kind, days_kept
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living
from tests.integration.old_rows import MADE

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
def place(database: Database, keyring: Keyring, now: datetime) -> Living:
    """A let room, and one whose tenant has left long ago."""
    made = living.living(database.serve, keyring, now)
    living.tenant(made)
    gone = living.tenant(made)
    with transaction(database.serve, SYSTEM) as session:
        session.execute(
            text(
                "UPDATE tenancy SET starts_at = timestamptz '2015-03-02', ends_at = timestamptz '2015-03-02' +"
                " interval '9 days', ended_at = timestamptz '2015-03-02' + interval '9 days',"
                " ended_by = 'date' WHERE id = :id"
            ),
            {"id": gone.tenancy_id},
        )
    return made


def run(database: Database, statement: str) -> Any:
    """As the cluster's administrator, whom row-level security does not bind."""
    with psycopg.connect(database.admin_dsn) as connection:
        done = connection.execute(statement.encode())
        return done.fetchone() if done.description else None


def count(database: Database, what: str) -> int:
    return int(run(database, f"SELECT count(*) FROM {what}")[0])  # noqa: S608 - our own names


def forget(database: Database, now: datetime, settings: dict[str, int] | None = None) -> dict[Kind, int]:
    with transaction(database.serve, SYSTEM) as session:
        return forget_old(session, days_kept(settings or {}), now)


@pytest.mark.usefixtures("place")
def test_what_is_old_goes_and_a_second_round_finds_nothing(database: Database, now: datetime) -> None:
    for kind, (make, where) in MADE.items():
        run(database, make)
        assert count(database, where) == 1, kind
    gone = forget(database, now)
    assert {kind for kind in Kind if gone.get(kind)} == set(MADE)
    assert {kind: count(database, where) for kind, (_, where) in MADE.items()} == dict.fromkeys(MADE, 0)
    assert forget(database, now) == {}
    assert set(MADE) | {Kind.ENTRY} == set(Kind) == set(KEEPINGS)


@pytest.mark.usefixtures("place")
def test_what_is_needed_or_young_stays(database: Database, now: datetime) -> None:
    run(
        database,
        "UPDATE presence SET state = 'out', as_of = '2015-03-02' WHERE person_id IN (SELECT person_id FROM tenancy"
        " WHERE ended_at IS NULL)",
    )
    standing = (
        "tenancy WHERE ended_at IS NULL",
        "invitation",
        "registration",
        "access_grant",
        "audit_entry",
        "presence",
    )
    before = {where: count(database, where) for where in standing}
    for kind, made in MADE.items():
        run(database, made[0].replace("2015-03-02", f"{now:%Y-%m-%d}"))
        if kind is Kind.PROVEN_BOOT:
            run(database, "UPDATE proven_boot SET proven_at = '2015-03-02' WHERE boot_number > 1")
    forget(database, now)
    assert {where: count(database, where) >= rows for where, rows in before.items()} == dict.fromkeys(standing, True)
    assert count(database, "proven_boot") == 65


@pytest.mark.usefixtures("place")
def test_a_command_stays_as_long_as_what_became_of_its_face(database: Database, now: datetime) -> None:
    run(database, MADE[Kind.TAKEN_FACE][0])
    run(database, "UPDATE taken_face SET decided_at = now()")
    assert forget(database, now) == {}
    run(database, "UPDATE taken_face SET decided_at = '2015-03-02'")
    assert forget(database, now) == {Kind.TAKEN_FACE: 1, Kind.LOCK_COMMAND: 1}


@pytest.mark.usefixtures("place")
def test_a_face_on_which_nobody_has_decided_is_not_forgotten(database: Database, now: datetime) -> None:
    run(database, MADE[Kind.TAKEN_FACE][0])
    run(database, "UPDATE taken_face SET state = 'arrived', template_sealed = '', decided_at = NULL")
    assert forget(database, now) == {}


def test_operators_are_told_of_every_table_how_long_it_is_kept(database: Database) -> None:
    told = OPERATIONS.read_text(encoding="utf-8").split("## How long what is kept")[1].split("\n## ")[0]
    tables = run(
        database,
        "SELECT array_agg(relname::text) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'",
    )[0]
    assert [name for name in sorted(tables) if f"`{name}`" not in told] == []


@pytest.mark.usefixtures("place")
def test_no_setting_and_no_clock_that_is_ahead_undercuts_the_least_age(database: Database, now: datetime) -> None:
    run(database, "UPDATE lock SET provisioned_at = provisioned_at")
    written = count(database, "audit_entry")
    assert written
    run(database, "INSERT INTO frame_refusal SELECT now(), 'x', id, 1, now() FROM lock")
    forget(database, now + timedelta(days=365 * 80))
    assert count(database, "audit_entry") == written
    assert count(database, "frame_refusal") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM lock_command",
        "DELETE FROM presence",
        "SET LOCAL anmen.forgetting = 'on'; DELETE FROM audit_entry",
        "DROP TABLE entry_rest",
    ],
)
@pytest.mark.parametrize("role", ["serve", "ingest"])
def test_there_is_no_other_way(database: Database, statement: str, role: str) -> None:
    engine = database.serve if role == "serve" else database.ingest
    *before, last = statement.split(";")
    with transaction(engine, SYSTEM) as session:
        for part in before:
            session.execute(text(part))
        with pytest.raises(ProgrammingError), session.begin_nested():
            session.execute(text(last))


@pytest.mark.usefixtures("place")
def test_a_round_is_bounded(database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "ROWS_A_ROUND", 10)
    run(
        database,
        MADE[Kind.AUDIT_ENTRY][0].replace("VALUES (", "SELECT ").replace("'')", "'' FROM generate_series(1, 25)"),
    )
    assert [forget(database, now).get(Kind.AUDIT_ENTRY, 0) for _ in range(4)] == [10, 10, 5, 0]


@pytest.mark.usefixtures("place")
def test_entries_go_by_the_month_and_their_heads_say_so(database: Database, now: datetime) -> None:
    for month in ("2015-03-02", "2015-04-02", f"{now:%Y-%m-%d}"):
        with transaction(database.ingest, SYSTEM) as session:
            session.execute(text("SELECT make_entry_partition(CAST(:at AS timestamptz))"), {"at": month})
        head = MADE[Kind.CHAIN_HEAD][0].replace("2015-03-02", month)
        run(database, head.replace("sha256('x')", f"sha256('{month}')"))
    run(database, "UPDATE chain_head SET entries_erased_at = NULL")
    partitions = "pg_class WHERE relname ~ '^entry_20[0-9][0-9]_[0-9][0-9]$'"
    before = count(database, partitions)
    for left in (2, 1, 1):
        forget(database, now)
        assert count(database, "chain_head WHERE entries_erased_at IS NULL") == left
    assert count(database, partitions) == before - 2
    assert count(database, "pg_class WHERE relname IN ('entry_2015_03', 'entry_2015_04')") == 0


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            "SELECT id FROM audit_entry WHERE recorded_at < :until ORDER BY recorded_at LIMIT 1000",
            "audit_entry_recorded_at",
        ),
        (
            "SELECT id FROM lock_command WHERE issued_at < :until AND emergency IS NULL ORDER BY issued_at LIMIT 1000",
            "lock_command_issued_at",
        ),
        ("SELECT id FROM proven_boot WHERE proven_at < :until ORDER BY proven_at LIMIT 1000", "proven_boot_proven_at"),
        (
            "SELECT ctid FROM chain_head WHERE entries_erased_at IS NOT NULL AND received_at < :until ORDER BY"
            " received_at LIMIT 1000",
            "chain_head_without_entries",
        ),
        (
            "SELECT ctid FROM chain_head WHERE entries_erased_at IS NULL AND received_at < :until ORDER BY"
            " received_at LIMIT 1000",
            "chain_head_with_entries",
        ),
    ],
)
@pytest.mark.usefixtures("place")
def test_the_old_ones_of_a_big_table_are_found_by_an_index(database: Database, query: str, index: str) -> None:
    """Without statistics the planner likes to scan small tables; with them and many young rows it does not."""
    fill = {
        "audit_entry": "INSERT INTO audit_entry (recorded_at, act, subject_id) SELECT now(), 'a:b:c', '' FROM"
        " generate_series(1, 5000)",
        "lock_command": "INSERT INTO lock_command (id, lock_id, unit_id, landlord_id, account_id, kind, issued_at,"
        " expires_at)"
        " SELECT decode(md5(n::text), 'hex'), l.id, u.id, u.landlord_id, u.landlord_id, 2, now(), now() + interval '1"
        " s'"
        " FROM (SELECT id FROM lock LIMIT 1) l, (SELECT * FROM unit LIMIT 1) u, generate_series(1, 5000) n",
        "proven_boot": "INSERT INTO proven_boot (lock_id, session_id, boot_number, log_epoch, proven_at)"
        " SELECT id, decode('0011223344556677', 'hex'), n, 1, now() FROM lock, generate_series(1, 5000) n",
        "chain_head": "INSERT INTO chain_head (lock_id, log_epoch, sequence, link, signed_ms, clock_quality,"
        " signature, received_at, key_epoch,"
        " entries_erased_at) SELECT id, 7, n, sha256('x'), 0, 1, sha512('x'), now(), 1, CASE WHEN n % 2 = 0 THEN"
        " now() END"
        " FROM lock, generate_series(1, 5000) n",
    }
    table = query.split(" FROM ")[1].split(maxsplit=1)[0]
    run(database, fill[table])
    run(database, f"ANALYZE {table}")
    with psycopg.connect(database.admin_dsn) as connection:
        rows = connection.execute(
            ("EXPLAIN " + query.replace(":until", "now() - interval '1 year'")).encode()
        ).fetchall()
    assert index in "\n".join(row[0] for row in rows)
