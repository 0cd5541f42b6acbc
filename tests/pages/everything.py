"""One of everything that a page can show, beside the village: states that take a lock, a minute or a thief to come about."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import LiteralString

import psycopg
from psycopg.rows import TupleRow

from firmware_protocol.commands import CommandFailure, CommandKind
from firmware_protocol.commands_followed import OrderState
from firmware_protocol.topics import LockId
from service.accounts.actions import scope_of
from service.custody import leaving
from service.custody.rules import ClaimState, ReportId, ReportKind
from service.doubts.rules import DoubtKind
from service.edges.transaction import SYSTEM, transaction
from service.premises import actions as premises
from service.premises.rules import UnitId
from tests import given_living as living
from tests.pages.conftest import Site

Path = tuple[str | None, str]
_HELD = {
    "list_version": 7,
    "list_digest": "ab" * 32,
    "entries": 3,
    "erased": 1,
    "capacity": 200,
    "log_epoch": 1,
    "boot_number": 2,
    "relock_s": 5,
    "ajar_s": 60,
    "clock_ms": 1_772_000_000_000,
    "clock_quality": 2,
    "firmware": "1.4.0-rc1+a-rather-long-name-of-a-build",
}
_COMMAND = (
    "INSERT INTO lock_command (id, lock_id, unit_id, landlord_id, account_id, kind, relock_s, ajar_s, state, failure, answer, proof,"
    " issued_at, expires_at) SELECT decode(md5(%s), 'hex'), d.lock_id, u.id, u.landlord_id, u.landlord_id, %s, 5, 60, %s, %s, %s, %s, %s,"
    " %s + interval '1 min' FROM door d JOIN unit u ON u.id = d.unit_id WHERE d.lock_id = %s"
)


def fill(site: Site) -> dict[str, Path]:
    """Put it all there; the pages that come with it, by name, as `Village.paths`."""
    village = site.village
    with psycopg.connect(site.database.admin_dsn) as connection:
        for lock in (village.let_lock, village.vacant_lock):
            _commands(connection, site, lock)
        for kind in DoubtKind:
            connection.execute(
                "INSERT INTO identity_doubt (lock_id, kind, first_at, last_at, times) VALUES (%s, %s, %s, %s, 3)",
                [village.let_lock, kind, site.now, site.now],
            )
        connection.execute("UPDATE tenancy_notice SET contradicted_at = %s WHERE reason = 'agreed'", [site.now])
        noticed = connection.execute("SELECT tenancy_id FROM tenancy_notice WHERE reason = 'agreed'").fetchone()
        for statement in _NEVER_OPENED:
            connection.execute(
                statement, {"before": site.now - timedelta(days=9), "tenancy": noticed[0] if noticed else 0}
            )
        soon = "UPDATE lock SET capabilities = capabilities || jsonb_build_object('certificate_until', CAST(%s AS bigint)) WHERE id = %s"
        connection.execute(soon, [int((site.now + timedelta(days=20)).timestamp()), village.let_lock])
        connection.execute(_LOST, [site.now, site.now, site.now, village.rooms["101"]])
        attended = "UPDATE alarm SET attended_at = %s, attended_by = %s WHERE kind = 'tamper'"
        connection.execute(attended, [site.now, village.place.home.landlord_id])
        claims = {state: _claim(connection, site, state) for state in ClaimState}
        release = _release(connection, site)
        transfers = [_transfer(connection, site, state) for state in ("accepted", "called_off", "opened")]
    assert noticed is not None
    door, lock, report = _reported_house_door(site)
    pages: dict[str, Path] = {f"claim {state}": (village.landlord, f"/claims/{one}") for state, one in claims.items()}
    return pages | {
        "contradicted tenancy": (village.landlord, f"/tenancies/{noticed[0]}"),
        "released lock": (village.landlord, f"/releases/{release}"),
        "house with a reported door": (village.landlord, f"/houses/{village.building_id}"),
        "is it true?": (village.tenant, f"/me/tenancies/{village.running}/house-reports/{report}"),
        "lock of the house's door": (village.landlord, f"/locks/{lock}"),
        "open the house's door": (village.landlord, f"/locks/{lock}/open"),
        "report the lock of the house's door": (village.landlord, f"/rooms/{door}/locks/{lock}/stolen"),
        "replace the lock of the house's door": (village.landlord, f"/rooms/{door}/claim"),
        "house to sell": (village.landlord, f"/houses/{village.building_id}/transfer"),
        "houses sold": (village.landlord, "/transfers"),
        **{f"transfer {one}": (village.landlord, f"/transfers/{one}") for one in transfers},
    }


# The lock of a room that is let for a while has let nobody in.
_NEVER_OPENED: tuple[LiteralString, ...] = (
    "UPDATE tenancy SET starts_at = %(before)s WHERE id = %(tenancy)s",
    "UPDATE door SET hung = tstzrange(%(before)s, NULL) WHERE unit_id = (SELECT unit_id FROM tenancy WHERE id = %(tenancy)s)",
)
_LOST = (
    "WITH lost AS (INSERT INTO lock (id, shard, public_key, service_key_wrapped, provisioned_at, revoked_at, revoked_as)"
    " SELECT 'L-0000000000ZZ', 0, public_key, service_key_wrapped, provisioned_at, %s, 'stolen' FROM lock LIMIT 1 RETURNING id)"
    " INSERT INTO lock_report (lock_id, unit_id, landlord_id, kind, reason_sealed, reported_at, settled_at)"
    " SELECT lost.id, u.id, u.landlord_id, 'stolen', '', %s, %s FROM lost, unit u WHERE u.id = %s"
)


def _reported_house_door(site: Site) -> tuple[UnitId, LockId, ReportId]:
    """A front door whose lock its landlord says is stolen, while people live in the house."""
    place = site.village.place
    with transaction(place.database, SYSTEM) as session:
        door = premises.add_shared_door(session, building_id=site.village.building_id, name="大门（向阳路一侧）")
        lock = living.hang_lock(session, door, place.keyring, place.now)
    with transaction(place.database, scope_of(place.landlord)) as session:
        leaving.report(
            session,
            place.landlord,
            door,
            lock,
            ReportKind.STOLEN,
            reason="昨夜有人把大门连锁一起撬走了，监控里看得到",
            keyring=place.keyring,
            now=place.now,
        )
        [said] = leaving.open_reports(session, unit_id=door, keyring=place.keyring)
    return door, lock, said.id


def _commands(connection: psycopg.Connection[TupleRow], site: Site, lock: str) -> None:
    # A page shows the latest twenty: of each kind, of each state, and of each failure one; one that a newer lock would give.
    shown: list[tuple[CommandKind, OrderState, int]] = [(kind, OrderState.DONE, 0) for kind in CommandKind]
    shown += [(CommandKind.IDENTIFY, OrderState.FAILED, failure) for failure in (*_MOST_TELLING, 999)]
    ended = {OrderState.EXPIRED, OrderState.SILENT, OrderState.RUNNING, OrderState.ACCEPTED}
    shown += [(CommandKind.UNLOCK_DOOR, state, 0) for state in ended]
    assert len(shown) <= 20
    for at, (kind, state, failure) in enumerate(shown):
        answer = json.dumps(_HELD) if kind is CommandKind.READ_BACK else None
        proof = b"x" * 32 if kind is CommandKind.FACTORY_WIPE else None
        values: Sequence[object] = (f"{lock} {at}", int(kind), state, failure, answer, proof, site.now, site.now, lock)
        connection.execute(_COMMAND, values)


_MOST_TELLING = (CommandFailure.JAMMED, CommandFailure.WRONG_NONCE, CommandFailure.BUSY, CommandFailure.INTERRUPTED)


def _claim(connection: psycopg.Connection[TupleRow], site: Site, state: ClaimState) -> int:
    begun = {ClaimState.EXPIRED: "10 min"}.get(state, "1 s")
    answered = site.now if state in {ClaimState.ANSWERED, ClaimState.BORN, ClaimState.HUNG} else None
    lock = f"L-0000000000{list(ClaimState).index(state):02}"
    if answered:
        connection.execute(
            "INSERT INTO lock (id, shard, public_key, service_key_wrapped, provisioned_at, birth_number)"
            " SELECT %s, 0, public_key, service_key_wrapped, %s, %s FROM lock LIMIT 1",
            [lock, answered, int(state is ClaimState.BORN)],
        )
    made = connection.execute(
        "INSERT INTO lock_claim (lock_id, unit_id, landlord_id, secret_sealed, service_key_wrapped, begun_at, answered_at, hung_at)"
        " SELECT %s, id, landlord_id, '', '', %s - CAST(%s AS interval), %s, %s FROM unit WHERE id = %s RETURNING id",
        [
            lock,
            site.now,
            begun,
            answered,
            answered if state is ClaimState.HUNG else None,
            site.village.rooms["101"],
        ],
    ).fetchone()
    assert made is not None
    return int(made[0])


def _transfer(connection: psycopg.Connection[TupleRow], site: Site, state: str) -> int:
    """The house was another's once: they have sold it to the landlord, or are about to sell one like it."""
    other = "(SELECT id FROM account WHERE role = 'landlord' AND id <> b.landlord_id ORDER BY id LIMIT 1)"
    ended = None if state == "opened" else site.now - timedelta(days=3)
    made = connection.execute(
        "INSERT INTO building_transfer (building_id, area_id, from_id, to_id, state, offered_at, expires_at, opened_at, ended_at)"  # noqa: S608  # our own words
        f" SELECT id, area_id, {other}, landlord_id, %s, %s, %s, %s, %s FROM building b WHERE id = %s RETURNING id",
        [state, site.now, site.now + timedelta(hours=9), site.now, ended, site.village.building_id],
    ).fetchone()
    assert made is not None
    return int(made[0])


def _release(connection: psycopg.Connection[TupleRow], site: Site) -> int:
    made = connection.execute(
        "INSERT INTO lock_release (lock_id, unit_id, landlord_id, command_id, key_epoch, released_at)"
        " SELECT lock_id, unit_id, landlord_id, id, 1, %s FROM lock_command WHERE lock_id = %s AND kind = %s RETURNING id",
        [site.now, site.village.vacant_lock, int(CommandKind.FACTORY_WIPE)],
    ).fetchone()
    assert made is not None
    return int(made[0])
