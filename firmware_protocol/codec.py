"""Message <-> plain bytes: CBOR (RFC 8949) [tag, {key: value}], padded with zero bytes to whole blocks.

The padding follows the one CBOR item and is ignored, so that every live event, whatever it says, has the length of
one block. Decoding is strict about what it knows and silent about what it does not: an unknown key is skipped, an
unknown field of an event is kept, a wrong type refuses the frame.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import cbor2

from firmware_protocol.errors import FrameRefusal, LocalProtocolError, RemoteProtocolError
from firmware_protocol.messages import DOWN_MESSAGES, UP_MESSAGES, DownMessage, Event, Events, Message, UpMessage

BLOCK_BYTES = 192
MAX_BLOCKS = 64
MAX_EVENTS = 32
_UINT_LIMIT = 1 << 63
_TEXT_LIMIT = 200
_BYTES_LIMIT = 512
_ITEMS_LIMIT = 64


def _is_uint(value: Any) -> bool:
    return type(value) is int and 0 <= value < _UINT_LIMIT


def _event(value: Any) -> Event:
    """The array as an event; only its own shape is judged, its fields are kept as they are (numbers to numbers, text or bytes)."""
    kind, sequence, boot, occurred, quality, kept = value
    if not (
        type(kind) is type(sequence) is type(boot) is type(occurred) is type(quality) is int and type(kept) is dict
    ):
        raise ValueError("event")
    if not (0 <= kind < 65536 and 0 < sequence < _UINT_LIMIT and 0 <= boot < _UINT_LIMIT and 0 <= quality < 256):
        raise ValueError("event")
    if not 0 <= occurred < 1 << 53 or len(kept) > _ITEMS_LIMIT:
        raise ValueError("event")
    for key, item in kept.items():
        if type(key) is not int or not (
            (type(item) is int and -_UINT_LIMIT <= item < _UINT_LIMIT) or type(item) in (bytes, str, bool)
        ):
            raise ValueError("event")
    return Event(kind, sequence, boot, occurred, quality, kept)


def _events(value: Any) -> tuple[Event, ...]:
    if type(value) is not list or not 0 < len(value) <= MAX_EVENTS:
        raise ValueError("events")
    return tuple([_event(item) for item in value])


def _checked(fits: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not fits(value):
            raise ValueError("value")
        return value

    return read


def _items(fits: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not list or len(value) > _ITEMS_LIMIT or not all(map(fits, value)):
            raise ValueError("items")
        return tuple(value)

    return read


def _is_bytes(value: Any) -> bool:
    return type(value) is bytes and len(value) <= _BYTES_LIMIT


def _is_text(value: Any) -> bool:
    # No NUL: no database or C string takes one.
    return type(value) is str and len(value) <= _TEXT_LIMIT and "\0" not in value


_READ: dict[Any, Callable[[Any], Any]] = {
    int: _checked(_is_uint),
    bool: _checked(lambda value: type(value) is bool),
    bytes: _checked(_is_bytes),
    str: _checked(_is_text),
    Mapping[str, Any]: _checked(
        lambda value: type(value) is dict
        and len(value) <= _ITEMS_LIMIT
        and all(_is_text(key) and (type(one) is bool or _is_uint(one) or _is_text(one)) for key, one in value.items())
    ),
    tuple[int, ...]: _items(_is_uint),
    tuple[bytes, ...]: _items(_is_bytes),
    tuple[Event, ...]: _events,
}

_Layout = tuple[tuple[str, int, Callable[[Any], Any], bool], ...]


def _layout(message: type[Message]) -> _Layout:
    hints = get_type_hints(message)
    return tuple(
        (
            one.name,
            one.metadata["key"],
            _READ[hints[one.name]],
            one.default is MISSING and one.default_factory is MISSING,
        )
        for one in fields(message)
    )


_LAYOUTS: dict[type[Message], _Layout] = {message: _layout(message) for message in (*UP_MESSAGES, *DOWN_MESSAGES)}
_UP = {message.TAG: message for message in UP_MESSAGES}
_DOWN = {message.TAG: message for message in DOWN_MESSAGES}


def encode(message: Message) -> bytes:
    """Plain bytes of a message, a whole number of blocks; LocalProtocolError where it does not fit."""
    written = {key: getattr(message, name) for name, key, _, _ in _LAYOUTS[type(message)]}
    plain = cbor2.dumps([message.TAG, written])
    blocks = -(-len(plain) // BLOCK_BYTES)
    if blocks > MAX_BLOCKS or (type(message) is Events and message.live and blocks > 1):
        raise LocalProtocolError(f"{type(message).__name__} of {len(plain)} bytes does not fit its frame")
    return plain.ljust(blocks * BLOCK_BYTES, b"\0")


def decode_up(plain: bytes) -> UpMessage:
    """What a lock said; RemoteProtocolError where it is not a message of this protocol."""
    message: UpMessage = _decode(plain, _UP)
    return message


def decode_down(plain: bytes) -> DownMessage:
    """What the service said; RemoteProtocolError where it is not a message of this protocol."""
    message: DownMessage = _decode(plain, _DOWN)
    return message


def _decode(plain: bytes, known: Mapping[int, Any]) -> Any:
    try:
        tag, written = cbor2.loads(plain)
        message = known.get(tag)
    except (cbor2.CBORDecodeError, ValueError, TypeError, RecursionError, OverflowError) as garbled:
        raise RemoteProtocolError(FrameRefusal.MALFORMED) from garbled
    if message is None:
        raise RemoteProtocolError(FrameRefusal.UNKNOWN_MESSAGE, str(tag)[:20])
    if type(written) is not dict:
        raise RemoteProtocolError(FrameRefusal.BAD_CONTENT)
    values = {}
    for name, key, read, required in _LAYOUTS[message]:
        if key in written:
            try:
                values[name] = read(written[key])
            except (ValueError, TypeError) as wrong:
                raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, f"{message.__name__}.{name}") from wrong
        elif required:
            raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, f"{message.__name__}.{name} is missing")
    return message(**values)
