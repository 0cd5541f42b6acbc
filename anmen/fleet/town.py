"""A town for a fleet: places, rooms, one person a room with a card and a PIN, and a lock on each door. Set-based, but for persons.

What the pages show of it is real: names are sealed, lists have their entries, and the locks are given them over the wire.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg
from sqlalchemy import Engine
from sqlmodel import Session

from anmen.certificates import Certificates
from device_sim.fleet.roll import NewLock
from firmware_protocol.access_list import ListEntry, encode_entry, entry_hash, list_digest
from firmware_protocol.credentials import card_material, pin_material
from firmware_protocol.keys import credential_key, exchange, private_key, public_key
from firmware_protocol.lock_session import LockIdentity
from firmware_protocol.topics import draw_lock_id
from firmware_protocol.vocabulary import CredentialType
from service.access.actions import seal_entry
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.locks import actions as locks
from service.people import actions as people
from service.people.rules import Document, DocumentType

UNITS_A_BUILDING, BUILDINGS_A_GRID, GRIDS_A_COMMUNITY = 10, 10, 8
_LEASE_S = 30 * 86_400
# A name has letters, no digits.
_DIGITS = str.maketrans("0123456789", "甲乙丙丁戊己庚辛壬癸")
_PLACES = """
    INSERT INTO area (level, code, name, name_en) VALUES ('county', '{code}', '车队县{code}', 'Fleet County {code}');
    INSERT INTO area (parent_id, level, code, name, name_en)
        SELECT id, 'town', '{code}001', '车队镇', 'Fleet Town' FROM area WHERE code = '{code}';
    INSERT INTO area (parent_id, level, code, name, name_en)
        SELECT a.id, 'community', '{code}001' || lpad(n::text, 3, '0'), '社区' || n, 'Community ' || n
        FROM area a, generate_series(0, ({grids} - 1) / {grids_a_community}) n WHERE a.code = '{code}001' ORDER BY n;
    INSERT INTO area (parent_id, level, code, name, name_en)
        SELECT a.id, 'grid', a.code || lpad(n::text, 3, '0'), '网格' || n, 'Grid ' || n
        FROM generate_series(0, {grids} - 1) n
        JOIN area a ON a.code = '{code}001' || lpad((n / {grids_a_community})::text, 3, '0') ORDER BY n;
    INSERT INTO account (login_index, password_hash, role, name_sealed, created_at)
        VALUES (convert_to('fleet {code}', 'UTF8'), '-', 'landlord', '\\x00', now());
    INSERT INTO building (area_id, landlord_id, address)
        SELECT g.id, a.id, 'Fleet Road {code}-' || n FROM account a, generate_series(0, {buildings} - 1) n
        JOIN (SELECT id, row_number() OVER (ORDER BY code) - 1 AS place FROM area WHERE level = 'grid' AND code LIKE '{code}%') g
            ON g.place = n / {buildings_a_grid} WHERE a.login_index = convert_to('fleet {code}', 'UTF8') ORDER BY n;
    INSERT INTO unit (building_id, area_id, landlord_id, number)
        SELECT b.id, b.area_id, b.landlord_id, n::text FROM generate_series(0, {units} - 1) n
        JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM building WHERE address LIKE 'Fleet Road {code}-%') b
            ON b.place = n / {units_a_building} ORDER BY n;
"""
_HANG = """
    WITH rooms AS (
        SELECT u.id AS unit_id, u.area_id, u.landlord_id, row_number() OVER (ORDER BY u.id) AS place
        FROM unit u JOIN building b ON b.id = u.building_id WHERE b.address LIKE %(road)s
    ), given AS (
        SELECT * FROM unnest(%(locks)s::text[], %(persons)s::bigint[]) WITH ORDINALITY AS g (lock_id, person_id, place)
    ), hung AS (
        INSERT INTO door (unit_id, lock_id, hung)
        SELECT unit_id, lock_id, tstzrange(%(now)s - interval '30 days', NULL) FROM rooms JOIN given USING (place)
    )
    INSERT INTO access_grant (unit_id, area_id, landlord_id, person_id, starts_at, ends_at, offline_lease_s, granted_at)
        SELECT unit_id, area_id, landlord_id, person_id, %(now)s - interval '1 day', %(now)s + interval '300 days', %(lease)s, %(now)s
        FROM rooms JOIN given USING (place) ORDER BY place RETURNING id, unit_id, person_id
"""
_LISTS = """
    INSERT INTO access_list (lock_id, version, digest, next_credential_id)
        SELECT lock_id, 1, digest, 3 FROM unnest(%(locks)s::text[], %(digests)s::bytea[]) AS l (lock_id, digest)
"""


@dataclass(frozen=True, slots=True)
class Registry:
    """The service's database as its superuser and as anmen_serve see it, and its keys."""

    admin_dsn: str = field(repr=False)
    serve: Engine
    keyring: Keyring


