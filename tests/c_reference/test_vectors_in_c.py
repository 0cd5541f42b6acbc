"""Every published vector, through the C code, byte for byte."""

import json
from typing import Any

import pytest

from tests.c_reference.built import ROOT
from tests.c_reference.driver import Driver, from_hex, plain_value, text

VECTORS = ROOT / "firmware_protocol" / "vectors"
BLOCK = 192
# What belongs to profiles beyond the core; the C reference neither says nor reads it.
CORE_TAGS = {*range(1, 8), *range(65, 72)}
CORE_EVENT_TYPES = {0, 1, 2, 3, 16, 17, 18, 19}
CORE_FIELDS = set(range(13))


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


KEYS = load("keys.json")
PLAIN = load("plain.json")
SEALED = load("sealed.json")
LISTS = load("lists.json")
INVALID = load("invalid.json")


def take_keys(driver: Driver) -> list[str]:
    """Give the driver the keys of the vectors; what it derived from them."""
    holder = KEYS["holder"]
    names = ("lock_private", "service_public", "ephemeral_private", "ephemeral_public")
    words = (bytes.fromhex(KEYS[name]) for name in names)
    nonce = bytes.fromhex(holder["nonce"])
    return driver.ask("keys", KEYS["lock"], KEYS["key_epoch"], *words, holder["generation"], nonce).split()


def tag_of(plain: str) -> int:
    """The tag of a message, by its hexadecimal bytes."""
    message = bytes.fromhex(plain)
    return message[2] if message[1] == 24 else message[1]


def event_words(event: list[Any]) -> list[object]:
    """An event as the driver's verb takes it."""
    kind, sequence, boot, at, quality, fields = event
    words: list[object] = [kind, sequence, boot, at, quality]
    for key, value in sorted((int(key), value) for key, value in fields.items()):
        words += [key, plain_value(value)]
    return words


def is_core_event(event: list[Any]) -> bool:
    return event[0] in CORE_EVENT_TYPES and {int(key) for key in event[5]} <= CORE_FIELDS


def say(driver: Driver, tag: int, fields: dict[str, Any]) -> bytes:
    """The message as the C code writes it, without padding."""
    value = {int(key): plain_value(one) for key, one in fields.items()}
    if tag == 1:
        said = [value[key] for key in range(1, 8)] + [text(value[8]), text(value[9])]
        said += [value[key] for key in range(10, 14)]
        return driver.ask_bytes("birth", *said, value[14]["faces"], value[14]["list_entries"])
    if tag == 4:
        events = [driver.ask_bytes("event", *event_words(event)) for event in value[3]]
        return driver.ask_bytes("events", value[1], value[2], len(events), *events)
    if tag == 6:
        return driver.ask_bytes("refused", value[1], value[2], text(value[3]))
    verb = {2: "proof", 3: "heartbeat", 5: "time", 7: "will"}[tag]
    return driver.ask_bytes(verb, *(value[key] for key in sorted(value)))


def is_said_by_a_core_lock(vector: dict[str, Any]) -> bool:
    if vector["direction"] != "up" or vector["tag"] not in CORE_TAGS:
        return False
    if vector["tag"] == 1:
        return set(vector["fields"]["14"]) == {"faces", "list_entries"}
    return vector["tag"] != 4 or all(is_core_event(event) for event in vector["fields"]["3"])


def test_keys(driver: Driver) -> None:
    derived = take_keys(driver)
    frame_keys = KEYS["frame_keys"]
    expected = [KEYS["session"], KEYS["session_secret"]]
    for name in ("up", "will", "down"):
        expected += [frame_keys[name]["key"], frame_keys[name]["iv"]]
    assert derived == [*expected, KEYS["credential_key"], str(KEYS["shard"])]


def test_verifiers(driver: Driver) -> None:
    key = bytes.fromhex(KEYS["credential_key"])
    assert driver.ask("verifier", 2, key, text(KEYS["card"]["number"])) == KEYS["card"]["verifier"]
    assert driver.ask("verifier", 1, key, text(KEYS["pin"]["digits"])) == KEYS["pin"]["verifier"]


