"""Hearing: a batch of deliveries becomes authentic messages, sorted by kind. Bad frames are counted, one by one, and stop nothing."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, TypeVar

from sqlmodel import Session

from firmware_protocol.claim import is_claim
from firmware_protocol.errors import FrameRefusal, RemoteProtocolError
from firmware_protocol.keys import Holder
from firmware_protocol.list_compare import Comparison
from firmware_protocol.messages import (
    Birth,
    Events,
    Proof,
    UpMessage,
    Will,
)
from firmware_protocol.service_side import Opened, ServiceSide, SessionState
from firmware_protocol.topics import LockId, lock_of
from firmware_protocol.transitions import LinkEvent, LinkState, next_link
from service.delivery.rules import HeldList
from service.edges.inbox import Delivery
from service.edges.keyring import Keyring
from service.entry.actions import CursorMemory
from service.firmware.actions import Shelf
from service.locks import actions as locks
from service.locks.actions import Heard, ListenedLock, refusal
from service.locks.daily_share import DailyShare
from service.locks.pace import Pace
from service.locks.rules import LinkNote

# A town's locks; past it the least use is to start over rather than to grow for ever.
REMEMBERED_LOCKS = 50_000


M = TypeVar("M", bound=UpMessage)


class Said(NamedTuple, Generic[M]):
    """An authentic message, who said it, and in which session."""

    lock: LockId
    session: SessionState
    message: M


@dataclass(slots=True)
class Memory:
    """What an ingest process keeps between batches. All of it can be forgotten at any time: the database has it too."""

    keyring: Keyring
    holders: Mapping[int, Holder]
    listened: dict[LockId, ListenedLock] = field(default_factory=dict)
    cursors: CursorMemory = field(default_factory=CursorMemory)
    held: dict[LockId, HeldList] = field(default_factory=dict)
    claimed: dict[LockId, Said[Birth]] = field(default_factory=dict)
    """The latest birth that is not proven yet."""
    stands: dict[LockId, tuple[int, int, int]] = field(default_factory=dict)
    """Log epoch, prefix and next number at the latest heartbeat."""
    topics: dict[str, LockId] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf)
    pace: Pace = field(default_factory=Pace)
    shares: DailyShare = field(default_factory=DailyShare)
    """Not forgotten with the rest: whoever falls silent for a minute would have its whole share again."""
    comparing: dict[LockId, Comparison] = field(default_factory=dict)
    """Lists whose differences are being narrowed down."""

    def forget(self, which: Iterable[LockId]) -> None:
        """A batch with these locks was not committed, or their shard is another's now."""
        gone = set(which)
        self.cursors.forget(gone)
        for lock in gone:
            self.listened.pop(lock, None)
            self.held.pop(lock, None)
            self.claimed.pop(lock, None)
            self.stands.pop(lock, None)
            self.comparing.pop(lock, None)
            self.pace.end(lock)

    def forget_all(self) -> None:
        """Start over."""
        self.forget([*self.listened, *self.cursors.known])
        self.topics.clear()

    def open_ahead(self, topic: str, payload: bytes) -> Opened | None:
        """For another thread: what a frame says, if its sender and session are known. `hear` decides whether it counts."""
        lock = self.topics.get(topic)
        listened = self.listened.get(lock) if lock is not None else None
        try:
            return listened.side.open_ahead(payload) if listened is not None else None
        except Exception:  # noqa: BLE001  # what nobody thought of comes up again in its turn, and is found there frame by frame
            return None

    def side_of(self, lock: LockId) -> ServiceSide | None:
        """The lock's side, if it is remembered."""
        listened = self.listened.get(lock)
        return listened.side if listened else None


@dataclass(slots=True)
class Hearing:
    """What a batch has said."""

    said: dict[type[Any], list[Said[Any]]] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    claims: list[tuple[LockId, bytes]] = field(default_factory=list)
    """Frames that only a claim's secret opens, of locks that are nobody's."""

    def of(self, kind: type[M]) -> list[Said[M]]:
        """The messages of a kind, in the order they came."""
        return self.said.get(kind, [])


def locks_of(deliveries: Sequence[Delivery], memory: Memory) -> list[LockId | None]:
    """Each delivery's sender; None where the topic is nobody's."""
    senders: list[LockId | None] = []
    for delivery in deliveries:
        lock = memory.topics.get(delivery.topic)
        if lock is None:
            try:
                lock = lock_of(delivery.topic)
            except RemoteProtocolError:
                senders.append(None)
                continue
            if len(memory.topics) < REMEMBERED_LOCKS:
                memory.topics[delivery.topic] = lock
        senders.append(lock)
    return senders


def hear(session: Session, deliveries: Sequence[Delivery], senders: Sequence[LockId | None], memory: Memory) -> Hearing:
    """Open and check every frame of the batch."""
    if len(memory.listened) > REMEMBERED_LOCKS:
        memory.forget_all()
    unknown = {lock for lock in senders if lock is not None} - memory.listened.keys()
    if unknown:
        memory.listened.update(locks.listen_to(session, sorted(unknown), memory.holders, memory.keyring))
    hearing = Hearing()
    remembered = memory.listened.get
    for delivery, lock in zip(deliveries, senders, strict=True):
        listened = remembered(lock) if lock is not None else None
        try:
            said = _open(delivery, lock, listened)
        except RemoteProtocolError as refused:
            if lock is not None and is_claim(delivery.payload):
                hearing.claims.append((lock, delivery.payload))
                continue
            hearing.heard.refused[refusal(refused.reason, lock if listened else None)] += 1
            continue
        kind = type(said.message)
        of_kind = hearing.said.get(kind)
        if of_kind is None:
            of_kind = hearing.said[kind] = []
        of_kind.append(said)
        if listened is not None and not (kind is Events and listened.link is LinkState.LIVE):
            _note_link(hearing.heard, said, listened)
    return hearing


def _open(delivery: Delivery, lock: LockId | None, listened: ListenedLock | None) -> Said[Any]:
    if lock is None:
        raise RemoteProtocolError(FrameRefusal.TOPIC)
    if listened is None:
        raise RemoteProtocolError(FrameRefusal.UNKNOWN_LOCK)
    if listened.revoked:
        raise RemoteProtocolError(FrameRefusal.REVOKED_LOCK)
    side, opened = listened.side, delivery.opened
    received = side.take(opened) if opened else side.receive(delivery.payload, nonce=os.urandom(16))
    return Said(lock, side.sessions[received.session], received.message)


def _note_link(heard: Heard, said: Said[Any], listened: ListenedLock) -> None:
    """A live lock's event tells nothing new of its link, and is the only message that writes nothing about it."""
    kind = type(said.message)
    if kind is Will:
        return
    if said.session.proven and listened.link is not LinkState.LIVE:
        note(heard, said.lock, listened, next_link(listened.link, LinkEvent.HEARD))
    if kind is not Events:
        heard.sessions.add(said.lock)


def note(heard: Heard, lock: LockId, listened: ListenedLock, link: LinkState) -> LinkNote:
    """Remember the link's new state, to be written with the batch."""
    listened.link = link
    before = heard.notes.get(lock)
    after = replace(before, link=link) if before else LinkNote(lock, link)
    heard.notes[lock] = after
    return after


def note_proof(heard: Heard, said: Said[Proof], listened: ListenedLock) -> None:
    """This boot has proven itself. From the transaction that welcomes it the lock is nobody's no more (ANM-CLM-020)."""
    noted = note(heard, said.lock, listened, next_link(listened.link, LinkEvent.PROOF))
    heard.notes[said.lock] = replace(noted, welcomed=said.session.birth_number)
