"""Message <-> plain bytes: CBOR (RFC 8949) [tag, {key: value}], padded with zero bytes to whole blocks.

The padding follows the one CBOR item, so that every live event, whatever it says, has the length of
one block. Decoding is strict about what it knows and silent about what it does not: an unknown key is skipped, an
unknown field of an event is kept, a wrong type refuses the frame.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import cbor2

from firmware_protocol.cbor_subset import NotOurs, read_first
from firmware_protocol.errors import FrameRefusal, LocalProtocolError, RemoteProtocolError
from firmware_protocol.live_event import read_live_event
from firmware_protocol.messages import DOWN_MESSAGES, UP_MESSAGES, DownMessage, Event, Events, Message, UpMessage

BLOCK_BYTES = 192
MAX_BLOCKS = 64
MAX_EVENTS = 32
_UINT_LIMIT = 1 << 63
_TEXT_LIMIT = 200
_BYTES_LIMIT = 512
_ITEMS_LIMIT = 64


def _uint(value: Any) -> int:
    if type(value) is int and 0 <= value < _UINT_LIMIT:
        return value
    raise ValueError("a number from 0 to 2^63 - 1")


def _bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise ValueError("true or false")


def _bytes(value: Any) -> bytes:
    if type(value) is bytes and len(value) <= _BYTES_LIMIT:
        return value
    raise ValueError("bytes")


def _bytes_of(size: int) -> Callable[[Any], bytes]:
    def read(value: Any) -> bytes:
        if type(value) is bytes and len(value) == size:
            return value
        raise ValueError("bytes of another length")

    return read


def _bytes_up_to(most: int) -> Callable[[Any], bytes]:
    def read(value: Any) -> bytes:
        if type(value) is bytes and len(value) <= most:
            return value
        raise ValueError("bytes, and not so many")

    return read


def _text(value: Any) -> str:
    # No NUL: no database or C string takes one.
    if type(value) is str and "\0" not in value and len(value.encode()) <= _TEXT_LIMIT:
        return value
    raise ValueError("text")


def _capabilities(value: Any) -> Mapping[str, Any]:
    if type(value) is dict and len(value) <= _ITEMS_LIMIT:
        return {_text(key): _capability(one) for key, one in value.items()}
    raise ValueError("capabilities")


def _capability(value: Any) -> int | bool | str:
    if type(value) is bool:
        return value
    return _text(value) if type(value) is str else _uint(value)


def _items(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read_all(value: Any) -> Any:
        if type(value) is list and len(value) <= _ITEMS_LIMIT:
            return tuple([read(one) for one in value])
        raise ValueError("items")

    return read_all


def _event(value: Any) -> Event:
    """The array as an event. Only its own shape is judged; its fields are kept as they are, known or not."""
    kind, sequence, boot, occurred, quality, kept = value
    if not (type(kind) is type(sequence) is type(boot) is type(occurred) is type(quality) is int):
        raise ValueError("event")
    if not (0 <= kind < 65536 and 0 < sequence < _UINT_LIMIT and 0 <= boot < _UINT_LIMIT and 0 <= quality < 256):
        raise ValueError("event")
    if not 0 <= occurred < 1 << 53 or type(kept) is not dict or len(kept) > _ITEMS_LIMIT:
        raise ValueError("event")
    for key, item in kept.items():
        if type(key) is not int or not 0 <= key < 65536 or type(item) not in _FIELD_TYPES:
            raise ValueError("event")
        if type(item) is int and not -_UINT_LIMIT <= item < _UINT_LIMIT:
            raise ValueError("event")
    return Event(kind, sequence, boot, occurred, quality, kept)


_FIELD_TYPES = frozenset({int, bool, bytes, str})


def _events(value: Any) -> tuple[Event, ...]:
    if type(value) is list and 0 < len(value) <= MAX_EVENTS:
        return tuple([_event(item) for item in value])
    raise ValueError("events")


_READ: dict[Any, Callable[[Any], Any]] = {
    int: _uint,
    bool: _bool,
    bytes: _bytes,
    str: _text,
    Mapping[str, Any]: _capabilities,
    tuple[int, ...]: _items(_uint),
    tuple[bytes, ...]: _items(_bytes),
    tuple[Event, ...]: _events,
}

_Layout = tuple[tuple[str, int, Callable[[Any], Any], bool], ...]
_NEVER = object()


def _layout(message: type[Message]) -> _Layout:
    hints = get_type_hints(message)
    return tuple(
        (
            one.name,
            one.metadata["key"],
            _reader(hints[one.name], one.metadata["size"], one.metadata["most"]),
            one.default is MISSING and one.default_factory is MISSING,
        )
        for one in fields(message)
    )


def _reader(kind: Any, size: int | None, most: int | None) -> Callable[[Any], Any]:
    if size is not None:
        return _bytes_of(size)
    return _READ[kind] if most is None else _bytes_up_to(most)


_LAYOUTS: dict[type[Message], _Layout] = {message: _layout(message) for message in (*UP_MESSAGES, *DOWN_MESSAGES)}
# What each message leaves out, and when: field -> the default that says nothing.
_UNSAID = {
    message: {one.name: one.default for one in fields(message) if one.metadata["unsaid"]}
    for message in (*UP_MESSAGES, *DOWN_MESSAGES)
}
_UP = {message.TAG: message for message in UP_MESSAGES}
_DOWN = {message.TAG: message for message in DOWN_MESSAGES}


def encode(message: Message) -> bytes:
    """Plain bytes of a message, a whole number of blocks; LocalProtocolError where it does not fit."""
    written = {key: _in_order(getattr(message, name)) for name, key, _, _ in _LAYOUTS[type(message)]}
    for name, key, _, _ in _LAYOUTS[type(message)] if _UNSAID[type(message)] else ():
        if written[key] == _UNSAID[type(message)].get(name, _NEVER):
            del written[key]
    plain = cbor2.dumps([message.TAG, written])
    blocks = -(-len(plain) // BLOCK_BYTES)
    if blocks > MAX_BLOCKS or (type(message) is Events and message.live and blocks > 1):
        raise LocalProtocolError(f"{type(message).__name__} of {len(plain)} bytes does not fit its frame")
    return plain.ljust(blocks * BLOCK_BYTES, b"\0")


def _in_order(value: Any) -> Any:
    """Maps in the order of their encoded keys (RFC 8949 §4.2.1)."""
    if type(value) is dict:
        return dict(sorted(value.items(), key=lambda pair: cbor2.dumps(pair[0])))
    if type(value) is tuple and value and type(value[0]) is Event:
        return [_event_in_order(event) for event in value]
    return value


def _event_in_order(event: Event) -> tuple[Any, ...]:
    return (*event[:5], dict(sorted(event.fields.items())))


def encoded_event(event: Event) -> bytes:
    """The event's own bytes, as they stand in a message."""
    return cbor2.dumps(_event_in_order(event))


