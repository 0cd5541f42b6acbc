"""A lock from the factory comes to hang on a room where tenants live; others are moved, replaced, or stolen."""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from firmware_protocol.access_list import decode_entry
from firmware_protocol.claim import LockClaim, PressedButton, draw_secret
from firmware_protocol.keys import private_key
from firmware_protocol.topics import Direction, LockId, draw_lock_id, frame_topic
from firmware_protocol.vocabulary import CredentialType, EventType, Field
from service.access import actions as access
from service.accounts.rules import Actor, Role
from service.batches import Outcome
from service.custody import actions as custody
from service.custody.actions import Typed
from service.custody.rules import MOST_UNANSWERED_A_DAY, MOST_WAITING, ClaimId, ClaimState, RevokedAs
from service.edges.inbox import Delivery
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, Scope, transaction
from service.errors import BadInput, Conflict, NotFound
from service.hearing import locks_of
from service.lock_reactions import react
from service.premises import actions as premises
from tests import given
from tests.fixtures_database import Database
from tests.integration.test_listening import Service, born
from tests.wire_lock import HungDoor, WireLock, hung_door


@dataclass
class BoxedLock:
    """As it comes from the factory: a number, and the secret under its cover."""

    id: LockId = field(default_factory=lambda: draw_lock_id(os.urandom(8)))
    secret: str = field(default_factory=lambda: draw_secret(os.urandom(13)))

    def press(self) -> LockClaim:
        drawn = PressedButton(*(private_key(os.urandom(48)) for _ in range(3)))
        return LockClaim(self.id, self.secret, drawn, now=0.0)


@pytest.fixture
def service(database: Database, keyring: Keyring, now: datetime) -> Service:
    return Service(database, keyring, now)


@pytest.fixture
def door(service: Service, keyring: Keyring, now: datetime) -> HungDoor:
    with transaction(service.database.serve, SYSTEM) as session:
        hung = hung_door(session, keyring, now)
    return born(service, hung)


def landlord_of(home: given.Home) -> Actor:
    return Actor(account_id=home.landlord_id, role=Role.LANDLORD, person_id=None, areas=(), locale="zh")


def begin(service: Service, home: given.Home, typed: Typed, replaces: LockId | None = None) -> ClaimId:
    with transaction(service.database.serve, Scope(landlord=home.landlord_id)) as session:
        actor = landlord_of(home)
        return custody.begin_claim(
            session, actor, home.unit_id, typed, replaces=replaces, keyring=service.keyring, now=service.now
        )


def hear(service: Service, lock: LockId, frame: bytes) -> Outcome:
    batch = [Delivery(frame_topic(lock, Direction.UP), frame, 1, 1)]
    with transaction(service.database.ingest, SYSTEM) as session:
        return react(session, batch, locks_of(batch, service.memory), service.memory, service.now)


def claimed(
    service: Service, home: given.Home, boxed: BoxedLock, replaces: LockId | None = None
) -> tuple[ClaimId, WireLock]:
    """Typed in, button pressed, keys exchanged."""
    claim = begin(service, home, Typed(boxed.id, boxed.secret), replaces)
    pressed = boxed.press()
    [frame] = pressed.to_send(0.0)
    [(lock, answer)] = hear(service, boxed.id, frame).as_sealed
    identity = pressed.receive(answer, 1.0)
    assert (lock, identity is not None) == (boxed.id, True)
    assert identity is not None
    taken = WireLock(identity)
    service.converse(taken, taken.connect())
    return claim, taken


def hang(service: Service, home: given.Home, claim: ClaimId) -> None:
    with transaction(service.database.serve, Scope(landlord=home.landlord_id)) as session:
        custody.hang_claimed(session, landlord_of(home), claim, keyring=service.keyring, now=service.now)


def types_on(lock: WireLock) -> list[CredentialType]:
    return sorted(entry.type for entry in map(decode_entry, lock.held.entries.values()))


