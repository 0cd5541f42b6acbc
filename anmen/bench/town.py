"""A made-up town: grids, buildings, rooms with one lock each, tenants with a card. Written set-based, past the actions.

The actions that would do it one by one (a grant seals and checks what it grants) are not what is measured, and would
take minutes. Nothing here is a secret of anybody: sealed columns hold one byte, because the event path never opens them.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from sqlalchemy import Engine

from firmware_protocol.keys import private_key, public_key, session_id
from firmware_protocol.lock_session import Boot, LockIdentity
from firmware_protocol.service_side import SessionState
from firmware_protocol.topics import draw_lock_id
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.locks import actions as locks
from service.locks.records import write_sessions

UNITS_A_BUILDING = 10
BUILDINGS_A_GRID = 10
GRIDS_A_COMMUNITY = 8
# Every so many rooms two persons live, so that somebody's leaving is not always clear.
SHARED_EVERY = 4
LOG_EPOCH = 7

_PLACES = """
    INSERT INTO area (level, code, name, name_en) VALUES ('county', '330000', '柳溪县', 'Willow Brook County');
    INSERT INTO area (parent_id, level, code, name, name_en)
        SELECT id, 'town', '330000001', '柳溪镇', 'Willow Brook' FROM area WHERE level = 'county';
    INSERT INTO area (parent_id, level, code, name, name_en)
        SELECT a.id, 'community', '330000001' || lpad(n::text, 3, '0'), '社区' || n, 'Community ' || n
        FROM area a, generate_series(0, ({grids} - 1) / {grids_a_community}) n WHERE a.level = 'town' ORDER BY n;
    INSERT INTO area (parent_id, level, code, name, name_en)
        SELECT a.id, 'grid', a.code || lpad(n::text, 3, '0'), '网格' || n, 'Grid ' || n
        FROM generate_series(0, {grids} - 1) n
        JOIN area a ON a.code = '330000001' || lpad((n / {grids_a_community})::text, 3, '0') ORDER BY n;
    INSERT INTO account (login_index, password_hash, role, name_sealed, created_at) VALUES ('\\x00', '-', 'landlord', '\\x00', now());
    INSERT INTO building (area_id, landlord_id, address)
        SELECT g.id, account.id, 'Bench Road ' || n FROM account, generate_series(0, {buildings} - 1) n
        JOIN (SELECT id, row_number() OVER (ORDER BY code) - 1 AS place FROM area WHERE level = 'grid') g
            ON g.place = n / {buildings_a_grid} ORDER BY n;
    INSERT INTO unit (building_id, area_id, landlord_id, number)
        SELECT b.id, b.area_id, b.landlord_id, n::text FROM generate_series(0, {units} - 1) n
        JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM building) b ON b.place = n / {units_a_building} ORDER BY n;
"""
_DOORS = """
    INSERT INTO door (unit_id, lock_id, hung)
        SELECT u.id, l.id, tstzrange(now() - interval '30 days', NULL)
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM unit) u
        JOIN unnest(%(locks)s::text[]) WITH ORDINALITY AS l (id, place) USING (place);
"""
_TENANTS = """
    WITH homes AS (
        SELECT d.lock_id, d.unit_id, u.area_id, u.landlord_id, credential_id,
            row_number() OVER (ORDER BY d.id, credential_id) AS place
        FROM door d JOIN unit u ON u.id = d.unit_id
        CROSS JOIN LATERAL generate_series(1, CASE WHEN u.id %% %(shared_every)s = 0 THEN 2 ELSE 1 END) AS credential_id
    ), persons AS (
        INSERT INTO person (name_sealed, name_index, document_type, document_sealed, document_index, phone_sealed, registered_at)
        SELECT '\\x00', '\\x00', 'passport', '\\x00', int8send(place), '\\x00', now() FROM homes ORDER BY place
        RETURNING id, document_index
    ), grants AS (
        INSERT INTO access_grant (unit_id, area_id, landlord_id, person_id, starts_at, ends_at, offline_lease_s, granted_at)
        SELECT h.unit_id, h.area_id, h.landlord_id, p.id, now() - interval '1 day', now() + interval '30 days', 2592000, now()
        FROM homes h JOIN persons p ON p.document_index = int8send(h.place)
        RETURNING id, person_id, unit_id
    ), lists AS (
        INSERT INTO access_list (lock_id, version, digest, next_credential_id, held_version, held_digest, held_at)
        SELECT DISTINCT lock_id, 1, sha256(''), 3, 1, sha256(''), now() FROM homes
    )
    INSERT INTO credential (lock_id, credential_id, grant_id, unit_id, person_id, type, entry_hash, added_version, on_lock_at)
        SELECT h.lock_id, h.credential_id, g.id, g.unit_id, g.person_id, 2, sha256(''), 1, now()
        FROM homes h JOIN persons p ON p.document_index = int8send(h.place) JOIN grants g ON g.person_id = p.id
