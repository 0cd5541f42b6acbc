"""What really happened: every event the fleet ever recorded, written down before anything of it is sent.

A file of records of 36 bytes: place of the lock in its roll (u32; the highest bit marks a clone's), log epoch (u64), sequence
(u64), the first 16 bytes of SHA-256 over the event. A run appends, so a folder's file tells of all its runs.
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import cbor2

from firmware_protocol.messages import Event

_RECORD = struct.Struct(">IQQ16s")
_CLONE = 1 << 31
_READ_AT_ONCE = 4096


class Happened(NamedTuple):
    """One event as the fleet knows it. What a clone of a lock said may be in the register or not."""

    place: int
    log_epoch: int
    sequence: int
    digest: bytes
    by_clone: bool


class Truth:
    """The file, while a fleet runs."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._unwritten = bytearray()

    def note(self, place: int, log_epoch: int, event: Event, *, by_clone: bool = False) -> None:
        """An event was recorded; written down by the next `flush`."""
        marked = place | _CLONE if by_clone else place
        self._unwritten += _RECORD.pack(marked, log_epoch, event.sequence, event_digest(event))

    def flush(self) -> None:
        """Must be called before what was recorded goes out."""
        if self._unwritten:
            self._file.write(self._unwritten)
            self._unwritten.clear()

    def close(self) -> None:
        """Write down the rest."""
        self.flush()
        self._file.close()


def event_digest(event: Event) -> bytes:
    """16 bytes that no other event has: its type, number, boot, time, clock quality and fields, in their one order."""
    return digest_of(event[:5], event.fields)


def digest_of(numbers: tuple[int, int, int, int, int], fields: Mapping[int, object]) -> bytes:
    """The same of (type, sequence, boot number, milliseconds, clock quality) and the fields."""
    written = cbor2.dumps([*map(int, numbers), {int(key): fields[key] for key in sorted(fields)}])
    return hashlib.sha256(written).digest()[:16]


def read_truth(path: Path) -> Iterator[Happened]:
    """Every record, in the order of writing; what a kill left half written at the end is no record."""
    with path.open("rb") as file:
        while piece := file.read(_RECORD.size * _READ_AT_ONCE):
            for at in range(0, len(piece) - _RECORD.size + 1, _RECORD.size):
                marked, epoch, sequence, digest = _RECORD.unpack_from(piece, at)
                yield Happened(marked & ~_CLONE, epoch, sequence, digest, bool(marked & _CLONE))
