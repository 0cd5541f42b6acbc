"""Access lists as they are kept: versions, digests over what the asker may not see, sealed entries, and the way out."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from firmware_protocol.access_list import decode_entry, entry_hash, list_digest
from firmware_protocol.credentials import pin_material
from firmware_protocol.topics import LockId, shard_of
from firmware_protocol.vocabulary import CredentialType
from service.access import actions as access
from service.access.actions import open_entry
from service.access.rules import DeliveryState
from service.accounts.actions import scope_of
from service.consent import actions as consent
from service.consent.rules import GivenBy, Purpose, Standing
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.errors import Conflict, NotFound, SealBroken
from service.locks import actions as locks
from service.reactions import react
from tests import given_living as living
from tests.fixtures_database import Database
from tests.given_living import Living


@pytest.fixture
def place(database: Database, keyring: Keyring, now: object) -> Living:
    return living.living(database.serve, keyring, now, locks=2)  # type: ignore[arg-type]  # the fixture's instant


def _live(place: Living, lock: LockId) -> dict[int, tuple[bytes, bytes]]:
    """Credential id -> (encoded entry, stored hash) of what the lock shall hold."""
    with transaction(place.database, SYSTEM) as session:
        rows = session.execute(
            text(
                "SELECT credential_id, entry_sealed, entry_hash FROM credential WHERE lock_id = :lock AND removed_version IS NULL"
            ),
            {"lock": lock},
        ).all()
    return {row[0]: (open_entry(place.keyring, lock, row[0], row[1]), row[2]) for row in rows}


def _list(place: Living, lock: LockId) -> tuple[int, bytes]:
    with transaction(place.database, SYSTEM) as session:
        found = session.execute(text("SELECT version, digest FROM access_list WHERE lock_id = :lock"), {"lock": lock})
        version, digest = found.one()
    return version, digest


def assert_consistent(place: Living) -> None:
    """What the lock will compute from its entries is what we expect it to say."""
    for lock in place.locks:
        live = _live(place, lock)
        assert all(entry_hash(encoded) == stored for encoded, stored in live.values())
        assert all(decode_entry(encoded).credential_id == number for number, (encoded, _) in live.items())
        assert _list(place, lock)[1] == list_digest((number, stored) for number, (_, stored) in live.items())


def _confirm_all(place: Living) -> None:
    """As if every lock had said that it holds the newest list."""
    with transaction(place.database, SYSTEM) as session:
        session.execute(
            text(
                "UPDATE credential SET on_lock_at = coalesce(on_lock_at, :now),"
                " off_lock_at = CASE WHEN removed_version IS NOT NULL THEN :now END"
            ),
            {"now": place.now},
        )


def test_a_tenant_gets_card_pin_and_face_on_every_lock(place: Living) -> None:
    waiting = living.registered(place, face=living.prepared())
    begun = living.confirmed(place, waiting.registration_id)
    for lock in place.locks:
        entries = [decode_entry(encoded) for encoded, _ in _live(place, lock).values()]
        assert [entry.type for entry in entries] == [CredentialType.RFID, CredentialType.PIN, CredentialType.FACE]
        with transaction(place.database, SYSTEM) as session:
            key = locks.credential_key(session, lock, place.keyring)
        assert entries[1].material == pin_material(key, waiting.pin)
        assert {entry.ends_at for entry in entries} == {int(begun.ends_at.timestamp())}
        assert _list(place, lock)[0] == 1
    assert_consistent(place)


def test_an_entry_opens_only_under_its_own_lock_and_number(place: Living) -> None:
    living.tenant(place)
    one, other = place.locks
    with transaction(place.database, SYSTEM) as session:
        sealed = session.execute(
            text("SELECT entry_sealed FROM credential WHERE lock_id = :lock AND credential_id = 1"), {"lock": one}
        ).scalar_one()
    for lock, number in ((other, 1), (one, 2)):
        with pytest.raises(SealBroken):
            open_entry(place.keyring, lock, number, sealed)


def test_a_tenant_replaces_a_pin_on_a_list_with_other_tenants_on_it(place: Living) -> None:
    """The digest is over all entries, of which the tenant may see only some: it must not be computed in the tenant's scope."""
    first, second = living.tenant(place), living.tenant(place)
    own = living.tenant_actor(place, second.person_id)
    with transaction(place.database, scope_of(own)) as session:
        pin = access.replace_pin(session, second.grant_id, keyring=place.keyring, now=place.now)
        with pytest.raises(NotFound):
            access.delivery(session, first.grant_id)
        assert access.delivery(session, second.grant_id)[0].state is DeliveryState.PENDING
    assert_consistent(place)
    for lock in place.locks:
        with transaction(place.database, SYSTEM) as session:
            key = locks.credential_key(session, lock, place.keyring)
        materials = [decode_entry(encoded).material for encoded, _ in _live(place, lock).values()]
        assert pin_material(key, pin) in materials
        assert sorted(_live(place, lock)) == [1, 2, 3, 5]


def test_nobody_replaces_anothers_pin(place: Living) -> None:
    first, second = living.tenant(place), living.tenant(place)
    other = living.tenant_actor(place, second.person_id)
    with pytest.raises(NotFound), transaction(place.database, scope_of(other)) as session:
        access.replace_pin(session, first.grant_id, keyring=place.keyring, now=place.now)