def test_a_lock_that_is_hung_later_gets_the_credentials_of_those_who_live_there(
    service: Service, door: HungDoor
) -> None:
    claim, lock = claimed(service, door.home, BoxedLock())
    hang(service, door.home, claim)
    service.converse(lock, lock.connect())
    assert types_on(lock) == [CredentialType.RFID]
    with transaction(service.database.serve, SYSTEM) as session:
        assert len(premises.locks_of_unit(session, door.home.unit_id, service.now)) == 2
        # The tenant's next PIN is on both.
        access.replace_pin(session, door.grant_id, keyring=service.keyring, now=service.now)
    service.converse(lock, lock.connect())
    assert types_on(lock) == [CredentialType.PIN, CredentialType.RFID]


def test_another_secret_claims_nothing(service: Service, door: HungDoor) -> None:
    boxed = BoxedLock()
    begin(service, door.home, Typed(boxed.id, draw_secret(os.urandom(13))))
    outcome = hear(service, boxed.id, boxed.press().to_send(0.0)[0])
    assert outcome.as_sealed == []
    assert service.rows("SELECT reason, refused FROM frame_refusal") == [("not_authentic", 1)]
    assert service.rows("SELECT count(*) FROM lock") == [(1,)]


def test_the_window_closes_after_two_minutes(service: Service, door: HungDoor) -> None:
    boxed = BoxedLock()
    claim = begin(service, door.home, Typed(boxed.id, boxed.secret))
    service.now += timedelta(seconds=121)
    assert hear(service, boxed.id, boxed.press().to_send(0.0)[0]).as_sealed == []
    with transaction(service.database.serve, Scope(landlord=door.home.landlord_id)) as session:
        found = custody.get_claim(session, landlord_of(door.home), claim)
        assert found.state(service.now) is ClaimState.EXPIRED
        with pytest.raises(Conflict, match="two minutes"):
            custody.hang_claimed(session, landlord_of(door.home), claim, keyring=service.keyring, now=service.now)


def test_an_answer_that_was_lost_is_given_again(service: Service, door: HungDoor) -> None:
    boxed = BoxedLock()
    begin(service, door.home, Typed(boxed.id, boxed.secret))
    pressed = boxed.press()
    first = hear(service, boxed.id, pressed.to_send(0.0)[0]).as_sealed
    again = hear(service, boxed.id, pressed.to_send(5.0)[0]).as_sealed
    assert first == again != []


def test_a_lock_that_has_an_owner_is_not_claimed_again(service: Service, door: HungDoor) -> None:
    with pytest.raises(Conflict, match="claimed already"):
        begin(service, door.home, Typed(door.lock.id, draw_secret(os.urandom(13))))


def test_what_is_typed_is_read_or_said_to_be_wrong(service: Service, door: HungDoor) -> None:
    boxed = BoxedLock()
    begin(service, door.home, Typed("", f"anmen:claim:{boxed.id}:{boxed.secret}"))
    with pytest.raises(BadInput, match="20 letters"):
        begin(service, door.home, Typed(boxed.id, "1234"))
    with pytest.raises(BadInput, match="begins with L-"):
        begin(service, door.home, Typed("7", boxed.secret))


def test_a_replaced_lock_is_revoked_and_the_new_one_takes_its_place(service: Service, door: HungDoor) -> None:
    old = door.lock
    claim, lock = claimed(service, door.home, BoxedLock(), replaces=old.id)
    hang(service, door.home, claim)
    service.memory.forget([old.id])
    old.record(EventType.DOOR_MOVED, {Field.CODE: 1})
    service.hear(old, old.frames())
    assert ("revoked_lock",) in service.rows("SELECT reason FROM frame_refusal")
    service.converse(lock, lock.connect())
    assert types_on(lock) == [CredentialType.RFID]
    with transaction(service.database.serve, SYSTEM) as session:
        assert premises.locks_of_unit(session, door.home.unit_id, service.now) == (lock.id,)


