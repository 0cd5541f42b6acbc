"""The service's side of one lock, with manners that a check can change: it answers as the service would, or keeps silent."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from anmen.conformance.line import Heard, Line
from anmen.conformance.transcript import Said, Transcript
from firmware_protocol import RemoteProtocolError, ServiceIdentity, ServiceSide, SessionState
from firmware_protocol.access_list import AccessList
from firmware_protocol.codec import encode
from firmware_protocol.commands import Command
from firmware_protocol.cursor import StoredCursor
from firmware_protocol.firmware import CHUNK_BYTES
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareWanted
from firmware_protocol.keys import Holder
from firmware_protocol.messages import (
    AccessListRefused,
    Birth,
    Challenge,
    DownMessage,
    Events,
    Heartbeat,
    Missing,
    Proof,
    Stored,
    TimeAnswer,
    TimeRequest,
    Welcome,
)
from firmware_protocol.sealing import FrameKind, Header
from firmware_protocol.vocabulary import EventType, Field

# Far above what any service has handed out for a lock on a bench; a reboot makes the lock forget it (ANM-KEY-016).
FIRST_GENERATION = 1 << 32


@dataclass(frozen=True, slots=True)
class Manners:
    """What is answered by itself, and how."""

    challenges: bool = True
    welcomes: bool = True
    receipts: bool = True
    times: bool = True
    # Receipts cover nothing from this number on, and no gap is named; None: as they should.
    unpaid_from: int | None = None
    heartbeat_s: int = 60
    backfill_per_s: int = 200
    clock_ahead_ms: int = 0
    slot_ms: int = 0
    # The list version that time answers name; None: the one that the kit wants held.
    version: int | None = None
    # Whether pieces of images are sent that a lock asks for, and how many of those it asks for at once.
    most_chunks: int = 16


USUAL = Manners()
SILENT = Manners(challenges=False, welcomes=False, receipts=False, times=False)
UNPAID = Manners(receipts=False)


@dataclass(slots=True)
class Counterpart:
    """Plays the service. `refused`: what the service would have refused, and why."""

    identity: ServiceIdentity
    line: Line
    draw: Callable[[int], bytes]
    manners: Manners = USUAL
    wanted: AccessList = field(default_factory=AccessList)
    birth: Birth | None = None
    session: bytes = b""
    held: tuple[int, bytes] = (0, b"")
    welcomed: int = 0
    cursors: dict[int, StoredCursor] = field(default_factory=dict)
    next_sequence: int = 1
    refused: list[tuple[Said, str]] = field(default_factory=list)
    # What is sent of an image, by the digest that its manifest names: a damaged one has other bytes.
    images: dict[bytes, bytes] = field(default_factory=dict)
    # On a bad day (bad_day.py): how an answer goes out that may be lost, and whether a command is said again.
    answer_by: Callable[[bytes], None] | None = None
    repeats: Callable[[], bool] = lambda: False
    commanded: Command | None = None
    # Whether a lock that speaks under its other keys is answered under these; then they are the ones that count.
    takes_other: bool = False
    # How often a frame was made around these bytes.
    sealed: Counter[bytes] = field(default_factory=Counter)
    transcript: Transcript = field(init=False)
    holder: Holder = field(init=False)
    side: ServiceSide = field(init=False)

    def __post_init__(self) -> None:
        self.transcript = Transcript(self.identity)
        self.holder = Holder(FIRST_GENERATION, self.draw(16))
        self.side = ServiceSide(self.identity, self.holder)

    def take_lease(self, generation: int | None = None) -> None:
        """Another holder speaks from now on: the given generation, or the next one."""
        self.holder = Holder(generation or self.holder.generation + 1, self.draw(16))
        self.side = ServiceSide(self.identity, self.holder, tuple(self.side.sessions.values()))

    def take_keys(self, identity: ServiceIdentity) -> None:
        """Other static keys count from now on, and nothing of what the lock held under those before."""
        self.identity = self.transcript.identity = identity
        self.birth, self.session, self.welcomed = None, b"", 0
        self.held, self.wanted, self.next_sequence = (0, b""), AccessList(), 1
        self.side = ServiceSide(identity, self.holder)

    def hear(self, heard: Heard) -> Said:
        """Take one frame and answer it as the manners say."""
        said = self.transcript.take(heard)
        other = self.transcript.other
        if self.takes_other and other is not None and self._is_birth_under(said, other):
            self.take_keys(other)
        try:
            received = self.side.receive(heard.payload, nonce=self.draw(16))
        except RemoteProtocolError as refused:
            self.refused.append((said, str(refused)))
            return said
        self._learn(said, received.session)
        for answer in self._answers(said, received.session):
            (self.answer_by or self.line.say)(self.frame(encode(answer)))
        return said

    def _is_birth_under(self, said: Said, other: ServiceIdentity) -> bool:
        if not isinstance(said.message, Birth) or said.header is None or self.identity == other:
            return False
        return self.transcript.boots[said.header.session].identity == other

    def say(self, message: DownMessage) -> None:
        """Seal a message for the present boot and publish it."""
        self.line.say(self.frame(encode(message)))
        if isinstance(message, Command):
            self.commanded = message
            if self.repeats():
                self.line.say(self.frame(encode(message)))

    def frame(self, plain: bytes, *, counter: int | None = None, holder: Holder | None = None) -> bytes:
        """A frame for the present boot around any bytes; by default with the next counter of the present holder."""
        said_by = holder or self.holder
        number = said_by.next_counter(self.session) if counter is None else counter
        self.sealed[plain] += 1
        seal = self.transcript.down_seal(self.session, said_by)
        return seal.seal(Header(FrameKind.DOWN, self.session, number, holder=said_by), plain)

    @property
    def epoch(self) -> int:
        """The lock's present log epoch; 0 before any birth."""
        return self.birth.log_epoch if self.birth else 0

    @property
    def up_to(self) -> int:
        """How far the present epoch is stored."""
        return self.cursors.get(self.epoch, StoredCursor()).up_to

    @property
    def has_all(self) -> bool:
        """Whether every event that the lock is known to have recorded has arrived."""
        return self.up_to >= self.next_sequence - 1

    @property
    def proven(self) -> bool:
        """Whether the present boot has answered its challenge."""
        state = self.side.sessions.get(self.session)
        return state is not None and state.proven

    def receipt(self) -> Stored:
        """What is stored, as the service says it."""
        return Stored(self.epoch, self._paid(self.up_to))

    def _learn(self, said: Said, session: bytes) -> None:
        match said.message:
            case Birth() as birth:
                self.birth, self.session = birth, session
                self.next_sequence = birth.next_sequence
                self.held = (birth.list_version, birth.list_digest)
            case Heartbeat() as beat:
                self.next_sequence = max(self.next_sequence, beat.next_sequence)
                self.held = (beat.list_version, beat.list_digest)
            case AccessListRefused() as refusal:
                self.held = (refusal.list_version, refusal.list_digest)
            case Events() as events:
                self._record(events)

    def _record(self, message: Events) -> None:
        # Numbers below the first one heard were stored by somebody before us.
        cursor = self.cursors.get(message.log_epoch) or StoredCursor(message.events[0].sequence - 1)
        for event in message.events:
            cursor = cursor.take(event.sequence) or cursor
            if event.type == EventType.EVENTS_LOST and event.get(Field.FIRST) and event.get(Field.LAST):
                cursor = cursor.lose(event.fields[Field.FIRST], event.fields[Field.LAST])
            version, digest = event.get(Field.LIST_VERSION), event.get(Field.DIGEST)
            if event.type == EventType.ACCESS_LIST_APPLIED and type(version) is int and type(digest) is bytes:
                self.held = (version, digest)
            if message.log_epoch == self.epoch:
                self.next_sequence = max(self.next_sequence, event.sequence + 1)
        self.cursors[message.log_epoch] = cursor

    def _answers(self, said: Said, session: bytes) -> list[DownMessage]:
        manners, state = self.manners, self.side.sessions[session]
        if isinstance(said.message, Birth | Proof):
            return self._greeting(said.message, state)
        match said.message:
            case Events() if manners.receipts:
                return self._receipts(said.message.log_epoch)
            case Heartbeat() if manners.receipts:
                return [self.receipt()]
            case TimeRequest(nonce) if manners.times:
                version = self.wanted.version if manners.version is None else manners.version
                return [TimeAnswer(nonce, self.line.unix_ms() + manners.clock_ahead_ms, version)]
            case FirmwareWanted():
                return self.chunks(said.message)[: manners.most_chunks]
        return []

    def chunks(self, wanted: FirmwareWanted) -> list[DownMessage]:
        """The pieces that were asked for, of an image that the kit has."""
        image = self.images.get(wanted.digest, b"")
        starts = range(wanted.offset, wanted.offset + wanted.chunks * CHUNK_BYTES, CHUNK_BYTES)
        return [FirmwareChunk(wanted.digest, at, image[at : at + CHUNK_BYTES]) for at in starts if at < len(image)]

    def _greeting(self, message: Birth | Proof, state: SessionState) -> list[DownMessage]:
        """A challenge, and when it has been answered one welcome for each birth."""
        if not state.proven:
            can = isinstance(message, Birth) and state.challenge is not None and self.manners.challenges
            return [Challenge(state.challenge)] if can and state.challenge is not None else []
        is_due = isinstance(message, Birth) or self.welcomed != state.birth_number
        return self._welcome(state.birth_number) if is_due and self.manners.welcomes else []

    def _welcome(self, birth_number: int) -> list[DownMessage]:
        self.welcomed = birth_number
        manners, commanded = self.manners, self.commanded
        again = [commanded] if commanded is not None and self.repeats() else []
        return [Welcome(birth_number, manners.heartbeat_s, manners.backfill_per_s, manners.slot_ms), *again]

    def _receipts(self, epoch: int) -> list[DownMessage]:
        cursor = self.cursors[epoch]
        gap = cursor.gap() if self.manners.unpaid_from is None else None
        return [Stored(epoch, self._paid(cursor.up_to)), *([Missing(epoch, *gap)] if gap else [])]

    def _paid(self, up_to: int) -> int:
        limit = self.manners.unpaid_from
        return up_to if limit is None else min(up_to, limit - 1)
