"""A lock leaves its landlord: wiped with proof and claimed by the next; or reported stolen, which shuts out no tenant."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from firmware_protocol.claim import is_claim, next_secret
from firmware_protocol.commands import CommandKind
from firmware_protocol.keys import exchange
from service.accounts.actions import scope_of
from service.accounts.rules import Actor
from service.commands.rules import Order
from service.custody import actions as custody
from service.custody import leaving
from service.custody.actions import Typed
from service.custody.rules import ClaimId, ReleaseId, ReportKind
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, Scope, transaction
from service.errors import BadInput, Conflict, NotFound
from service.people.rules import PersonId
from service.premises import actions as premises
from service.premises.rules import UnitId
from tests import given
from tests import given_living as living
from tests.commanded import Commanded, commanded
from tests.fixtures_database import Database

REASON = "昨夜有人把整扇门连锁一起撬走了"


@pytest.fixture
def door(database: Database, keyring: Keyring, now: datetime) -> Commanded:
    return commanded(database, living.living(database.serve, keyring, now))


@pytest.fixture
def landlord(door: Commanded) -> Actor:
    return door.place.landlord


@pytest.fixture
def tenant(door: Commanded) -> Actor:
    return living.tenant_actor(door.place, living.tenant(door.place).person_id)


def wiped(door: Commanded, landlord: Actor) -> None:
    door.order(landlord, Order(CommandKind.FACTORY_WIPE))
    door.deliver()
    door.restart()
    door.pass_time(6)


def release(door: Commanded, landlord: Actor) -> ReleaseId:
    with transaction(door.database.serve, scope_of(landlord)) as session:
        return leaving.release(session, landlord, door.place.unit_id, door.id, now=door.now)


def report(door: Commanded, landlord: Actor, reason: str = REASON) -> bool:
    with transaction(door.database.serve, scope_of(landlord)) as session:
        keyring, unit = door.place.keyring, door.place.unit_id
        return leaving.report(
            session, landlord, unit, door.id, ReportKind.STOLEN, reason=reason, keyring=keyring, now=door.now
        )


def hanging(door: Commanded) -> bool:
    with transaction(door.database.serve, SYSTEM) as session:
        return premises.unit_of_lock(session, door.id, door.now) is not None


def reports_seen_by(door: Commanded, scope: Scope) -> list[str]:
    with transaction(door.database.serve, scope) as session:
        return [one.reason for one in leaving.open_reports(session, keyring=door.place.keyring)]


def test_a_lock_is_released_by_its_proof_and_the_next_claims_it_with_the_next_secret(
    door: Commanded, landlord: Actor
) -> None:
    with pytest.raises(Conflict, match="has not proven"):
        release(door, landlord)
    wiped(door, landlord)
    given_away = release(door, landlord)
    assert not hanging(door)
    with transaction(door.database.serve, scope_of(landlord)) as session:
        told = leaving.tell_secret(session, landlord, given_away, keyring=door.place.keyring, now=door.now)
    identity = door.identity
    static = exchange(identity.private_key, identity.service_public_key)
    assert told == next_secret(static, door.id, 1) == door.lock.claiming.secret
    # The old keys are worth nothing, and what is said under them is not heard.
    door.memory.forget([door.id])
    door.pass_time(60)
    assert ("revoked_lock",) in door.rows("SELECT reason FROM frame_refusal")
    with transaction(door.database.serve, SYSTEM) as session:
        buyer = given.home(session, keyring=door.place.keyring, now=door.now)
    with transaction(door.database.serve, Scope(landlord=buyer.landlord_id)) as session:
        actor = living.landlord_actor(buyer.landlord_id)
        custody.begin_claim(
            session, actor, buyer.unit_id, Typed(door.id, told), keyring=door.place.keyring, now=door.now
        )
    door.lock.claiming.press(door.uptime)
    door.pass_time(1)
    assert door.lock.claiming.given
    assert door.rows("SELECT key_epoch, revoked_at FROM lock WHERE key_epoch > 1") == [(2, None)]
    with transaction(door.database.serve, scope_of(landlord)) as session:
        assert not leaving.get_release(session, landlord, given_away).waits
        with pytest.raises(Conflict, match="worth nothing"):
            leaving.tell_secret(session, landlord, given_away, keyring=door.place.keyring, now=door.now)


def given_away_and_waited_for(door: Commanded, landlord: Actor) -> tuple[Actor, UnitId, str]:
    """Wiped, released, and a buyer waits for its button: who, for which room, and the secret."""
    wiped(door, landlord)
    given_away = release(door, landlord)
    with transaction(door.database.serve, scope_of(landlord)) as session:
        told = leaving.tell_secret(session, landlord, given_away, keyring=door.place.keyring, now=door.now)
    with transaction(door.database.serve, SYSTEM) as session:
        home = given.home(session, keyring=door.place.keyring, now=door.now)
    buyer = living.landlord_actor(home.landlord_id)
    wait_for_button(door, buyer, home.unit_id, told)
    return buyer, home.unit_id, told


def wait_for_button(door: Commanded, buyer: Actor, unit: UnitId, secret: str) -> ClaimId:
    with transaction(door.database.serve, scope_of(buyer)) as session:
        typed = Typed(door.id, secret)
        return custody.begin_claim(session, buyer, unit, typed, keyring=door.place.keyring, now=door.now)


def spoil(door: Commanded) -> None:
    """Two presses: the broker holds the first back until the second was answered. The lock has other keys now than the service."""
    door.lock.claiming.press(door.uptime)
    held_back = [one for one in door.lock.to_send(door.uptime) if is_claim(one)]
    door.lock.claiming.press(door.uptime)
    door.exchange()
    assert door.lock.claiming.given
    door.hear(held_back)
    door.take_keys()
    door.connect()
    door.pass_time(20)
    assert not door.lock.proven


@pytest.mark.parametrize("later_s", [0, 300])
def test_a_claim_that_the_broker_has_spoilt_is_made_again_with_the_same_secret(
    door: Commanded, landlord: Actor, later_s: int
) -> None:
    buyer, unit, secret = given_away_and_waited_for(door, landlord)
    spoil(door)
    if later_s:
        door.pass_time(later_s)
        again = wait_for_button(door, buyer, unit, secret)
    else:
        [(again,)] = door.rows("SELECT id FROM lock_claim")
    door.lock.claiming.press(door.uptime)
    door.exchange()
    door.take_keys()
    door.connect()
    assert door.lock.proven
    assert door.lock.claiming.secret is None
    with transaction(door.database.serve, scope_of(buyer)) as session:
        custody.hang_claimed(session, buyer, again, keyring=door.place.keyring, now=door.now)
    assert door.rows("SELECT key_epoch, link FROM lock WHERE key_epoch > 1") == [(2, "live")]


def test_from_its_welcome_on_a_claimed_lock_is_somebodys_though_its_birth_was_forgotten(
    door: Commanded, landlord: Actor
) -> None:
    given_away_and_waited_for(door, landlord)
    door.lock.claiming.press(door.uptime)
    held_back = [one for one in door.lock.to_send(door.uptime) if is_claim(one)]
    door.lock.claiming.press(door.uptime)
    door.exchange()
    door.take_keys()
    door.lock.connecting()
    door.lock.connected(door.uptime)
    door.hear(door.lock.to_send(door.uptime))
    # Another process of the service goes on: it has the challenge in its database, and never heard the birth.
    door.memory.claimed.clear()
    door.exchange()
    assert door.lock.claiming.secret is None
    before = door.rows("SELECT public_key FROM lock WHERE key_epoch = 2")
    door.hear(held_back)
    assert door.rows("SELECT public_key FROM lock WHERE key_epoch = 2") == before


def test_a_wipe_that_something_came_onto_the_lock_after_proves_nothing_any_more(
    door: Commanded, landlord: Actor
) -> None:
    wiped(door, landlord)
    living.tenant(door.place)
    with transaction(door.database.serve, scope_of(landlord)) as session:
        assert not leaving.has_proven_empty(session, landlord, door.id)
    with pytest.raises(Conflict):
        release(door, landlord)


def test_the_code_is_its_own_landlords(door: Commanded, landlord: Actor) -> None:
    wiped(door, landlord)
    given_away = release(door, landlord)
    with transaction(door.database.serve, SYSTEM) as session:
        other = living.landlord_actor(given.home(session, keyring=door.place.keyring, now=door.now).landlord_id)
    with transaction(door.database.serve, scope_of(other)) as session, pytest.raises(NotFound):
        leaving.tell_secret(session, other, given_away, keyring=door.place.keyring, now=door.now)
    assert door.rows("SELECT count(*) FROM audit_entry WHERE act = 'custody:claim_code:told'") == [(0,)]


def test_in_a_vacant_room_a_stolen_lock_is_shut_out_at_once_and_only_with_a_reason(
    door: Commanded, landlord: Actor
) -> None:
    with pytest.raises(BadInput, match="what has happened"):
        report(door, landlord, "weg")
    assert report(door, landlord)
    assert not hanging(door)
    assert door.rows("SELECT revoked_as FROM lock WHERE revoked_at IS NOT NULL") == [("stolen",)]
    assert reports_seen_by(door, scope_of(landlord)) == []


def test_in_a_let_room_the_landlords_word_alone_shuts_nothing_out(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    assert not report(door, landlord)
    assert hanging(door)
    assert door.rows("SELECT count(*) FROM lock WHERE revoked_at IS NOT NULL") == [(0,)]
    assert door.rows("SELECT count(*) > 0, count(removed_version) FROM credential") == [(True, 0)]
    areas = door.place.home.areas
    for scope in (scope_of(landlord), scope_of(tenant), Scope(areas=(areas.grid,))):
        assert reports_seen_by(door, scope) == [REASON]
    assert reports_seen_by(door, Scope(areas=(areas.other_grid,))) == []
    assert reports_seen_by(door, Scope(landlord=landlord.account_id + 1000)) == []
    with pytest.raises(Conflict, match="reported already"):
        report(door, landlord)


def test_a_tenant_who_says_so_too_shuts_it_out(door: Commanded, landlord: Actor, tenant: Actor) -> None:
    report(door, landlord)
    with transaction(door.database.serve, scope_of(tenant)) as session:
        [open_report] = leaving.open_reports(session, keyring=door.place.keyring)
        leaving.confirm_report(session, tenant, door.place.unit_id, open_report.id, now=door.now)
    assert not hanging(door)
    assert door.rows("SELECT confirmed_by IS NOT NULL, settled_at IS NOT NULL FROM lock_report") == [(True, True)]


def test_nobody_but_who_lives_there_can_say_so(door: Commanded, landlord: Actor, tenant: Actor) -> None:
    report(door, landlord)
    [(number,)] = door.rows("SELECT id FROM lock_report")
    for actor in (landlord, living.tenant_actor(door.place, stranger(door))):
        with transaction(door.database.serve, scope_of(actor)) as session, pytest.raises(NotFound):
            leaving.confirm_report(session, actor, door.place.unit_id, number, now=door.now)
    assert hanging(door)


def test_whom_the_landlord_lets_in_after_the_report_cannot_say_so(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    report(door, landlord)
    [(number,)] = door.rows("SELECT id FROM lock_report")
    later = replace(door.place, now=door.now + timedelta(hours=1))
    friend = living.tenant_actor(later, living.tenant(later).person_id)
    with transaction(door.database.serve, scope_of(friend)) as session, pytest.raises(Conflict, match="moved in after"):
        leaving.confirm_report(session, friend, later.unit_id, number, now=later.now)
    assert hanging(door)


def test_a_flatmate_whom_the_landlord_has_let_in_before_shuts_nobody_out(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    """The landlord's friend moves in first, then the lock is said to be stolen: the other one's way in hangs on both words."""
    friend = living.tenant_actor(door.place, living.tenant(door.place).person_id)
    report(door, landlord)
    [(number,)] = door.rows("SELECT id FROM lock_report")
    for actor, shut in ((friend, False), (friend, False), (tenant, True)):
        with transaction(door.database.serve, scope_of(actor)) as session:
            assert leaving.confirm_report(session, actor, door.place.unit_id, number, now=door.now) is shut
        assert hanging(door) is not shut


def test_who_has_said_so_sees_it_and_who_moves_in_later_is_not_overruled(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    report(door, landlord)
    [(number,)] = door.rows("SELECT id FROM lock_report")
    later = replace(door.place, now=door.now + timedelta(hours=1))
    flatmate = living.tenant(later)
    with transaction(door.database.serve, scope_of(tenant)) as session:
        assert not leaving.confirm_report(session, tenant, door.place.unit_id, number, now=later.now)
        assert leaving.said_so(session, tenant, [number]) == {number}
    living.moved_out(later, flatmate)
    with transaction(door.database.serve, scope_of(tenant)) as session:
        assert leaving.confirm_report(session, tenant, door.place.unit_id, number, now=later.now)


def stranger(door: Commanded) -> PersonId:
    with transaction(door.database.serve, SYSTEM) as session:
        return given.person(session, keyring=door.place.keyring, now=door.now)


def test_a_report_can_be_taken_back(door: Commanded, landlord: Actor, tenant: Actor) -> None:
    report(door, landlord)
    with transaction(door.database.serve, scope_of(landlord)) as session:
        leaving.withdraw_report(session, landlord, door.place.unit_id, door.id, now=door.now)
    assert reports_seen_by(door, scope_of(tenant)) == []
    assert not report(door, landlord), "and be made again"


def take_back(door: Commanded, landlord: Actor) -> None:
    with transaction(door.database.serve, scope_of(landlord)) as session:
        keyring, unit = door.place.keyring, door.place.unit_id
        leaving.take_back(session, landlord, door.id, unit, keyring=keyring, now=door.now)


def test_a_stolen_lock_that_is_there_again_is_heard_emptied_and_claimed_anew(door: Commanded, landlord: Actor) -> None:
    assert report(door, landlord)
    door.memory.forget([door.id])
    door.pass_time(60)
    assert ("revoked_lock",) in door.rows("SELECT reason FROM frame_refusal")
    take_back(door, landlord)
    door.memory.forget([door.id])
    door.restart()
    assert door.rows("SELECT link, revoked_at FROM lock WHERE found_at IS NOT NULL") == [("live", None)]
    # Nobody's way in comes onto what others had in their hands.
    waiting = living.registered(door.place).registration_id
    with pytest.raises(Conflict, match="strange hands"):
        living.confirmed(door.place, waiting, now=door.now)
    wiped(door, landlord)
    given_away = release(door, landlord)
    with transaction(door.database.serve, scope_of(landlord)) as session:
        told = leaving.tell_secret(session, landlord, given_away, keyring=door.place.keyring, now=door.now)
        typed, unit = Typed(door.id, told), door.place.unit_id
        custody.begin_claim(session, landlord, unit, typed, keyring=door.place.keyring, now=door.now)
    door.memory.forget([door.id])
    door.lock.claiming.press(door.uptime)
    door.pass_time(1)
    assert door.lock.claiming.given
    # With new keys it is a lock like any other.
    assert door.rows("SELECT revoked_at, found_at < provisioned_at FROM lock WHERE found_at IS NOT NULL") == [
        (None, True)
    ]
    assert door.rows("SELECT count(*) FROM audit_entry WHERE act = 'custody:lock:found'") == [(1,)]


def test_a_lock_is_taken_back_by_who_reported_it_and_only_where_nobody_lives(
    door: Commanded, landlord: Actor, tenant: Actor
) -> None:
    with pytest.raises(NotFound):
        take_back(door, landlord)
    report(door, landlord)
    with pytest.raises(NotFound, match="no such lock"):
        take_back(door, landlord)
    with transaction(door.database.serve, scope_of(tenant)) as session:
        [one] = leaving.open_reports(session, keyring=door.place.keyring)
        leaving.confirm_report(session, tenant, door.place.unit_id, one.id, now=door.now)
    with transaction(door.database.serve, scope_of(landlord)) as session:
        assert [one.lock_id for one in leaving.lost_locks(session, landlord)] == [door.id]
    with pytest.raises(Conflict, match="Somebody lives there"):
        take_back(door, landlord)
    with transaction(door.database.serve, SYSTEM) as session:
        home = given.home(session, keyring=door.place.keyring, now=door.now)
    other = living.landlord_actor(home.landlord_id)
    keyring = door.place.keyring
    with transaction(door.database.serve, scope_of(other)) as session, pytest.raises(NotFound):
        leaving.take_back(session, other, door.id, home.unit_id, keyring=keyring, now=door.now)
    assert not hanging(door)
