"""The smallest lock there is: LockSide over a list in memory. For tests that need a lock's frames and nothing of its hardware."""

import os
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from firmware_protocol import Boot, LockIdentity, LockSide, list_compare
from firmware_protocol.access_list import AccessList
from firmware_protocol.chain import commitment, first_link, next_link, sign_head
from firmware_protocol.key_messages import ChainHead, KeyAnswer, KeyOffer, KeyRefusal
from firmware_protocol.keys import chain_key, exchange, private_key, public_key
from firmware_protocol.list_messages import ListQuestion
from firmware_protocol.lock_side import ListComplete, StoredUpTo
from firmware_protocol.messages import Event
from firmware_protocol.standing import Standing
from firmware_protocol.topics import Direction, LockId, draw_lock_id, frame_topic
from firmware_protocol.vocabulary import ClockQuality, EventType, Field, Operation, OperationSource, PassDirection
from service.access import actions as access
from service.access.rules import GrantId, Materials, Terms
from service.edges.keyring import Keyring
from service.locks import actions as locks
from service.people.rules import PersonId
from service.premises import actions as premises
from service.premises.rules import UnitId
from tests import given


@dataclass(slots=True)
class ListLog:
    """An event log whose flash is overwritten the moment it is freed (unless it `keeps`); `events` is what happened."""

    epoch: int = 7
    stored_up_to: int = 0
    keeps: bool = False
    events: list[Event] = field(default_factory=list)

    @property
    def next_sequence(self) -> int:
        return len(self.events) + 1

    @property
    def oldest_sequence(self) -> int:
        return 1 if self.keeps else self.stored_up_to + 1

    def read(self, first: int, limit: int) -> list[Event]:
        first = max(first, self.oldest_sequence)
        return self.events[first - 1 : first - 1 + limit]

    def alarms(self, first: int, limit: int) -> list[Event]:
        return [event for event in self.events[first - 1 :] if event.type == EventType.ALARM_RAISED][-limit:]


@dataclass(slots=True)
class WireLock:
    """One lock: `side` speaks, `log` remembers, `list` is what it holds. Time is a number that the test moves."""

    identity: LockIdentity
    log: ListLog = field(default_factory=ListLog)
    held: AccessList = field(default_factory=AccessList)
    boots: int = 0
    now: float = 0.0
    capabilities: dict[str, Any] = field(default_factory=dict)
    side: LockSide = field(init=False)
    past_chain_keys: dict[int, bytes] = field(default_factory=dict)
    coming: LockIdentity | None = None

    def __post_init__(self) -> None:
        self.boot()

    def boot(self) -> None:
        """Power on: a new session over the same flash."""
        self.boots += 1
        self.side = LockSide(self.identity, Boot(self.boots, private_key(os.urandom(48))), self.log)

    def standing(self) -> Standing:
        """What it says of itself."""
        return Standing(
            list_version=self.held.version,
            list_digest=self.held.digest,
            battery_percent=88,
            uptime_s=int(self.now),
            clock_ms=1_772_000_000_000,
            clock_quality=ClockQuality.SYNCED,
            hardware="wire",
            firmware="1.0.0",
            capabilities=self.capabilities,
        )

    def connect(self) -> list[bytes]:
        """Connect and say the birth."""
        self.will = self.side.connecting()
        self.side.connected(self.standing(), self.now)
        return self.side.to_send(self.now)

    will: bytes = b""

    def receive(self, frame: bytes) -> list[bytes]:
        """Take a frame, do what it asks, and answer."""
        for happening in self.side.receive(frame, self.standing(), self.now):
            if isinstance(happening, StoredUpTo):
                self.log.stored_up_to = max(self.log.stored_up_to, happening.sequence)
            if isinstance(happening, ListComplete):
                self.held = self.held.changed(happening.change)
                fields: dict[int, Any] = {Field.LIST_VERSION: self.held.version, Field.DIGEST: self.held.digest}
                self.record(EventType.ACCESS_LIST_APPLIED, fields)
            if isinstance(happening, KeyOffer):
                self.side.say(self.drawn_for(happening))
            if isinstance(happening, ListQuestion):
                said = list_compare.answer(self.held, happening)
                assert said is not None
                self.side.say(said)
        return self.side.to_send(self.now)

    def record(self, kind: int, fields: dict[int, Any], at_ms: int = 1_772_000_000_000) -> Event:
        """Something happens at the door."""
        event = Event(
            kind, self.log.next_sequence, self.boots, at_ms + self.log.next_sequence, ClockQuality.SYNCED, fields
        )
        self.log.events.append(event)
        self.side.recorded(event, self.now)
        return event

    def open_with(self, credential_id: int, **more: Any) -> Event:
        """Somebody comes in with a credential."""
        return self.record(
            EventType.LOCK_OPERATED, operated(OperationSource.RFID, PassDirection.IN, credential_id), **more
        )

    def leave(self) -> Event:
        """Somebody leaves by the inside handle."""
        return self.record(EventType.LOCK_OPERATED, operated(OperationSource.MANUAL, PassDirection.OUT))

    def sign(self, at_ms: int = 1_772_000_000_000) -> ChainHead:
        """Say the signed head of the chain over all that has happened."""
        identity = self.identity
        link = first_link(self.id, self.log.epoch)
        for event in self.log.events:
            link = next_link(link, commitment(self._chain_key_of(event.sequence), event))
        assert identity.signing_key is not None
        head = sign_head(
            identity.signing_key, self.id, self.log.epoch, link, signed_at_ms=at_ms, quality=ClockQuality.SYNCED
        )
        self.side.say(head)
        return head

    def change_keys(self, identity: LockIdentity) -> Event:
        """From now on these keys, over the same log (ANM-CHN-011)."""
        before = self.identity
        self.past_chain_keys[before.key_epoch] = _chain_key(before)
        self.identity = identity
        self.boot()
        said: dict[int, Any] = {Field.KEY_EPOCH: identity.key_epoch, Field.KEY_EPOCH_BEFORE: before.key_epoch}
        return self.record(EventType.KEYS_CHANGED, said)

    def drawn_for(self, offer: KeyOffer) -> KeyAnswer:
        """Its half of the pair that is offered; an offer that comes again gets the same."""
        if self.coming is None or self.coming.key_epoch != offer.key_epoch:
            drawn = private_key(os.urandom(48))
            self.coming = replace(
                self.identity, private_key=drawn, service_public_key=offer.public_key, key_epoch=offer.key_epoch
            )
        return KeyAnswer(offer.key_epoch, KeyRefusal.NONE, public_key(self.coming.private_key))

    def _chain_key_of(self, sequence: int) -> bytes:
        changes = [one for one in self.log.events if one.type == EventType.KEYS_CHANGED and one.sequence > sequence]
        return self.past_chain_keys[changes[0].fields[Field.KEY_EPOCH_BEFORE]] if changes else _chain_key(self.identity)

    def frames(self) -> list[bytes]:
        """What it sends now."""
        return self.side.to_send(self.now)

    @property
    def id(self) -> LockId:
        return self.identity.lock

    @property
    def up(self) -> str:
        return frame_topic(self.id, Direction.UP)


