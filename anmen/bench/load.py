"""Loads: what is published to each of the two pipelines, packed beforehand so that publishing costs next to nothing."""

import json
import random
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from anmen.bench import packets
from anmen.bench.script import Door
from anmen.bench.town import LOG_EPOCH, TownLock
from firmware_protocol.lock_session import LockSession
from firmware_protocol.messages import Event, Events
from firmware_protocol.topics import Direction, LockId, frame_topic
from firmware_protocol.vocabulary import Field

YARDSTICK_TOPICS = "yardstick"
_JSON_BYTES = 200


class Pipeline(StrEnum):
    """Which of the two is measured."""

    OURS = "ours"
    YARDSTICK = "yardstick"


@dataclass(frozen=True, slots=True)
class Load:
    """Packets in the order of publishing, and which event each of them is: place of the lock, and sequence."""

    packets: list[bytes]
    locks: "array[int]"
    sequences: "array[int]"


class Fleet:
    """Thousands of locks that only speak; lock n always on connection n modulo `connections`."""

    def __init__(self, locks: Sequence[TownLock], pipeline: Pipeline, *, connections: int, seed: int) -> None:
        self.doors = [Door(lock) for lock in locks]
        self._dice = random.Random(seed)  # noqa: S311  # a seeded load, not a secret
        self._pack = {Pipeline.OURS: _sealing, Pipeline.YARDSTICK: _plain}[pipeline](locks)
        self._topics = [_topic(lock, pipeline).encode() for lock in locks]
        self._own = [range(connection, len(locks), connections) for connection in range(connections)]
        # Each speaks once before chance decides: then everything about every lock is warm.
        self._first = [iter(own) for own in self._own]

    def load(self, events: int, now_ms: int) -> Load:
        """The next events of the fleet; packet n is for connection n modulo `connections`."""
        load = Load([], array("I"), array("Q"))
        connections = len(self._own)
        for number in range(events):
            place = self._turn(number % connections)
            event = self.doors[place].next_event(self._dice, now_ms)
            packet_id = number // connections % packets.MOST_IDS + 1
            load.packets.append(packets.publish(self._topics[place], self._pack(place, event), packet_id))
            load.locks.append(place)
            load.sequences.append(event.sequence)
        return load

    def sequences(self) -> dict[LockId, int]:
        """How many events each lock has published."""
        return {door.lock.identity.lock: door.sequence for door in self.doors}

    def recount(self) -> dict[int, tuple[int, bool]]:
        """Unit -> how many are in, and whether that is unsure; told from what was played alone."""
        return {door.lock.unit_id: (len(door.known_in), bool(door.unknown)) for door in self.doors}

    def _turn(self, connection: int) -> int:
        own = self._own[connection]
        first = next(self._first[connection], None)
        return own[self._dice.randrange(len(own))] if first is None else first


def _topic(lock: TownLock, pipeline: Pipeline) -> str:
    topic = frame_topic(lock.identity.lock, Direction.UP)
    return topic if pipeline is Pipeline.OURS else f"{YARDSTICK_TOPICS}/{topic}"


def _sealing(locks: Sequence[TownLock]) -> Callable[[int, Event], bytes]:
    sessions = [LockSession(lock.identity, lock.boot) for lock in locks]
    return lambda place, event: sessions[place].frame(Events(LOG_EPOCH, True, (event,)))


def _plain(locks: Sequence[TownLock]) -> Callable[[int, Event], bytes]:
    def pack(place: int, event: Event) -> bytes:
        lock, credential = locks[place], event.get(Field.CREDENTIAL_ID)
        said = {
            "device": lock.identity.lock,
            "seq": event.sequence,
            "at": event.occurred_at_ms,
            "type": event.type,
            "source": event.get(Field.SOURCE),
            "direction": event.get(Field.DIRECTION),
            "credential": credential,
            "room": lock.unit_id,
            "person": lock.occupants[credential - 1] if credential else lock.occupants[0],
        }
        return json.dumps(said).encode().ljust(_JSON_BYTES)

    return pack
