"""docs/flash.md is enough to read a lock's flash: a reader that knows only the document's tables finds what the lock knows."""

import re
import struct
from dataclasses import fields
from pathlib import Path
from typing import Any
from zlib import crc32

import cbor2
import pytest

from device_sim.flash.chip import Flash, Remembered
from device_sim.flash.event_log import Stamp
from device_sim.flash.medium import FolderMedium
from firmware_protocol.access_list import AccessList, Erased
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import EventType, Field
from tests.device.rig import Rig, connected_rig, pin

TEXT = (Path(__file__).parents[2] / "docs" / "flash.md").read_text(encoding="utf-8")
_NUMBERS = {2: ">H", 4: ">I", 8: ">Q"}
LIST = AccessList(7, {3: b"three", 4: b"four"}, {2: Erased(1_790_000_000, b"h" * 32)})


def rows(name: str) -> list[tuple[str, str, str]]:
    """Offset, bytes and content of a table of the document."""
    table = TEXT.partition(f"<!-- table: {name} -->\n")[2].partition("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return [(offset, size, content) for offset, size, content in cells]


def value_of(words: str, known: dict[str, Any]) -> int:
    """A number, a name read before, or a sum of such."""
    return sum(int(known.get(word.strip(), word)) for word in words.split("+"))


def parse(name: str, raw: bytes) -> dict[str, Any] | None:
    """What lies at the beginning of `raw` by that table; None where a magic or a checksum is wrong."""
    found: dict[str, Any] = {}
    for where, how_many, content in rows(name):
        offset = value_of(where, found)
        end = offset + value_of(how_many, found)
        piece = raw[offset:end]
        if match := re.fullmatch(r"CRC-32 of bytes (.+) to (.+)", content):
            first, last = (value_of(words, found) for words in match.groups())
            found.setdefault("checks", []).append((crc32(raw[first:last]), struct.unpack(">I", piece)[0], last))
        elif match := re.fullmatch(r"magic `(.+)`", content):
            if piece != match[1].encode():
                return None
        else:
            found[content] = piece if content == "body" else struct.unpack(_NUMBERS[len(piece)], piece)[0]
        found["end"] = end
    return found if all(made == read for made, read, _ in found["checks"]) else None


def events_in(sector: bytes) -> list[Event]:
    header = parse("sector header", sector)
    assert header is not None
    events, offset = [], header["end"]
    while offset < len(sector):
        record = parse("record", sector[offset:])
        assert record is not None
        kind, boot, at, quality, numbered = cbor2.loads(record["body"])
        events.append(Event(kind, record["sequence"], boot, at, quality, numbered))
        offset += record["end"]
    return events


def value_in(folder: Path, name: str) -> Any:
    slots = [parse("slot", (folder / f"{name}.{letter}").read_bytes()) for letter in "ab"]
    newest = max((slot for slot in slots if slot), key=lambda slot: int(slot["generation"]))
    return cbor2.loads(newest["body"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    flash = Flash(FolderMedium(tmp_path), draw=lambda size: b"\x07" * size)
    for number in range(30):
        flash.log.append(EventType.STARTED, {Field.COUNT: number}, Stamp(2, 1_790_000_000_000 + number, 1))
    flash.log.stored(12)
    flash.log.save()
    flash.switch_list(LIST)
    flash.remember(boot_number=9, uncounted=(((3, 1, 8, 0), 2),))
    flash.close()
    return tmp_path


def test_the_events_are_where_the_document_says(folder: Path) -> None:
    log = Flash(FolderMedium(folder), draw=lambda size: b"\x07" * size).log
    (sector,) = folder.glob("events-*")
    _, epoch, first = sector.name.split("-")
    header = parse("sector header", sector.read_bytes())
    assert header is not None
    assert (header["epoch"], header["first"]) == (log.epoch, 1) == (int(epoch, 16), int(first))
    assert events_in(sector.read_bytes()) == log.read(1, 100)


def test_the_values_are_where_the_document_says(folder: Path) -> None:
    assert value_in(folder, "stored") == [0x070707070707, 12]
    version, entries, erased = value_in(folder, "list")
    assert AccessList(version, entries, {number: Erased(*one) for number, one in erased.items()}) == LIST
    assert value_in(folder, "memory")[:5] == [9, 0, 0, 0, [[[3, 1, 8, 0], 2]]]


def test_the_document_names_all_that_is_remembered() -> None:
    (row,) = re.findall(r"^\| memory \| \[(.+?)\]; ", TEXT, re.MULTILINE)
    assert row.count(",") + 1 == len(fields(Remembered))


@pytest.mark.parametrize("at", range(0, 24, 3))
def test_a_wrong_byte_is_noticed_by_the_document_alone(folder: Path, at: int) -> None:
    raw = bytearray((folder / "list.a").read_bytes())
    raw[at] ^= 4
    assert parse("slot", bytes(raw)) is None


def used_lock() -> Rig:
    rig = connected_rig(pin(1))
    rig.pass_time(700)
    return rig


def test_every_region_of_a_used_lock_is_in_the_document() -> None:
    names = {re.sub(r"^events-.*", "events-<epoch>-<first>", name) for name in used_lock().medium.names()}
    assert not [name for name in names if f"`{name}`" not in TEXT]
