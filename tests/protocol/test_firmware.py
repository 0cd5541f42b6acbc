"""Manifest, download and states of firmware update, without a lock: what is taken, what never is, and how it ends."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.firmware import CHUNK_BYTES, MOST_CHUNKS_AT_ONCE, FirmwareRefusal
from firmware_protocol.firmware_download import ASK_AGAIN_S, Download
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareWanted
from firmware_protocol.firmware_states import FIRMWARE_TRANSITIONS, FirmwareState, FirmwareStep, next_firmware
from firmware_protocol.keys import public_key
from firmware_protocol.manifest import ManifestRefused, class_id, judge, vendor_id, verify
from tests.protocol import vector_parts as parts
from tests.protocol.firmware_vectors import LOCK_OF_THE_VECTORS, resigned
from tests.protocol.make_vectors import FOLDER
from tests.protocol.schema import problems

VECTORS: dict[str, Any] = json.loads((FOLDER / "firmware.json").read_text(encoding="utf-8"))


def test_the_vectors_manifest_is_believed() -> None:
    envelope = bytes.fromhex(VECTORS["envelope"])
    assert judge(envelope, LOCK_OF_THE_VECTORS) == parts.MANIFEST
    assert hashlib.sha256(bytes.fromhex(VECTORS["image"])).digest() == parts.MANIFEST.digest
    assert problems(envelope, "firmware-envelope") == []


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_refused_envelopes(case: dict[str, Any]) -> None:
    envelope = bytes.fromhex(case["envelope"])
    with pytest.raises(ManifestRefused) as refused:
        judge(envelope, LOCK_OF_THE_VECTORS)
    assert refused.value.reason == case["reason"]
    assert bool(problems(envelope, "firmware-envelope")) == case["cddl"]


def test_what_a_later_vendor_adds_is_skipped() -> None:
    assert judge(resigned({130: "new", "note": [1]}), LOCK_OF_THE_VECTORS) == parts.MANIFEST


@given(st.integers(0, len(parts.ENVELOPE) - 1), st.integers(0, 7))
@settings(max_examples=200, deadline=None)
def test_no_bit_of_an_envelope_can_be_changed(at: int, bit: int) -> None:
    damaged = bytearray(parts.ENVELOPE)
    damaged[at] ^= 1 << bit
    with pytest.raises(ManifestRefused):
        verify(bytes(damaged), public_key(parts.VENDOR_KEY))


@given(st.binary(max_size=600))
def test_nothing_else_comes_out_of_garbage(raw: bytes) -> None:
    with pytest.raises(ManifestRefused):
        verify(raw, public_key(parts.VENDOR_KEY))


def test_ids_are_uuids_of_their_names() -> None:
    vendor = vendor_id("locks.example")
    assert (vendor[6] >> 4, class_id(vendor, "A")[6] >> 4) == (5, 5)
    assert len({vendor, class_id(vendor, "A"), class_id(vendor, "B"), vendor_id("other.example")}) == 4


def chunk_at(image: bytes, offset: int) -> FirmwareChunk:
    return FirmwareChunk(hashlib.sha256(image).digest(), offset, image[offset : offset + CHUNK_BYTES])


def answers(image: bytes, wanted: FirmwareWanted) -> list[FirmwareChunk]:
    """What an honest service sends."""
    return [chunk_at(image, wanted.offset + number * CHUNK_BYTES) for number in range(wanted.chunks)]


@given(st.integers(1, 20 * CHUNK_BYTES), st.integers(1, 40), st.data())
@settings(max_examples=80, deadline=None)
def test_an_image_arrives_whole_over_any_wire(size: int, at_once: int, data: st.DataObject) -> None:
    """Loss, duplicates, reorder and reboots; at most what was asked for is ever in flight."""
    image = hashlib.shake_128(b"image").digest(size)
    slot, now = bytearray(size), 0.0
    download = Download(hashlib.sha256(image).digest(), size, 0, now)
    download.pace(at_once, 250)
    faults = data.draw(st.lists(st.sampled_from(["none", "lose", "twice", "backwards", "reboot"]), max_size=30))
    for fault in [*faults, *["none"] * 200]:
        due = download.deadline()
        if due is None:
            break
        now = max(now, due)
        wanted = download.ask(now)
        assert wanted is not None
        assert 0 < wanted.chunks <= min(at_once, MOST_CHUNKS_AT_ONCE)
        came = faulty(answers(image, wanted), fault)
        for chunk in came:
            if download.takes(chunk):
                slot[chunk.offset : chunk.offset + len(chunk.content)] = chunk.content
                download.written(chunk, now)
        if fault == "reboot":
            download = Download(download.digest, size, download.have, now)
            download.pace(at_once, 250)
    assert download.complete
    assert bytes(slot) == image


@pytest.mark.parametrize(
    ("told_ms", "paused_s"), [(0, 0.0), (250, 0.25), (600_000, 600.0), (600_001, 600.0), ((1 << 63) - 1, 600.0)]
)
def test_a_pause_is_as_long_as_told_and_ten_minutes_at_most(told_ms: int, paused_s: float) -> None:
    image = bytes(2 * CHUNK_BYTES)
    download = Download(hashlib.sha256(image).digest(), len(image), 0, 1000.0)
    download.pace(1, told_ms)
    wanted = download.ask(1000.0)
    assert wanted is not None
    assert download.written(chunk_at(image, 0), 1000.0)
    assert download.deadline() == 1000.0 + paused_s


def faulty(chunks: list[FirmwareChunk], fault: str) -> list[FirmwareChunk]:
    if fault == "lose":
        return chunks[1::2]
    return {"twice": chunks * 2, "backwards": chunks[::-1], "reboot": chunks[:1]}.get(fault, chunks)


def test_chunks_nobody_asked_for_are_not_taken() -> None:
    image = bytes(range(256)) * 40
    download = Download(hashlib.sha256(image).digest(), len(image), 0, 0.0)
    assert not download.takes(chunk_at(image, 0))
    assert download.ask(0.0) == FirmwareWanted(download.digest, 0, 4)
    good = chunk_at(image, 1024)
    hostile = {
        "not on a boundary": FirmwareChunk(download.digest, 1, image[1:1025]),
        "beyond what was asked for": chunk_at(image, 4 * 1024),
        "beyond the image": FirmwareChunk(download.digest, 1 << 60, b""),
        "of another image": FirmwareChunk(bytes(32), 1024, good.content),
        "cut short": FirmwareChunk(download.digest, 1024, good.content[:-1]),
        "empty": FirmwareChunk(download.digest, 1024, b""),
    }
    assert [name for name, chunk in hostile.items() if download.takes(chunk)] == []
    assert download.takes(good)
    download.written(good, 0.0)
    assert not download.takes(good)
    assert download.have == 0


def test_the_last_chunk_is_shorter_and_no_longer() -> None:
    image = bytes(1500)
    download = Download(hashlib.sha256(image).digest(), len(image), 1024, 0.0)
    assert download.ask(0.0) == FirmwareWanted(download.digest, 1024, 1)
    assert not download.takes(FirmwareChunk(download.digest, 1024, bytes(1024)))
    assert download.takes(chunk_at(image, 1024))
    assert download.written(chunk_at(image, 1024), 0.0)
    assert download.complete
    assert download.deadline() is None


def test_a_silent_service_is_asked_ever_more_seldom() -> None:
    download, now, waits = Download(bytes(32), 4096, 0, 0.0), 0.0, []
    for _ in range(9):
        assert download.ask(now) is not None
        assert download.ask(now) is None
        later = download.deadline()
        assert later is not None
        waits.append(later - now)
        now = later
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, ASK_AGAIN_S[1]]


@given(st.sampled_from(FirmwareState), st.sampled_from(FirmwareStep))
def test_what_the_table_does_not_name_changes_nothing(state: FirmwareState, step: FirmwareStep) -> None:
    assert next_firmware(state, step) is FIRMWARE_TRANSITIONS.get((state, step), state)


def test_nothing_is_on_trial_that_was_not_whole() -> None:
    into_trial = [state for (state, _), becomes in FIRMWARE_TRANSITIONS.items() if becomes is FirmwareState.ON_TRIAL]
    into_ready = [step for (_, step), becomes in FIRMWARE_TRANSITIONS.items() if becomes is FirmwareState.READY]
    assert into_trial == [FirmwareState.READY]
    assert into_ready == [FirmwareStep.WHOLE]


def test_a_lock_on_trial_takes_no_offer_because_the_other_slot_is_its_way_back() -> None:
    steps = {step for state, step in FIRMWARE_TRANSITIONS if state is FirmwareState.ON_TRIAL}
    assert steps == {FirmwareStep.WELCOMED, FirmwareStep.GIVEN_UP}


def test_reasons_that_pass_are_those_from_16() -> None:
    assert [one.name for one in FirmwareRefusal if one >= 16] == ["BATTERY_LOW", "ON_TRIAL", "DOOR_IN_USE"]
