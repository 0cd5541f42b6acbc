"""The same drawn input through the C code and through the Python core; the two were written apart and must agree."""

import json
import os
import random
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_protocol.access_list import AccessList, ListChange, list_digest
from firmware_protocol.cbor_subset import NotOurs, read_first
from firmware_protocol.codec import decode_down, decode_up, encode
from firmware_protocol.decisions import Admitted, Moment, decide
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.keys import FrameKey, Holder
from firmware_protocol.list_entry import ListEntry, encode_entry, entry_hash
from firmware_protocol.lockout import Lockout
from firmware_protocol.messages import DOWN_MESSAGES, UP_MESSAGES, AccessListPart, Message
from firmware_protocol.replay import ReplayWindow
from firmware_protocol.sealing import FrameKind, Header, Seal, parse_any
from firmware_protocol.topics import Direction, LockId
from firmware_protocol.vocabulary import ClockQuality, CredentialType
from tests.c_reference.built import ROOT
from tests.c_reference.driver import Driver, from_hex
from tests.c_reference.test_vectors_in_c import CORE_TAGS, KEYS, tag_of, take_keys
from tests.protocol.drawn import messages

LONG = os.environ.get("ANMEN_TEST_FULL") == "1"
drawn = settings(
    max_examples=3000 if LONG else 60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CORE_UP = [kind for kind in UP_MESSAGES if kind.TAG in CORE_TAGS]
CORE_DOWN = [kind for kind in DOWN_MESSAGES if kind.TAG in CORE_TAGS]
FRAMES = [
    bytes.fromhex(one["frame"]) for one in json.loads((ROOT / "firmware_protocol/vectors/sealed.json").read_text())
]
KINDS = {0: ("up", Direction.UP), 1: ("up", Direction.UP), 2: ("will", Direction.UP), 3: ("down", Direction.DOWN)}


def damaged(raw: bytes, seed: int) -> bytes:
    """The bytes after a few flips, cuts, insertions and doublings."""
    chance = random.Random(seed)
    out = bytearray(raw)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out)) if out else 0
        match chance.randrange(4):
            case 0 if out:
                out[at] = chance.choice(
                    (0, 1, 0x18, 0x1B, 0x40, 0x60, 0x80, 0xA0, 0xC0, 0xF5, 0xF6, 0xFF, chance.randrange(256))
                )
            case 1:
                del out[at : at + chance.randint(1, 3)]
            case 2:
                out[at:at] = chance.randbytes(chance.randint(1, 3))
            case 3:
                out[at:at] = out[at : at + chance.randint(1, 8)]
    return bytes(out)


def in_order(raw: bytes) -> bool:
    """Whether the first item is written with its keys in order: the one thing in which the C reader is stricter."""
    value, end = read_first(raw)
    return cbor2.dumps(ordered(value)) == raw[:end]


def ordered(value: Any) -> Any:
    """The value with its maps in bytewise order of the encoded keys (RFC 8949 §4.2.1)."""
    if isinstance(value, list):
        return [ordered(one) for one in value]
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value, key=cbor2.dumps)}
    return value


def blocks(raw: bytes) -> bytes:
    return raw + bytes(-len(raw) % 192)


def python_says(plain: bytes, up: bool) -> str:
    try:
        (decode_up if up else decode_down)(plain)
    except RemoteProtocolError as refused:
        return refused.reason.value
    return "taken"


def core_messages() -> st.SearchStrategy[tuple[Message, bool]]:
    ups = st.sampled_from(CORE_UP).flatmap(messages).map(lambda one: (one, True))
    downs = st.sampled_from(CORE_DOWN).flatmap(messages).map(lambda one: (one, False))
    return st.one_of(ups, downs)


@drawn
@given(core_messages())
def test_every_message_is_read(driver: Driver, drawn_message: tuple[Message, bool]) -> None:
    message, up = drawn_message
    plain = blocks(encode(message))
    said = driver.ask("message", "up" if up else "down", plain).split(" ")
    assert said[:2] == ["taken", str(message.TAG)]


@drawn
@given(core_messages(), st.integers(0, 1 << 40))
def test_damaged_messages_are_refused_for_the_same_reason(
    driver: Driver, drawn_message: tuple[Message, bool], seed: int
) -> None:
    message, up = drawn_message
    plain = blocks(damaged(encode(message), seed))
    if not plain:
        return
    ours, theirs = driver.ask("message", "up" if up else "down", plain).split(" ")[0], python_says(plain, up)
    if (ours == "malformed") > (theirs == "malformed"):
        assert not in_order(plain)
    elif ours == "unknown_message":
        assert theirs == "unknown_message" or tag_of(plain.hex()) not in CORE_TAGS
    else:
        assert ours == theirs


