"""New static keys after a handover: offered, answered, proven; and whoever is let in meanwhile loses nothing."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from firmware_protocol.access_list import decode_entry
from firmware_protocol.credentials import pin_material
from firmware_protocol.key_messages import KeyAnswer, KeyOffer, KeyRefusal
from firmware_protocol.keys import credential_key, exchange, private_key, public_key
from firmware_protocol.messages import Heartbeat
from firmware_protocol.vocabulary import CredentialType, EventType, Field
from service.access import actions as access
from service.access.rules import GrantId, Materials, Terms
from service.batches import Outcome
from service.completeness import actions as completeness
from service.edges.inbox import Delivery
from service.edges.keyring import Keyring
from service.edges.transaction import SYSTEM, transaction
from service.hearing import locks_of
from service.key_reactions import KeysCalledOff
from service.lock_reactions import react
from service.rekeying import actions as rekeying
from tests.fixtures_database import Database
from tests.integration.test_listening import Service
from tests.wire_lock import HungDoor, WireLock, hung_door

ALL = range(64)
PIN = "402816"


@pytest.fixture
def service(database: Database, keyring: Keyring, now: datetime) -> Service:
    return Service(database, keyring, now)


@pytest.fixture
def door(service: Service, keyring: Keyring, now: datetime) -> HungDoor:
    """Its lock can change its keys; the tenant has moved out and the lock has said that it holds nothing."""
    with transaction(service.database.serve, SYSTEM) as session:
        hung = hung_door(session, keyring, now)
    hung.lock.capabilities = {"key_epoch": 1}
    meet(service, hung.lock)
    service.now += timedelta(hours=1)
    move_out(service, hung)
    return hung


def meet(service: Service, lock: WireLock) -> None:
    service.converse(lock, lock.connect())


def move_out(service: Service, door: HungDoor) -> None:
    with transaction(service.database.serve, SYSTEM) as session:
        access.revoke(session, [door.grant_id], now=service.now)
    service.memory.held.clear()
    meet(service, door.lock)
    assert not door.lock.held.entries


def due(service: Service) -> list[KeyOffer]:
    with transaction(service.database.ingest, SYSTEM) as session:
        return [offer for _, offer in rekeying.due(session, ALL, service.keyring, service.now)]


def say(service: Service, lock: WireLock, *offers: KeyOffer) -> list[bytes]:
    """What the lock answers."""
    side = service.memory.listened[lock.id].side
    assert side.current is not None
    return [answer for offer in offers for answer in lock.receive(side.seal(offer, side.current.session))]


def answered(service: Service, lock: WireLock) -> None:
    service.converse(lock, say(service, lock, *due(service)))


def come_back(service: Service, lock: WireLock) -> None:
    """Under the new keys, as a lock does: a boot, and the event once it is welcomed."""
    assert lock.coming is not None
    old, lock.identity = lock.identity, lock.coming
    lock.capabilities = {"key_epoch": lock.coming.key_epoch}
    lock.boot()
    frames = lock.connect()
    lock.identity = old
    service.converse(lock, frames)
    lock.past_chain_keys[old.key_epoch] = lock._chain_key_of(1 << 40)
    lock.identity = lock.coming
    said = {Field.KEY_EPOCH: lock.coming.key_epoch, Field.KEY_EPOCH_BEFORE: old.key_epoch}
    lock.record(EventType.KEYS_CHANGED, {int(key): value for key, value in said.items()})
    service.converse(lock, lock.frames())


def fall_back(service: Service, lock: WireLock) -> None:
    lock.capabilities = {"key_epoch": lock.identity.key_epoch}
    lock.boot()
    meet(service, lock)


def let_in(service: Service, door: HungDoor) -> None:
    with transaction(service.database.serve, SYSTEM) as session:
        grant_pin(session, service, door)


def grant_pin(session: Session, service: Service, door: HungDoor) -> None:
    terms = Terms(
        unit_id=door.home.unit_id,
        person_id=door.person_id,
        starts_at=service.now,
        ends_at=service.now + timedelta(days=30),
        offline_lease_s=30 * 86400,
    )
    access.grant(session, terms, materials=Materials(pin=PIN), keyring=service.keyring, now=service.now)


def opens(lock: WireLock) -> bool:
    """Whether the PIN that somebody was shown opens, by the keys that the lock has in force."""
    identity = lock.identity
    key = credential_key(exchange(identity.private_key, identity.service_public_key), lock.id, identity.key_epoch)
    entries = [decode_entry(raw) for raw in lock.held.entries.values()]
    return any(one.type == CredentialType.PIN and one.material == pin_material(key, PIN) for one in entries)


def keys_of(service: Service) -> list[tuple[object, ...]]:
    return service.rows("SELECT key_epoch, rotated_at IS NOT NULL, (SELECT count(*) FROM next_lock_key) FROM lock")


def test_a_vacated_lock_gets_new_keys_and_the_old_ones_open_nothing(service: Service, door: HungDoor) -> None:
    lock = door.lock
    old = lock.side
    answered(service, lock)
    assert keys_of(service) == [(1, False, 1)]
    come_back(service, lock)
    assert keys_of(service) == [(2, True, 0)]
    assert service.rows("SELECT link, count(*) FROM lock JOIN lock_session ON lock_id = id GROUP BY link") == [
        ("live", 1)
    ]
    old.say(Heartbeat(1, 0, bytes(32), 1, 1, 1, 1))
    outcome = service.hear(lock, old.to_send(0.0))
    assert outcome.refused == 1
    let_in(service, door)
    service.memory.held.clear()
    meet(service, lock)
    assert opens(lock)


def test_the_certificate_goes_on_over_the_change(service: Service, door: HungDoor) -> None:
    lock = door.lock
    answered(service, lock)
    come_back(service, lock)
    lock.leave()
    lock.sign()
    service.converse(lock, lock.frames())
    with transaction(service.database.serve, SYSTEM) as session:
        completeness.check_due(session, service.keyring, service.now)
    assert service.rows("SELECT state, key_epoch FROM chain_head") == [("verified", 2)]


def test_nobody_is_offered_keys_who_does_not_need_or_cannot_take_them(service: Service, door: HungDoor) -> None:
    lock = door.lock
    with transaction(service.database.serve, SYSTEM) as session:
        session.execute(text("UPDATE lock SET capabilities = '{}'"))
    assert due(service) == []
    lock.capabilities = {"key_epoch": 1}
    meet(service, lock)
    let_in(service, door)
    assert due(service) == []
    service.memory.held.clear()
    meet(service, lock)
    assert due(service) == []
    move_out(service, HungDoor(lock, door.home, door.person_id, latest_grant(service)))
    assert len(due(service)) == 1
    assert due(service) == []


def latest_grant(service: Service) -> GrantId:
    return GrantId(int(str(service.rows("SELECT max(id) FROM access_grant")[0][0])))


def test_a_lock_that_was_never_lived_behind_keeps_its_keys(service: Service, door: HungDoor) -> None:
    answered(service, door.lock)
    come_back(service, door.lock)
    service.now += timedelta(days=2)
    assert due(service) == []


def test_an_answer_that_was_lost_is_asked_for_again_and_is_the_same(service: Service, door: HungDoor) -> None:
    lock = door.lock
    [offer] = due(service)
    say(service, lock, offer)
    drawn = lock.coming
    assert due(service) == []
    service.now += timedelta(minutes=2)
    [again] = due(service)
    assert again == offer
    service.converse(lock, say(service, lock, again))
    assert lock.coming == drawn
    come_back(service, lock)
    assert keys_of(service) == [(2, True, 0)]


def test_a_refusal_is_kept_and_the_offer_comes_later_and_later(service: Service, door: HungDoor) -> None:
    lock = door.lock
    [offer] = due(service)
    lock.side.say(KeyAnswer(offer.key_epoch, KeyRefusal.NOT_NOW))
    service.converse(lock, lock.frames())
    assert service.rows("SELECT refusal, lock_public_key FROM next_lock_key") == [(4, None)]
    waits = []
    for _ in range(16):
        [(at,)] = service.rows("SELECT offer_at FROM next_lock_key")
        assert isinstance(at, datetime)
        assert due(service) == []
        waits.append((at - service.now).total_seconds())
        service.now = at
        assert len(due(service)) == 1
    assert waits[:4] == [60, 120, 240, 480]
    assert max(waits) <= 86_400


@pytest.mark.parametrize("when", ["before the answer", "after the answer", "before the proof"])
def test_a_pin_that_is_given_meanwhile_opens(service: Service, door: HungDoor, when: str) -> None:
    """Whenever it is: the change is called off, the lock comes back under its old keys, and the PIN is worth something."""
    lock = door.lock
    answers = say(service, lock, *due(service))
    if when == "before the answer":
        let_in(service, door)
    service.converse(lock, answers)
    if when == "after the answer":
        let_in(service, door)
    assert lock.coming is not None
    old, lock.identity = lock.identity, lock.coming
    lock.boot()
    births = lock.connect()
    outcome = service.hear(lock, births)
    if when == "before the proof":
        [(_, session, challenge)] = outcome.replies
        proofs = lock.receive(service.memory.listened[lock.id].side.seal(challenge, session))
        let_in(service, door)
        with pytest.raises(KeysCalledOff):
            service.hear(lock, proofs)
        service.memory.forget([lock.id])
        assert service.hear(lock, proofs).refused == 1
    lock.identity = old
    fall_back(service, lock)
    assert keys_of(service) == [(1, False, 0)]
    assert opens(lock)
    # The next handover begins with an epoch that the lock has never heard of.
    move_out(service, HungDoor(lock, door.home, door.person_id, latest_grant(service)))
    [offer] = due(service)
    assert offer.key_epoch == 3


def proof_on_its_way(service: Service, lock: WireLock) -> list[bytes]:
    answered(service, lock)
    assert lock.coming is not None
    lock.identity = lock.coming
    lock.capabilities = {"key_epoch": 2}
    lock.boot()
    [(_, session, challenge)] = service.hear(lock, lock.connect()).replies
    return lock.receive(service.memory.listened[lock.id].side.seal(challenge, session))


def test_who_grants_while_the_lock_proves_itself_waits_and_grants_under_the_new_keys(
    service: Service, door: HungDoor
) -> None:
    lock = door.lock
    proofs = proof_on_its_way(service, lock)
    granting = threading.Thread(target=let_in, args=(service, door))
    batch = [Delivery(lock.up, frame, 1, 1) for frame in proofs]
    with transaction(service.database.ingest, SYSTEM) as session:
        react(session, batch, locks_of(batch, service.memory), service.memory, service.now)
        granting.start()
        granting.join(0.3)
        assert granting.is_alive(), "it waits for the commit"
    granting.join(10)
    assert keys_of(service) == [(2, True, 0)]
    service.memory.held.clear()
    meet(service, lock)
    assert opens(lock)


def test_who_proves_itself_while_somebody_grants_waits_and_is_called_off(service: Service, door: HungDoor) -> None:
    lock = door.lock
    old = lock.identity
    proofs = proof_on_its_way(service, lock)
    raised: list[BaseException] = []

    def prove() -> None:
        try:
            service.hear(lock, proofs)
        except KeysCalledOff as called_off:
            raised.append(called_off)

    proving = threading.Thread(target=prove)
    with transaction(service.database.serve, SYSTEM) as session:
        grant_pin(session, service, door)
        proving.start()
        proving.join(0.3)
        assert proving.is_alive(), "it waits for the commit"
    proving.join(10)
    assert len(raised) == 1
    service.memory.forget([lock.id])
    lock.identity = old
    fall_back(service, lock)
    assert opens(lock)


def test_a_batch_that_fails_leaves_both_pairs(service: Service, door: HungDoor) -> None:
    lock = door.lock
    proofs = proof_on_its_way(service, lock)
    batch = [Delivery(lock.up, frame, 1, 1) for frame in proofs]

    def record() -> Outcome:
        with transaction(service.database.ingest, SYSTEM) as session:
            react(session, batch, locks_of(batch, service.memory), service.memory, service.now)
            raise RuntimeError("the power of the server")

    with pytest.raises(RuntimeError):
        record()
    service.memory.forget([lock.id])
    assert keys_of(service) == [(1, False, 1)]
    service.converse(lock, proofs)
    assert keys_of(service) == [(2, True, 0)]


def test_a_lock_that_speaks_of_keys_nobody_offered_is_doubted(service: Service, door: HungDoor) -> None:
    lock = door.lock
    lock.capabilities = {"key_epoch": 4}
    lock.side.connected(lock.standing(), lock.now)
    service.converse(lock, lock.frames())
    assert service.rows("SELECT kind, times FROM identity_doubt") == [("keys_split", 1)]
    lock.side.say(KeyAnswer(9, KeyRefusal.NONE, public_key(private_key(b"9" * 48))))
    service.converse(lock, lock.frames())
    assert service.rows("SELECT kind, times FROM identity_doubt") == [("keys_split", 2)]