def test_a_lock_that_is_moved_leaves_the_old_credentials_and_takes_the_new(service: Service, door: HungDoor) -> None:
    with transaction(service.database.serve, SYSTEM) as session:
        there = given.unit(session, building_id=door.home.building_id)
    with transaction(service.database.serve, Scope(landlord=door.home.landlord_id)) as session:
        actor, here = landlord_of(door.home), door.home.unit_id
        custody.move(session, actor, door.lock.id, here, there, keyring=service.keyring, now=service.now)
    service.converse(door.lock, door.lock.connect())
    assert door.lock.held.entries == {}
    with transaction(service.database.serve, SYSTEM) as session:
        assert premises.unit_of_lock(session, door.lock.id, service.now) == there


def test_a_released_lock_can_be_claimed_by_somebody_else_under_a_higher_key_epoch(
    service: Service, door: HungDoor
) -> None:
    boxed = BoxedLock()
    claim, _ = claimed(service, door.home, boxed)
    hang(service, door.home, claim)
    end_use(service, boxed.id, RevokedAs.RELEASED)
    with transaction(service.database.serve, SYSTEM) as session:
        buyer = given.home(session, keyring=service.keyring, now=service.now)
    service.now += timedelta(minutes=5)
    again, lock = claimed(service, buyer, boxed)
    hang(service, buyer, again)
    assert lock.identity.key_epoch == 2
    service.converse(lock, lock.connect())
    assert service.rows("SELECT link FROM lock WHERE key_epoch = 2") == [("live",)]


@pytest.mark.parametrize("why", [RevokedAs.STOLEN, RevokedAs.BROKEN, RevokedAs.REPLACED])
def test_a_stolen_or_replaced_lock_is_nobodys_to_claim(service: Service, door: HungDoor, why: RevokedAs) -> None:
    end_use(service, door.lock.id, why)
    with pytest.raises(Conflict, match="cannot be claimed"):
        begin(service, door.home, Typed(door.lock.id, draw_secret(os.urandom(13))))


def end_use(service: Service, lock: LockId, why: RevokedAs) -> None:
    with transaction(service.database.serve, SYSTEM) as session:
        custody.end_use(session, lock, why, now=service.now)
    service.memory.forget([lock])


def test_of_two_landlords_who_wait_one_gets_the_lock(service: Service, door: HungDoor) -> None:
    boxed = BoxedLock()
    with transaction(service.database.serve, SYSTEM) as session:
        other = given.home(session, keyring=service.keyring, now=service.now)
    wrong = begin(service, other, Typed(boxed.id, draw_secret(os.urandom(13))))
    early = begin(service, door.home, Typed(boxed.id, boxed.secret))
    pressed = boxed.press()
    [(_, answer)] = hear(service, boxed.id, pressed.to_send(0.0)[0]).as_sealed
    # The answer is lost, and meanwhile somebody else who knows the secret begins to wait: the exchange goes on as it began.
    late = begin(service, other, Typed(boxed.id, boxed.secret))
    [(_, again)] = hear(service, boxed.id, pressed.to_send(5.0)[0]).as_sealed
    assert again == answer
    states = service.rows("SELECT id, answered_at IS NOT NULL FROM lock_claim ORDER BY id")
    assert states == [(wrong, False), (early, True), (late, False)]
    identity = pressed.receive(again, 6.0)
    assert identity is not None
    lock = WireLock(identity)
    service.converse(lock, lock.connect())
    assert hear(service, boxed.id, boxed.press().to_send(0.0)[0]).as_sealed == [], "it is somebody's now"