@drawn
@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.one_of(
                st.integers(-(1 << 64), (1 << 64) - 1), st.booleans(), st.binary(max_size=9), st.text(max_size=9)
            ),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(st.integers(-99, 99) | st.text(max_size=3), inner, max_size=4)
            ),
            max_leaves=12,
        ).map(lambda value: cbor2.dumps(ordered(value))),
    ),
    st.booleans(),
    st.integers(0, 1 << 40),
)
def test_the_same_items_are_read(driver: Driver, raw: bytes, hurt: bool, seed: int) -> None:
    raw = damaged(raw, seed) if hurt and raw else raw
    try:
        _, end = read_first(raw)
    except NotOurs:
        end = 0
    ours = int(driver.ask("cbor", raw))
    assert ours == end or (ours == 0 and not in_order(raw))


@drawn
@given(st.sampled_from(sorted(KINDS)), st.integers(0, (1 << 63) - 1), st.integers(1, 64), st.randoms())
def test_both_seal_to_the_same_bytes(driver: Driver, kind: int, counter: int, count: int, chance: Any) -> None:
    take_keys(driver)
    name, direction = KINDS[kind]
    key, holder = KEYS["frame_keys"][name], KEYS["holder"]
    header = Header(
        FrameKind(kind),
        bytes.fromhex(KEYS["session"]),
        counter,
        bytes.fromhex(KEYS["ephemeral_public"]) if kind == 1 else None,
        Holder(holder["generation"], bytes.fromhex(holder["nonce"])) if kind == 3 else None,
    )
    plain = chance.randbytes(192 * count)
    seal = Seal(FrameKey(bytes.fromhex(key["key"]), bytes.fromhex(key["iv"])), LockId(KEYS["lock"]), direction)
    assert driver.ask_bytes("seal", kind, counter, plain) == seal.seal(header, plain)


@drawn
@given(st.sampled_from(FRAMES), st.integers(0, 1 << 40))
def test_frames_are_refused_before_a_key_is_tried_by_both_or_neither(driver: Driver, frame: bytes, seed: int) -> None:
    take_keys(driver)
    raw = damaged(frame, seed)
    try:
        parse_any(raw)
        expected = None
    except RemoteProtocolError as refused:
        expected = refused.reason.value
    ours = driver.ask("up", raw).split()[-1]
    if expected is None:
        assert ours not in {"malformed", "too_large"}
    else:
        assert ours == expected


SECONDS = st.one_of(st.integers(0, 40), st.integers(0, (1 << 62) - 1))
MATERIALS = [bytes([one]) * 16 for one in range(3)]
ENTRIES = st.builds(
    ListEntry,
    st.one_of(st.integers(0, 12), st.integers(0, (1 << 62) - 1)),
    st.sampled_from([CredentialType.PIN, CredentialType.RFID]),
    st.sampled_from(MATERIALS),
    SECONDS,
    SECONDS,
    SECONDS,
    st.booleans(),
    st.booleans(),
)
LISTS = st.lists(ENTRIES, max_size=24, unique_by=lambda entry: entry.credential_id)


@drawn
@given(LISTS)
def test_digests(driver: Driver, entries: list[ListEntry]) -> None:
    raws = [encode_entry(entry) for entry in entries]
    digest = list_digest((entry.credential_id, entry_hash(raw)) for entry, raw in zip(entries, raws, strict=True))
    assert driver.ask_bytes("digest", *raws) == digest


