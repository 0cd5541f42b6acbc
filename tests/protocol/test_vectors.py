"""The vectors: unchanged, and accepted or refused by both ends and by the schema as they say."""

import hashlib
import json
from typing import Any

import cbor2
import pytest

from firmware_protocol import LockSide, RemoteProtocolError, ServiceSide
from firmware_protocol.access_list import AccessList, decode_entry, encode_entry, entry_hash, list_digest
from firmware_protocol.cbor_subset import read_first
from firmware_protocol.chain import commitment, first_link, is_signed_by, next_link, statement
from firmware_protocol.codec import decode_down, decode_up
from firmware_protocol.commands_wiped import proves_wipe, wipe_key
from firmware_protocol.keys import FrameKey, exchange, public_key, session_id
from firmware_protocol.lock_side import ListComplete, StoredUpTo, Welcomed
from firmware_protocol.messages import Challenge, Event
from firmware_protocol.sealing import parse
from firmware_protocol.standing import Standing
from firmware_protocol.topics import Direction, frame_topic, lock_of, shard_of
from firmware_protocol.vocabulary import EventType
from tests.protocol import vector_parts as parts
from tests.protocol.fake_lock import MemoryLog
from tests.protocol.make_vectors import FOLDER, files, readable, seal_of
from tests.protocol.schema import problems

# Change one of these only with a new protocol version: the bytes are in locks that hang on doors.
PINNED = {
    "certificate.json": "d7d03577a9cb409090bdbdc6db219da71f4c62dc0994112252e0d2ce4e3fd363",
    "chain.json": "1174f1ab87d9c6e2c724985c583a754f8328de4fdde1404a043a135c8eac9202",
    "claim.json": "1de5e8c091f4ac315bc6ada6bfb5dad22504116317f4afc9c335446180e76983",
    "commands.json": "00e59a2374902c426b165d97dcace4f12a87a39abe5acf987774925bdad4c099",
    "commands_judged.json": "e06cdd644220c783596c3fd9e40106ab1d192d7c4fae8623036e0406c0021c23",
    "comparisons.json": "1334828b6b3ddf32839075d6cb428dd29478cc505c1a2b81f95aae32d84c616e",
    "decisions.json": "70e52de8de6cae53a05a6b0770003d3def0eba0dac8ed48b73e3faafa657daec",
    "firmware.json": "8df46aaf6b71e542b7464b3107c44d4c104f6807fe32804cac2c98af45a6bf0a",
    "invalid.json": "a0b4bb86525220d0f8021ec3ed587ef7bbe4679a6e91055628908120c696b3fc",
    "key_change.json": "ae4d2396f062a17be498186522fef022fbf52069c3c5953798a414ab9e21d64d",
    "keys.json": "6fbda18d1700351f6d858babffc8b6148f9e304f18d351798e149d09b7bee8ba",
    "lists.json": "290dc666842fca5dd12ee4e2dbacbe5e9515f84fcd0b6fd5e8101f4ab3443317",
    "plain.json": "222836afd0244b5c76322709448176a3094323c0d7ca0481a48e2d6835e0aa04",
    "sealed.json": "d73528fe23dcbc77b3aac7068a36e5bf325537c552b41129db5bdeba58c08949",
}
BIRTH = parts.BIRTH
STANDING = Standing(
    BIRTH.list_version,
    BIRTH.list_digest,
    BIRTH.battery_percent,
    BIRTH.uptime_s,
    BIRTH.clock_ms,
    BIRTH.clock_quality,
    BIRTH.hardware,
    BIRTH.firmware,
    BIRTH.capabilities,
)