"""
_LIVE = "UPDATE lock SET link = 'live', birth_number = 1, last_seen_at = now()"
_OCCUPANTS = """
    SELECT lock_id, min(unit_id), array_agg(person_id ORDER BY credential_id) FROM credential GROUP BY lock_id
"""


@dataclass(frozen=True, slots=True)
class Engines:
    """The migrated database, as each role sees it, and the superuser's connection string."""

    admin_dsn: str
    serve: Engine
    ingest: Engine


@dataclass(frozen=True, slots=True)
class TownLock:
    """A lock that has proven itself, and whose cards it knows: `occupants[n]` opens with credential n + 1."""

    identity: LockIdentity
    boot: Boot
    unit_id: int = 0
    occupants: tuple[int, ...] = ()


def build_town(engines: Engines, *, locks_wanted: int, keyring: Keyring, now: datetime) -> tuple[TownLock, ...]:
    """Fill an empty, migrated database; every lock is proven and holds the list it should."""
    drawn = [_draw() for _ in range(locks_wanted)]
    _provision(engines, drawn, keyring, now)
    buildings = _divided(locks_wanted, UNITS_A_BUILDING)
    sizes = {
        "units": locks_wanted,
        "buildings": buildings,
        "grids": _divided(buildings, BUILDINGS_A_GRID),
        "units_a_building": UNITS_A_BUILDING,
        "buildings_a_grid": BUILDINGS_A_GRID,
        "grids_a_community": GRIDS_A_COMMUNITY,
    }
    with psycopg.connect(engines.admin_dsn) as connection:
        connection.execute(_PLACES.format(**sizes).encode())
        connection.execute(_DOORS, {"locks": [lock.identity.lock for lock, _ in drawn]})
        connection.execute(_TENANTS, {"shared_every": SHARED_EVERY})
        connection.execute(_LIVE)
        homes = {lock: (unit, tuple(persons)) for lock, unit, persons in connection.execute(_OCCUPANTS)}
    with psycopg.connect(engines.admin_dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return tuple(TownLock(lock.identity, lock.boot, *homes[lock.identity.lock]) for lock, _ in drawn)


def _draw() -> tuple[TownLock, bytes]:
    lock_key, service_key, ephemeral = (private_key(os.urandom(48)) for _ in range(3))
    identity = LockIdentity(draw_lock_id(os.urandom(8)), lock_key, public_key(service_key))
    return TownLock(identity, Boot(1, ephemeral)), service_key


def _provision(engines: Engines, drawn: Sequence[tuple[TownLock, bytes]], keyring: Keyring, now: datetime) -> None:
    with transaction(engines.serve, SYSTEM) as session:
        for lock, service_key in drawn:
            locks.provision(
                session,
                lock_id=lock.identity.lock,
                public_key=public_key(lock.identity.private_key),
                service_private_key=service_key,
                keyring=keyring,
                now=now - timedelta(days=30),
            )
    with transaction(engines.ingest, SYSTEM) as session:
        write_sessions(session, {lock.identity.lock: [_proven(lock.boot)] for lock, _ in drawn}, now)


def _proven(boot: Boot) -> SessionState:
    ephemeral = public_key(boot.ephemeral_key)
    return SessionState(session_id(ephemeral), ephemeral, 1, boot.number, LOG_EPOCH, proven=True)


def _divided(number: int, by: int) -> int:
    return -(-number // by)
