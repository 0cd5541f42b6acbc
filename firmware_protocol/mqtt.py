"""MQTT 3.1.1 on the wire (OASIS standard, sections in brackets): as much of it as an ingest process or a lock speaks. Pure.

It publishes and receives with QoS 0 and 1, in clean sessions. What a broker may not send us is an error that ends the connection.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

PING = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
_LONGEST = 1 << 20


class Kind(IntEnum):
    """The first byte's upper half [2.2.1], of what a broker sends."""

    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBACK = 9
    UNSUBACK = 11
    PINGRESP = 13


class Published(NamedTuple):
    """A message somebody has published; `packet_id` 0 needs no acknowledgement (QoS 0)."""

    topic: str
    payload: bytes
    packet_id: int


class Answer(NamedTuple):
    """Any other packet: its kind, its packet id (0 where it has none), and the return codes in it."""

    kind: Kind
    packet_id: int
    codes: bytes


class NotMqtt(ValueError):
    """The bytes are nothing that a broker may send to us."""


def connect(client_id: str, *, keep_alive_s: int, will: tuple[str, bytes] | None = None) -> bytes:
    """CONNECT [3.1], clean session; `will` is topic and payload, said with QoS 1."""
    start = b"\x00\x04MQTT\x04" + (b"\x0e" if will else b"\x02") + keep_alive_s.to_bytes(2, "big") + _text(client_id)
    return _packet(0x10, start + _text(will[0]) + len(will[1]).to_bytes(2, "big") + will[1] if will else start)


def subscribe(packet_id: int, filters: Iterable[str]) -> bytes:
    """SUBSCRIBE [3.8] with QoS 1."""
    return _packet(0x82, packet_id.to_bytes(2, "big") + b"".join(_text(one) + b"\x01" for one in filters))


def unsubscribe(packet_id: int, filters: Iterable[str]) -> bytes:
    """UNSUBSCRIBE [3.10]."""
    return _packet(0xA2, packet_id.to_bytes(2, "big") + b"".join(_text(one) for one in filters))


def publish(packet_id: int, topic: str, payload: bytes, *, retain: bool = False) -> bytes:
    """PUBLISH [3.3] with QoS 1."""
    return _packet(0x33 if retain else 0x32, _text(topic) + packet_id.to_bytes(2, "big") + payload)


def acknowledge(packet_ids: Iterable[int]) -> bytes:
    """One PUBACK [3.4] for each."""
    return b"".join([b"\x40\x02" + one.to_bytes(2, "big") for one in packet_ids])


class Incoming:
    """Turns a broker's bytes, in whatever pieces they come, into packets."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, received: bytes) -> tuple[list[Published], list[Answer]]:
        """What is complete now; NotMqtt where it cannot be read."""
        raw = self._rest + received
        published: list[Published] = []
        answers: list[Answer] = []
        at, there = 0, len(raw)
        while there - at >= 2:
            body, end = _extent(raw, at)
            if end > there:
                break
            if raw[at] >> 4 == Kind.PUBLISH:
                published.append(_published(raw, at, body, end))
            else:
                answers.append(_answer(raw, at, body, end))
            at = end
        self._rest = raw[at:]
        return published, answers


def _extent(raw: bytes, at: int) -> tuple[int, int]:
    """Where the packet's content begins and ends [2.2.3]; the end lies outside `raw` where not even the length is there."""
    length = raw[at + 1]
    body = at + 2
    if length < 128:
        return body, body + length
    length &= 127
    for shift in (7, 14, 21):
        if body >= len(raw):
            return body, len(raw) + 1
        more = raw[body]
        body += 1
        length |= (more & 127) << shift
        if more < 128:
            if length > _LONGEST:
                raise NotMqtt("a packet larger than any of ours")
            return body, body + length
    raise NotMqtt("length")


def _published(raw: bytes, at: int, body: int, end: int) -> Published:
    qos = raw[at] >> 1 & 3
    topic_at = body + 2
    if topic_at > end:
        raise NotMqtt("publish")
    topic_end = topic_at + (raw[body] << 8 | raw[body + 1])
    content = topic_end + 2 if qos else topic_end
    if content > end or qos > 1:
        raise NotMqtt("publish")
    packet_id = raw[topic_end] << 8 | raw[topic_end + 1] if qos else 0
    try:
        return Published(str(raw[topic_at:topic_end], "utf-8"), raw[content:end], packet_id)
    except UnicodeDecodeError as garbled:
        raise NotMqtt("topic") from garbled


def _answer(raw: bytes, at: int, body: int, end: int) -> Answer:
    try:
        kind = Kind(raw[at] >> 4)
    except ValueError as unknown:
        raise NotMqtt("kind of packet") from unknown
    if end - body < _SHORTEST[kind]:
        raise NotMqtt("cut short")
    if kind in _WITHOUT_PACKET_ID:
        return Answer(kind, 0, raw[body:end])
    return Answer(kind, raw[body] << 8 | raw[body + 1], raw[body + 2 : end])


_WITHOUT_PACKET_ID = frozenset({Kind.CONNACK, Kind.PINGRESP})
_SHORTEST: Mapping[Kind, int] = {
    Kind.CONNACK: 2,
    Kind.PUBACK: 2,
    Kind.SUBACK: 3,
    Kind.UNSUBACK: 2,
    Kind.PINGRESP: 0,
}


def _packet(first: int, content: bytes) -> bytes:
    return bytes((first,)) + _length(len(content)) + content


def _length(number: int) -> bytes:
    written = bytearray()
    while True:
        number, low = divmod(number, 128)
        written.append(low | 128 if number else low)
        if not number:
            return bytes(written)


def _text(words: str) -> bytes:
    raw = words.encode()
    return len(raw).to_bytes(2, "big") + raw
