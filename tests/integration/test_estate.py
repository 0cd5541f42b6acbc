"""The sample estate: complete, signed into, and seen by each role as far as its areas go."""

import os
from datetime import datetime

import pytest
from sqlalchemy import text

from anmen.estate import LOCKS_NEEDED, Estate, ProvisionedLock, SignIn, build_estate
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.topics import draw_lock_id
from service.accounts import actions as accounts
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.premises import actions as premises
from tests.fixtures_database import Database


@pytest.fixture
def locks() -> list[ProvisionedLock]:
    return [
        ProvisionedLock(
            draw_lock_id(os.urandom(8)), public_key(private_key(os.urandom(48))), private_key(os.urandom(48))
        )
        for _ in range(LOCKS_NEEDED)
    ]


@pytest.fixture
def estate(database: Database, keyring: Keyring, now: datetime, locks: list[ProvisionedLock]) -> Estate:
    with transaction(database.serve, SYSTEM) as session:
        return build_estate(session, keyring, now, locks)


def _rooms_seen(database: Database, keyring: Keyring, now: datetime, who: SignIn) -> int:
    with transaction(database.serve) as session:
        token = accounts.sign_in(session, who.login, who.password, keyring=keyring, now=now, lifetime_s=60)
        assert isinstance(token, str)
        actor = accounts.actor_for(session, token, now=now)
        assert actor is not None
    with transaction(database.serve, accounts.scope_of(actor)) as session:
        return int(session.execute(text("SELECT count(*) FROM unit")).scalar_one())


def test_every_room_has_its_lock(database: Database, estate: Estate, now: datetime) -> None:
    with transaction(database.serve, SYSTEM) as session:
        for room in estate.rooms:
            assert premises.locks_of_unit(session, room.unit_id, now) == (room.lock_id,)
    assert len({room.lock_id for room in estate.rooms}) == LOCKS_NEEDED == 24


def test_each_role_sees_its_own_part(database: Database, keyring: Keyring, estate: Estate, now: datetime) -> None:
    seen = [_rooms_seen(database, keyring, now, who) for who in (estate.landlord, estate.officer, estate.grid_worker)]
    assert seen == [24, 24, 12]


def test_an_estate_is_not_built_with_doors_left_bare(
    database: Database, keyring: Keyring, now: datetime, locks: list[ProvisionedLock]
) -> None:
    with pytest.raises(ValueError, match="24 doors"), transaction(database.serve, SYSTEM) as session:
        build_estate(session, keyring, now, locks[1:])


def test_passwords_do_not_show_in_a_trace(estate: Estate) -> None:
    assert estate.landlord.password not in repr(estate)