def read(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


KEYS, PLAIN, SEALED, LISTS, INVALID = (read(name) for name in ("keys", "plain", "sealed", "lists", "invalid"))
FRAMES = {one["name"]: bytes.fromhex(one["frame"]) for one in SEALED}


def lock_of_the_vectors() -> LockSide:
    log = MemoryLog(parts.EPOCH, next_sequence=BIRTH.next_sequence, stored_up_to=BIRTH.next_sequence - 1)
    log.events = [parts.event(EventType.STARTED, number, {}) for number in range(1, BIRTH.next_sequence)]
    return LockSide(parts.LOCK_IDENTITY, parts.BOOT, log)


def service_that_heard(*names: str) -> ServiceSide:
    side = ServiceSide(parts.SERVICE_IDENTITY, parts.HOLDER)
    for name in names:
        side.receive(FRAMES[name], nonce=parts.CHALLENGE)
    return side


@pytest.mark.parametrize("name", sorted(PINNED))
def test_the_files_are_unchanged(name: str) -> None:
    content = (FOLDER / name).read_text(encoding="utf-8")
    assert files()[name] == content
    assert hashlib.sha256(content.encode()).hexdigest() == PINNED[name]


def test_every_file_is_pinned() -> None:
    assert set(PINNED) == set(files()) == {path.name for path in FOLDER.glob("*.json")}


def test_keys() -> None:
    assert public_key(bytes.fromhex(KEYS["lock_private"])).hex() == KEYS["lock_public"]
    secret = exchange(bytes.fromhex(KEYS["service_private"]), bytes.fromhex(KEYS["lock_public"]))
    assert secret.hex() == KEYS["static_secret"]
    assert session_id(bytes.fromhex(KEYS["ephemeral_public"])).hex() == KEYS["session"]
    assert shard_of(lock_of(KEYS["topic_up"])) == KEYS["shard"]
    assert KEYS["topic_down"] == frame_topic(parts.LOCK, Direction.DOWN)


def test_the_chain() -> None:
    chain = read("chain")
    link = first_link(parts.LOCK, chain["log_epoch"])
    assert link.value.hex() == chain["first_link"]
    for one in chain["events"]:
        event = Event(*cbor2.loads(bytes.fromhex(one["encoded"])))
        assert commitment(bytes.fromhex(chain["chain_key"]), event).hex() == one["commitment"]
        link = next_link(link, bytes.fromhex(one["commitment"]))
        assert link.value.hex() == one["link"]
    assert statement(parts.LOCK, parts.HEAD).hex() == chain["statement"]
    assert is_signed_by(bytes.fromhex(chain["signing_public"]), parts.LOCK, parts.HEAD)
    assert chain["head"]["fields"]["3"] == {"hex": link.value.hex()}


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case["name"])
def test_plain_messages(case: dict[str, Any]) -> None:
    plain = bytes.fromhex(case["plain"])
    message = (decode_up if case["direction"] == "up" else decode_down)(plain)
    (tag, written), end = read_first(plain)
    assert (message.TAG, tag) == (case["tag"], case["tag"])
    assert json.loads(json.dumps(readable(written))) == case["fields"]
    assert problems(plain[:end], f"{case['direction']}-message") == []


@pytest.mark.parametrize("name", [name for name in parts.EVENTS if name != "of a later version"])
def test_events_are_what_the_schema_says_of_their_type(name: str) -> None:
    assert problems(cbor2.dumps(list(parts.EVENTS[name])), "known-event") == []


@pytest.mark.parametrize("case", SEALED, ids=lambda case: case["name"])
def test_sealed_frames(case: dict[str, Any]) -> None:
    raw, key = bytes.fromhex(case["frame"]), KEYS["frame_keys"][case["key"]]
    frame = parse(raw)
    assert (frame.header.kind, frame.header.counter) == (case["kind"], case["counter"])
    assert frame.header.session.hex() == KEYS["session"]
    seal = seal_of(FrameKey(bytes.fromhex(key["key"]), bytes.fromhex(key["iv"])), down=case["direction"] == "down")
    assert seal.open(frame).hex() == case["plain"]
    assert problems(raw, "frame") == []