@dataclass(frozen=True, slots=True)
class _Drawn:
    identity: LockIdentity
    service_key: bytes = field(repr=False)

    def entries(self, now: datetime) -> list[tuple[CredentialType, bytes]]:
        """A card and a PIN, lawful from yesterday on."""
        identity = self.identity
        static = exchange(identity.private_key, identity.service_public_key)
        key = credential_key(static, identity.lock, identity.key_epoch)
        materials = (
            (CredentialType.RFID, card_material(key, f"FLEET-{identity.lock}")),
            (CredentialType.PIN, pin_material(key, "402816")),
        )
        starts, ends = int((now - timedelta(days=1)).timestamp()), int((now + timedelta(days=300)).timestamp())
        return [
            (kind, encode_entry(ListEntry(number, kind, material, starts, ends, _LEASE_S)))
            for number, (kind, material) in enumerate(materials, 1)
        ]


class _Home(NamedTuple):
    lock: _Drawn
    grant: object
    unit: object
    person: int


def settle_town(registry: Registry, number: int, now: datetime) -> list[LockIdentity]:
    """Add a county with so many rooms, each with a lock, a person and a list that its lock has still to be given."""
    drawn = [_draw() for _ in range(number)]
    with transaction(registry.serve, SYSTEM) as session:
        for one in drawn:
            locks.provision(
                session,
                lock_id=one.identity.lock,
                public_key=public_key(one.identity.private_key),
                service_private_key=one.service_key,
                keyring=registry.keyring,
                now=now - timedelta(days=30),
            )
        persons = [_person(registry, session, place, one, now) for place, one in enumerate(drawn)]
    with psycopg.connect(registry.admin_dsn) as connection:
        code = _add_places(connection, number)
        given = {"locks": [one.identity.lock for one in drawn], "persons": persons, "now": now, "lease": _LEASE_S}
        grants = connection.execute(_HANG, {**given, "road": f"Fleet Road {code}-%"}).fetchall()
        of_person = {person: (grant, unit) for grant, unit, person in grants}
        _give_lists(
            connection,
            registry.keyring,
            [_Home(one, *of_person[who], who) for one, who in zip(drawn, persons, strict=True)],
            now,
        )
    with psycopg.connect(registry.admin_dsn, autocommit=True) as connection:
        connection.execute("ANALYZE")
    return [one.identity for one in drawn]


def certified(identities: Sequence[LockIdentity], certificates: Certificates) -> Iterator[NewLock]:
    """Each lock with a certificate of its own."""
    pems = certificates.issue_for_locks(one.lock for one in identities)
    return (NewLock(identity, pem) for identity, pem in zip(identities, pems, strict=True))


def _draw() -> _Drawn:
    lock_key, service_key = private_key(os.urandom(48)), private_key(os.urandom(48))
    lock = draw_lock_id(os.urandom(8))
    return _Drawn(LockIdentity(lock, lock_key, public_key(service_key)), service_key)


def _add_places(connection: psycopg.Connection[tuple[object, ...]], units: int) -> str:
    [(counties,)] = connection.execute(
        "SELECT count(*) FROM area WHERE level = 'county' AND code LIKE '98%'"
    ).fetchall()
    code = f"98{int(str(counties)):04d}"
    buildings = -(-units // UNITS_A_BUILDING)
    sizes = {
        "units": units,
        "buildings": buildings,
        "grids": -(-buildings // BUILDINGS_A_GRID),
        "units_a_building": UNITS_A_BUILDING,
        "buildings_a_grid": BUILDINGS_A_GRID,
        "grids_a_community": GRIDS_A_COMMUNITY,
    }
    connection.execute(_PLACES.format(code=code, **sizes).encode())
    return code


def _give_lists(
    connection: psycopg.Connection[tuple[object, ...]], keyring: Keyring, homes: Sequence[_Home], now: datetime
) -> None:
    listed = [(home.lock.identity.lock, home, home.lock.entries(now)) for home in homes]
    digests = [
        list_digest((number, entry_hash(raw)) for number, (_, raw) in enumerate(entries, 1)) for *_, entries in listed
    ]
    connection.execute(_LISTS, {"locks": [lock for lock, *_ in listed], "digests": digests})
    columns = "lock_id, credential_id, grant_id, unit_id, person_id, type, entry_sealed, entry_hash, added_version"
    with connection.cursor().copy(f"COPY credential ({columns}) FROM STDIN") as copy:
        for lock, home, entries in listed:
            for number, (kind, raw) in enumerate(entries, 1):
                sealed = seal_entry(keyring, lock, number, raw)
                copy.write_row(
                    (lock, number, home.grant, home.unit, home.person, int(kind), sealed, entry_hash(raw), 1)
                )


def _person(registry: Registry, session: Session, place: int, one: _Drawn, now: datetime) -> int:
    number = hashlib.sha256(one.identity.lock.encode()).hexdigest()[:12].upper()
    return people.register_person(
        session,
        name="车" + str(place).translate(_DIGITS),
        document=Document(DocumentType.PASSPORT, number),
        phone=f"139{place % 10**8:08d}",
        hukou_area=None,
        keyring=registry.keyring,
        now=now,
    )
