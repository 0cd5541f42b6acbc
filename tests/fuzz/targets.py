"""What is fuzzed: for each reader of bytes from outside a function that lets nothing out but the refusals it is allowed, and seeds.

A target raises only where something is wrong: another exception than a refusal, or a reader that contradicts itself.
"""

import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from device_sim.firmware_image import FirmwareImage, read_image, write_image
from device_sim.flash.chip import Flash
from device_sim.flash.event_log import Geometry, Stamp
from device_sim.flash.memory import MemoryMedium
from device_sim.flash.records import SectorHeader, pack_header, pack_record, read_sector
from face_engine.errors import TemplateError, UnusableImage
from face_engine.image_headers import declared_size
from face_engine.model_files import SFACE
from face_engine.template import unpack_template
from firmware_protocol import codec
from firmware_protocol.access_list import decode_entry
from firmware_protocol.codec import BLOCK_BYTES, decode_down, decode_up
from firmware_protocol.cursor import StoredCursor
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.keys import public_key
from firmware_protocol.live_event import read_live_event
from firmware_protocol.manifest import ManifestRefused, decode_manifest, verify
from firmware_protocol.messages import Event, Events
from firmware_protocol.mqtt import Incoming, NotMqtt, acknowledge, publish, subscribe
from firmware_protocol.sealing import parse
from firmware_protocol.topics import lock_of
from firmware_protocol.vocabulary import EventType
from service.entry.rules import HeardEvents, entry_of, taken
from tests.fuzz.at_the_socket import Runner, ask, runner
from tests.fuzz.authentic import LIVES, LOCK, LOCK_KEY, Ends

VECTORS = Path(__file__).parents[2] / "firmware_protocol" / "vectors"
NOW = datetime(2026, 9, 21, tzinfo=UTC)
SMALL = Geometry(1200, 4)
_PEER = public_key(LOCK_KEY)


@dataclass(frozen=True)
class Target:
    """One reader: `feed` is given bytes; `seeds` are what it usually gets."""

    feed: Callable[[bytes], object]
    seeds: tuple[bytes, ...]


def frames(raw: bytes) -> None:
    with suppress(RemoteProtocolError):
        parse(raw)


def messages(raw: bytes) -> None:
    """As it is, and padded to whole blocks; where the shorter way reads a block, the long way reads the same."""
    plain = raw + bytes(-len(raw) % BLOCK_BYTES)
    for decode in (decode_up, decode_down):
        for said in (raw, plain):
            with suppress(RemoteProtocolError):
                decode(said)
    short = read_live_event(plain) if len(plain) == BLOCK_BYTES else None
    assert short is None or short == codec._decode(plain, codec._UP), "the shorter way reads something else"


def entries(raw: bytes) -> None:
    with suppress(RemoteProtocolError):
        decode_entry(raw)


def _template() -> bytes:
    head = b"\xa7\x01\x01\x00" + SFACE.short_hash + b"\x00\x00\x80\x3f"
    values = b"\x7f" * 128
    return head + zlib.crc32(values, zlib.crc32(head)).to_bytes(4, "little") + values


def templates(raw: bytes) -> None:
    """What a lock says that a face is; a good one is read as the numbers it holds."""
    with suppress(TemplateError):
        assert unpack_template(raw).embedding.shape == (128,)


def manifests(raw: bytes) -> None:
    for read in (decode_manifest, lambda said: verify(said, _PEER)):
        with suppress(ManifestRefused):
            read(raw)


def topics(raw: bytes) -> None:
    with suppress(RemoteProtocolError):
        lock_of(raw.decode("latin-1"))


def packets(raw: bytes) -> None:
    """In one piece or in many: the same packets, or none that can be read."""
    size = raw[0] % 7 + 1 if raw else 1
    whole, pieces = Incoming(), Incoming()
    try:
        expected = whole.feed(raw)
    except NotMqtt:
        return
    found = [pieces.feed(raw[at : at + size]) for at in range(0, len(raw), size)]
    assert ([one for first, _ in found for one in first], [one for _, second in found for one in second]) == expected


def sectors(raw: bytes) -> None:
    reading = read_sector(raw, 1)
    numbers = [found.event.sequence for found in reading.found]
    assert numbers == sorted(set(numbers))
    assert reading.good_bytes <= max(len(raw), 24)


def flashes(raw: bytes) -> None:
    """Whatever lies in its regions, a lock starts, and goes on recording where no number is given twice."""
    medium = MemoryMedium()
    third = len(raw) // 3
    for name, content in (
        (f"events-{5:012x}-{1:020d}", raw[:third]),
        ("list.a", raw[third : 2 * third]),
        ("memory.b", raw[2 * third :]),
    ):
        medium.write(name, content)
        medium.sync(name)
    flash = Flash(medium, SMALL, draw=lambda size: b"k" * size)
    before = {event.sequence for event in flash.log.read(1, 1000)}
    stamp = Stamp(1, 1, 1)
    recorded = [*flash.log.declare_damage(stamp), *flash.log.append(EventType.STARTED, {}, stamp)]
    assert not before & {event.sequence for event in recorded}


