"""Two who change one door at once: neither waits for the other for ever, and nobody's way in is lost or kept between them."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import CredentialType
from service.access import actions as access
from service.accounts.actions import scope_of
from service.accounts.rules import Actor
from service.consent import actions as consent
from service.consent.rules import GivenBy, Purpose
from service.custody import actions as custody
from service.custody import leaving
from service.custody.rules import ClaimId, ReportKind
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import Conflict, NotFound
from service.reactions import react
from service.tenancy import actions as tenancy
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import LEASE_S, Living
from tests.wire_lock import provisioned

REASON = "昨夜有人把整扇门连锁一起撬走了"
_CLAIM = text(
    "INSERT INTO lock_claim (lock_id, unit_id, landlord_id, replaces, secret_sealed, service_key_wrapped, begun_at, answered_at)"
    " SELECT l.id, :unit, :landlord, :replaces, '', '', :now, l.provisioned_at FROM lock l WHERE l.id = :lock RETURNING id"
)
_WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
_ON = text("SELECT count(*) FROM credential WHERE lock_id = :lock AND removed_version IS NULL AND type = ANY(:types)")


@pytest.fixture
def place(database: Database, keyring: Keyring, now: datetime) -> Living:
    return living.living(database.serve, keyring, now)


def came_back(place: Living, replaces: LockId | None = None) -> tuple[LockId, ClaimId]:
    """A lock that was claimed for the room and has come back under its keys, but does not hang yet."""
    with transaction(place.database, SYSTEM) as session:
        lock = provisioned(session, place.keyring, place.now).id
        session.execute(text("UPDATE lock SET birth_number = 1 WHERE id = :lock"), {"lock": lock})
        asked = {"unit": place.unit_id, "landlord": place.landlord.account_id, "replaces": replaces}
        made = session.execute(_CLAIM, {**asked, "now": place.now, "lock": lock}).scalar_one()
    return lock, ClaimId(made)


def hang(place: Living, claim: ClaimId) -> None:
    with transaction(place.database, scope_of(place.landlord)) as session:
        custody.hang_claimed(session, place.landlord, claim, keyring=place.keyring, now=place.now)


def on_list(place: Living, lock: LockId, *types: CredentialType) -> int:
    with transaction(place.database, SYSTEM) as session:
        asked = {"lock": lock, "types": [int(one) for one in types or CredentialType]}
        return int(session.execute(_ON, asked).scalar_one())


def test_a_pin_changed_while_its_lock_is_replaced_waits_for_nobody_who_waits_for_it(place: Living) -> None:
    begun = living.tenant(place)
    [old] = place.locks
    new, claim = came_back(place, replaces=old)
    with ThreadPoolExecutor(1) as pool:
        with transaction(place.database, SYSTEM) as session:
            access.get_standing(session, begun.grant_id, place.now)
            replacing = pool.submit(hang, place, claim)
            _until_somebody_waits(place)
            access.replace_pin(session, begun.grant_id, keyring=place.keyring, now=place.now)
        replacing.result(timeout=20)
    assert on_list(place, old) == 0
    assert on_list(place, new, CredentialType.RFID) == 1


def test_a_tenant_confirmed_while_a_lock_is_hung_has_a_way_in_there(place: Living) -> None:
    waiting = living.registered(place).registration_id
    new, claim = came_back(place)
    with ThreadPoolExecutor(1) as pool:
        with transaction(place.database, scope_of(place.landlord)) as session:
            tenancy.confirm(
                session,
                place.landlord,
                waiting,
                saw_document=True,
                lease_s=LEASE_S,
                keyring=place.keyring,
                now=place.now,
            )
            hanging = pool.submit(hang, place, claim)
            _until_somebody_waits(place, most_s=1)
        hanging.result(timeout=20)
    assert on_list(place, new, CredentialType.RFID) == 1


def test_a_lock_hung_while_a_consent_is_withdrawn_gets_no_face(place: Living) -> None:
    living.tenant(place, face=living.prepared())
    new, claim = came_back(place)
    with transaction(place.database, SYSTEM) as session:
        person = session.execute(text("SELECT person_id FROM tenancy")).scalar_one()
    with ThreadPoolExecutor(1) as pool:
        with transaction(place.database, SYSTEM) as session:
            event = consent.withdraw(session, person, Purpose.FACE, by=GivenBy.PERSON, place="page", now=place.now)
            react(session, event, place.now)
            hanging = pool.submit(hang, place, claim)
            _until_somebody_waits(place, most_s=1)
        hanging.result(timeout=20)
    assert on_list(place, new, CredentialType.FACE) == 0
    assert on_list(place, new, CredentialType.RFID) == 1


@pytest.mark.parametrize("attempt", range(3))
def test_two_locks_of_a_room_replaced_at_once_are_both_replaced(
    database: Database, keyring: Keyring, now: datetime, attempt: int
) -> None:
    place = living.living(database.serve, keyring, now, locks=2)
    living.tenant(place)
    claims = [came_back(place, replaces=old) for old in place.locks]
    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(hang, place, claim) for _, claim in claims]:
            one.result(timeout=20)
    assert [on_list(place, old) for old in place.locks] == [0, 0]
    assert [on_list(place, new, CredentialType.RFID) for new, _ in claims] == [1, 1]


@pytest.mark.parametrize("attempt", range(3))
def test_one_lock_is_replaced_by_one_of_two(place: Living, attempt: int) -> None:
    [old] = place.locks
    claims = [came_back(place, replaces=old) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(hang, place, claim).exception(timeout=20) for _, claim in claims]
    assert sorted(type(one).__name__ for one in results) == ["NoneType", "NotFound"]


@pytest.mark.parametrize("attempt", range(3))
def test_a_tenant_confirms_what_the_landlord_replaces_at_that_moment(place: Living, attempt: int) -> None:
    begun = living.tenant(place)
    tenant = living.tenant_actor(place, begun.person_id)
    [old] = place.locks
    _, claim = came_back(place, replaces=old)
    number = _reported(place, old)

    def confirm() -> None:
        with transaction(place.database, scope_of(tenant)) as session:
            leaving.confirm_report(session, tenant, place.unit_id, number, now=place.now)

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(confirm), pool.submit(hang, place, claim)]
        refused = [one.exception(timeout=20) for one in results]
    assert all(one is None or isinstance(one, NotFound | Conflict) for one in refused)
    assert on_list(place, old) == 0


def _reported(place: Living, lock: LockId) -> Any:
    landlord: Actor = place.landlord
    with transaction(place.database, scope_of(landlord)) as session:
        leaving.report(
            session,
            landlord,
            place.unit_id,
            lock,
            ReportKind.STOLEN,
            reason=REASON,
            keyring=place.keyring,
            now=place.now,
        )
        [one] = leaving.open_reports(session, keyring=place.keyring)
    return one.id


def _until_somebody_waits(place: Living, most_s: float = 5) -> None:
    until = time.monotonic() + most_s
    while time.monotonic() < until:
        with transaction(place.database, SYSTEM) as session:
            if session.execute(_WAITING).scalar_one():
                return
        time.sleep(0.01)
