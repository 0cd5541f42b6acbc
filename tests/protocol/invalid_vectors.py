"""Bytes that must be refused, each with the reason. `cddl` says whether the schema alone can see what is wrong."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import cbor2

from firmware_protocol.codec import encode
from firmware_protocol.errors import FrameRefusal
from tests.protocol.vector_parts import BIRTH, CHALLENGE, EPOCH, EVENTS, LIST_1, MANIFEST, fixed, padded


class Invalid(NamedTuple):
    """`root` is the CDDL root that the bytes pretend to be."""

    name: str
    root: str
    raw: bytes
    reason: FrameRefusal
    seen_by_cddl: bool = True


MALFORMED, BAD_CONTENT, UNKNOWN = FrameRefusal.MALFORMED, FrameRefusal.BAD_CONTENT, FrameRefusal.UNKNOWN_MESSAGE
OPENED = list(EVENTS["opened"])


def _events(*events: Any, epoch: Any = EPOCH, live: Any = False) -> bytes:
    return padded([4, {1: epoch, 2: live, 3: list(events)}])


def _birth(key: int, value: Any) -> bytes:
    tag, written = cbor2.loads(encode(BIRTH))
    return padded([tag, {**written, key: value}])


def _without(key: int) -> bytes:
    tag, written = cbor2.loads(encode(BIRTH))
    return padded([tag, {one: value for one, value in written.items() if one != key}])


def _at(position: int, value: Any) -> bytes:
    return _events([*OPENED[:position], value, *OPENED[position + 1 :]])


def invalid_messages() -> Iterator[Invalid]:
    """Up messages, padded as they would be inside a seal."""
    proof = encode_proof()
    yield Invalid("unknown tag", "up-message", padded([63, {}]), UNKNOWN)
    yield Invalid("a down message going up", "up-message", padded([65, {1: CHALLENGE}]), UNKNOWN)
    yield Invalid("no block", "up-message", proof.rstrip(b"\0"), MALFORMED, seen_by_cddl=False)
    yield Invalid("padding that is not zero", "up-message", proof[:-1] + b"\1", MALFORMED, seen_by_cddl=False)
    yield Invalid(
        "two items",
        "up-message",
        padded([2, {1: CHALLENGE}])[:22] + b"\x01" + bytes(169),
        MALFORMED,
        seen_by_cddl=False,
    )
    yield Invalid("an item cut short", "up-message", encode(BIRTH)[:96].ljust(192, b"\xff"), MALFORMED)
    yield Invalid("a tag", "up-message", padded([2, cbor2.CBORTag(99, {1: CHALLENGE})]), MALFORMED)
    yield Invalid("a float", "up-message", padded([2, {1: CHALLENGE, 40: 1.5}]), MALFORMED)
    yield Invalid("null", "up-message", padded([2, {1: CHALLENGE, 40: None}]), MALFORMED)
    yield Invalid("a bignum", "up-message", _birth(40, 1 << 64), MALFORMED)
    yield Invalid(
        "an indefinite map", "up-message", _raw("8202bf0150" + CHALLENGE.hex() + "ff"), MALFORMED, seen_by_cddl=False
    )
    yield Invalid("a long head", "up-message", _raw("821802a10150" + CHALLENGE.hex()), MALFORMED, seen_by_cddl=False)
    yield Invalid(
        "a key twice", "up-message", _raw("8202a20150" + CHALLENGE.hex() + "0150" + CHALLENGE.hex()), MALFORMED
    )
    yield Invalid(
        "nine deep", "up-message", padded([2, {1: CHALLENGE, 40: [[[[[[[]]]]]]]}]), MALFORMED, seen_by_cddl=False
    )
    yield Invalid("fields in an array", "up-message", padded([2, [CHALLENGE]]), MALFORMED)
    yield Invalid("a short challenge", "up-message", padded([2, {1: CHALLENGE[:15]}]), BAD_CONTENT)
    yield Invalid("a birth without its log epoch", "up-message", _without(3), BAD_CONTENT)
    yield Invalid("a negative birth number", "up-message", _birth(1, -1), BAD_CONTENT)
    yield Invalid("a truth value as a number", "up-message", _birth(1, True), BAD_CONTENT)
    yield Invalid("a number of 2^63", "up-message", _birth(4, 1 << 63), BAD_CONTENT)
    yield Invalid("a digest of 31 bytes", "up-message", _birth(7, LIST_1.digest[:31]), BAD_CONTENT)
    yield Invalid("a text of 201 bytes", "up-message", _birth(8, "x" * 201), BAD_CONTENT)
    yield Invalid("a text with NUL", "up-message", _birth(8, "x\0"), BAD_CONTENT)
    wanted = {1: MANIFEST.digest, 2: 0, 3: 4}
    yield Invalid(
        "firmware wanted by a short digest", "up-message", padded([14, {**wanted, 1: bytes(31)}]), BAD_CONTENT
    )
    yield Invalid("firmware wanted from below zero", "up-message", padded([14, {**wanted, 2: -1}]), BAD_CONTENT)
    yield Invalid(
        "firmware wanted, how much is unsaid", "up-message", padded([14, {1: MANIFEST.digest, 2: 0}]), BAD_CONTENT
    )
    yield Invalid("capabilities with an array", "up-message", _birth(14, {"sizes": [1]}), BAD_CONTENT)


def invalid_commands() -> Iterator[Invalid]:
    """What a lock says about commands, wrongly."""
    name, nonce = fixed("command", 16), fixed("nonce", 16)
    yield Invalid("a nonce without its command", "up-message", padded([8, {2: nonce}]), BAD_CONTENT)
    yield Invalid("a command id of 15 bytes", "up-message", padded([8, {1: name[:15], 2: nonce}]), BAD_CONTENT)
    yield Invalid("a nonce of 17 bytes", "up-message", padded([8, {1: name, 2: nonce + b"x"}]), BAD_CONTENT)
    yield Invalid("a result without its state", "up-message", padded([9, {1: name}]), BAD_CONTENT)
    yield Invalid("a state in words", "up-message", padded([9, {1: name, 2: "done"}]), BAD_CONTENT)
    yield Invalid("repeated is a number", "up-message", padded([9, {1: name, 2: 3, 4: 1}]), BAD_CONTENT)
    face = {1: name, 2: 1, 3: fixed("model", 4), 4: fixed("template", 144), 5: 41, 6: 1}
    yield Invalid("a template of 385 bytes", "up-message", padded([17, {**face, 4: bytes(385)}]), BAD_CONTENT)
    yield Invalid("a model of three bytes", "up-message", padded([17, {**face, 3: b"abc"}]), BAD_CONTENT)
    yield Invalid("a face that nobody asked for", "up-message", padded([17, {**face, 1: name[:15]}]), BAD_CONTENT)
    yield Invalid("a template in words", "up-message", padded([17, {**face, 4: "face"}]), BAD_CONTENT)
    yield Invalid("a command going up", "up-message", padded([72, {1: name, 2: 1, 3: 1, 4: 2}]), UNKNOWN)
    yield Invalid("a read-back without its digest", "up-message", padded([15, {1: name, 2: 1}]), BAD_CONTENT)


def invalid_events() -> Iterator[Invalid]:
    """Events messages whose events are none."""
    yield Invalid("no events", "up-message", _events(), BAD_CONTENT)
    yield Invalid("33 events", "up-message", _events(*[[2, 1, 1, 5, 2, {}]] * 33), BAD_CONTENT)
    yield Invalid("an event of five", "up-message", _events(OPENED[:5]), BAD_CONTENT)
    yield Invalid("live is a number", "up-message", _events(OPENED, live=1), BAD_CONTENT)
    yield Invalid("an event type of 65536", "up-message", _at(0, 65_536), BAD_CONTENT)
    yield Invalid("sequence 0", "up-message", _at(1, 0), BAD_CONTENT)
    yield Invalid("a time of 2^53", "up-message", _at(3, 1 << 53), BAD_CONTENT)
    yield Invalid("a clock quality of 256", "up-message", _at(4, 256), BAD_CONTENT)
    yield Invalid("fields that are no map", "up-message", _at(5, [1]), BAD_CONTENT)
    yield Invalid("a field that is an array", "up-message", _at(5, {7: [1]}), BAD_CONTENT)
    yield Invalid("a field named by text", "up-message", _at(5, {"code": 1}), BAD_CONTENT)
    yield Invalid("a field of 2^63", "up-message", _at(5, {7: 1 << 63}), BAD_CONTENT)


def invalid_entries() -> Iterator[Invalid]:
    """Access list entries."""
    good = cbor2.loads(LIST_1.entries[42])
    yield Invalid("seven parts", "list-entry", cbor2.dumps(good[:7]), BAD_CONTENT)
    yield Invalid("an unknown type", "list-entry", cbor2.dumps([good[0], 9, *good[2:]]), BAD_CONTENT)
    yield Invalid("a number as flag", "list-entry", cbor2.dumps([*good[:6], 0, False]), BAD_CONTENT)
    yield Invalid("bytes behind it", "list-entry", cbor2.dumps(good) + b"\0", BAD_CONTENT)
    later = {
        "a kind of schedule of a later version": [*good, [[2, 0, 60]]],
        "an eighth weekday": [*good, [[0, 128, 0, 60]]],
        "seventeen schedules": [*good, [[0, 1, 0, 60]] * 17],
        "a number of times": [*good, [], 1],
    }
    for name, said in later.items():
        yield Invalid(name, "list-entry", cbor2.dumps(said), BAD_CONTENT)


def invalid_frames(good: bytes) -> Iterator[Invalid]:
    """Frames made from a good one."""
    protected, _, ciphertext = cbor2.loads(good).value
    header = cbor2.loads(protected)

    def frame(changed: dict[int, Any], cipher: bytes = ciphertext, unprotected: dict[int, Any] | None = None) -> bytes:
        kept = {key: value for key, value in {**header, **changed}.items() if value is not None}
        return cbor2.dumps(cbor2.CBORTag(16, [cbor2.dumps(kept), unprotected or {}, cipher]))

    yield Invalid("empty", "frame", b"", MALFORMED)
    yield Invalid("without its tag", "frame", good[1:], MALFORMED)
    yield Invalid("another tag", "frame", b"\xd1" + good[1:], MALFORMED)
    yield Invalid("cut short", "frame", good[:-1], MALFORMED)
    yield Invalid("a byte behind it", "frame", good + b"\0", MALFORMED)
    yield Invalid("too large", "frame", good + bytes(13_000), FrameRefusal.TOO_LARGE)
    yield Invalid("another algorithm", "frame", frame({1: 3}), MALFORMED)
    yield Invalid("a short session", "frame", frame({4: b"short"}), MALFORMED)
    yield Invalid("a counter of 2^63", "frame", frame({6: b"\x80" + bytes(7)}), MALFORMED, seen_by_cddl=False)
    yield Invalid("an unknown kind", "frame", frame({-70001: 4}), MALFORMED)
    yield Invalid("a birth without its key", "frame", frame({-70001: 1}), MALFORMED)
    yield Invalid("a header nobody knows", "frame", frame({-70009: 1}), MALFORMED)
    yield Invalid("something unprotected", "frame", frame({}, unprotected={5: bytes(12)}), MALFORMED)
    yield Invalid("half a block", "frame", frame({}, ciphertext[:112]), MALFORMED)
    yield Invalid("a block and a half", "frame", frame({}, bytes(304)), MALFORMED, seen_by_cddl=False)
    yield Invalid(
        "one bit of the content",
        "frame",
        good[:-40] + bytes([good[-40] ^ 1]) + good[-39:],
        FrameRefusal.NOT_AUTHENTIC,
        False,
    )
    yield Invalid(
        "one bit of the tag", "frame", good[:-1] + bytes([good[-1] ^ 1]), FrameRefusal.NOT_AUTHENTIC, seen_by_cddl=False
    )
    yield Invalid(
        "another counter", "frame", frame({6: (9).to_bytes(8, "big")}), FrameRefusal.NOT_AUTHENTIC, seen_by_cddl=False
    )
    yield Invalid("another session", "frame", frame({4: b"another8"}), FrameRefusal.UNKNOWN_SESSION, seen_by_cddl=False)
    yield Invalid("the same frame again", "frame", good, FrameRefusal.REPLAYED, seen_by_cddl=False)


def encode_proof() -> bytes:
    """A proof, one block."""
    return padded([2, {1: CHALLENGE}])


def _raw(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal).ljust(192, b"\0")
