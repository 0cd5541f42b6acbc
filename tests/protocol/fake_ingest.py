"""What the ingest does, as a pure model: a batch in, one commit, answers out. What is in `durable` survives a crash."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from firmware_protocol import LocalProtocolError, RemoteProtocolError, ServiceIdentity, ServiceSide, SessionState
from firmware_protocol.access_list import AccessList, ListChange
from firmware_protocol.cursor import StoredCursor
from firmware_protocol.keys import Holder
from firmware_protocol.messages import (
    AccessListRefused,
    Birth,
    Challenge,
    DownMessage,
    Event,
    Events,
    Heartbeat,
    Missing,
    Proof,
    Stored,
    TimeAnswer,
    TimeRequest,
    UpMessage,
    Welcome,
)
from firmware_protocol.vocabulary import EventType, Field

NOW_MS = 1_790_000_000_000
Register = dict[tuple[int, int], Event]


class Dies(Enum):
    """Where a batch comes to an end before its time."""

    BEFORE_COMMIT = auto()
    AFTER_COMMIT = auto()


@dataclass(frozen=True, slots=True)
class Durable:
    """The database. Frozen, because a transaction takes place as a whole or not at all."""

    generation: int = 0
    sessions: tuple[SessionState, ...] = ()
    cursors: Mapping[int, StoredCursor] = field(default_factory=dict)
    register: Register = field(default_factory=dict)
    wanted: AccessList = field(default_factory=AccessList)
    confirmed: int = 0


@dataclass(slots=True)
class FakeIngest:
    """One ingest process after the other, over one database."""

    identity: ServiceIdentity
    durable: Durable = field(default_factory=Durable)
    drawn: int = 0
    said: dict[tuple[bytes, bytes, int], bytes] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    duplicates: int = 0
    holder: Holder = field(init=False)
    side: ServiceSide = field(init=False)

    def __post_init__(self) -> None:
        self.take_lease()

    def take_lease(self) -> None:
        """Another process takes the shard: a new generation, a new nonce, all of memory gone."""
        self.durable = replace(self.durable, generation=self.durable.generation + 1)
        self.holder = Holder(self.durable.generation, self._draw())
        self.forget()

    def forget(self) -> None:
        """A batch failed: what is in the database counts, not what is remembered. The lease and its holder stay."""
        self.side = ServiceSide(self.identity, self.holder, self.durable.sessions)

    def change_list(self, entries: Mapping[int, bytes]) -> list[bytes]:
        """The wanted list becomes another; returns the frames that tell a lock that can be told."""
        before = self.durable.wanted
        self.durable = replace(self.durable, wanted=AccessList(before.version + 1, dict(entries)))
        current = self.side.current
        return self._seal([(current.session, part) for part in self._delta(before).parts()]) if current else []

    def receive(self, batch: Sequence[bytes], dies: Dies | None = None) -> list[bytes]:
        """One batch, one transaction; returns the answers, which go out after the commit only."""
        before = self.durable
        answers: list[tuple[bytes, DownMessage]] = []
        for raw in batch:
            try:
                received = self.side.receive(raw, nonce=self._draw())
            except RemoteProtocolError as refusal:
                self.refused.append(refusal.reason.value)
            else:
                answers += [(received.session, answer) for answer in self._act_on(received.session, received.message)]
        self.durable = replace(self.durable, sessions=tuple(self.side.sessions.values()))
        if dies is Dies.BEFORE_COMMIT:
            self.durable = before
        if dies is not None:
            self.forget()
            return []
        return self._seal(answers)

    def _act_on(self, session: bytes, message: UpMessage) -> list[DownMessage]:
        state = self.side.sessions[session]
        answers: list[DownMessage] = []
        match message:
            case Birth() if state.challenge is not None:
                answers = [Challenge(state.challenge)]
            case Birth(birth_number):
                answers = [Welcome(birth_number, 60, 50), *self._compare(message.list_version, message.list_digest)]
            case Proof():
                # What the lock holds is not known yet in this process; a snapshot is right in any case.
                answers = [Welcome(state.birth_number, 60, 50), *self._snapshot()]
            case Events():
                answers = self._record(message, proven=state.proven)
            case Heartbeat() | AccessListRefused() if state.proven:
                receipt = Stored(state.log_epoch, self.cursor(state.log_epoch).up_to)
                answers = [receipt, *self._compare(message.list_version, message.list_digest)]
            case TimeRequest(nonce) if state.proven:
                answers = [TimeAnswer(nonce, NOW_MS, self.durable.wanted.version)]
        return answers

    def cursor(self, epoch: int) -> StoredCursor:
        return self.durable.cursors.get(epoch, StoredCursor())

    def _record(self, message: Events, *, proven: bool) -> list[DownMessage]:
        epoch = message.log_epoch
        if not proven and self.durable.cursors and epoch not in self.durable.cursors:
            return []
        cursor, register = self.cursor(epoch), dict(self.durable.register)
        for event in message.events:
            after = cursor.take(event.sequence)
            if after is None:
                self.duplicates += 1
                continue
            assert (epoch, event.sequence) not in register, "an event twice"
            register[epoch, event.sequence] = event
            cursor = after
            if event.type == EventType.EVENTS_LOST:
                cursor = cursor.lose(event.fields[Field.FIRST], event.fields[Field.LAST])
            if event.type == EventType.ACCESS_LIST_APPLIED:
                confirmed = max(self.durable.confirmed, event.fields[Field.LIST_VERSION])
                self.durable = replace(self.durable, confirmed=confirmed)
        self.durable = replace(self.durable, register=register, cursors={**self.durable.cursors, epoch: cursor})
        gap = cursor.gap()
        return [Stored(epoch, cursor.up_to), *([Missing(epoch, *gap)] if gap else [])]

    def _compare(self, version: int, digest: bytes) -> list[DownMessage]:
        wanted = self.durable.wanted
        if version > wanted.version:
            # Restored from a backup: a lock never goes back, so the list goes above what it holds (ANM-LST-014).
            wanted = AccessList(version + 1, wanted.entries)
            self.durable = replace(self.durable, wanted=wanted)
        return [] if (version, digest) == (wanted.version, wanted.digest) else self._snapshot()

    def _snapshot(self) -> list[DownMessage]:
        wanted = self.durable.wanted
        whole = ListChange(0, wanted.version, True, frozenset(), tuple(wanted.entries.values()), wanted.digest)
        return [*whole.parts()]

    def _delta(self, before: AccessList) -> ListChange:
        wanted = self.durable.wanted
        removes = frozenset(before.entries.keys() - wanted.entries.keys())
        upserts = tuple(raw for number, raw in wanted.entries.items() if before.entries.get(number) != raw)
        return ListChange(before.version, wanted.version, False, removes, upserts, wanted.digest)

    def _seal(self, answers: Sequence[tuple[bytes, DownMessage]]) -> list[bytes]:
        frames = []
        for session, message in answers:
            try:
                frames.append(self.side.seal(message, session))
            except LocalProtocolError:
                continue  # Superseded within the batch: there is nobody to tell any more.
        return frames

    def _draw(self) -> bytes:
        self.drawn += 1
        return hashlib.sha256(b"draw %d" % self.drawn).digest()[:16]