@drawn
@given(LISTS, st.data())
def test_changes_are_applied_alike(driver: Driver, entries: list[ListEntry], data: st.DataObject) -> None:
    held = AccessList(5, {entry.credential_id: encode_entry(entry) for entry in entries})
    driver.ask("list", 5, *held.entries.values())
    comes = {entry.credential_id: encode_entry(entry) for entry in data.draw(LISTS)}
    snapshot, to_version = data.draw(st.booleans()), data.draw(st.integers(4, 7))
    removes = frozenset() if snapshot else frozenset(data.draw(st.sets(st.integers(0, 12), max_size=6)))
    base = {} if snapshot else {number: raw for number, raw in held.entries.items() if number not in removes}
    digest = data.draw(st.sampled_from([AccessList(to_version, base | comes).digest, bytes(32)]))
    change = ListChange(
        data.draw(st.sampled_from([5, 5, 5, 4])), to_version, snapshot, removes, tuple(comes.values()), digest
    )
    answers = [driver.ask("part", blocks(encode(part))).split() for part in shuffled_parts(change, data)]
    try:
        after = held.changed(change)
    except RemoteProtocolError:
        after = held
    assert int(answers[-1][1]) == after.version
    assert from_hex(answers[-1][3]) == after.digest


def shuffled_parts(change: ListChange, data: st.DataObject) -> list[AccessListPart]:
    """The change in parts of at most four entries, in any order, some of them twice."""
    count = max(1, -(-len(change.upserts) // 4), -(-len(change.removes) // 4))
    removes = sorted(change.removes)
    parts = [
        AccessListPart(
            change.from_version,
            change.to_version,
            change.snapshot,
            number,
            count,
            tuple(removes[number * 4 : number * 4 + 4]),
            change.upserts[number * 4 : number * 4 + 4],
            change.digest,
        )
        for number in range(count)
    ]
    order = data.draw(st.permutations(parts))
    return [*order[:1], *order]


@drawn
@given(LISTS, st.sampled_from(MATERIALS), st.data())
def test_the_door_decides_alike(driver: Driver, entries: list[ListEntry], material: bytes, data: st.DataObject) -> None:
    now_s, contact_s, unset_s = (
        data.draw(SECONDS) % (1 << 50),
        data.draw(SECONDS) % (1 << 50),
        data.draw(st.sampled_from([0, 86399, 86400])),
    )
    quality, floor_s = data.draw(st.sampled_from(list(ClockQuality))), data.draw(SECONDS) % (1 << 50)
    kind = data.draw(st.sampled_from([CredentialType.PIN, CredentialType.RFID]))
    entries.sort(key=lambda entry: entry.credential_id)
    fitting = [entry for entry in entries if entry.type is kind and entry.material == material]
    decision = decide(fitting, Moment(now_s, quality, contact_s, unset_s, floor_s=floor_s))
    times = (
        quality is not ClockQuality.UNSET,
        now_s * 1000 + 999,
        contact_s * 1000,
        unset_s < 86400,
        floor_s * 1000 + 999,
    )
    said = driver.ask("decide", int(kind), material, *times, *map(encode_entry, entries)).split()
    if isinstance(decision, Admitted):
        assert said == ["opens", "0", str(int(decision.entry.duress)), str(decision.entry.credential_id)]
    else:
        number = "-" if decision.entry is None else str(decision.entry.credential_id)
        assert (said[0], int(said[1]), said[3]) == ("refused", int(decision.reason), number)


@drawn
@given(st.lists(st.one_of(st.integers(0, 200), st.integers(0, (1 << 63) - 1)), min_size=1, max_size=60))
def test_the_replay_window(driver: Driver, counters: list[int]) -> None:
    window, expected = ReplayWindow(), ""
    for counter in counters:
        after = window.accept(counter)
        expected += "0" if after is None else "1"
        window = after or window
    assert driver.ask("replay", *counters) == expected


@drawn
@given(st.lists(st.integers(0, 120), min_size=1, max_size=30))
def test_the_lock_out(driver: Driver, pauses: list[int]) -> None:
    lockout, now, expected, times = Lockout(), 0, "", []
    for pause in pauses:
        now += pause
        times.append(now * 1000)
        if lockout.holds(now):
            expected += "l"
            continue
        lockout = lockout.after_wrong(now)
        expected += "a" if lockout.holds(now) else "t"
    assert driver.ask("tries", *times) == expected


def test_a_count_that_cannot_be_is_refused_at_once(driver: Driver) -> None:
    for head in ("9bffffffffffffffff", "bbffffffffffffffff", "5bffffffffffffffff", "9b7fffffffffffffff"):
        assert driver.ask("cbor", bytes.fromhex(head) + bytes(100)) == "0"


@pytest.mark.parametrize(
    "number",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002x",
        "１１０１０５　１９４９１２３１００２ｘ",
    ],
)
def test_a_document_number_is_normalised(driver: Driver, number: str) -> None:
    assert driver.ask_bytes("number", number.encode()) == b"11010519491231002X"