def test_a_press_that_another_has_replaced_is_worth_nothing_when_it_is_played_again(
    service: Service, door: HungDoor
) -> None:
    boxed = BoxedLock()
    begin(service, door.home, Typed(boxed.id, boxed.secret))
    old = boxed.press().to_send(0.0)[0]
    assert hear(service, boxed.id, old).as_sealed != []
    pressed = boxed.press()
    [(_, answer)] = hear(service, boxed.id, pressed.to_send(0.0)[0]).as_sealed
    assert hear(service, boxed.id, old).as_sealed == []
    identity = pressed.receive(answer, 1.0)
    assert identity is not None
    lock = WireLock(identity)
    service.converse(lock, lock.connect())
    assert ("live", boxed.id) in service.rows("SELECT link, id FROM lock")


def test_a_lock_whose_answer_was_lost_for_good_can_be_claimed_again_by_whoever_has_its_secret(
    service: Service, door: HungDoor
) -> None:
    boxed = BoxedLock()
    claim = begin(service, door.home, Typed(boxed.id, boxed.secret))
    assert hear(service, boxed.id, boxed.press().to_send(0.0)[0]).as_sealed != []
    with transaction(service.database.serve, Scope(landlord=door.home.landlord_id)) as session:
        with pytest.raises(Conflict, match="has not come back"):
            custody.hang_claimed(session, landlord_of(door.home), claim, keyring=service.keyring, now=service.now)
        service.now += timedelta(minutes=5)
        found = custody.get_claim(session, landlord_of(door.home), claim)
        assert found.state(service.now) is ClaimState.EXPIRED
    again, lock = claimed(service, door.home, boxed)
    hang(service, door.home, again)
    service.converse(lock, lock.connect())
    assert types_on(lock) == [CredentialType.RFID]


def test_a_landlord_waits_for_a_few_locks_and_guesses_few_times_a_day(service: Service, door: HungDoor) -> None:
    for _ in range(MOST_WAITING):
        begin(service, door.home, Typed(BoxedLock().id, draw_secret(os.urandom(13))))
    with pytest.raises(Conflict, match="waiting for"):
        begin(service, door.home, Typed(BoxedLock().id, draw_secret(os.urandom(13))))
    for _ in range(MOST_WAITING, MOST_UNANSWERED_A_DAY):
        service.now += timedelta(minutes=3)
        begin(service, door.home, Typed(BoxedLock().id, draw_secret(os.urandom(13))))
    service.now += timedelta(minutes=3)
    with pytest.raises(Conflict, match="go on tomorrow"):
        begin(service, door.home, Typed(BoxedLock().id, draw_secret(os.urandom(13))))
    service.now += timedelta(days=1)
    begin(service, door.home, Typed(BoxedLock().id, draw_secret(os.urandom(13))))


def test_nobody_reads_anothers_claims_in_the_database(service: Service, door: HungDoor) -> None:
    begin(service, door.home, Typed(BoxedLock().id, draw_secret(os.urandom(13))))
    with transaction(service.database.serve, SYSTEM) as session:
        other = given.home(session, keyring=service.keyring, now=service.now)
    for scope, seen in ((Scope(landlord=other.landlord_id), 0), (Scope(landlord=door.home.landlord_id), 1)):
        with transaction(service.database.serve, scope) as session:
            assert session.execute(text("SELECT count(*) FROM lock_claim")).scalar_one() == seen


def test_nobody_touches_anothers_lock_or_claim(service: Service, door: HungDoor) -> None:
    boxed = BoxedLock()
    claim = begin(service, door.home, Typed(boxed.id, boxed.secret))
    with transaction(service.database.serve, SYSTEM) as session:
        other = given.home(session, keyring=service.keyring, now=service.now)
    with transaction(service.database.serve, Scope(landlord=other.landlord_id)) as session:
        actor = landlord_of(other)
        with pytest.raises(NotFound):
            custody.get_claim(session, actor, claim)
        with pytest.raises(NotFound):
            custody.shut_out(session, actor, door.home.unit_id, door.lock.id, RevokedAs.STOLEN, now=service.now)
        with pytest.raises(NotFound):
            custody.shut_out(session, actor, other.unit_id, door.lock.id, RevokedAs.STOLEN, now=service.now)