def test_an_ended_access_takes_no_new_pin(place: Living) -> None:
    begun = living.tenant(place)
    with transaction(place.database, SYSTEM) as session:
        access.revoke(session, [begun.grant_id], now=place.now)
    for now in (place.now, begun.ends_at):
        with pytest.raises(Conflict), transaction(place.database, SYSTEM) as session:
            access.replace_pin(session, begun.grant_id, keyring=place.keyring, now=now)


def test_numbers_are_never_used_again(place: Living) -> None:
    begun = living.tenant(place)
    with transaction(place.database, SYSTEM) as session:
        access.revoke(session, [begun.grant_id], now=place.now)
        access.revoke(session, [begun.grant_id], now=place.now)
    assert [_list(place, lock)[0] for lock in place.locks] == [2, 2]
    living.tenant(place, last=living.LAST_DAY)
    assert all(sorted(_live(place, lock)) == [3, 4] for lock in place.locks)
    assert_consistent(place)


def test_what_was_removed_cannot_be_sent_any_more(place: Living) -> None:
    begun = living.tenant(place, face=living.prepared())
    with transaction(place.database, SYSTEM) as session:
        access.revoke(session, [begun.grant_id], now=place.now)
        kept = session.execute(text("SELECT count(*) FROM credential WHERE entry_sealed IS NOT NULL")).scalar_one()
    assert kept == 0


def test_the_screen_says_which_lock_still_honours_it_and_until_when(place: Living) -> None:
    begun = living.tenant(place)
    _confirm_all(place)
    heard = place.now - timedelta(hours=5)
    with transaction(place.database, SYSTEM) as session:
        session.execute(text("UPDATE lock SET last_seen_at = :at WHERE id = :id"), {"at": heard, "id": place.locks[0]})
        access.revoke(session, [begun.grant_id], now=place.now)
        first, second = sorted(access.delivery(session, begun.grant_id), key=lambda one: place.locks.index(one.lock_id))
    assert first.state is second.state is DeliveryState.REMOVING
    assert first.held_until == heard + timedelta(seconds=living.LEASE_S)
    assert second.held_until == begun.ends_at
    _confirm_all(place)
    with transaction(place.database, SYSTEM) as session:
        assert {one.state for one in access.delivery(session, begun.grant_id)} == {DeliveryState.REMOVED}


def test_withdrawn_consent_takes_the_face_and_only_the_face(place: Living) -> None:
    begun = living.tenant(place, face=living.prepared())
    _confirm_all(place)
    own = living.tenant_actor(place, begun.person_id)
    with transaction(place.database, scope_of(own)) as session:
        event = consent.withdraw(session, begun.person_id, Purpose.FACE, by=GivenBy.PERSON, place="page", now=place.now)
        react(session, event, place.now)
        standing = consent.standing(session, begun.person_id)
        states = {one.type: one.state for one in access.delivery(session, begun.grant_id)[0].credentials}
    assert standing == {Purpose.REGISTER: Standing.GIVEN, Purpose.FACE: Standing.ERASED}
    assert states == {
        CredentialType.RFID: DeliveryState.ON_LOCK,
        CredentialType.PIN: DeliveryState.ON_LOCK,
        CredentialType.FACE: DeliveryState.REMOVING,
    }
    with transaction(place.database, SYSTEM) as session:
        templates = session.execute(text("SELECT template_sealed, erased_at FROM enrolment")).one()
    assert tuple(templates) == (None, place.now)
    assert_consistent(place)


def test_consent_withdrawn_while_waiting_lets_the_tenant_in_without_a_face(place: Living) -> None:
    waiting = living.registered(place, face=living.prepared())
    with transaction(place.database, SYSTEM) as session:
        person_id = session.execute(text("SELECT person_id FROM registration")).scalar_one()
        event = consent.withdraw(session, person_id, Purpose.FACE, by=GivenBy.PERSON, place="page", now=place.now)
        react(session, event, place.now)
        assert session.execute(text("SELECT template_sealed FROM registration")).scalar_one() is None
    living.confirmed(place, waiting.registration_id)
    types = [decode_entry(encoded).type for encoded, _ in _live(place, place.locks[0]).values()]
    assert types == [CredentialType.RFID, CredentialType.PIN]


def test_a_face_stays_while_another_room_still_opens_by_it(database: Database, place: Living) -> None:
    other = living.living(database.serve, place.keyring, place.now)
    filled = living.form(face=True)
    first = living.tenant(place, filled, living.prepared())
    second = living.tenant(other, filled, living.prepared())
    assert first.person_id == second.person_id
    for where, begun, after in ((place, first, Standing.GIVEN), (other, second, Standing.ERASED)):
        living.moved_out(where, begun)
        with transaction(place.database, SYSTEM) as session:
            assert consent.standing(session, first.person_id)[Purpose.FACE] is after


@pytest.fixture
def ear(database: Database) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute("LISTEN anmen_down")
        yield connection


def test_the_shards_holders_are_told_when_it_is_committed(
    place: Living, ear: psycopg.Connection[tuple[object, ...]]
) -> None:
    living.tenant(place)
    told = {notice.payload for notice in ear.notifies(timeout=0.2)}
    assert told == {str(shard_of(lock)) for lock in place.locks}
