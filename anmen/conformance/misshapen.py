"""Frames that a lock must refuse, each wrapped around a challenge: whoever takes one gives itself away by its proof."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import cbor2
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from firmware_protocol.codec import BLOCK_BYTES
from firmware_protocol.keys import KeyLabel, frame_key
from firmware_protocol.messages import Challenge
from firmware_protocol.sealing import ALG, HOLDER, KID, KIND, PARTIAL_IV, FrameKind
from firmware_protocol.topics import PREFIX

if TYPE_CHECKING:
    from anmen.conformance.stand import Stand

Plain = Callable[[bytes], bytes]
# [65, {1: nonce}] as it should be: 82 18 41 a1 01 50 <nonce>
_HEAD, _KEY = b"\x82\x18\x41", b"\x01\x50"


def blocks(item: bytes) -> bytes:
    """Padded with zeros to whole blocks."""
    return item.ljust(-(-len(item) // BLOCK_BYTES) * BLOCK_BYTES, b"\0")


def laden(nonce: bytes, more: dict[Any, Any]) -> bytes:
    """A challenge with more keys, which stand behind the known one."""
    return blocks(cbor2.dumps([Challenge.TAG, {1: nonce, **more}]))


def laden_raw(item: bytes, nonce: bytes) -> bytes:
    """A challenge that holds these very bytes under an unknown key."""
    return blocks(_HEAD + b"\xa2" + _KEY + nonce + b"\x18\x3c" + item)


def flipped(frame: bytes, at: int) -> bytes:
    """The frame with one bit changed."""
    spoilt = bytearray(frame)
    spoilt[at] ^= 1
    return bytes(spoilt)


def _beside(item: bytes) -> Plain:
    """A challenge that holds this item under an unknown key, in a map of two."""
    return partial(laden_raw, item)


ENCODINGS: dict[str, Plain] = {
    "the tag's number in a longer head": lambda nonce: blocks(b"\x82\x19\x00\x41\xa1" + _KEY + nonce),
    "a key in a longer head": lambda nonce: blocks(_HEAD + b"\xa1\x18\x01\x50" + nonce),
    "a length in a longer head": lambda nonce: blocks(_HEAD + b"\xa1\x01\x58\x10" + nonce),
    "an array of indefinite length": lambda nonce: blocks(b"\x9f\x18\x41\xa1" + _KEY + nonce + b"\xff"),
    "a map of indefinite length": lambda nonce: blocks(_HEAD + b"\xbf" + _KEY + nonce + b"\xff"),
    "bytes of indefinite length": lambda nonce: blocks(_HEAD + b"\xa1\x01\x5f\x50" + nonce + b"\xff"),
    "a key twice": lambda nonce: blocks(_HEAD + b"\xa2" + _KEY + nonce + _KEY + nonce),
    "an unknown key twice": lambda nonce: blocks(_HEAD + b"\xa3" + _KEY + nonce + b"\x18\x3c\x00\x18\x3c\x00"),
    "a tag": _beside(b"\xc1\x00"),
    "a half float": _beside(b"\xf9\x3c\x00"),
    "a double": _beside(b"\xfb" + b"\0" * 8),
    "null": _beside(b"\xf6"),
    "undefined": _beside(b"\xf7"),
    "another simple value": _beside(b"\xe5"),
    "a number beyond 64 bits": _beside(b"\xc2\x49\x01" + b"\0" * 8),
    "nested deeper than eight": _beside(b"\x81" * 9 + b"\x00"),
    "an array for a map's key": lambda nonce: blocks(_HEAD + b"\xa2" + _KEY + nonce + b"\x81\x00\x00"),
    "bytes for a map's key": lambda nonce: blocks(_HEAD + b"\xa2" + _KEY + nonce + b"\x41\x00\x00"),
}
WRONG_CONTENT: dict[str, Plain] = {
    "a nonce of 15 bytes": lambda nonce: blocks(cbor2.dumps([65, {1: nonce[:15]}])),
    "a nonce as text": lambda nonce: blocks(cbor2.dumps([65, {1: nonce.hex()[:16]}])),
    "a nonce as a number": lambda nonce: blocks(cbor2.dumps([65, {1: nonce[0]}])),
    "no nonce": lambda nonce: blocks(cbor2.dumps([65, {2: nonce}])),
    "fields in an array": lambda nonce: blocks(cbor2.dumps([65, [1, nonce]])),
    "three elements": lambda nonce: blocks(cbor2.dumps([65, {1: nonce}, 0])),
}
PADDINGS: dict[str, Plain] = {
    "a one in the padding": lambda nonce: blocks(cbor2.dumps([65, {1: nonce}]))[:-1] + b"\x01",
    "another item in the padding": lambda nonce: blocks(cbor2.dumps([65, {1: nonce}]) + b"\xf4"),
    "a block and a half": lambda nonce: blocks(cbor2.dumps([65, {1: nonce}])) + bytes(96),
    "no padding": lambda nonce: cbor2.dumps([65, {1: nonce}]),
}
TOO_LARGE: dict[str, Plain] = {
    "65 blocks": lambda nonce: blocks(cbor2.dumps([65, {1: nonce}])).ljust(BLOCK_BYTES * 65, b"\0"),
    "80 blocks": lambda nonce: blocks(cbor2.dumps([65, {1: nonce}])).ljust(BLOCK_BYTES * 80, b"\0"),
}


def _with_headers(
    change: Callable[[dict[int, Any]], dict[int, Any]], unprotected: dict[int, Any] | None = None
) -> "Callable[[Stand, bytes], bytes]":
    def make(stand: "Stand", nonce: bytes) -> bytes:
        service = stand.service
        counter = service.holder.next_counter(service.session)
        usual = {
            ALG: 1,
            KID: service.session,
            PARTIAL_IV: counter.to_bytes(8, "big"),
            KIND: int(FrameKind.DOWN),
            HOLDER: [service.holder.generation, service.holder.nonce],
        }
        return reseal(
            stand, cbor2.dumps(change(usual)), unprotected or {}, blocks(cbor2.dumps([65, {1: nonce}])), counter
        )

    return make


def reseal(stand: "Stand", protected: bytes, unprotected: dict[int, Any], plain: bytes, counter: int) -> bytes:
    """A frame around any protected header, with a tag that covers it."""
    service, identity = stand.service, stand.identity
    secret = stand.transcript.boots[service.session].secret
    key = frame_key(secret, KeyLabel.DOWN, identity.lock, identity.key_epoch, service.session, service.holder)
    nonce = (int.from_bytes(key.iv, "big") ^ counter).to_bytes(12, "big")
    covered = cbor2.dumps(["Encrypt0", protected, f"{PREFIX}/{identity.lock}/down".encode()])
    ciphertext = AESGCM(key.key).encrypt(nonce, plain, covered)
    return cbor2.dumps(cbor2.CBORTag(16, [protected, unprotected, ciphertext]))


OTHER_HEADERS: "dict[str, Callable[[Stand, bytes], bytes]]" = {
    "another algorithm": _with_headers(lambda usual: {**usual, ALG: 3}),
    "one header more": _with_headers(lambda usual: {**usual, 99: 0}),
    "headers in another order": _with_headers(lambda usual: dict(reversed(usual.items()))),
    "no kind": _with_headers(lambda usual: {key: value for key, value in usual.items() if key != KIND}),
    "the kind of a session frame": _with_headers(lambda usual: {**usual, KIND: 0}),
    "an unprotected header": _with_headers(lambda usual: usual, {99: 0}),
    "a counter in 4 bytes": _with_headers(lambda usual: {**usual, PARTIAL_IV: usual[PARTIAL_IV][4:]}),
    "bytes behind the frame": lambda stand, nonce: stand.sealed(blocks(cbor2.dumps([65, {1: nonce}]))) + b"\0",
    "no COSE tag": lambda stand, nonce: stand.sealed(blocks(cbor2.dumps([65, {1: nonce}])))[1:],
}