@pytest.mark.parametrize("vector", [v for v in PLAIN if is_said_by_a_core_lock(v)], ids=lambda v: v["name"])
def test_what_a_lock_says_is_written_to_the_byte(driver: Driver, vector: dict[str, Any]) -> None:
    said = say(driver, vector["tag"], vector["fields"])
    padded = said + bytes(-len(said) % BLOCK)
    assert padded.hex() == vector["plain"]


@pytest.mark.parametrize("vector", [v for v in PLAIN if v["tag"] in CORE_TAGS], ids=lambda v: v["name"])
def test_every_message_is_read(driver: Driver, vector: dict[str, Any]) -> None:
    answer = driver.ask("message", vector["direction"], vector["plain"]).split(" ")
    assert answer[:2] == ["taken", str(vector["tag"])]
    if vector["direction"] == "down":
        assert_values(driver, answer[2:], vector["fields"])


def assert_values(driver: Driver, words: list[str], fields: dict[str, Any]) -> None:
    read = dict(word.split("=", 1) for word in words if word)
    assert read.keys() == fields.keys()
    for key, value in fields.items():
        number, _, held = read[key].partition(":")
        expected = plain_value(value)
        if isinstance(expected, bytes):
            assert from_hex(held) == expected
        elif isinstance(expected, list):
            assert int(number) == len(expected)
        else:
            assert int(number) == int(expected)


@pytest.mark.parametrize("vector", SEALED, ids=lambda v: v["name"])
def test_sealing_gives_the_frame_and_opening_the_message(driver: Driver, vector: dict[str, Any]) -> None:
    take_keys(driver)
    assert driver.ask("seal", vector["kind"], vector["counter"], vector["plain"]) == vector["frame"]
    if vector["direction"] == "down":
        said = [vector["plain"], "taken"] if tag_of(vector["plain"]) in CORE_TAGS else ["unknown_message"]
        assert driver.ask("down", vector["frame"]).split() == said


def test_the_session_is_heard_in_its_order(driver: Driver) -> None:
    take_keys(driver)
    for vector in SEALED:
        expected = "taken" if tag_of(vector["plain"]) in CORE_TAGS else "unknown_message"
        assert driver.ask(vector["direction"], vector["frame"]).split()[-1] == expected


@pytest.mark.parametrize("vector", [v for v in INVALID if v["root"] == "up-message"], ids=lambda v: v["name"])
def test_messages_that_must_be_refused(driver: Driver, vector: dict[str, Any]) -> None:
    # Damaged messages of other profiles: a lock of the core profile does not know their tags at all.
    known = vector["reason"] != "bad_content" or tag_of(vector["bytes"]) in CORE_TAGS
    assert driver.ask("message", "up", vector["bytes"]) == (vector["reason"] if known else "unknown_message")


@pytest.mark.parametrize("vector", [v for v in INVALID if v["root"] == "list-entry"], ids=lambda v: v["name"])
def test_entries_that_must_be_refused(driver: Driver, vector: dict[str, Any]) -> None:
    assert driver.ask("entry", vector["bytes"]) == vector["reason"]


@pytest.mark.parametrize("vector", [v for v in INVALID if v["root"] == "frame"], ids=lambda v: v["name"])
def test_frames_that_must_be_refused(driver: Driver, vector: dict[str, Any]) -> None:
    take_keys(driver)
    for name in ("birth", "proof", "live event: opened"):
        frame = next(one["frame"] for one in SEALED if one["name"] == name)
        assert driver.ask("up", frame).split()[-1] == "taken"
    assert driver.ask("up", vector["bytes"] or "-").split()[-1] == vector["reason"]


@pytest.mark.parametrize("entry", LISTS["entries"], ids=lambda e: str(e["credential_id"]))
def test_entry_hashes(driver: Driver, entry: dict[str, Any]) -> None:
    assert driver.ask("entry", entry["encoded"]) == entry["hash"]


@pytest.mark.parametrize("listed", LISTS["lists"], ids=lambda one: str(one["version"]))
def test_digests(driver: Driver, listed: dict[str, Any]) -> None:
    encoded = {entry["credential_id"]: entry["encoded"] for entry in LISTS["entries"]}
    chosen = [encoded[one] for one in listed["credential_ids"]]
    assert driver.ask("digest", *chosen) == listed["digest"]
    assert driver.ask("digest", *reversed(chosen)) == listed["digest"]


def test_the_digest_of_nothing(driver: Driver) -> None:
    assert driver.ask("digest") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
