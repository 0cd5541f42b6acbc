"""The part of CBOR (RFC 8949) that this protocol speaks, read strictly.

Integers of up to 64 bits, booleans, byte and text strings, arrays and maps: definite lengths, shortest heads, no key
twice, at most eight deep. Everything else (tags, floats, null, indefinite lengths) is refused before anything is made
of it. A general decoder is not used on what others send, because tags make it run other parsers (regular
expressions, MIME, decimals of any exponent) on their bytes. Writing is left to cbor2.
"""

from typing import Any

DEEPEST = 8
# First byte of an item (RFC 8949 §3): numbers below 24 stand in it, then come the major types from 32 to 32.
_LONG, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = 24, 0x20, 0x40, 0x60, 0x80, 0xA0, 0xC0
# Every element takes a byte at least, so a made-up count is seen before anything is made of it.
_NO_ROOM = "too deep, or fewer bytes than elements"
_BOOLEANS = {0xF4: False, 0xF5: True}
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
# The lowest number that needs a head of this kind: anything lower has a shorter one.
_LOWEST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}


class NotOurs(ValueError):
    """The bytes are not CBOR, or not of the part that is spoken here."""


def read(raw: bytes) -> Any:
    """The one item that the bytes are; NotOurs otherwise."""
    value, end = read_first(raw)
    if end != len(raw):
        raise NotOurs("bytes after the item")
    return value


def read_first(raw: bytes) -> tuple[Any, int]:
    """The item the bytes begin with and where it ends; NotOurs where there is none."""
    try:
        value, end = _item(raw, 0, DEEPEST)
    except (IndexError, KeyError, UnicodeDecodeError) as garbled:
        raise NotOurs("not CBOR, or not of this subset") from garbled
    if end > len(raw):
        raise NotOurs("cut short")
    return value, end


def byte_string(content: bytes) -> bytes:
    """The content as a byte string of up to 65,535 bytes."""
    length = len(content)
    if length < 24:
        return bytes((0x40 | length,)) + content
    return (bytes((0x58, length)) if length < 256 else b"\x59" + length.to_bytes(2, "big")) + content


def _item(raw: bytes, at: int, deep: int) -> tuple[Any, int]:
    head = raw[at]
    at += 1
    if head < _LONG:
        return head, at
    if head >= _TAG:
        return _BOOLEANS[head], at
    number = head & 31
    if number >= _LONG:
        number, at = _long_number(raw, at, number)
    if head < _BYTES:
        return (number if head < _NEGATIVE else -1 - number), at
    if head < _ARRAY:
        end = at + number
        return (raw[at:end] if head < _TEXT else str(raw[at:end], "utf-8")), end
    return _ARRAY_OR_MAP[head >= _MAP](raw, at, number, deep)


def _long_number(raw: bytes, at: int, size: int) -> tuple[int, int]:
    end = at + _WIDTHS[size]
    number = int.from_bytes(raw[at:end], "big")
    if number < _LOWEST[size]:
        raise NotOurs("a longer head than needed, or cut short")
    return number, end


def _array(raw: bytes, at: int, number: int, deep: int) -> tuple[list[Any], int]:
    if deep == 0 or number > len(raw) - at:
        raise NotOurs(_NO_ROOM)
    items = []
    for _ in range(number):
        value: Any = raw[at]
        if value < _LONG:
            at += 1
        else:
            value, at = _item(raw, at, deep - 1)
        items.append(value)
    return items, at


def _map(raw: bytes, at: int, number: int, deep: int) -> tuple[dict[Any, Any], int]:
    if deep == 0 or number > len(raw) - at:
        raise NotOurs(_NO_ROOM)
    pairs = {}
    for _ in range(number):
        key: Any = raw[at]
        if key < _LONG:
            at += 1
        else:
            key, at = _item(raw, at, 0)
            if type(key) is not int and type(key) is not str:
                raise NotOurs("a key that is neither number nor text")
        value: Any = raw[at]
        if value < _LONG:
            at += 1
        else:
            value, at = _item(raw, at, deep - 1)
        pairs[key] = value
    if len(pairs) != number:
        raise NotOurs("a key twice")
    return pairs, at


_ARRAY_OR_MAP = (_array, _map)