def decode_up(plain: bytes) -> UpMessage:
    """What a lock said; RemoteProtocolError where it is not a message of this protocol."""
    usual = read_live_event(plain) if len(plain) == BLOCK_BYTES else None
    if usual is not None:
        return usual
    message: UpMessage = _decode(plain, _UP)
    return message


def decode_down(plain: bytes) -> DownMessage:
    """What the service said; RemoteProtocolError where it is not a message of this protocol."""
    message: DownMessage = _decode(plain, _DOWN)
    return message


def _unpad(plain: bytes) -> tuple[int, dict[Any, Any]]:
    """Tag and fields; refused where the bytes are not whole blocks of one [tag, {…}] and zeros."""
    try:
        said, end = read_first(plain)
    except NotOurs as garbled:
        raise RemoteProtocolError(FrameRefusal.MALFORMED) from garbled
    if len(plain) % BLOCK_BYTES or plain.count(0, end) != len(plain) - end or type(said) is not list or len(said) != 2:
        raise RemoteProtocolError(FrameRefusal.MALFORMED)
    tag, written = said
    if type(tag) is not int or type(written) is not dict:
        raise RemoteProtocolError(FrameRefusal.MALFORMED)
    return tag, written


def _decode(plain: bytes, known: Mapping[int, Any]) -> Any:
    tag, written = _unpad(plain)
    message = known.get(tag)
    if message is None:
        raise RemoteProtocolError(FrameRefusal.UNKNOWN_MESSAGE, str(tag))
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
