"""The shorter way to read what almost every frame holds: one live event whose fields are small-keyed numbers.

    82 04 a3  01 <log epoch>  02 f5  03 81 86 <type> <sequence> <boot> <occurred> <quality> <fields>  00 …

Opening a frame is most of what an ingest process computes, and reading CBOR item by item was half of that. Whatever is
not exactly this goes the long way through `codec`, which alone says what is wrong with it.
"""

from firmware_protocol.messages import Event, Events

_BEFORE_EPOCH = b"\x82\x04\xa3\x01"
_BEFORE_EVENT = b"\x02\xf5\x03\x81\x86"
_LONG, _MAP = 24, 0xA0
# First byte of a longer number -> how many bytes follow, and the lowest number that needs them (RFC 8949 §4.2.1).
_LONGER = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}


class _Unusual(Exception):
    pass


def read_live_event(plain: bytes) -> Events | None:
    """What `codec.decode_up` would make of it, or None where only that can tell."""
    if plain[:4] != _BEFORE_EPOCH:
        return None
    try:
        [epoch], at = _numbers(plain, 4, 1)
        if plain[at : at + 5] != _BEFORE_EVENT:
            return None
        (kind, sequence, boot, occurred, quality), at = _numbers(plain, at + 5, 5)
        fields, at = _fields(plain, at)
    except (_Unusual, IndexError):
        return None
    if plain.count(0, at) != len(plain) - at or sequence == 0 or kind >> 16 or occurred >> 53 or quality >> 8:
        return None
    return Events(epoch, True, (Event(kind, sequence, boot, occurred, quality, fields),))


def _numbers(plain: bytes, at: int, how_many: int) -> tuple[list[int], int]:
    numbers = []
    for _ in range(how_many):
        number = plain[at]
        at += 1
        if number >= _LONG:
            number, at = _longer(plain, at, number)
        numbers.append(number)
    return numbers, at


def _fields(plain: bytes, at: int) -> tuple[dict[int, int], int]:
    pairs = plain[at] - _MAP
    at += 1
    fields = {}
    for _ in range(pairs):
        key, value = plain[at], plain[at + 1]
        at += 2
        if value >= _LONG:
            value, at = _longer(plain, at, value)
        fields[key] = value
    if len(fields) != pairs or pairs >= _LONG or (fields and max(fields) >= _LONG):
        raise _Unusual
    return fields, at


def _longer(plain: bytes, at: int, head: int) -> tuple[int, int]:
    width, lowest = _LONGER.get(head, (0, 1))
    end = at + width
    number = int.from_bytes(plain[at:end], "big")
    if number < lowest or number >> 63:
        raise _Unusual
    return number, end