def test_the_service_hears_the_session() -> None:
    up = [one["name"] for one in SEALED if one["direction"] == "up" and one["name"] != "will"]
    side = service_that_heard(*up, "will")
    assert side.current is not None
    assert side.current.birth_number == parts.BIRTH_NUMBER


def test_the_lock_says_the_same_bytes() -> None:
    lock = lock_of_the_vectors()
    assert lock.connecting() == FRAMES["will"]
    lock.connected(STANDING, 0.0)
    assert lock.to_send(0.0) == [FRAMES["birth"]]
    lock.receive(FRAMES["challenge"], STANDING, 0.0)
    assert lock.to_send(0.0) == [FRAMES["proof"]]


def test_the_lock_hears_the_session() -> None:
    lock = lock_of_the_vectors()
    lock.connecting()
    lock.connected(STANDING, 0.0)
    down = [one["name"] for one in SEALED if one["direction"] == "down"]
    happened = [one for name in down for one in lock.receive(FRAMES[name], STANDING, 0.0)]
    assert lock.proven
    handed_on = [parts.DOWN[name] for name in down[down.index("nonce asked") :]]
    assert happened == [Welcomed(0.0), ListComplete(parts.DELTA), StoredUpTo(3), *handed_on]
    assert parts.LIST_1.changed(parts.DELTA) == parts.LIST_2


def test_the_service_says_the_same_bytes() -> None:
    side = service_that_heard("birth")
    assert side.seal(Challenge(parts.CHALLENGE), bytes.fromhex(KEYS["session"])) == FRAMES["challenge"]


def test_lists() -> None:
    hashes = {}
    for case in LISTS["entries"]:
        raw = bytes.fromhex(case["encoded"])
        entry = decode_entry(raw)
        assert encode_entry(entry) == raw
        assert case["material"] == {"hex": entry.material.hex()}
        assert problems(raw, "list-entry") == []
        hashes[entry.credential_id] = entry_hash(raw)
        assert hashes[entry.credential_id].hex() == case["hash"]
    for case in LISTS["lists"]:
        assert list_digest((number, hashes[number]) for number in case["credential_ids"]).hex() == case["digest"]


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case["name"])
def test_invalid_bytes_are_refused_for_their_reason(case: dict[str, Any]) -> None:
    raw = bytes.fromhex(case["bytes"])
    with pytest.raises(RemoteProtocolError) as refused:
        offer(case["root"], raw)
    assert refused.value.reason.value == case["reason"]


def offer(root: str, raw: bytes) -> None:
    """Give the bytes to whoever reads this kind."""
    if root == "frame":
        service_that_heard("birth", "proof", "live event: opened").receive(raw, nonce=parts.CHALLENGE)
    elif root == "list-entry":
        decode_entry(raw)
    else:
        decode_up(raw)


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case["name"])
def test_the_schema_sees_what_it_can_see(case: dict[str, Any]) -> None:
    raw = bytes.fromhex(case["bytes"])
    item = without_padding(raw) if case["root"] == "up-message" else raw
    assert bool(problems(item, case["root"])) == case["cddl"]


def without_padding(raw: bytes) -> bytes:
    """The first item, found by a general decoder; everything where there is none."""
    for end in range(1, len(raw) + 1):
        try:
            cbor2.loads(raw[:end])
        except cbor2.CBORDecodeError:
            continue
        return raw[:end]
    return raw


def test_a_list_of_the_vectors_is_applied() -> None:
    assert AccessList().changed(parts.SNAPSHOT) == parts.LIST_1


def test_the_proof_of_a_wipe() -> None:
    said = read("commands")
    key = wipe_key(bytes.fromhex(KEYS["static_secret"]), parts.LOCK, parts.KEY_EPOCH)
    assert key.hex() == said["wipe_key"]
    proof, challenge = bytes.fromhex(said["proof"]), bytes.fromhex(said["challenge"])
    assert proves_wipe(key, proof, challenge, old_epoch=said["old_epoch"], new_epoch=said["new_epoch"])
