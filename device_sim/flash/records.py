"""How an event lies in flash, and how a sector is read back after anything may have happened to it.

    sector  magic "ANS1" | log epoch u64 | first sequence u64 | CRC-32 of these, u32 | record | record | …
    record  body length u16 | sequence u64 | body | CRC-32 of all before it, u32
    body    CBOR [type, boot number, occurred at (ms), clock quality, fields]

All numbers are big-endian. A record that ends too early is a write that the power cut short; a whole record whose
checksum is wrong is worn flash, and what lies behind it is still looked for.
"""

import struct
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import cbor2

from firmware_protocol.messages import Event

MAGIC = b"ANS1"
MAX_BODY_BYTES = 512
_SECTOR = struct.Struct(">4sQQ")
_RECORD = struct.Struct(">HQ")
_LENGTH = struct.Struct(">H")
_CRC = struct.Struct(">I")
SECTOR_HEADER_BYTES = _SECTOR.size + _CRC.size
RECORD_BYTES = _RECORD.size + _CRC.size


class SectorHeader(NamedTuple):
    """What a sector says of itself."""

    epoch: int
    first: int


class Found(NamedTuple):
    """A readable record: where it begins and what it says."""

    offset: int
    event: Event


@dataclass(frozen=True, slots=True)
class Reading:
    """A sector as it was read.

    `good_bytes` is where the sound part ends; `damaged` are the ranges of numbers that are unreadable; a `worn_tail` is a
    last record that is all there and wrong, so that its number may have been sent and must not be given again.
    """

    found: tuple[Found, ...]
    good_bytes: int
    damaged: tuple[tuple[int, int], ...]
    next_sequence: int
    worn_tail: bool


def pack_header(header: SectorHeader) -> bytes:
    """The first bytes of a sector."""
    written = _SECTOR.pack(MAGIC, header.epoch, header.first)
    return written + _CRC.pack(crc32(written))


def pack_record(event: Event) -> bytes:
    """The event as a record; ValueError where it is too large for the flash (and for a frame)."""
    body = cbor2.dumps([event.type, event.boot_number, event.occurred_at_ms, event.clock_quality, dict(event.fields)])
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"an event of {len(body)} bytes is too large for the flash")
    written = _RECORD.pack(len(body), event.sequence) + body
    return written + _CRC.pack(crc32(written))


def read_record(sector: bytes, offset: int) -> tuple[Event, int] | None:
    """The event at the offset and where the next record begins, or None where there is no whole and sound one."""
    if len(sector) - offset < RECORD_BYTES:
        return None
    length, sequence = _RECORD.unpack_from(sector, offset)
    end = offset + RECORD_BYTES + length
    if length > MAX_BODY_BYTES or end > len(sector):
        return None
    (checksum,) = _CRC.unpack_from(sector, end - _CRC.size)
    if checksum != crc32(sector[offset : end - _CRC.size]):
        return None
    kind, boot, occurred, quality, fields = cbor2.loads(sector[offset + _RECORD.size : end - _CRC.size])
    return Event(kind, sequence, boot, occurred, quality, fields), end


def read_sector(sector: bytes, first: int) -> Reading:
    """Everything readable of a sector whose first record should have the number `first`."""
    found: list[Found] = []
    damaged: list[tuple[int, int]] = []
    offset, expected = SECTOR_HEADER_BYTES, first
    while sound := _next_sound(sector, offset, expected):
        event, end = sound
        if event.sequence > expected:
            damaged.append((expected, event.sequence - 1))
        found.append(Found(end - len(pack_record(event)), event))
        offset, expected = end, event.sequence + 1
    worn_tail = _is_whole(sector, offset)
    if worn_tail:
        damaged.append((expected, expected))
    return Reading(tuple(found), offset, tuple(damaged), expected + worn_tail, worn_tail)


def _next_sound(sector: bytes, start: int, expected: int) -> tuple[Event, int] | None:
    """The next sound record and its end: at `start`, or behind what is damaged there."""
    for offset in range(start, len(sector) - RECORD_BYTES + 1):
        length, sequence = _RECORD.unpack_from(sector, offset)
        if length <= MAX_BODY_BYTES and sequence >= expected:
            sound = read_record(sector, offset)
            if sound is not None:
                return sound
    return None


def _is_whole(sector: bytes, offset: int) -> bool:
    """Whether the unreadable rest of a sector was a record once: as long as it claims, or as it would with one bit righted."""
    if len(sector) - offset < RECORD_BYTES:
        return False
    length: int = _RECORD.unpack_from(sector, offset)[0]
    if offset + RECORD_BYTES + length <= len(sector):
        return True
    rest = sector[offset + _LENGTH.size :]
    return any(read_record(_LENGTH.pack(length ^ 1 << bit) + rest, 0) for bit in range(16))
