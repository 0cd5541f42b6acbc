"""A lock without hardware: LockSide over flash that is a list, with an account of everything it ever recorded."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firmware_protocol import Boot, LockIdentity, LockSide, RemoteProtocolError
from firmware_protocol.access_list import AccessList
from firmware_protocol.keys import private_key
from firmware_protocol.lock_side import ClockOffered, Contacted, ListComplete, StoredUpTo
from firmware_protocol.messages import Event
from firmware_protocol.standing import Standing
from firmware_protocol.vocabulary import ClockQuality, EventType, Field

AT_MS = 1_790_000_000_000


@dataclass(slots=True)
class MemoryLog:
    """The EventLog of the protocol. Full of what is not stored, it gives up its oldest and writes a tombstone."""

    epoch: int
    capacity: int = 1000
    next_sequence: int = 1
    stored_up_to: int = 0
    events: list[Event] = field(default_factory=list)
    account: dict[int, Event] = field(default_factory=dict)
    overwritten: set[int] = field(default_factory=set)

    @property
    def oldest_sequence(self) -> int:
        return self.events[0].sequence if self.events else self.next_sequence

    def read(self, first: int, limit: int) -> list[Event]:
        return [event for event in self.events if event.sequence >= first][:limit]

    def alarms(self, first: int, limit: int) -> list[Event]:
        return [event for event in self.read(first, len(self.events)) if event.type == EventType.ALARM_RAISED][-limit:]

    def record(self, kind: int, fields: Mapping[Any, Any], boot: int) -> list[Event]:
        """The event, behind the tombstone it cost where flash was full."""
        new = []
        while len(self.events) >= self.capacity and self.events[0].sequence <= self.stored_up_to:
            self.events.pop(0)
        if len(self.events) >= self.capacity:
            lost = [event.sequence for event in self.events[: self.capacity // 2]]
            self.overwritten.update(lost)
            del self.events[: len(lost)]
            # From the last receipt on, because an earlier tombstone may be among what is given up.
            gone = {Field.FIRST: self.stored_up_to + 1, Field.LAST: lost[-1]}
            new.append(self._append(EventType.EVENTS_LOST, gone, boot))
        return [*new, self._append(kind, fields, boot)]

    def _append(self, kind: int, fields: Mapping[Any, Any], boot: int) -> Event:
        number = self.next_sequence
        event = Event(
            kind, number, boot, AT_MS + number, ClockQuality.SYNCED, {int(key): fields[key] for key in fields}
        )
        self.events.append(event)
        self.account[number] = event
        self.next_sequence += 1
        return event


@dataclass(slots=True)
class FakeLock:
    """One lock over all its boots. `past_logs`: the account of logs that a factory wipe has ended."""

    identity: LockIdentity
    capacity: int = 1000
    now: float = 0.0
    boots: int = 0
    linked: bool = False
    held: AccessList = field(default_factory=AccessList)
    clock_ms: int | None = None
    last_contact: float | None = None
    refused: list[str] = field(default_factory=list)
    past_logs: list[MemoryLog] = field(default_factory=list)
    log: MemoryLog = field(init=False)
    side: LockSide = field(init=False)

    def __post_init__(self) -> None:
        self.log = MemoryLog(1, self.capacity)
        self.boot()

    def boot(self) -> None:
        """Power on: a new session over the same flash."""
        self.boots += 1
        self.linked = False
        entropy = hashlib.sha512(b"boot %d" % self.boots).digest()
        self.side = LockSide(self.identity, Boot(self.boots, private_key(entropy)), self.log)

    def wipe(self) -> None:
        """Factory reset: another log with another epoch, no list, and a boot."""
        self.past_logs.append(self.log)
        self.log = MemoryLog(self.log.epoch + 1, self.capacity)
        self.held = AccessList()
        self.boot()

    @property
    def standing(self) -> Standing:
        return Standing(self.held.version, self.held.digest, 90, int(self.now), AT_MS, ClockQuality.SYNCED)

    def connect(self) -> bytes:
        """The link comes up; returns the will."""
        will = self.side.connecting()
        self.side.connected(self.standing, self.now)
        self.linked = True
        return will

    def disconnect(self) -> None:
        self.side.disconnected()
        self.linked = False

    def record(self, kind: int, fields: Mapping[Any, Any]) -> None:
        """Something happens at the door."""
        for event in self.log.record(kind, fields, self.boots):
            self.side.recorded(event, self.now)

    def receive(self, frame: bytes) -> None:
        """Take a frame and do what it asks; a refused one changes nothing."""
        try:
            happenings = self.side.receive(frame, self.standing, self.now)
        except RemoteProtocolError as refusal:
            self.refused.append(refusal.reason.value)
            return
        for happening in happenings:
            match happening:
                case StoredUpTo(sequence):
                    self.log.stored_up_to = max(self.log.stored_up_to, sequence)
                case ListComplete(change):
                    self._apply(change)
                case ClockOffered(now_ms):
                    self.clock_ms = now_ms
                case Contacted():
                    self.last_contact = self.now

    def _apply(self, change: Any) -> None:
        try:
            self.held = self.held.changed(change)
        except RemoteProtocolError:
            self.side.refuse_list(self.standing, "cannot apply")
        else:
            fields = {Field.LIST_VERSION: self.held.version, Field.DIGEST: self.held.digest}
            self.record(EventType.ACCESS_LIST_APPLIED, fields)

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        if self.linked:
            self.side.expire(self.standing, self.now)

    def frames(self) -> list[bytes]:
        """What it publishes now."""
        return self.side.to_send(self.now) if self.linked else []
