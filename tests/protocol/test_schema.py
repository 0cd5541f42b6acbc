"""The CDDL file is the truth about the bytes: our reader and the schema accept and refuse the same."""

import copy
from typing import Any

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.access_list import decode_entry, encode_entry
from firmware_protocol.cbor_subset import read_first
from firmware_protocol.codec import BLOCK_BYTES, decode_down, decode_up, encode
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.keys import KeyLabel
from firmware_protocol.messages import Events, Message
from firmware_protocol.sealing import FrameKind, Header, parse
from firmware_protocol.vocabulary import CredentialType, EventType, Field
from tests.protocol import vector_parts as parts
from tests.protocol.drawn import DOWN, UP
from tests.protocol.make_vectors import SESSION
from tests.protocol.schema import SCHEMA, problems
from tests.protocol.test_access_list import ENTRY
from tests.protocol.test_sealing import HEADERS, PLAIN, SEAL

ANY = st.one_of(
    st.sampled_from(
        [0, 1, -1, 255, 256, 65_535, 65_536, 1 << 53, (1 << 62) - 1, 1 << 62, (1 << 63) - 1, 1 << 63, -(1 << 63) - 1]
    ),
    st.sampled_from(
        [
            True,
            False,
            b"",
            bytes(8),
            bytes(16),
            bytes(31),
            bytes(32),
            bytes(512),
            bytes(513),
            "",
            "a\0",
            "x" * 200,
            "é" * 101,
        ]
    ),
    st.sampled_from([None, 1.5, [], [1], {}, {1: 1}, {"a": [2]}, [[2, 1, 1, 5, 2, {}]], [2, 1, 1, 5, 2, {7: 1}]]),
)


def places(item: Any) -> list[tuple[Any, Any]]:
    """Every (container, key or index) in it."""
    if isinstance(item, dict):
        return [(item, key) for key in item] + [place for one in item.values() for place in places(one)]
    if isinstance(item, list):
        return [(item, at) for at in range(len(item))] + [place for one in item for place in places(one)]
    return []


def mutated(item: Any, data: st.DataObject) -> Any:
    """The item with one thing replaced, removed or added somewhere."""
    changed = copy.deepcopy(item)
    container, key = data.draw(st.sampled_from(places([changed])))
    act = data.draw(st.sampled_from(["replace", "replace", "remove", "add"]))
    if act == "replace":
        container[key] = data.draw(ANY)
    elif act == "remove":
        del container[key]
    elif isinstance(container, dict):
        container[data.draw(st.sampled_from([0, 15, 16, 77, 70_000, "new"]))] = data.draw(ANY)
    else:
        container.insert(key, data.draw(ANY))
    return changed


def is_taken(plain: bytes, direction: str) -> bool:
    padded = plain + bytes(-len(plain) % BLOCK_BYTES)
    try:
        (decode_up if direction == "up" else decode_down)(padded)
    except RemoteProtocolError:
        return False
    return True


@given(st.one_of(UP, DOWN))
@settings(max_examples=30, deadline=None)
def test_everything_we_write_is_in_the_schema(message: Message) -> None:
    if isinstance(message, Events):
        message = Events(message.log_epoch, False, message.events)
    plain = encode(message)
    assert problems(plain[: read_first(plain)[1]], "message") == []


@given(st.sampled_from([*parts.UP.items(), *parts.DOWN.items()]), st.data())
@settings(max_examples=120, deadline=None)
def test_reader_and_schema_agree_on_damaged_messages(case: tuple[str, Message], data: st.DataObject) -> None:
    direction = "up" if case[0] in parts.UP else "down"
    plain = encode(case[1])
    item = mutated(cbor2.loads(plain), data)
    raw = cbor2.dumps(item, canonical=True)
    assert is_taken(raw, direction) == (problems(raw, f"{direction}-message") == [])


@given(ENTRY, st.data())
@settings(max_examples=50, deadline=None)
def test_reader_and_schema_agree_on_damaged_entries(entry: Any, data: st.DataObject) -> None:
    assert problems(encode_entry(entry), "list-entry") == []
    raw = cbor2.dumps(mutated(cbor2.loads(encode_entry(entry)), data))
    try:
        decode_entry(raw)
    except RemoteProtocolError:
        assert problems(raw, "list-entry")
    else:
        assert problems(raw, "list-entry") == []


@given(HEADERS, PLAIN, st.data())
@settings(max_examples=40, deadline=None)
def test_reader_and_schema_agree_on_damaged_frames(header: Any, plain: bytes, data: st.DataObject) -> None:
    raw = SEAL.seal(header, plain)
    assert problems(raw, "frame") == []
    protected, unprotected, ciphertext = cbor2.loads(raw).value
    changed = [mutated(cbor2.loads(protected), data), mutated([unprotected, ciphertext], data)]
    one = cbor2.dumps(cbor2.CBORTag(16, [cbor2.dumps(changed[0]), unprotected, ciphertext]))
    other = cbor2.dumps(cbor2.CBORTag(16, [protected, *(changed[1] if isinstance(changed[1], list) else [changed[1]])]))
    for frame in (one, other):
        assert frame == raw or is_frame(frame) <= (problems(frame, "frame") == [])
        assert problems(frame, "frame") != [] or is_frame(frame) or is_beyond_the_schema(frame)


def is_frame(raw: bytes) -> bool:
    try:
        parse(raw)
    except RemoteProtocolError:
        return False
    return True


def is_beyond_the_schema(raw: bytes) -> bool:
    """What CDDL cannot say: whole blocks, a counter below 2^63, the one order of the header's keys."""
    protected, _, ciphertext = cbor2.loads(raw).value
    header = cbor2.loads(protected)
    ordered = cbor2.dumps(header, canonical=True) == protected
    return (len(ciphertext) - 16) % BLOCK_BYTES != 0 or header[6][0] > 0x7F or not ordered


def test_the_key_of_each_direction_is_named_as_the_schema_says() -> None:
    for label in (KeyLabel.UP, KeyLabel.WILL):
        assert problems(cbor2.dumps([label.value, parts.LOCK, 1, SESSION, None]), "key-info") == []
    holder = [parts.HOLDER.generation, parts.HOLDER.nonce]
    assert problems(cbor2.dumps([KeyLabel.DOWN.value, parts.LOCK, 1, SESSION, holder]), "key-info") == []
    assert problems(cbor2.dumps([KeyLabel.CREDENTIALS.value, parts.LOCK, 1]), "key-info") == []
    assert problems(cbor2.dumps(["sideways", parts.LOCK, 1, SESSION, None]), "key-info") != []


def test_what_the_tag_covers_is_named_as_the_schema_says() -> None:
    frame = parse(SEAL.seal(Header(FrameKind.SESSION, SESSION, 7), bytes(BLOCK_BYTES)))
    assert problems(SEAL._aad(frame.protected), "enc-structure") == []


def test_the_schema_names_every_number_of_the_vocabulary() -> None:
    """A number that is added to the vocabulary and not to the schema is found here."""
    text = SCHEMA.read_text(encoding="utf-8")
    known_fields = text[text.index("known-fields = {") : text.index("known-event =")]
    known_events = text[text.index("known-event =") : text.index("known-stamp = (")]
    assert all(f"? {int(field)}: " in known_fields for field in Field)
    assert all(f"[{int(kind)}, known-stamp" in known_events for kind in EventType)
    entry = text[text.index("list-entry-first = (") :]
    assert "type: " + " / ".join(str(int(kind)) for kind in sorted(CredentialType)) in entry