def pictures(raw: bytes) -> None:
    with suppress(UnusableImage):
        declared_size(raw)


class Authentic:
    """One end hears what an authentic other end says; made anew now and then."""

    def __init__(self) -> None:
        self._ends = Ends()

    def _fresh(self) -> Ends:
        if self._ends.told >= LIVES:
            self._ends = Ends()
        return self._ends

    def up(self, raw: bytes) -> None:
        """The service opens it, and decides what is new and how it stands in the register."""
        received = self._fresh().say_up(raw + bytes(-len(raw) % BLOCK_BYTES))
        if received is None or not isinstance(received.message, Events):
            return
        cursor = StoredCursor()
        heard = HeardEvents(LOCK, received.session, received.message.log_epoch, True, True, received.message.events)
        for event in heard.events:
            cursor = taken(cursor, event) or cursor
            entry_of(heard, event, NOW)

    def down(self, raw: bytes) -> None:
        """The lock obeys or refuses; it goes on living, and the handle works."""
        ends = self._fresh()
        ends.say_down(raw + bytes(-len(raw) % BLOCK_BYTES))
        assert ends.lock.doorway.turn_handle(ends.told * 0.5).opened


class Socket:
    """Control requests to one lock; made anew now and then."""

    def __init__(self) -> None:
        self._asked = 0
        self._runner: Runner = runner()

    def requests(self, raw: bytes) -> None:
        try:
            request = json.loads(raw)
        except (ValueError, RecursionError):
            return
        self._asked += 1
        if self._asked % LIVES == 0:
            self._runner = runner()
        ask(self._runner, request)


def _vectors(name: str, key: str) -> tuple[bytes, ...]:
    """Every text under that key in a vectors file, as bytes."""
    found: list[bytes] = []

    def look(at: object) -> None:
        if isinstance(at, dict):
            found.extend(bytes.fromhex(text) for label, text in at.items() if label == key and isinstance(text, str))
            for value in at.values():
                look(value)
        elif isinstance(at, list):
            for value in at:
                look(value)

    look(json.loads((VECTORS / name).read_text(encoding="utf-8")))
    return tuple(found)


def _requests() -> tuple[bytes, ...]:
    asked: list[dict[str, object]] = [
        {"do": "card", "number": "11010519491231002X"}, {"do": "pin", "digits": "402816"}, {"do": "handle"},
        {"do": "door", "to": "forced"}, {"do": "state"}, {"do": "events", "first": 1}, {"do": "drain", "percent": 3},
        {"do": "drift_clock", "seconds": -4e5}, {"do": "jam", "stuck": False}, {"do": "cut_power"}, {"do": "key"},
        {"do": "restore_power", "clock_kept": False}, {"do": "override", "kind": "fire"}, {"do": "tamper"},
        {"do": "privacy"}, {"do": "emergency_power", "connected": True}, {"do": "face", "image_base64": "AAAA"},
    ]  # fmt: skip
    return tuple(json.dumps(one).encode() for one in asked)


_RECORDS = b"".join(pack_record(Event(1, number, 1, 5, 1, {7: number})) for number in (1, 2, 3))
_SECTOR = pack_header(SectorHeader(5, 1)) + _RECORDS
_PACKETS = publish(1, "anmen/1/00/L/up", b"x" * 200) + acknowledge([1, 2]) + subscribe(3, ["a/+/b"])
_IMAGE = write_image(FirmwareImage())
# 128 numbers of 127, with their checksum.
_TEMPLATE = _template()
_PLAIN = _vectors("plain.json", "plain")

TARGETS: dict[str, Target] = {
    "frames": Target(frames, _vectors("sealed.json", "frame")),
    "messages": Target(messages, _PLAIN),
    "authentic, up": Target(Authentic().up, _PLAIN),
    "authentic, down": Target(Authentic().down, _PLAIN),
    "list entries": Target(entries, _vectors("lists.json", "encoded") + _vectors("lists.json", "entry")),
    "face templates": Target(templates, (_TEMPLATE, _TEMPLATE[:143], b"\xa7\x01\x01\x00" + bytes(140))),
    "firmware manifests": Target(
        manifests, _vectors("firmware.json", "envelope") + _vectors("firmware.json", "manifest")
    ),
    "firmware images": Target(read_image, (_IMAGE, _IMAGE.replace(b"1.0}", b"1" + b"0" * 320 + b"}"))),
    "topics": Target(topics, (f"anmen/1/00/{LOCK}/up".encode(),)),
    "MQTT packets": Target(packets, (_PACKETS, b"\x20\x02\x00\x00", b"\xd0\x00")),
    "flash sectors": Target(sectors, (_SECTOR,)),
    "whole flashes": Target(flashes, (_SECTOR * 3,)),
    "control requests": Target(Socket().requests, _requests()),
    "picture headers": Target(
        pictures, (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x08\x08\x01\x00\x01\x00", b"\x89PNG\r\n\x1a\n")
    ),
}