def _chain_key(identity: LockIdentity) -> bytes:
    return chain_key(exchange(identity.private_key, identity.service_public_key), identity.lock, identity.key_epoch)


def operated(source: OperationSource, direction: PassDirection, credential_id: int | None = None) -> dict[int, int]:
    """Fields of an opened door."""
    fields: dict[int, int] = {Field.OPERATION: Operation.UNLOCK, Field.SOURCE: source, Field.DIRECTION: direction}
    return fields if credential_id is None else {**fields, Field.CREDENTIAL_ID: credential_id, Field.LIST_VERSION: 1}


def provisioned(session: Session, keyring: Keyring, now: Any) -> WireLock:
    """A lock that the service knows."""
    lock_key, service_key, signing_key = (private_key(os.urandom(48)) for _ in range(3))
    lock_id = draw_lock_id(os.urandom(8))
    locks.provision(
        session,
        lock_id=lock_id,
        public_key=public_key(lock_key),
        service_private_key=service_key,
        signing_key=public_key(signing_key),
        keyring=keyring,
        now=now,
    )
    return WireLock(LockIdentity(lock_id, lock_key, public_key(service_key), signing_key=signing_key))


def hung_lock(
    session: Session, unit_id: UnitId, keyring: Keyring, now: datetime, *, since: datetime | None = None
) -> WireLock:
    """A lock that the service knows, on the room's door (`since`: that it has hung there for longer)."""
    lock = provisioned(session, keyring, now)
    premises.hang_lock(session, unit_id=unit_id, lock_id=lock.id, now=since or now)
    return lock


@dataclass(frozen=True, slots=True)
class HungDoor:
    """A lock on a room's door, and a person who may open it with credentials 1 (card) and 2 (PIN)."""

    lock: WireLock
    home: given.Home
    person_id: PersonId
    grant_id: GrantId


def hung_door(session: Session, keyring: Keyring, now: datetime) -> HungDoor:
    """A door in areas of its own; its lock has hung there long enough for any event of a test."""
    home = given.home(session, keyring=keyring, now=now)
    lock = hung_lock(session, home.unit_id, keyring, now, since=now - timedelta(days=900))
    document = given.document()
    person_id = given.person(session, keyring=keyring, now=now, of=document)
    terms = Terms(
        unit_id=home.unit_id,
        person_id=person_id,
        starts_at=now,
        ends_at=now + timedelta(days=30),
        offline_lease_s=30 * 86400,
    )
    materials = Materials(document_number=document.number, pin="748201")
    return HungDoor(lock, home, person_id, access.grant(session, terms, materials=materials, keyring=keyring, now=now))
