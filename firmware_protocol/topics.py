"""Lock ids and MQTT topics: anmen/1/<shard>/<lock>/up, …/down, and anmen/1/<shard>/holder.

The shard follows from the lock id, so that both sides find it without asking; one shard's frames are read by one
ingest process at a time, which keeps every lock's frames in order.
"""

import hashlib
import re
from enum import StrEnum
from functools import lru_cache
from typing import NewType

from firmware_protocol.errors import FrameRefusal, RemoteProtocolError

LockId = NewType("LockId", str)

SHARDS = 64
PREFIX = "anmen/1"
# Crockford's base32: no letter that can be mistaken for a digit when somebody reads it from a label.
LOCK_ID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOCK_ID = re.compile(rf"L-[{LOCK_ID_ALPHABET}]{{12}}")


class Direction(StrEnum):
    """Events go up, commands go down; never mixed."""

    UP = "up"
    DOWN = "down"


def lock_id(text: str) -> LockId:
    """The text as a lock id; ValueError where it is none (L- and twelve base32 characters)."""
    if not _LOCK_ID.fullmatch(text):
        raise ValueError("a lock id is 'L-' and twelve characters of 0-9 A-Z without I, L, O, U")
    return LockId(text)


def draw_lock_id(entropy: bytes) -> LockId:
    """A lock id from eight random bytes."""
    number = int.from_bytes(entropy[:8], "big")
    return LockId("L-" + "".join(LOCK_ID_ALPHABET[(number >> shift) & 31] for shift in range(0, 60, 5)))


@lru_cache(maxsize=1 << 16)
def shard_of(lock: LockId) -> int:
    """The lock's shard, 0 to 63: first byte of SHA-256 over the id, modulo 64."""
    return hashlib.sha256(lock.encode()).digest()[0] % SHARDS


def frame_topic(lock: LockId, direction: Direction) -> str:
    """Topic of the lock's frames in that direction."""
    return f"{PREFIX}/{shard_of(lock):02d}/{lock}/{direction.value}"


def holder_topic(shard: int) -> str:
    """Topic on which a process announces that it holds the shard from now on."""
    return f"{PREFIX}/{shard:02d}/holder"


def lock_of(topic: str) -> LockId:
    """The sender of a frame that arrived on an up topic; refused where the topic is not one of its own shard."""
    parts = topic.split("/")
    if len(parts) == 5 and parts[4] == Direction.UP.value and _LOCK_ID.fullmatch(parts[3]):
        lock = LockId(parts[3])
        if topic == frame_topic(lock, Direction.UP):
            return lock
    raise RemoteProtocolError(FrameRefusal.TOPIC)
